"""What `evalwh show` shows: named sections of rows, from views only, and the same as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from evalwh.errors import UsageError, did_you_mean
from evalwh.value_text import json_text
from evalwh.warehouse import Rows, Warehouse
from evalwh.warehouse.runs import resolve_run

_RUN = """
select *,
    case when status in ('failed', 'stopped', 'interrupted') then 'evalwh run --resume ' || run_id
    end as go_on_with
from runs where run_id = $1
"""
_PARTS = """
select dataset, split, model, prompt_id, docs, repeats
from cells where run_id = $1 order by all
"""
_LEADERBOARD = """
select model, prompt_id, dataset, split, field, metric, docs, unscored_docs, errors, mean, stderr,
    higher_is_better, threshold, pass_rate, ci_low, ci_high
from leaderboard where run_id = $1 order by dataset, split, model, prompt_id, field, metric
"""
_COSTS = """
select columns(* exclude (run_id))
from costs where run_id = $1 order by dataset, model, prompt_id, role desc
"""
_FAILURES = """
select kind, model, prompt_id, dataset, field, metric, count(*) as cases,
    min(doc_id) as for_example
from failures where run_id = $1 group by all
order by dataset, model, prompt_id, cases desc, kind, field, metric
"""
_GENERATIONS = """
select model, prompt_id, dataset, repeat, role, stage, attempt, asked_model, request, response,
    error, finish_reason, prompt_tokens, completion_tokens, latency_ms, billed_usd, cached
from generations where run_id = $1 and doc_id = $2
order by dataset, model, prompt_id, repeat, role desc, stage, attempt
"""
_FIELDS = """
select model, prompt_id, dataset, repeat, field, value, target, error
from fields where run_id = $1 and doc_id = $2
order by dataset, model, prompt_id, repeat, field
"""
_VERDICTS = """
select model, prompt_id, dataset, repeat, field, metric, score, higher_is_better, threshold, passed,
    error
from verdicts where run_id = $1 and doc_id = $2
order by dataset, model, prompt_id, repeat, field, metric
"""
_DOC = """
select distinct docs.dataset, docs.split, docs.doc_id, docs.doc, docs.target
from docs inner join cells using (dataset, split)
where cells.run_id = $1 and docs.doc_id = $2
"""
_DOC_IDS = """
select distinct docs.doc_id from docs inner join cells using (dataset, split)
where cells.run_id = $1
"""


class Section(NamedTuple):
    """A title and its rows."""

    title: str
    rows: Rows


def run_sections(db: Path, run: str, as_of: str | None) -> list[Section]:
    """A run's settings, leaderboard, costs and failures. `UsageError` for an unknown run."""
    warehouse = Warehouse(db)
    run_id = resolve_run(warehouse, run)
    return [
        _section(warehouse, title, sql, [run_id], as_of)
        for title, sql in (
            ("run", _RUN),
            ("parts", _PARTS),
            ("leaderboard", _LEADERBOARD),
            ("costs", _COSTS),
            ("failures", _FAILURES),
        )
    ]


def case_sections(db: Path, run: str, doc_id: str, as_of: str | None) -> list[Section]:
    """A doc with its responses, fields, scores and judgements in a run. `UsageError` if unknown."""
    warehouse = Warehouse(db)
    run_id = resolve_run(warehouse, run)
    doc = _section(warehouse, "doc", _DOC, [run_id, doc_id], as_of)
    if not doc.rows.rows:
        known = [row[0] for row in warehouse.read(_DOC_IDS, [run_id]).rows]
        hint = did_you_mean(doc_id, known if len(known) < 50 else []) or "; see evalwh query"
        raise UsageError(f"run {run_id} has no doc '{doc_id}'{hint}")
    return [doc] + [
        _section(warehouse, title, sql, [run_id, doc_id], as_of)
        for title, sql in (
            ("generations", _GENERATIONS),
            ("fields", _FIELDS),
            ("scores", _VERDICTS),
        )
    ]


def as_json(sections: Sequence[Section]) -> str:
    """One object: a list of rows by section."""
    return (
        json.dumps(
            {section.title: [_nested(row) for row in section.rows.dicts()] for section in sections},
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
    )


def _section(
    warehouse: Warehouse, title: str, sql: str, values: list[str], as_of: str | None
) -> Section:
    time = datetime.fromisoformat(as_of) if as_of else None
    return Section(title, warehouse.read(sql, values, as_of=time))


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its JSON columns as JSON."""
    as_it_is = ("response", "error", "message")
    return {
        name: json.loads(json_text(value, "" if name in as_it_is else _kind(name)))
        for name, value in row.items()
    }


def _kind(column: str) -> str:
    return "JSON" if column in JSON_COLUMNS else ""


JSON_COLUMNS = ("config", "tags", "doc", "target", "value", "request")
