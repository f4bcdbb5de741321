insert into facts.thresholds
select unnest("threshold") from batch where "threshold" is not null;
