-- thresholds_in_force: one row per dataset, field and metric: the newest threshold, or the newest
-- as of the variable `as_of`.
--
-- dataset    VARCHAR    dataset's name
-- field      VARCHAR    scored output
-- metric     VARCHAR    metric's name
-- threshold  DOUBLE     least passing score; null when it was taken away
-- set_at     TIMESTAMP  UTC
-- set_by     VARCHAR    who or what set it
-- reason     VARCHAR    why; null when not said

with dated as (
    select
        thresholds.*,
        row_number() over (
            partition by dataset, field, metric order by set_at desc, rowid desc
        ) as age
    from facts.thresholds as thresholds
    where set_at <= coalesce(getvariable('as_of')::timestamp, 'infinity'::timestamp)
)

select
    dated.dataset,
    dated.field,
    dated.metric,
    dated.threshold,
    dated.set_at,
    dated.set_by,
    dated.reason
from dated
where dated.age = 1
