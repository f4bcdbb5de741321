-- runs: one row per run.
--
-- run_id          VARCHAR    unique and sortable by start
-- status          VARCHAR    newest of running, finished, stopped, failed and interrupted; null
--                            before any
-- started_at      TIMESTAMP  UTC
-- finished_at     TIMESTAMP  UTC; null while running
-- config          JSON       what the run was asked to do, without secrets
-- tags            JSON       object of the run's tags
-- evalwh_version  VARCHAR    what wrote it
-- message         VARCHAR    why the run stopped, failed or was interrupted; null otherwise

with newest as (
    select
        run_key,
        arg_max(status, happened_at) as status,
        arg_max(coalesce(message, ''), happened_at) as message,
        max(happened_at) as happened_at
    from facts.run_events
    group by run_key
)

select
    runs.run_id,
    newest.status,
    runs.started_at,
    case when newest.status <> 'running' then newest.happened_at end as finished_at,
    runs.config,
    runs.tags,
    runs.evalwh_version,
    nullif(newest.message, '') as message
from facts.runs as runs
left join newest using (run_key)
