insert into facts.measures
select distinct on (measure_key) records.* from (
    select unnest("measure") from batch where "measure" is not null
) as records
where measure_key not in (select measure_key from facts.measures);
