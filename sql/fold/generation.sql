insert into facts.generations
select unnest("generation") from batch where "generation" is not null;
