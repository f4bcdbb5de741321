"""What a page says of a run: rows of views, with as many texts as a page can hold and no more."""

from typing import Any

from evalwh.warehouse import Warehouse
from evalwh.warehouse.binding import Value

Row = dict[str, Any]
MOST_CASES = 40
"""Failed cases that are shown, of a dataset."""
MOST_KINDS = 20
"""Kinds of failures that are shown, of a dataset."""
_MOST_EXAMPLES = 3
_MOST_CHARACTERS = 2000
_RUN = (
    "select run_id, status, started_at, finished_at, message, tags::json as tags, evalwh_version"
    " from runs where run_id = $run"
)
_DATASETS = """
select dataset, split, max(docs) as docs, max(repeats) as repeats from cells
where run_id = $run group by all order by all
"""
_RATES = """
select rates.*, billed.usd_per_passed_doc, spent.latency_ms_p50
from doc_pass_rates as rates
left join passed_doc_costs as billed using (run_id, model, prompt_id, dataset)
left join costs as spent
    on (rates.run_id, rates.model, rates.prompt_id, rates.dataset, 'model')
    = (spent.run_id, spent.model, spent.prompt_id, spent.dataset, spent.role)
where rates.run_id = $run
order by dataset, split, pass_rate desc nulls last, model, prompt_id
"""
_LEADERBOARD = """
select *, is_mean(aggregation) as is_mean from leaderboard where run_id = $run
order by dataset, split, field, metric, pass_rate desc nulls last,
    case when higher_is_better then -value else value end nulls last, model, prompt_id
"""
_FIGURES = """
select *,
    count(value) over figure > 1
    and value = case
        when higher_is_better then max(value) over figure
        when not higher_is_better then min(value) over figure
    end as is_best
from figures
where run_id = $run and scored_by = 'lm-eval'
window figure as (partition by group_name, dataset, split, field, metric)
order by group_name is null, group_name, dataset, split, field, metric, model, prompt_id
"""
_DISTRIBUTIONS = """
select * from distributions where run_id = $run
order by dataset, split, field, metric, model, prompt_id, bin
"""
_COSTS = """
select * from costs where run_id = $run order by dataset, model, prompt_id, role desc
"""
_TOTAL = """
select coalesce(sum(requests), 0)::bigint as requests, coalesce(sum(errors), 0)::bigint as errors,
    coalesce(sum(cached), 0)::bigint as cached, total_usd(billed_usd) as billed_usd,
    coalesce(sum(unbilled_requests), 0)::bigint as unbilled_requests,
    total_usd(saved_usd) as saved_usd
from costs where run_id = $run
"""
_THRESHOLDS = """
select thresholds.*
from thresholds_in_force as thresholds
semi join (select distinct dataset, field, metric from leaderboard where run_id = $run)
    using (dataset, field, metric)
where threshold is not null
order by dataset, field, metric
"""
_KINDS = """
with failed as (
    select *, case when kind = 'truncated' then null else message end as why
    from failures where run_id = $run and dataset = $dataset and split = $split
),
grouped as (
    select kind, field, metric, why, count(*) as cases,
        list(distinct doc_id order by doc_id)[:$examples] as examples
    from failed group by kind, field, metric, why
)
select *, (select count(*) from grouped) as kinds from grouped
order by cases desc, kind, field, metric, why limit $most
"""
_CASES = """
with all_failed as (
    select * from doc_verdicts
    where run_id = $run and dataset = $dataset and split = $split and not passed
),
failed as (
    select *, (select count(*) from all_failed) as cases from all_failed
    order by doc_id, model, prompt_id, repeat limit $most
),
answers as (
    select doc_id, model, prompt_id, repeat,
        arg_max(
            {
                'response': left(generations.response, $characters),
                'characters': length(generations.response)
            },
            (attempt, created_at)
        ) as newest
    from generations
    semi join failed using (doc_id, model, prompt_id, repeat)
    where run_id = $run and dataset = $dataset and split = $split and role = 'model'
    group by all
)
select failed.cases, doc_id, failed.model, failed.prompt_id, failed.repeat,
    answers.newest.response as response, answers.newest.characters as characters
from failed left join answers using (doc_id, model, prompt_id, repeat)
order by doc_id, model, prompt_id, repeat
"""
_MISSED = """
with failed as (
    select doc_id, model, prompt_id, repeat from doc_verdicts
    where run_id = $run and dataset = $dataset and split = $split and not passed
    order by doc_id, model, prompt_id, repeat limit $most
),
missed as (
    select doc_id, model, prompt_id, repeat, field,
        list(
            {
                'metric': metric, 'score': score, 'threshold': threshold,
                'higher_is_better': higher_is_better
            }
            order by metric
        ) as scores
    from verdicts
    semi join failed using (doc_id, model, prompt_id, repeat)
    where run_id = $run and dataset = $dataset and split = $split and not passed
    group by all
)
select missed.*,
    left(
        case
            when json_type(fields.value) = 'VARCHAR' and json_type(fields.target) = 'VARCHAR'
                then fields.value ->> '$'
            else fields.value::varchar
        end,
        $characters
    ) as value,
    left(
        case
            when json_type(fields.value) = 'VARCHAR' and json_type(fields.target) = 'VARCHAR'
                then fields.target ->> '$'
            else fields.target::varchar
        end,
        $characters
    ) as target
from missed
left join fields on (fields.run_id, fields.dataset, fields.split) = ($run, $dataset, $split)
    and (fields.doc_id, fields.model, fields.prompt_id, fields.repeat, fields.field)
    = (missed.doc_id, missed.model, missed.prompt_id, missed.repeat, missed.field)
order by missed.doc_id, missed.model, missed.prompt_id, missed.repeat, missed.field
"""


