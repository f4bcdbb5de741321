-- A run whose process has gone, leaving its journal, while the run still counted as running.

insert into facts.run_events
select
    runs.run_key,
    'interrupted' as status,
    $now as happened_at,
    'its process ended before the run did' as message
from facts.runs as runs
where runs.run_id = $label
    and 'running' = (
        select arg_max(events.status, events.happened_at)
        from facts.run_events as events
        where events.run_key = runs.run_key
    )
