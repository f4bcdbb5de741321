-- group_differences: one row per pair of runs or models, group of lm-eval tasks, field and metric
-- that both aggregate: how the group's figure in run_b differs from that in run_a, the baseline.
-- The docs aren't paired here; what differs task by task, docs paired, is in differences.
--
-- run_a             VARCHAR  first run: the baseline; name it and run_b, or all pairs are worked out
-- model_a           VARCHAR  its model
-- run_b             VARCHAR  second run; the same one where two of its models are compared
-- model_b           VARCHAR  its model
-- group_name        VARCHAR  the group's name
-- alias             VARCHAR  what the second run shows it as
-- field             VARCHAR  filter of the tasks
-- metric            VARCHAR  metric's name
-- tasks_a           BIGINT   tasks with a figure in the first run
-- tasks_b           BIGINT   tasks with a figure in the second run
-- missing_tasks_b   BIGINT   tasks of the group without one in the second run
-- docs_a            BIGINT   docs of the tasks in the first run
-- docs_b            BIGINT   docs of the tasks in the second run
-- value_a           DOUBLE   the group's figure in the first run; null when no task has one
-- value_b           DOUBLE   the same in the second run
-- difference        DOUBLE   value_b - value_a; above 0 is a rise, which is worse where lower is
--                            better
-- ci_low            DOUBLE   lower end of its 95 % interval, unpaired: from the two pooled standard
--                            errors, wider than pairing the docs would make it; null where a side
--                            has none
-- ci_high           DOUBLE   upper end of it
-- p_value           DOUBLE   two-sided z-test from the same; null with the interval
-- p_adjusted        DOUBLE   p_value by Holm, for all rows of the two runs that are paired; for a
--                            pair that isn't, for its own rows
-- higher_is_better  BOOLEAN  false where a fall is an improvement; null where the tasks don't agree
-- paired            BOOLEAN  partners of two runs: model has the same name, or is the only one that
--                            each run has groups of
-- conclusion        VARCHAR  better or worse: p_adjusted is below 0.05; else no difference shown;
--                            null without a p_value, and where the tasks don't agree what is better

with joined as (
    select
        a.run_id as run_a,
        a.model as model_a,
        b.run_id as run_b,
        b.model as model_b,
        group_name,
        b.alias,
        field,
        metric,
        a.tasks as tasks_a,
        b.tasks as tasks_b,
        b.missing_tasks as missing_tasks_b,
        a.docs as docs_a,
        b.docs as docs_b,
        a.value as value_a,
        b.value as value_b,
        round(b.value - a.value, 12) as difference,
        nullif(sqrt(a.stderr ** 2 + b.stderr ** 2), 0) as stderr,
        b.higher_is_better
    from group_results as a
    inner join group_results as b using (group_name, field, metric)
    where (a.run_id, a.model) <> (b.run_id, b.model)
),

paired_up as (
    select
        joined.*,
        two_sided_p(abs(joined.difference) / joined.stderr) as p_value,
        joined.run_a <> joined.run_b
        and (
            joined.model_a = joined.model_b
            or (
                min(joined.model_a) over runs = max(joined.model_a) over runs
                and min(joined.model_b) over runs = max(joined.model_b) over runs
            )
        ) as paired
    from joined
    window runs as (partition by joined.run_a, joined.run_b)
),

adjusted as (
    select
        paired_up.*,
        case when higher_is_better then difference else -difference end as improvement,
        holm(p_value, list(p_value) filter (p_value is not null) over tests) as p_adjusted
    from paired_up
    window tests as (
        partition by run_a, run_b, paired, case when not paired then (model_a, model_b) end
    )
)

select
    adjusted.run_a,
    adjusted.model_a,
    adjusted.run_b,
    adjusted.model_b,
    adjusted.group_name,
    adjusted.alias,
    adjusted.field,
    adjusted.metric,
    adjusted.tasks_a,
    adjusted.tasks_b,
    adjusted.missing_tasks_b,
    adjusted.docs_a,
    adjusted.docs_b,
    adjusted.value_a,
    adjusted.value_b,
    adjusted.difference,
    round(adjusted.difference - 1.959963984540054::double * adjusted.stderr, 12) as ci_low,
    round(adjusted.difference + 1.959963984540054::double * adjusted.stderr, 12) as ci_high,
    adjusted.p_value,
    adjusted.p_adjusted,
    adjusted.higher_is_better,
    adjusted.paired,
    case
        when adjusted.higher_is_better is null then null
        when adjusted.p_adjusted < 0.05 and adjusted.improvement > 0 then 'better'
        when adjusted.p_adjusted < 0.05 and adjusted.improvement < 0 then 'worse'
        when adjusted.p_adjusted is not null then 'no difference shown'
    end as conclusion
from adjusted
