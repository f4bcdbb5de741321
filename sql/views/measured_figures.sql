-- measured_figures: one row per cell, field and metric in force: the one figure that is made of its
-- docs, and the counts beside it, for views over facts. It is the mean of the docs' scores, or for
-- lm-eval tasks what lm-eval makes of them.
--
-- cell_key          BIGINT   key of the cell in facts
-- measure_key       BIGINT   key of the measure in facts
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- aggregation       VARCHAR  what makes the figure: mean, or lm-eval's name of another; a task's own
--                            function by its name
-- higher_is_better  BOOLEAN  false where a lower figure is a better one
-- threshold         DOUBLE   least passing score in force; null when there is none
-- planned_docs      BIGINT   docs planned, or seen where these are more
-- scored_docs       BIGINT   docs with a score
-- errors            BIGINT   responses without a score
-- passed_docs       DOUBLE   sum over docs of the share of passing repeats; 0 without a threshold;
--                            null when no response has a score or an error
-- docs              BIGINT   docs that the figure is over
-- value             DOUBLE   the figure; null when no doc is scored and beside an error
-- stderr            DOUBLE   its standard error: of a mean clustered by doc, or by lm-eval's
--                            bootstrap; null where there is none, as for fewer than two docs
-- error             VARCHAR  why the aggregation gave no figure; null otherwise

select
    measured.cell_key,
    measured.measure_key,
    measured.run_id,
    measured.model,
    measured.prompt_id,
    measured.dataset,
    measured.split,
    measured.field,
    measured.metric,
    measured.aggregation,
    measured.higher_is_better,
    measured.threshold,
    greatest(measured.docs, coalesce(keyed.seen_docs, 0)) as planned_docs,
    coalesce(keyed.docs, 0) as scored_docs,
    coalesce(keyed.errors, 0) as errors,
    keyed.passed_docs,
    case
        when made.docs is not null then made.docs
        when measured.aggregation in ('mean', 'nanmean') then coalesce(keyed.docs, 0)
        else 0
    end as docs,
    case
        when made.error is not null then null
        when made.value is not null then made.value
        when measured.aggregation in ('mean', 'nanmean') then keyed.mean
    end as value,
    case
        when made.error is not null then null
        when made.stderr is not null then made.stderr
        when measured.aggregation = 'mean' then keyed.spread / sqrt(keyed.docs)
    end as stderr,
    made.error
from measured_cells as measured
left join keyed_leaderboard as keyed using (run_id, cell_key, measure_key)
left join keyed_aggregates as made using (run_id, cell_key, measure_key)
