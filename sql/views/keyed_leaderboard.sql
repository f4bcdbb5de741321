-- keyed_leaderboard: one row per cell and measure: its scores aggregated, for views over facts.
-- A cell of one response per doc takes a path that needs no grouping by doc.
--
-- run_id       VARCHAR  the run; grouped by, so that a filter on it reaches the facts
-- cell_key     BIGINT   key of the cell in facts
-- measure_key  BIGINT   key of the measure in facts
-- docs         BIGINT   docs with a score
-- seen_docs    BIGINT   docs with a score or an error
-- errors       BIGINT   responses without a score
-- mean         DOUBLE   mean over docs of the mean over repeats; null when no doc is scored
-- spread       DOUBLE   standard deviation of the docs' means; null for fewer than two docs
-- passed_docs  DOUBLE   sum over docs of the share of passing repeats; 0 without a threshold

with single as (
    select
        measured.run_id,
        scores.cell_key,
        scores.measure_key,
        count(scores.score) as docs,
        count(*) as seen_docs,
        count(*) - count(scores.score) as errors,
        favg(scores.score) as mean,
        stddev_samp(scores.score) as spread,
        count(*) filter (
            scores.score between measured.passes_from and measured.passes_to
        ) as passed_docs
    from facts.scores as scores
    inner join measured_cells as measured using (cell_key, measure_key)
    where measured.repeats = 1
    group by measured.run_id, scores.cell_key, scores.measure_key
),

repeated_docs as (
    select
        measured.run_id,
        scores.cell_key,
        scores.measure_key,
        scores.doc_key,
        count(*) - count(scores.score) as errors,
        favg(scores.score) as mean,
        count(*) filter (
            scores.score between measured.passes_from and measured.passes_to
        ) / greatest(any_value(measured.repeats), count(*)) as passed_share
    from facts.scores as scores
    inner join measured_cells as measured using (cell_key, measure_key)
    where measured.repeats <> 1
    group by measured.run_id, scores.cell_key, scores.measure_key, scores.doc_key
),

repeated as (
    select
        repeated_docs.run_id,
        repeated_docs.cell_key,
        repeated_docs.measure_key,
        count(repeated_docs.mean) as docs,
        count(*) as seen_docs,
        sum(repeated_docs.errors)::bigint as errors,
        favg(repeated_docs.mean) as mean,
        stddev_samp(repeated_docs.mean) as spread,
        sum(repeated_docs.passed_share) as passed_docs
    from repeated_docs
    group by repeated_docs.run_id, repeated_docs.cell_key, repeated_docs.measure_key
)

select
    single.run_id,
    single.cell_key,
    single.measure_key,
    single.docs,
    single.seen_docs,
    single.errors,
    single.mean,
    single.spread,
    single.passed_docs::double as passed_docs
from single
union all
select
    repeated.run_id,
    repeated.cell_key,
    repeated.measure_key,
    repeated.docs,
    repeated.seen_docs,
    repeated.errors,
    repeated.mean,
    repeated.spread,
    repeated.passed_docs
from repeated
