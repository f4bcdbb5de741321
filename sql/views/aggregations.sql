-- aggregations: one row per aggregation rule ever set; the newest wins.
--
-- dataset  VARCHAR    dataset's name
-- field    VARCHAR    scored output whose metrics are combined; null combines the fields of a doc
-- rule     VARCHAR    all, any or mean
-- set_at   TIMESTAMP  UTC
-- set_by   VARCHAR    who or what set it
-- reason   VARCHAR    why; null when not said

select
    aggregations.dataset,
    aggregations.field,
    aggregations.rule,
    aggregations.set_at,
    aggregations.set_by,
    aggregations.reason
from facts.aggregations as aggregations
