-- Figures of the run $run that must reach $least, or stay at or below it where lower is better: of
-- its tasks, or those of the groups $groups. A figure of nothing doesn't pass, nor one that leaves out
-- more than $max_missing docs or, of a group, more than $max_missing_tasks tasks. Worst first.

with found as (
    select
        dataset,
        split,
        model,
        prompt_id,
        group_name as "group",
        field,
        metric,
        aggregation,
        value as found,
        stderr,
        docs as scored_docs,
        docs + unscored_docs as docs,
        tasks,
        missing_tasks,
        error,
        higher_is_better
    from figures
    where run_id = $run
        and case
            when $groups::json is null then group_name is null
            else group_name is not null and is_chosen($groups, group_name)
        end
        and is_chosen($dataset, dataset)
        and is_chosen($split, split)
        and is_chosen($model, model)
        and is_chosen($prompt_id, prompt_id)
        and is_chosen($field, field)
        and is_chosen($metric, metric)
),

signed as (
    select
        *,
        case when higher_is_better then 1 when not higher_is_better then -1 end as sign
    from found
),

judged as (
    select
        *,
        sign * (found - $least::double) as margin,
        case
            when error is not null then 'no figure: ' || error
            when found is null and tasks = 0 then 'no task has a figure'
            when found is null then 'no doc has a score'
            when sign is null then 'its tasks don''t agree whether higher is better'
            when missing_tasks > $max_missing_tasks::bigint
                then 'tasks have no figure: max_missing_tasks allows some'
            when docs - scored_docs > $max_missing::bigint
                then 'docs have no score: max_missing allows some'
        end as problem
    from signed
)

select
    problem is null and margin >= -1e-9::double as passed,
    dataset,
    split,
    model,
    prompt_id,
    "group",
    field,
    metric,
    aggregation,
    found,
    stderr,
    scored_docs,
    docs,
    tasks,
    missing_tasks,
    case when problem is not null then problem when sign < 0 then 'lower is better' end as reason
from judged
order by
    passed,
    margin nulls first,
    dataset,
    split,
    model,
    prompt_id,
    "group",
    field,
    metric