class Reads:
    """The rows of one run; every method asks the warehouse once."""

    def __init__(self, warehouse: Warehouse, run_id: str) -> None:
        self._warehouse = warehouse
        self._run_id = run_id

    def run(self) -> Row:
        return self._rows(_RUN)[0]

    def datasets(self) -> list[Row]:
        """The run's datasets and splits, with the docs planned for each model and prompt."""
        return self._rows(_DATASETS)

    def total(self) -> Row:
        """What all requests of the run cost."""
        return self._rows(_TOTAL)[0]

    def rates(self) -> list[Row]:
        """Docs that pass as a whole, best first, with the cost of one and the median latency."""
        return self._rows(_RATES)

    def leaderboard(self) -> list[Row]:
        return self._rows(_LEADERBOARD)

    def figures(self) -> list[Row]:
        """What lm-eval reports of its groups, and of its tasks after these."""
        return self._rows(_FIGURES)

    def distributions(self) -> list[Row]:
        return self._rows(_DISTRIBUTIONS)

    def costs(self) -> list[Row]:
        return self._rows(_COSTS)

    def thresholds(self) -> list[Row]:
        """The thresholds in force of what the run scored."""
        return self._rows(_THRESHOLDS)

    def kinds(self, dataset: str, split: str) -> list[Row]:
        """The most frequent kinds of failures, a few docs of each; `kinds` counts all kinds."""
        values: dict[str, Value] = {"dataset": dataset, "split": split, "most": MOST_KINDS}
        return self._rows(_KINDS, **values, examples=_MOST_EXAMPLES)

    def cases(self, dataset: str, split: str) -> list[Row]:
        """The first cases that fail, with what their fields missed; `cases` counts all."""
        values: dict[str, Value] = {"dataset": dataset, "split": split, "most": MOST_CASES}
        cases = self._rows(_CASES, **values, characters=_MOST_CHARACTERS)
        missed = self._rows(_MISSED, **values, characters=_MOST_CHARACTERS)
        key = ("doc_id", "model", "prompt_id", "repeat")
        by_case: dict[tuple[Any, ...], list[Row]] = {}
        for row in missed:
            by_case.setdefault(tuple(row[name] for name in key), []).append(row)
        return [
            case | {"missed": by_case.get(tuple(case[name] for name in key), [])} for case in cases
        ]

    def _rows(self, sql: str, **values: Value) -> list[Row]:
        return self._warehouse.read(sql, {"run": self._run_id, **values}).dicts()
