insert into facts.scorings
select unnest("scoring") from batch where "scoring" is not null;
