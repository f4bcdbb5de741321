-- A threshold as a task's file has it: a dated row only where the file says something new, so
-- that a run doesn't take back what somebody has set since.

insert into facts.thresholds
select distinct on (dataset, field, metric) records.* from (
    select unnest(task_threshold) from batch where task_threshold is not null
) as records
where not exists (
    select 1 from (
        select arg_max(known.threshold, known.set_at) as threshold, count(*) as times
        from facts.thresholds as known
        where known.dataset = records.dataset
            and known.field = records.field
            and known.metric = records.metric
            and known.set_by = records.set_by
    ) as newest
    where newest.times > 0 and newest.threshold is not distinct from records.threshold
);
