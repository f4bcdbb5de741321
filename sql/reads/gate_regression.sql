-- How the run $run differs from $baseline, by field and metric; with $groups by field and metric of
-- these groups. A row passes unless it is shown to be worse (where $significant), drops by more than
-- $max_drop (null allows any drop), has lost the scores of more than $max_missing docs or, of a group,
-- the figures of more than $max_missing_tasks tasks, or has more than $max_edited docs that were
-- edited and so are not compared: a missing case is not a passing case. A drop is that of the pass
-- rate; without a threshold that of the figure: the mean, or what lm-eval makes of the docs. Where a
-- figure can't be tested, lm-eval giving no error of it, any drop fails unless $max_drop allows it.
-- What the baseline has a score of and the run has no partner for is lost as a whole. Where no doc
-- has a score on both sides nothing was compared: a row fails if that is so of all rows, or of the
-- field or metric that $field or $metric names. A run that is its own baseline differs in nothing.
-- Worst first.

with compared as (
    select
        dataset,
        split,
        model_a,
        prompt_id_a,
        model_b as model,
        prompt_id_b as prompt_id,
        field,
        metric,
        docs,
        coalesce(pass_rate_a, value_a) as before,
        coalesce(pass_rate_b, value_b) as after,
        pass_rate_a is not null as of_pass_rate,
        case when pass_rate_a is not null or higher_is_better then 1 else -1 end as sign,
        interval,
        fixed,
        broken,
        missing_b as lost,
        edited,
        p_value,
        p_adjusted,
        same_scorer,
        conclusion
    from differences
    where run_a = $baseline and run_b = $run and paired and $groups::json is null
    union all by name
    select
        dataset,
        split,
        model as model_a,
        prompt_id as prompt_id_a,
        model,
        prompt_id,
        field,
        metric,
        docs,
        coalesce(pass_rate, value) as before,
        coalesce(pass_rate, value) as after,
        pass_rate is not null as of_pass_rate,
        1 as sign,
        0 as lost,
        0 as edited
    from leaderboard
    where run_id = $run and run_id = $baseline and $groups::json is null
    union all by name
    select
        group_name as "group",
        model_a,
        model_b as model,
        field,
        metric,
        least(docs_a, docs_b) as docs,
        tasks_b as tasks,
        value_a as before,
        value_b as after,
        false as of_pass_rate,
        case when higher_is_better then 1 when not higher_is_better then -1 end as sign,
        case when ci_low is not null then 'unpaired' end as interval,
        greatest(docs_a - docs_b, 0) as lost,
        greatest(tasks_a - tasks_b, 0) as lost_tasks,
        0 as edited,
        p_value,
        p_adjusted,
        conclusion
    from group_differences
    where run_a = $baseline and run_b = $run and paired and $groups::json is not null
    union all by name
    select
        group_name as "group",
        model as model_a,
        model,
        field,
        metric,
        docs,
        tasks,
        value as before,
        value as after,
        false as of_pass_rate,
        1 as sign,
        0 as lost,
        0 as lost_tasks,
        0 as edited
    from group_results
    where run_id = $run and run_id = $baseline and $groups::json is not null
),

without_partner as (
    select
        scored.dataset,
        scored.split,
        scored.model,
        scored.prompt_id,
        scored.field,
        scored.metric,
        scored.docs as lost
    from leaderboard as scored
    anti join compared
        on
            scored.dataset = compared.dataset
            and scored.split = compared.split
            and scored.model = compared.model_a
            and scored.prompt_id = compared.prompt_id_a
            and scored.field = compared.field
            and scored.metric = compared.metric
    where scored.run_id = $baseline and scored.docs > 0 and $groups::json is null
    union all by name
    select
        results.group_name as "group",
        results.model,
        results.field,
        results.metric,
        results.docs as lost
    from group_results as results
    anti join compared
        on
            results.group_name = compared."group"
            and results.model = compared.model_a
            and results.field = compared.field
            and results.metric = compared.metric
    where results.run_id = $baseline and results.docs > 0 and $groups::json is not null
),

selected as (
    select
        *,
        sign * (before - after) as dropped
    from (
        select * exclude (model_a, prompt_id_a) from compared
        union all by name
        select * from without_partner
    )
    where is_chosen($groups, "group")
        and is_chosen($dataset, dataset)
        and is_chosen($split, split)
        and is_chosen($model, model)
        and is_chosen($prompt_id, prompt_id)
        and is_chosen($field, field)
        and is_chosen($metric, metric)
),

weighed as (
    select
        *,
        $run <> $baseline and (
            coalesce((select sum(docs) from selected), 0) = 0
            or ($field::json is not null and coalesce(sum(docs) over (partition by field), 0) = 0)
            or ($metric::json is not null and coalesce(sum(docs) over (partition by metric), 0) = 0)
        ) as is_unknown
    from selected
),

judged as (
    select
        *,
        case
            when docs is null then 'the baseline has it, the run has not'
            when docs = 0 and edited > 0 then 'every doc was edited: nothing to compare'
            when docs > 0 and before is null and $run <> $baseline
                then 'the baseline has no figure'
            when docs > 0 and before is not null and after is null then 'has no figure any more'
            when docs > 0 and sign is null
                then 'its tasks don''t agree whether higher is better'
            when $significant::boolean and conclusion = 'worse' then 'worse'
            when $significant::boolean
                and p_value is null
                and dropped > 1e-9::double
                and $max_drop::double is null
                then 'worse, and can''t be tested: allow a drop with max_drop'
            when dropped > $max_drop::double + 1e-9::double then 'dropped too far'
            when lost_tasks > $max_missing_tasks::bigint then 'tasks have lost their figure'
            when lost > $max_missing::bigint then 'docs have lost their score'
            when edited > $max_edited::bigint then 'docs were edited: they can''t be compared'
            when docs = 0 and is_unknown then 'no doc has a score on both sides'
        end as reason
    from weighed
)

select
    reason is null as passed,
    dataset,
    split,
    model,
    prompt_id,
    "group",
    field,
    metric,
    docs,
    tasks,
    before,
    after,
    of_pass_rate,
    interval,
    fixed,
    broken,
    lost,
    lost_tasks,
    edited,
    p_adjusted,
    same_scorer,
    reason
from judged
order by
    passed,
    passed and docs = 0,
    dropped desc nulls first,
    dataset,
    split,
    model,
    prompt_id,
    "group",
    field,
    metric
