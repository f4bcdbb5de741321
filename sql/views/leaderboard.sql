-- leaderboard: one row per run, model, prompt, dataset, split, field and metric: the figure that is
-- made of its docs, and how many of them pass. With repeats, a doc counts with the mean of its
-- repeats.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name
-- dataset           VARCHAR  dataset's name
-- split             VARCHAR  test or train
-- field             VARCHAR  scored output
-- metric            VARCHAR  metric's name
-- docs              BIGINT   docs with a score
-- unscored_docs     BIGINT   docs planned but without one
-- errors            BIGINT   responses whose score is missing, with the reason beside it in scores
-- mean              DOUBLE   mean score; null when no doc is scored, and where the figure is no mean
--                            of scores: those of BLEU doc by doc don't make the task's BLEU
-- aggregation       VARCHAR  what makes the figure: mean, or lm-eval's name of another: perplexity,
--                            bleu, …; a task's own function by its name
-- value             DOUBLE   the figure, as in aggregates: the mean, or what lm-eval reports; null
--                            when no doc is scored, or when the aggregation failed
-- stderr            DOUBLE   standard error of value, in its unit: of a mean clustered by doc, else
--                            by lm-eval's bootstrap; null where there is none, as for fewer than
--                            two docs
-- higher_is_better  BOOLEAN  false flips the comparison with the threshold
-- threshold         DOUBLE   least passing score in force, greatest where lower is better; null
--                            when there is none
-- passed_docs       DOUBLE   docs that pass, a doc by the share of its repeats that do; 0 when no
--                            response gave the field; null without a threshold, or when nobody
--                            scored what they gave (no judge, say)
-- pass_rate         DOUBLE   passed_docs over all docs planned, 0..1: a missing case is not a
--                            passing case; null with passed_docs
-- ci_low            DOUBLE   lower end of the pass rate's 95 % interval (Wilson); null with it
-- ci_high           DOUBLE   upper end of it; null with it

with figures as (
    select *
    from measured_figures
),

-- Fields without any score that no response has either: that is the model's failure.
never_given as (
    select
        fields.cell_key,
        fields.field
    from facts.fields as fields
    inner join (
        select distinct
            cell_key,
            field
        from figures
        where scored_docs = 0
    ) using (cell_key, field)
    group by fields.cell_key, fields.field
    having bool_and(fields.error is not null)
),

counted as (
    select
        figures.* exclude (passed_docs),
        case
            when figures.threshold is null then null
            when figures.scored_docs > 0 then figures.passed_docs
            when never_given.field is not null then 0
        end as passed_docs
    from figures
    left join never_given using (cell_key, field)
)

select
    counted.run_id,
    counted.model,
    counted.prompt_id,
    counted.dataset,
    counted.split,
    counted.field,
    counted.metric,
    counted.scored_docs as docs,
    counted.planned_docs - counted.scored_docs as unscored_docs,
    counted.errors,
    case when is_mean(counted.aggregation) then counted.value end as mean,
    counted.aggregation,
    counted.value,
    counted.stderr,
    counted.higher_is_better,
    counted.threshold,
    counted.passed_docs,
    counted.passed_docs / counted.planned_docs as pass_rate,
    wilson_low(counted.passed_docs, counted.planned_docs) as ci_low,
    wilson_high(counted.passed_docs, counted.planned_docs) as ci_high
from counted
