-- group_results: one row per run, model, group of lm-eval tasks, field and metric that the group
-- aggregates, as lm-eval's groups do: over all tasks below a group, through the groups within it.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- group_name        VARCHAR  the group's name
-- alias             VARCHAR  what it is shown as
-- field             VARCHAR  filter of the tasks
-- metric            VARCHAR  metric's name
-- tasks             BIGINT   tasks with a figure; a task that is in the group twice counts twice
-- missing_tasks     BIGINT   tasks of the group without one
-- docs              BIGINT   docs of the tasks; a task counts with the docs of that of its metrics
--                            that has the most
-- unscored_docs     BIGINT   docs of these tasks that are planned but left out of their figures
-- value             DOUBLE   mean of the tasks' figures; null when none has one
-- stderr            DOUBLE   its standard error, pooled from the tasks'; null when one has none
-- weight_by_size    BOOLEAN  whether a task weighs by its docs
-- higher_is_better  BOOLEAN  null where the tasks don't agree

with datasets as (
    select
        runs.run_id,
        unnest(from_json(runs.config -> '$.datasets', '["json"]')) as dataset
    from facts.runs as runs
),

stored_groups as (
    select
        datasets.run_id,
        unnest(from_json(datasets.dataset -> '$.origin.groups', '["json"]')) as stored
    from datasets
),

groups as (
    select
        stored_groups.run_id,
        (stored_groups.stored ->> '$.group') as group_name,
        any_value(stored_groups.stored ->> '$.alias') as alias,
        any_value(from_json(stored_groups.stored -> '$.tasks', '["varchar"]')) as tasks,
        any_value(
            from_json(stored_groups.stored -> '$.aggregate_metric_list', '["json"]')
        ) as rules
    from stored_groups
    group by stored_groups.run_id, group_name
),

members as (
    select
        groups.run_id,
        groups.group_name,
        unnest(groups.tasks) as dataset
    from groups
),

numbered as (
    select
        groups.run_id,
        groups.group_name,
        groups.alias,
        len(groups.tasks) as tasks,
        groups.rules,
        unnest(range(1, len(groups.rules) + 1)) as number
    from groups
),

rules as (
    select
        numbered.run_id,
        numbered.group_name,
        numbered.alias,
        numbered.tasks,
        numbered.number,
        (numbered.rules[numbered.number] ->> '$.metric') as metric,
        from_json(numbered.rules[numbered.number] -> '$.filter_list', '["varchar"]') as filters,
        coalesce(
            (numbered.rules[numbered.number] ->> '$.weight_by_size')::boolean, true
        ) as weight_by_size
    from numbered
),

figures as (
    select
        aggregates.*,
        max(aggregates.docs) over (
            partition by
                aggregates.run_id, aggregates.model, aggregates.prompt_id, aggregates.dataset
        ) as size
    from aggregates
    where aggregates.split = 'test'
),

-- Of two rules for a field and metric the last one counts.
ruled as (
    select
        rules.run_id,
        figures.model,
        rules.group_name,
        rules.alias,
        rules.tasks,
        figures.field,
        rules.metric,
        rules.weight_by_size,
        rules.number,
        max(rules.number) over (
            partition by
                rules.run_id, figures.model, rules.group_name, figures.field, rules.metric
        ) as last_number,
        figures.value,
        figures.stderr,
        figures.size,
        figures.unscored_docs,
        case when rules.weight_by_size then figures.size else 1 end as weight,
        figures.higher_is_better
    from rules
    inner join members
        on rules.run_id = members.run_id and rules.group_name = members.group_name
    inner join figures
        on
            rules.run_id = figures.run_id
            and members.dataset = figures.dataset
            and rules.metric = figures.metric
            and (rules.filters is null or list_contains(rules.filters, figures.field))
)

select
    ruled.run_id,
    ruled.model,
    ruled.group_name,
    any_value(ruled.alias) as alias,
    ruled.field,
    ruled.metric,
    count(ruled.value) as tasks,
    any_value(ruled.tasks) - count(ruled.value) as missing_tasks,
    coalesce(sum(ruled.size) filter (ruled.value is not null), 0)::bigint as docs,
    coalesce(
        sum(ruled.unscored_docs) filter (ruled.value is not null), 0
    )::bigint as unscored_docs,
    fsum(ruled.value * ruled.weight) / sum(ruled.weight) filter (ruled.value is not null) as value,
    case
        when count(ruled.stderr) < count(ruled.value) or count(ruled.value) = 0 then null
        when any_value(ruled.weight_by_size)
            then sqrt(
                fsum(
                    case when ruled.value is not null
                        then (ruled.size - 1) * ruled.stderr * ruled.stderr * ruled.size
                    end
                )
                / (
                    sum(ruled.size) filter (ruled.value is not null)
                    - count(ruled.value)
                )
                / sum(ruled.size) filter (ruled.value is not null)
            )
        else sqrt(fsum(ruled.stderr * ruled.stderr)) / count(ruled.value)
    end as stderr,
    any_value(ruled.weight_by_size) as weight_by_size,
    case
        when count(distinct ruled.higher_is_better) = 1 then any_value(ruled.higher_is_better)
    end as higher_is_better
from ruled
where ruled.number = ruled.last_number
group by ruled.run_id, ruled.model, ruled.group_name, ruled.field, ruled.metric
