"""What `evalwh show` shows: named sections of rows, as text or as JSON; reads views only."""

import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from evalwh.errors import UsageError, did_you_mean
from evalwh.query.formats import table
from evalwh.query.formats.result import Result
from evalwh.value_text import json_text, text_of
from evalwh.warehouse import Rows, Warehouse
from evalwh.warehouse.runs import resolve_run

_RUN = "select * from runs where run_id = $1"
_PARTS = """
select dataset, split, model, prompt_id, docs, repeats
from cells where run_id = $1 order by all
"""
_LEADERBOARD = """
select model, prompt_id, dataset, field, metric, docs, unscored_docs, errors, mean, stderr,
    threshold, pass_rate, ci_low, ci_high
from leaderboard where run_id = $1 order by model, prompt_id, dataset, field, metric
"""
_COSTS = "select columns(* exclude (run_id)) from costs where run_id = $1 order by all"
_FAILURES = """
select kind, model, prompt_id, dataset, field, metric, count(*) as cases,
    min(doc_id) as for_example
from failures where run_id = $1 group by all
order by cases desc, kind, model, prompt_id, dataset, field, metric
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
select model, prompt_id, dataset, repeat, field, metric, score, threshold, passed, error
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
    """A title and its rows; `in_full` shows each row by column, nothing cut."""

    title: str
    rows: Rows
    in_full: bool = False


def run_sections(db: Path, run: str, as_of: str | None) -> list[Section]:
    """A run's settings, leaderboard, costs and failures. `UsageError` for an unknown run."""
    warehouse = Warehouse(db)
    run_id = resolve_run(warehouse, run)
    return [
        _section(warehouse, title, sql, [run_id], as_of, in_full=sql == _RUN)
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
    doc = _section(warehouse, "doc", _DOC, [run_id, doc_id], as_of, in_full=True)
    if not doc.rows.rows:
        known = [row[0] for row in warehouse.read(_DOC_IDS, [run_id]).rows]
        hint = did_you_mean(doc_id, known if len(known) < 50 else []) or "; see evalwh query"
        raise UsageError(f"run {run_id} has no doc '{doc_id}'{hint}")
    return [doc] + [
        _section(warehouse, title, sql, [run_id, doc_id], as_of, in_full=sql == _GENERATIONS)
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


def as_text(sections: Sequence[Section]) -> str:
    """The sections below each other."""
    shown = (_in_full(s) if s.in_full else _as_table(s) for s in sections if s.rows.rows)
    return "\n".join(shown)


def _section(
    warehouse: Warehouse,
    title: str,
    sql: str,
    values: list[str],
    as_of: str | None,
    *,
    in_full: bool,
) -> Section:
    time = datetime.fromisoformat(as_of) if as_of else None
    return Section(title, warehouse.read(sql, values, as_of=time), in_full)


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its JSON columns as JSON."""
    as_it_is = ("response", "error", "message")
    return {
        name: json.loads(json_text(value, "" if name in as_it_is else _kind(name)))
        for name, value in row.items()
    }


def _kind(column: str) -> str:
    return "JSON" if column in _JSON_COLUMNS else ""


_JSON_COLUMNS = ("config", "tags", "doc", "target", "value", "request")


def _as_table(section: Section) -> str:
    columns, rows = section.rows
    varied = [
        place for place, name in enumerate(columns) if any(row[place] is not None for row in rows)
    ]
    kinds = ["DOUBLE" if _is_numeric(rows, place) else "VARCHAR" for place in varied]
    out = io.BytesIO()
    kept = (tuple(row[place] for place in varied) for row in rows)
    table.write(Result([columns[place] for place in varied], kinds, kept), out, _Cut())
    return f"{section.title}\n\n{out.getvalue().decode()}"


class _Cut(NamedTuple):
    max_rows: int = 0
    max_width: int = 60


def _is_numeric(rows: Sequence[tuple[Any, ...]], place: int) -> bool:
    values = [row[place] for row in rows if row[place] is not None]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _in_full(section: Section) -> str:
    return "\n".join(
        f"{section.title}\n\n" + "".join(_lines(name, value) for name, value in row.items())
        for row in section.rows.dicts()
    )


def _lines(name: str, value: Any) -> str:
    """A column as `name: value`; messages and long texts in lines of their own."""
    if value is None or value in ("{}", ""):
        return ""
    if name == "request":
        return _messages(json.loads(value))
    text = table.visible(text_of(value), keep="\n")
    return f"{name}:\n{_indented(text)}\n" if "\n" in text else f"{name}: {text}\n"


def _messages(request: dict[str, Any]) -> str:
    messages = request.pop("messages", [])
    told = "".join(
        f"{message['role']}:\n{_indented(table.visible(_content(message), keep=chr(10)))}\n"
        for message in messages
    )
    rest = {name: value for name, value in request.items() if value not in (None, {}, [])}
    return (f"request: {json.dumps(rest, ensure_ascii=False)}\n" if rest else "") + told


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
