-- thresholds: one row per threshold ever set; the newest wins.
--
-- dataset    VARCHAR    dataset's name
-- field      VARCHAR    scored output
-- metric     VARCHAR    metric's name
-- threshold  DOUBLE     least passing score; null takes the threshold away
-- set_at     TIMESTAMP  UTC
-- set_by     VARCHAR    who or what set it
-- reason     VARCHAR    why; null when not said

select
    thresholds.dataset,
    thresholds.field,
    thresholds.metric,
    thresholds.threshold,
    thresholds.set_at,
    thresholds.set_by,
    thresholds.reason
from facts.thresholds as thresholds
