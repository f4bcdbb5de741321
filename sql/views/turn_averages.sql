-- turn_averages: one row per run, model, prompt, dataset, split and metric that scores every turn of
-- conversations: its mean over all turns, as MT-Bench reports it beside those of each turn.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- metric            VARCHAR  metric's name
-- turns             BIGINT   turns of a doc
-- docs              BIGINT   docs with a score of some turn
-- scores            BIGINT   scores of turns that there are
-- unscored          BIGINT   scores of turns planned but missing
-- higher_is_better  BOOLEAN  false where a lower value is a better one
-- value             DOUBLE   mean of the scores there are; null when there are none
-- stderr            DOUBLE   standard error of it, clustered by doc; null for fewer than two docs

with turns as (
    select
        measured.*,
        count(*) over (partition by measured.cell_key, measured.metric) as turns
    from measured_cells as measured
    where regexp_full_match(measured.field, 'turn_[0-9]+')
    qualify turns > 1
),

planned as (
    select
        turns.cell_key,
        turns.metric,
        any_value(turns.run_id) as run_id,
        any_value(turns.model) as model,
        any_value(turns.prompt_id) as prompt_id,
        any_value(turns.dataset) as dataset,
        any_value(turns.split) as split,
        any_value(turns.turns) as turns,
        any_value(turns.higher_is_better) as higher_is_better,
        sum(turns.docs * turns.repeats)::bigint as planned
    from turns
    group by turns.cell_key, turns.metric
),

by_doc as (
    select
        turns.cell_key,
        turns.metric,
        scores.doc_key,
        count(scores.score) as scores,
        fsum(scores.score) as total
    from turns
    inner join facts.scores as scores using (cell_key, measure_key)
    where scores.score is not null
    group by turns.cell_key, turns.metric, scores.doc_key
),

averages as (
    select
        by_doc.cell_key,
        by_doc.metric,
        count(*) as docs,
        sum(by_doc.scores)::bigint as scores,
        fsum(by_doc.total) / sum(by_doc.scores) as value
    from by_doc
    group by by_doc.cell_key, by_doc.metric
),

spreads as (
    select
        by_doc.cell_key,
        by_doc.metric,
        fsum(pow(by_doc.total - by_doc.scores * averages.value, 2)) as spread
    from by_doc
    inner join averages using (cell_key, metric)
    group by by_doc.cell_key, by_doc.metric
)

select
    planned.run_id,
    planned.model,
    planned.prompt_id,
    planned.dataset,
    planned.split,
    planned.metric,
    planned.turns,
    coalesce(averages.docs, 0) as docs,
    coalesce(averages.scores, 0) as scores,
    greatest(planned.planned - coalesce(averages.scores, 0), 0) as unscored,
    planned.higher_is_better,
    averages.value,
    case
        when averages.docs > 1
            then sqrt(spreads.spread * averages.docs / (averages.docs - 1)) / averages.scores
    end as stderr
from planned
left join averages using (cell_key, metric)
left join spreads using (cell_key, metric)
