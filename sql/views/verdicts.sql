-- verdicts: one row per score, with its threshold in force: run, model, prompt, dataset, split,
-- doc, repeat, field and metric.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- doc_id            VARCHAR  the case
-- repeat            INTEGER  from 0
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- score             DOUBLE   in the metric's range; null beside an error
-- higher_is_better  BOOLEAN  false flips the comparison with the threshold
-- threshold         DOUBLE   least passing score in force, greatest where lower is better; null
--                            when there is none
-- passed            BOOLEAN  score >= threshold, or <= where lower is better, 1e-9 of float noise
--                            allowed; null without a score or a threshold
-- error             VARCHAR  why there is no score; null otherwise

select
    measured.run_id,
    measured.model,
    measured.prompt_id,
    measured.dataset,
    measured.split,
    docs.doc_id,
    scores.repeat,
    measured.field,
    measured.metric,
    scores.score,
    measured.higher_is_better,
    measured.threshold,
    scores.score between measured.passes_from and measured.passes_to as passed,
    scores.error
from facts.scores as scores
inner join measured_cells as measured using (cell_key, measure_key)
inner join facts.docs as docs using (doc_key)
