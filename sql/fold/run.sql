insert into facts.runs
select distinct on (run_key) records.* from (
    select unnest("run") from batch where "run" is not null
) as records
where run_key not in (select run_key from facts.runs);
