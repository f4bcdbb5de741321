insert into facts.labels
select unnest("label") from batch where "label" is not null;
