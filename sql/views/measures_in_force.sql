-- measures_in_force: one row per cell, field and metric: its newest scoring. What was stored under
-- no name, which nothing could show or compare, is no metric.
--
-- cell_key          BIGINT   key of the cell in facts
-- measure_key       BIGINT   key of the measure in facts
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- scorer            JSON     what made the scores
-- higher_is_better  BOOLEAN  false flips the comparison with the threshold

with scorings as (
    select
        scorings.cell_key,
        measures.field,
        measures.metric,
        arg_max(
            scorings.measure_key, (scorings.scored_at, scorings.measure_key)
        ) as measure_key
    from facts.scorings as scorings
    inner join facts.measures as measures using (measure_key)
    where measures.metric is not null
    group by scorings.cell_key, measures.field, measures.metric
)

select
    scorings.cell_key,
    scorings.measure_key,
    scorings.field,
    scorings.metric,
    measures.scorer,
    measures.higher_is_better
from scorings
inner join facts.measures as measures using (measure_key)
