-- keyed_field_verdicts: one row per cell, doc, repeat and field: its metrics combined, for views
-- over facts.
--
-- run_id           VARCHAR  the run
-- cell_key         BIGINT   key of the cell in facts
-- doc_key          BIGINT   key of the doc in facts
-- repeat           INTEGER  from 0
-- field            VARCHAR  scored output
-- rule             VARCHAR  aggregation rule in force: all, any or mean
-- metrics          BIGINT   metrics of the field that have a threshold
-- passed_metrics   BIGINT   of these, how many passed
-- failed_metrics   BIGINT   of these, how many failed
-- missing_metrics  BIGINT   of these, how many have no score
-- margin           DOUBLE   mean of what the scores have over their thresholds, turned where lower
--                           is better; null when one is missing or there is no threshold
-- passed           BOOLEAN  the combined verdict; null when a missing score leaves it open or there
--                           is no threshold

with criteria as (
    select
        measured.cell_key,
        measured.field,
        any_value(coalesce(aggregations.rule, 'all')) as rule,
        count(measured.threshold) as metrics
    from measured_cells as measured
    left join aggregations_in_force as aggregations using (dataset, field)
    group by measured.cell_key, measured.field
),

judged as (
    select
        measured.run_id,
        scores.cell_key,
        scores.doc_key,
        scores.repeat,
        measured.field,
        count(*) filter (
            scores.score between measured.passes_from and measured.passes_to
        ) as passed_metrics,
        count(scores.score) filter (measured.threshold is not null) as scored_metrics,
        avg(
            case when measured.higher_is_better then 1 else -1 end * (scores.score - measured.threshold)
        ) as margin
    from facts.scores as scores
    inner join measured_cells as measured using (cell_key, measure_key)
    group by measured.run_id, scores.cell_key, scores.doc_key, scores.repeat, measured.field
),

counted as (
    select
        judged.*,
        criteria.rule,
        criteria.metrics,
        judged.scored_metrics - judged.passed_metrics as failed_metrics,
        criteria.metrics - judged.scored_metrics as missing_metrics
    from judged
    inner join criteria using (cell_key, field)
)

select
    counted.run_id,
    counted.cell_key,
    counted.doc_key,
    counted.repeat,
    counted.field,
    counted.rule,
    counted.metrics,
    counted.passed_metrics,
    counted.failed_metrics,
    counted.missing_metrics,
    case when counted.missing_metrics = 0 then counted.margin end as margin,
    case
        when counted.metrics = 0 then null
        when counted.rule = 'any' and counted.passed_metrics > 0 then true
        when counted.rule = 'all' and counted.failed_metrics > 0 then false
        when counted.missing_metrics > 0 then null
        when counted.rule = 'mean' then counted.margin >= -1e-9::double
        else counted.rule = 'all'
    end as passed
from counted
