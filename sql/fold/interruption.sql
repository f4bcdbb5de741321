-- A run whose process has gone, leaving its journal, while the run still counted as running.
-- Dated after the run's newest event, even where the clock has gone back since.

with newest as (
    select
        run_key,
        arg_max(status, happened_at) as status,
        max(happened_at) as happened_at
    from facts.run_events
    group by run_key
)

insert into facts.run_events
select
    runs.run_key,
    'interrupted' as status,
    greatest($now, newest.happened_at + interval 1 microsecond) as happened_at,
    'its process ended before the run did' as message
from facts.runs as runs
inner join newest using (run_key)
where runs.run_id = $label and newest.status = 'running'
