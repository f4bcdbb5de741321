-- measured_cells: one row per cell, field and metric in force, with its threshold, for views over
-- facts.
--
-- cell_key          BIGINT   key of the cell in facts
-- measure_key       BIGINT   key of the measure in facts
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- docs              BIGINT   docs planned
-- repeats           INTEGER  scores planned per doc: one per response, but one for a measure that
--                            scores all responses to a doc together, as lm-eval's do
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- aggregation       VARCHAR  what makes one figure of the docs: mean, or lm-eval's name of another;
--                            a task's own function by its name
-- higher_is_better  BOOLEAN  false flips the comparison with the threshold
-- threshold         DOUBLE   least passing score in force; null when there is none
-- passes_from       DOUBLE   a score passes between here …
-- passes_to         DOUBLE   … and here, 1e-9 of float noise allowed; null without a threshold

select
    cells.cell_key,
    measures.measure_key,
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    cells.docs,
    case when (measures.scorer ->> '$.per') = 'doc' then 1 else cells.repeats end as repeats,
    measures.field,
    measures.metric,
    case
        when (measures.scorer ->> '$.lm_eval') is null then 'mean'
        else coalesce(measures.scorer ->> '$.aggregation', 'mean')
    end as aggregation,
    measures.higher_is_better,
    thresholds.threshold,
    case
        when thresholds.threshold is null then null
        when measures.higher_is_better then thresholds.threshold - 1e-9::double
        else '-infinity'::double
    end as passes_from,
    case
        when thresholds.threshold is null then null
        when measures.higher_is_better then 'infinity'::double
        else thresholds.threshold + 1e-9::double
    end as passes_to
from keyed_cells as cells
inner join measures_in_force as measures using (cell_key)
left join thresholds_in_force as thresholds using (dataset, field, metric)
