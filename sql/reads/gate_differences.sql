-- How the run $run differs from $baseline, for people: a row per field and metric, groups at the end.

with compared as (
    select
        dataset,
        split,
        model_b as model,
        prompt_id_b as prompt_id,
        null::varchar as "group",
        field,
        metric,
        docs,
        coalesce(pass_rate_a, value_a) as before,
        coalesce(pass_rate_b, value_b) as after,
        pass_rate_a is not null as of_pass_rate,
        p_adjusted,
        fixed,
        broken,
        missing,
        conclusion
    from differences
    where run_a = $baseline and run_b = $run and paired
    union all by name
    select
        model_b as model,
        group_name as "group",
        field,
        metric,
        docs_b as docs,
        value_a as before,
        value_b as after,
        false as of_pass_rate,
        p_adjusted,
        conclusion
    from group_differences
    where run_a = $baseline and run_b = $run and paired
)

select
    dataset,
    split,
    model,
    prompt_id,
    "group",
    field,
    metric,
    docs,
    before,
    after,
    of_pass_rate,
    p_adjusted,
    fixed,
    broken,
    missing,
    conclusion
from compared
order by
    "group" nulls first,
    case conclusion when 'worse' then 0 when 'better' then 1 else 2 end,
    dataset,
    split,
    model,
    prompt_id,
    field,
    metric
