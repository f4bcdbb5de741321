"""What a comparison asks the views, as SQL; all of it between two runs."""

CELLS = """
select
    cells.run_id,
    cells.model,
    cells.prompt_id,
    cells.dataset,
    cells.split,
    list((measured.field, measured.metric)) filter (measured.field is not null) as measures
from keyed_cells as cells
left join measured_cells as measured using (cell_key)
where cells.run_id in ($1, $2)
group by all
order by all
"""
UNFINISHED = """
select run_id, coalesce(status, 'not begun') as status
from runs
where run_id in ($1, $2) and status is distinct from 'finished'
order by run_id = $2
"""
_NARROWED = """
where run_a = $run_a
    and run_b = $run_b
    and ($paired::boolean is null or paired = $paired)
    and ($dataset::varchar is null or dataset = $dataset)
    and ($field::varchar is null or field = $field)
    and ($metric::varchar is null or metric = $metric)
"""
_ORDER = "order by dataset, split, model_a, model_b, prompt_id_a, prompt_id_b, field, metric"
DIFFERENCES = f"""
select
    dataset, prompt_id_b as prompt_id, field, metric, docs, difference, ci_low, ci_high, p_value,
    fixed, broken, missing, p_adjusted, conclusion, aggregation, value_a, value_b, interval,
    coalesce(is_mean(aggregation), false) as is_mean, pass_rate_a, pass_rate_b, missing_a,
    missing_b, unscored, edited, threshold, higher_is_better, same_scorer,
    run_a, model_a, prompt_id_a, run_b, model_b, prompt_id_b, split,
    null::varchar as "group", null::bigint as tasks_a, null::bigint as tasks_b
from differences
{_NARROWED} {_ORDER}
"""
HAS_GROUPS = """
select count(*) from runs
where run_id in ($1, $2) and contains(config::varchar, '"aggregate_metric_list"')
"""
GROUPS = """
select
    null as dataset, null as prompt_id, field, metric, least(docs_a, docs_b) as docs, difference,
    ci_low, ci_high, p_value, null as fixed, null as broken,
    greatest(docs_a, docs_b) - least(docs_a, docs_b) as missing, p_adjusted, conclusion,
    null as aggregation, value_a, value_b,
    case when ci_low is not null then 'unpaired' end as interval, false as is_mean,
    null as pass_rate_a, null as pass_rate_b, greatest(docs_b - docs_a, 0) as missing_a,
    greatest(docs_a - docs_b, 0) as missing_b, null as unscored, 0 as edited, null as threshold,
    higher_is_better, null as same_scorer, run_a, model_a, null as prompt_id_a, run_b, model_b,
    null as prompt_id_b, null as split, group_name as "group", tasks_a, tasks_b
from group_differences
where run_a = $run_a
    and run_b = $run_b
    and $dataset::varchar is null
    and ($field::varchar is null or field = $field)
    and ($metric::varchar is null or metric = $metric)
order by model_a, model_b, group_name, field, metric
"""
DOCS = f"""
select
    dataset, prompt_id_b as prompt_id, field, metric, doc_id, change, score_a, score_b,
    passed_a, passed_b, run_a, model_a, prompt_id_a, run_b, model_b, prompt_id_b, split
from comparisons
{_NARROWED}
    and case
        when $change = 'changed'
            then change <> 'same' or (change is null and score_a <> score_b)
        else change = $change
    end
    and ($change <> 'changed' or change is null or change <> 'unscored')
{_ORDER}, doc_id
"""
