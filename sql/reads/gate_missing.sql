-- What the run $run lacks: a row per field and metric, which passes when every doc and response has a
-- score and these make a figure; one per cell with failed requests, one per cell in which nothing is
-- scored, and one per doc that $baseline asked about and the run didn't.

with scored as (
    select
        *,
        docs + unscored_docs as planned_docs
    from leaderboard
    where run_id = $run
        and is_chosen($field, field)
        and is_chosen($metric, metric)
),

failed as (
    select
        dataset,
        split,
        model,
        prompt_id,
        count(*) as requests,
        any_value(message order by doc_id, repeat) as message
    from failures
    where run_id = $run and kind = 'request'
    group by dataset, split, model, prompt_id
),

asked as (
    select distinct
        run_id,
        dataset,
        split,
        doc_id
    from generations
    where run_id in ($run, $baseline::varchar) and role = 'model'
),

found as (
    select
        dataset,
        split,
        model,
        prompt_id,
        field,
        metric,
        planned_docs as docs,
        case
            when unscored_docs > 0
                then 'docs without a score: ' || unscored_docs || ' of ' || planned_docs
            when errors > 0 then 'responses without a score: ' || errors
            when docs > 0 and value is null then 'no figure: ' || aggregation || ' failed'
        end as reason
    from scored
    union all by name
    select
        cells.dataset,
        cells.split,
        cells.model,
        cells.prompt_id,
        'nothing is scored' as reason
    from keyed_cells as cells
    anti join scored using (run_id, dataset, split, model, prompt_id)
    where cells.run_id = $run
    union all by name
    select
        dataset,
        split,
        model,
        prompt_id,
        'failed requests: ' || requests || ', as ' || message as reason
    from failed
    union all by name
    select
        before.dataset,
        before.split,
        before.doc_id,
        'the baseline has it, the run has not' as reason
    from asked as before
    anti join (select * from asked where run_id = $run) as after
        using (dataset, split, doc_id)
    where before.run_id = $baseline::varchar
)

select
    reason is null as passed,
    dataset,
    split,
    model,
    prompt_id,
    field,
    metric,
    doc_id,
    docs,
    reason
from found
where is_chosen($dataset, dataset)
    and is_chosen($split, split)
    and is_chosen($model, model)
    and is_chosen($prompt_id, prompt_id)
order by passed, dataset, split, model, prompt_id, field, metric, doc_id
