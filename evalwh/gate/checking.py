"""Rules held against a run: each becomes its statement of sql/reads, all asked of one state."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from evalwh.compare.sides import tagged_baseline
from evalwh.errors import GateError, UsageError, did_you_mean
from evalwh.gate.demands import SELECTORS
from evalwh.gate.outcome import Failing, Gated, Outcome, Row
from evalwh.gate.rules import Rule, read_rules
from evalwh.gate.sql_rules import SqlRule, check_sql, read_sql_rule
from evalwh.gate.wording import demand_text, found_text, idle_text, is_idle, place_text
from evalwh.hints import db_option
from evalwh.resources import resource
from evalwh.warehouse import Warehouse
from evalwh.warehouse.binding import Value, Values, execute
from evalwh.warehouse.runs import resolve_run

_PARAMETER = re.compile(r"\$([a-z]\w*)")


class Asked(NamedTuple):
    """A gate as the command line asks for it.

    `baseline` is a run or a tag `NAME=VALUE`; `as_of` is UTC; `with_changes` reads what reports
    for people have beside the rules; `timeout_s` is for each SQL file. `reports` are files to be
    written, by their kind: none may be one that rules are read from.
    """

    run: str
    rules: Sequence[Path]
    baseline: str | None = None
    as_of: datetime | None = None
    with_changes: bool = False
    timeout_s: float = 60.0
    reports: Mapping[str, Path] = {}


def check_gate(warehouse: Warehouse, asked: Asked) -> Gated:
    """Hold a run against its rules.

    Raises UsageError for an unknown run, a file of another kind, a report in the place of one that
    is read, and a rule that lacks its baseline; GateError for a rules file that can't be read,
    whose SQL fails or whose drop is too large for a pass rate.
    """
    rules = [rule for path in asked.rules for rule in _read(path)]
    _spare_what_is_read(asked.reports, rules)
    run_id = resolve_run(warehouse, asked.run)
    baseline = _resolve_baseline(warehouse, asked.baseline, run_id)
    _require_baseline(rules, baseline)
    with warehouse.reading(asked.as_of) as connection:
        views = _Views(partial(execute, connection), run_id, baseline)
        unfinished = views.unfinished(db_option(warehouse.path))
        names = views.names()
        held = {at: views.held(rule, names) for at, rule in _of_views(rules)}
        differences, broken = views.changes() if asked.with_changes and baseline else ([], [])
    variables = {"run": run_id, **({"baseline": baseline} if baseline else {})}
    ask = partial(check_sql, as_of=asked.as_of, timeout_s=asked.timeout_s)
    outcomes = [
        held[at] if isinstance(rule, Rule) else ask(rule, warehouse.path, variables)
        for at, rule in enumerate(rules)
    ]
    return Gated(run_id, baseline, outcomes, names, unfinished, differences, broken)


def _read(path: Path) -> Sequence[Rule | SqlRule]:
    match path.suffix.lower():
        case ".sql":
            return [read_sql_rule(path)]
        case ".yaml" | ".yml":
            return read_rules(path)
        case _:
            raise UsageError(f"--rules: {path}: a rules file ends with .yaml, .yml or .sql")


def _spare_what_is_read(reports: Mapping[str, Path], rules: Sequence[Rule | SqlRule]) -> None:
    lists = (rule.doc_list for rule in rules if isinstance(rule, Rule) and rule.doc_list)
    read = {path.resolve() for path in (*(rule.file for rule in rules), *lists)}
    for kind, path in reports.items():
        if path.resolve() in read:
            raise UsageError(
                f"--{kind}: {path} is read by the gate's rules; choose another file for the report"
            )


def _of_views(rules: Sequence[Rule | SqlRule]) -> Iterator[tuple[int, Rule]]:
    """The rules that become statements of ours, with their places."""
    return ((at, rule) for at, rule in enumerate(rules) if isinstance(rule, Rule))


def _resolve_baseline(warehouse: Warehouse, baseline: str | None, run_id: str) -> str | None:
    if baseline is None:
        return None
    if "=" in baseline:
        return tagged_baseline(warehouse, baseline, {run_id}).run_id
    return resolve_run(warehouse, baseline)


def _require_baseline(rules: Sequence[Rule | SqlRule], baseline: str | None) -> None:
    if baseline is not None:
        return
    for rule in rules:
        is_relative = rule.kind.is_relative if isinstance(rule, Rule) else rule.is_relative
        if is_relative:
            raise UsageError(
                f"{rule}: compares with a baseline; name it with --baseline RUN or "
                "--baseline NAME=VALUE, a tag"
            )


class _Views:
    """The statements of a gate, asked of one connection."""

    def __init__(
        self, execute: Callable[[str, Values], Any], run_id: str, baseline: str | None
    ) -> None:
        self._execute = execute
        self._runs: dict[str, Value] = {"run": run_id, "baseline": baseline}

    def unfinished(self, db: str) -> list[str]:
        """What to say of runs that aren't finished: what they lack can't be held against them."""
        return [
            f"run {row['run_id']} is {row['status'] or 'not begun'}; go on with it first: "
            f"evalwh run --resume {row['run_id']}{db}"
            for row in self._read("gate_runs")
            if row["status"] != "finished"
        ]

    def names(self) -> Row:
        """The names that selectors can have, by their key."""
        [row] = self._read("gate_names")
        return row

    def changes(self) -> tuple[list[Row], list[Row]]:
        """The differences from the baseline, and the docs that broke."""
        return self._read("gate_differences"), self._read("gate_broken")

    def held(self, rule: Rule, names: Row) -> Outcome:
        """What came out of a rule of the views; one that matches nothing fails."""
        outcome = partial(Outcome, rule.file, rule.number, rule.name, demand_text(rule))
        if unknown := _unknown_name(rule, names):
            return outcome(passed=False, found=unknown)
        rows = self._read(rule.kind.statement, _values(rule))
        if not rows:
            return outcome(passed=False, found="matches nothing in the run")
        _check_drop(rule, rows, names)
        failing = [
            Failing(place_text(row, names), found_text(rule, row), row)
            for row in rows
            if not row["passed"]
        ]
        found = _summary(rule, rows, failing)
        return outcome(passed=not failing, found=found, failing=failing)

    def _read(self, name: str, values: dict[str, Value] | None = None) -> list[Row]:
        sql = (resource("sql") / "reads" / f"{name}.sql").read_text(encoding="utf-8")
        known = {**self._runs, **(values or {})}
        cursor = self._execute(sql, {key: known[key] for key in _PARAMETER.findall(sql)})
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _check_drop(rule: Rule, rows: Sequence[Row], names: Row) -> None:
    """Raises GateError for a drop in points where pass rates are compared: it allows any."""
    most = rule.value if rule.demand == "max_drop" else rule.options.get("max_drop", 0)
    rates = [row for row in rows if row.get("of_pass_rate")]
    if rates and most > 1:
        raise GateError(
            f"{rule}: 'max_drop': must be from 0 to 1 for a pass rate "
            f"({place_text(rates[0], names)}), not {most:g}; write 0.02 for two points"
        )


def _summary(rule: Rule, rows: Sequence[Row], failing: Sequence[Failing]) -> str:
    """What a rule found, in short; the first row is the worst."""
    if rule.kind.statement == "gate_regression" and (idle := idle_text(rows)):
        compared = [row for row in rows if not is_idle(row)]
        return "; ".join([_summary(rule, compared, failing), idle] if compared else [idle])
    if len(rows) == 1:
        return str(failing[0]) if failing else found_text(rule, rows[0])
    if failing:
        return f"{len(failing)} of {len(rows)} failed"
    worst = "likewise all" if rule.demand == "nothing_missing" else "the worst of"
    return f"{found_text(rule, rows[0])}, {worst} {len(rows)}"


def _unknown_name(rule: Rule, names: Row) -> str | None:
    """What is said of a selector's name that the run doesn't have."""
    for key, selected in rule.selectors.items():
        known = names.get(key) or []
        for name in selected:
            if key != "role" and name not in known:
                return f"the run has no {key} '{name}'{did_you_mean(name, known)}"
    return None


def _values(rule: Rule) -> dict[str, Value]:
    """What the rule's statement is asked with; lists as JSON."""
    named = {key: json.dumps(names) for key, names in rule.selectors.items()}
    return {
        **{key: named.get(key) for key in SELECTORS if key != "group"},
        "groups": named.get("group"),
        "least": rule.value if isinstance(rule.value, float) else None,
        "most": rule.value if isinstance(rule.value, float) else None,
        "lower_bound": "lower_bound" in rule.options,
        "repriced": "repriced" in rule.options,
        "quantile": rule.demand.rpartition("_")[2],
        "significant": rule.demand == "no_regression",
        "max_drop": rule.value if rule.demand == "max_drop" else rule.options.get("max_drop"),
        "max_missing": rule.options.get("max_missing", 0),
        "max_missing_tasks": rule.options.get("max_missing_tasks", 0),
        "max_edited": rule.options.get("max_edited", 0),
        **_protected(rule.value),
    }


def _protected(value: object) -> dict[str, Value]:
    """Docs by their ids, or by a column, named by a JSON pointer."""
    if isinstance(value, dict):
        pointer = "/" + value["column"].replace("~", "~0").replace("/", "~1")
        return {"doc_ids": None, "pointer": pointer, "equals": value.get("equals", "true")}
    doc_ids = json.dumps(value) if isinstance(value, list) else None
    return {"doc_ids": doc_ids, "pointer": None, "equals": None}
