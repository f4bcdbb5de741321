"""What the sheets of a workbook show beside the cases: rows of views, of one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from evalwh.export.case_rows import Measure
from evalwh.export.xlsx_formulas import Rule
from evalwh.warehouse import Rows, Warehouse

_RUN = (
    "select run_id, status, started_at, finished_at, message, evalwh_version, tags, config"
    " from runs where run_id = $run"
)
_LEADERBOARD = (
    "select dataset, split, model, prompt_id, field, metric, aggregation,"
    " case when higher_is_better then 'higher' else 'lower' end as better, docs, unscored_docs,"
    " errors, value, stderr, threshold, passed_docs, pass_rate, ci_low, ci_high,"
    " higher_is_better from leaderboard where run_id = $run"
    " order by dataset, split, field, metric, pass_rate desc nulls last,"
    " case when higher_is_better then -value else value end nulls last, model, prompt_id"
)
_GROUPS = (
    "select group_name, alias, model, field, metric,"
    " case when higher_is_better then 'higher' when not higher_is_better then 'lower' end"
    " as better, tasks, missing_tasks, docs, unscored_docs, value, stderr"
    " from figures where run_id = $run and group_name is not null"
    " order by group_name, field, metric,"
    " case when higher_is_better then -value else value end nulls last, model"
)
_COSTS = (
    "select dataset, model, prompt_id, role, requests, errors, cached, prompt_tokens,"
    " completion_tokens, billed_usd, unbilled_requests, repriced_usd, unpriced_requests,"
    " latency_ms_p50, latency_ms_p95 from costs where run_id = $run"
    " order by dataset, model, prompt_id, role desc"
)
_PARTS = """
    with planned as (
        select dataset, split, model, prompt_id, max(docs + unscored_docs) as docs
        from leaderboard where run_id = $run group by all
    ),
    parts as (
        select row_number() over (order by dataset, split, model, prompt_id) as number,
            dataset, split, model, prompt_id, cells.repeats,
            coalesce(planned.docs, cells.docs) * cells.repeats as cases
        from cells left join planned using (dataset, split, model, prompt_id)
        where run_id = $run
    )
"""
_CASE_RATES = (
    _PARTS
    + """,
    judged as (
        select dataset, split, model, prompt_id, count(*) filter (passed) as passed,
            count(*) filter (not passed) as failed
        from doc_verdicts where run_id = $run group by all
    )
    select number, dataset, split, model, prompt_id, repeats, cases,
        coalesce(passed, 0) as passed, coalesce(failed, 0) as failed,
        cases - coalesce(passed, 0) - coalesce(failed, 0) as open,
        case
            when rates.pass_rate is not null then coalesce(passed, 0) / nullif(cases, 0)
        end as pass_rate
    from parts
    left join judged using (dataset, split, model, prompt_id)
    left join (from doc_pass_rates where run_id = $run) as rates
        using (dataset, split, model, prompt_id)
    order by number
"""
)
_FIELD_RATES = (
    _PARTS
    + """,
    judged as (
        select dataset, split, model, prompt_id, field, count(*) filter (passed) as passed
        from field_verdicts where run_id = $run group by all
    ),
    measured as (
        select dataset, split, model, prompt_id, field, count(threshold) as thresholds,
            count(passed_docs) as scored
        from leaderboard where run_id = $run group by all
    )
    select number, field,
        case
            when thresholds > 0 and (scored = thresholds or passed > 0)
                then coalesce(passed, 0) / nullif(cases, 0)
        end as pass_rate
    from parts
    inner join measured using (dataset, split, model, prompt_id)
    left join judged using (dataset, split, model, prompt_id, field)
"""
)
_NEVER_GIVEN = """
    select dataset, split, model, prompt_id, field
    from fields where run_id = $run group by all having bool_and(error is not null)
"""
_THRESHOLDS = """
    with used as (
        select dataset, field, metric, any_value(threshold) as threshold,
            bool_and(higher_is_better) as higher_is_better
        from leaderboard where run_id = $run group by all
    ),
    scored as (
        select dataset, field, metric, count(score) as scores, count(*) filter (passed) as passing,
            min(score) as lowest, max(score) as highest
        from verdicts where run_id = $run group by all
    )
    select dataset, field, metric, higher_is_better, used.threshold, scores, passing, lowest,
        highest, set_at, set_by, reason
    from used
    left join scored using (dataset, field, metric)
    left join thresholds_in_force using (dataset, field, metric)
    order by dataset, field, metric
