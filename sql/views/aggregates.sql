-- aggregates: one row per run, model, prompt, dataset, split, field and metric: the one figure
-- that the task's own aggregation makes of its docs. For task folders that is the leaderboard's
-- mean; for lm-eval tasks it is what lm-eval reports.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- field             VARCHAR  scored output; an lm-eval task's filter
-- metric            VARCHAR  metric's name
-- aggregation       VARCHAR  mean, or lm-eval's name of another: perplexity, bleu, …; a task's own
--                            function by its name
-- docs              BIGINT   docs that the figure is over
-- unscored_docs     BIGINT   docs planned but left out of it
-- value             DOUBLE   the figure; null when no doc is scored or beside an error
-- stderr            DOUBLE   its standard error: of a mean, or by lm-eval's bootstrap; null where
--                            there is none, as for fewer than two docs
-- higher_is_better  BOOLEAN  false where a lower figure is a better one
-- error             VARCHAR  why the aggregation gave no figure; null otherwise
-- scored_by         VARCHAR  lm-eval for its tasks' metrics; evalwh for all others

select
    figures.run_id,
    figures.model,
    figures.prompt_id,
    figures.dataset,
    figures.split,
    figures.field,
    figures.metric,
    figures.aggregation,
    figures.docs,
    figures.planned_docs - figures.docs as unscored_docs,
    figures.value,
    figures.stderr,
    figures.higher_is_better,
    figures.error,
    case when (measures.scorer ->> '$.lm_eval') is null then 'evalwh' else 'lm-eval' end as scored_by
from measured_figures as figures
inner join facts.measures as measures using (measure_key)
