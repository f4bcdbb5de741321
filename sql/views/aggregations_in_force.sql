-- aggregations_in_force: one row per dataset and field that has an aggregation rule: the newest, or
-- the newest as of the variable `as_of`.
--
-- dataset  VARCHAR    dataset's name
-- field    VARCHAR    scored output whose metrics are combined; null combines the fields of a doc
-- rule     VARCHAR    all, any or mean; null when it was taken away
-- set_at   TIMESTAMP  UTC
-- set_by   VARCHAR    who or what set it
-- reason   VARCHAR    why; null when not said

with dated as (
    select
        aggregations.*,
        row_number() over (
            partition by dataset, field order by set_at desc, rowid desc
        ) as age
    from facts.aggregations as aggregations
    where set_at <= coalesce(getvariable('as_of')::timestamp, 'infinity'::timestamp)
)

select
    dated.dataset,
    dated.field,
    dated.rule,
    dated.set_at,
    dated.set_by,
    dated.reason
from dated
where dated.age = 1