"""
_RULES = """
    select dataset, field, rule, weights, least_share
    from aggregations_in_force
    where dataset in (select dataset from cells where run_id = $run) and rule is not null
"""
FAILURE_COLUMNS = (
    *("kind", "dataset", "split", "doc_id", "model", "prompt_id", "repeat"),
    *("field", "metric", "message"),
)
_FAILURES = f"""
    select {", ".join(FAILURE_COLUMNS)}
    from failures where run_id = $run
    order by dataset, split, doc_id, model, prompt_id, repeat, kind, field, metric
    limit $most offset $before
"""


class PartKey(NamedTuple):
    """A part of a run's matrix."""

    dataset: str
    split: str
    model: str
    prompt_id: str


class Part(NamedTuple):
    """A part, by its number from 1: how many responses were planned, and their cases' verdicts.

    `open` counts cases without a verdict. With repeats, `cases` counts each.
    """

    number: int
    key: PartKey
    repeats: int
    cases: int
    passed: int
    failed: int
    open: int
    pass_rate: float | None


@dataclass(frozen=True)
class RunReads:
    """The views' rows of a run, each read when it is asked for, and once."""

    warehouse: Warehouse
    run_id: str

    @cached_property
    def run(self) -> dict[str, Any]:
        """The run's row."""
        return self._read(_RUN).dicts()[0]

    @cached_property
    def leaderboard(self) -> Rows:
        """The view's rows; those of a field and metric together, the best first."""
        return self._read(_LEADERBOARD)

    @cached_property
    def groups(self) -> Rows:
        """What lm-eval reports of groups of its tasks, the best model first."""
        return self._read(_GROUPS)

    @cached_property
    def costs(self) -> Rows:
        """The view's rows."""
        return self._read(_COSTS)

    @cached_property
    def parts(self) -> dict[PartKey, Part]:
        """The parts; those of a dataset have numbers that follow each other."""
        return {
            PartKey(*row[1:5]): Part(row[0], PartKey(*row[1:5]), *row[5:])
            for row in self._read(_CASE_RATES).rows
        }

    @cached_property
    def field_rates(self) -> dict[tuple[int, str], float | None]:
        """The pass rate by part's number and field, None where doc_pass_rates would have none."""
        return {(number, field): rate for number, field, rate in self._read(_FIELD_RATES).rows}

    @cached_property
    def unscored(self) -> dict[PartKey, list[Measure]]:
        """What has no score at all in a part though the model gave the field: no judge, say."""
        rows = [row for row in self.leaderboard.dicts() if row["docs"] == 0]
        never_given = {tuple(row) for row in self._read(_NEVER_GIVEN).rows} if rows else set()
        unscored: dict[PartKey, list[Measure]] = {}
        for row in rows:
            if (*part_of(row), row["field"]) not in never_given:
                measures = unscored.setdefault(part_of(row), [])
                measures.append(Measure(row["field"], row["metric"]))
        return unscored

    @cached_property
    def thresholds(self) -> list[dict[str, Any]]:
        """What is scored, with its threshold in force, and the scores' range."""
        return self._read(_THRESHOLDS).dicts()

    @cached_property
    def rules(self) -> dict[tuple[str, str | None], Rule]:
        """The rules in force by dataset and field; None for a whole case."""
        return {
            (dataset, field): Rule(name, orjson.loads(weights or "{}"), least_share or 0.0)
            for dataset, field, name, weights, least_share in self._read(_RULES).rows
        }

    @cached_property
    def measures(self) -> dict[PartKey, dict[Measure, bool]]:
        """What a part is scored by, and whether higher is better."""
        measures: dict[PartKey, dict[Measure, bool]] = {}
        for row in self.leaderboard.dicts():
            of_part = measures.setdefault(part_of(row), {})
            of_part[Measure(row["field"], row["metric"])] = row["higher_is_better"]
        return {part: dict(sorted(of_part.items())) for part, of_part in measures.items()}

    def failures(self, before: int, most: int) -> list[tuple[Any, ...]]:
        """The view's rows by case, `most` of them after as many as `before` says."""
        return self._read(_FAILURES, most=most, before=before).rows

    def rule(self, dataset: str, field: str | None) -> Rule:
        return self.rules.get((dataset, field), Rule())

    def _read(self, sql: str, **values: int) -> Rows:
        return self.warehouse.read(sql, {"run": self.run_id, **values})


def part_of(row: Mapping[str, Any]) -> PartKey:
    """The part that a view's row is of."""
    return PartKey(row["dataset"], row["split"], row["model"], row["prompt_id"])
