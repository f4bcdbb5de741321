-- A threshold as a task has it, by its file or a metric's default: a dated row only where the
-- task says something new, so that a run doesn't take back what somebody has set since.

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
            and (
                known.set_by in (records.set_by, 'default of ' || records.metric)
                or known.set_by = 'metric_output_info.json'
            )
    ) as newest
    where newest.times > 0 and newest.threshold is not distinct from records.threshold
);
