-- What selectors can name in the run $run: lists of names. Groups that only list tasks have no figure
-- and are left out.

with datasets as (
    select unnest(from_json(runs.config -> '$.datasets', '["json"]')) as dataset
    from runs
    where runs.run_id = $run
),

groups as (
    select unnest(from_json(datasets.dataset -> '$.origin.groups', '["json"]')) as stored
    from datasets
)

select
    list(distinct cells.dataset) as dataset,
    list(distinct cells.split) as split,
    list(distinct cells.model) as model,
    list(distinct cells.prompt_id) as prompt_id,
    list(distinct measured.field) filter (measured.field is not null) as field,
    list(distinct measured.metric) filter (measured.metric is not null) as metric,
    (
        select list(distinct groups.stored ->> '$.group')
        from groups
        where json_array_length(groups.stored -> '$.aggregate_metric_list') > 0
    ) as "group"
from keyed_cells as cells
left join measured_cells as measured using (cell_key)
where cells.run_id = $run
