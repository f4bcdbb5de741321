-- scores: one row per run, model, prompt, dataset, split, doc, repeat, field and metric.
--
-- run_id     VARCHAR  the run
-- model      VARCHAR  model evaluated
-- prompt_id  VARCHAR  prompt's name
-- dataset    VARCHAR  dataset's name
-- split      VARCHAR  test or train
-- doc_id     VARCHAR  the case
-- repeat     INTEGER  from 0
-- field      VARCHAR  scored output
-- metric     VARCHAR  metric's name
-- score      DOUBLE   in the metric's range, never NaN; null beside an error
-- error      VARCHAR  why there is no score; null otherwise
-- scorer     JSON     what made it: tokenizer, embedding model, judge, rubric hash, version

select
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    docs.doc_id,
    scores.repeat,
    measures.field,
    measures.metric,
    scores.score,
    scores.error,
    measures.scorer
from facts.scores as scores
inner join measures_in_force as measures using (cell_key, measure_key)
inner join keyed_cells as cells using (cell_key)
inner join facts.docs as docs using (doc_key)
