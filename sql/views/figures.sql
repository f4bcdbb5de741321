-- figures: one row per run, model, prompt, dataset, split, field and metric, and one per run, model,
-- group of lm-eval tasks, field and metric: the one figure to be shown of it. It is the mean of the
-- docs' scores, or what lm-eval reports of its tasks and groups.
--
-- run_id            VARCHAR  the run
-- model             VARCHAR  model evaluated
-- prompt_id         VARCHAR  prompt's name; null for a group
-- dataset           VARCHAR  dataset's name; null for a group
-- split             VARCHAR  test or train; null for a group
-- group_name        VARCHAR  the group's name; null for a dataset
-- alias             VARCHAR  what it is shown as: of a group as it says, else the dataset's name
-- field             VARCHAR  scored output; an lm-eval task's filter
-- metric            VARCHAR  metric's name
-- aggregation       VARCHAR  what makes the figure: mean, or lm-eval's name of another; a task's own
--                            function by its name; null for a group, whose figure is a mean of tasks'
-- docs              BIGINT   docs that the figure is over
-- unscored_docs     BIGINT   docs planned but left out of it
-- tasks             BIGINT   tasks of the group with a figure; null for a dataset
-- missing_tasks     BIGINT   tasks of the group without one; null for a dataset
-- value             DOUBLE   the figure; null when no doc is scored or beside an error
-- stderr            DOUBLE   its standard error, in its unit; null where there is none
-- higher_is_better  BOOLEAN  false where a lower figure is a better one; null where a group's tasks
--                            don't agree
-- error             VARCHAR  why the aggregation gave no figure; null otherwise
-- scored_by         VARCHAR  lm-eval for its tasks and groups; evalwh for all others

select
    aggregates.run_id,
    aggregates.model,
    aggregates.prompt_id,
    aggregates.dataset,
    aggregates.split,
    null::varchar as group_name,
    aggregates.dataset as alias,
    aggregates.field,
    aggregates.metric,
    aggregates.aggregation,
    aggregates.docs,
    aggregates.unscored_docs,
    null::bigint as tasks,
    null::bigint as missing_tasks,
    aggregates.value,
    aggregates.stderr,
    aggregates.higher_is_better,
    aggregates.error,
    aggregates.scored_by
from aggregates
union all
select
    group_results.run_id,
    group_results.model,
    null as prompt_id,
    null as dataset,
    null as split,
    group_results.group_name,
    group_results.alias,
    group_results.field,
    group_results.metric,
    null as aggregation,
    group_results.docs,
    group_results.unscored_docs,
    group_results.tasks,
    group_results.missing_tasks,
    group_results.value,
    group_results.stderr,
    group_results.higher_is_better,
    null as error,
    'lm-eval' as scored_by
from group_results
