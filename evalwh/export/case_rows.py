"""The cases of a run as wide rows: what was asked, what came back, every value, score and verdict.

Reads views a page of docs at a time, so that memory doesn't grow with the run and no lock is held
while a page is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from evalwh.records import Json
from evalwh.warehouse import Warehouse

_DOCS_A_PAGE = 1000
_KEY = "dataset, split, doc_id, model, prompt_id, repeat"
_CASES = f"""
    select {_KEY},
        any_value(docs.doc) as doc,
        arg_max(
            {{
                response: generations.response,
                error: generations.error,
                finish_reason: generations.finish_reason
            }},
            (generations.attempt, generations.created_at)
        ) as newest
    from generations
    left join docs using (dataset, split, doc_id)
    where generations.run_id = $run and generations.role = 'model'
        and (dataset, split) = ($dataset, $split) and doc_id between $first and $last
    group by {_KEY} order by {_KEY}
"""
_PAGE = (
    " where run_id = $run and dataset = $dataset and split = $split"
    " and doc_id between $first and $last"
)
_FIELDS = f"select {_KEY}, field, value, target, error from fields" + _PAGE
_VERDICTS = f"select {_KEY}, field, metric, score, passed, error from verdicts" + _PAGE
_FIELD_VERDICTS = f"select {_KEY}, field, passed from field_verdicts" + _PAGE
_DOC_VERDICTS = f"select {_KEY}, passed from doc_verdicts" + _PAGE


class CaseKey(NamedTuple):
    """One response within a run."""

    dataset: str
    split: str
    doc_id: str
    model: str
    prompt_id: str
    repeat: int


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case. `passed` is the whole case's verdict; None where there is none.

    `values`, `targets` and `field_passed` are by field, `scores` and `score_passed` by field and
    metric; what is missing isn't there, and `problems` says why, a message once.
    """

    key: CaseKey
    columns: Mapping[str, Json]
    response: str | None
    error: str | None
    finish_reason: str | None
    passed: bool | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    targets: Mapping[str, Json] = field(default_factory=dict)
    field_passed: Mapping[str, bool | None] = field(default_factory=dict)
    scores: Mapping[tuple[str, str], float | None] = field(default_factory=dict)
    score_passed: Mapping[tuple[str, str], bool | None] = field(default_factory=dict)
    problems: Sequence[str] = ()


class CaseColumns(NamedTuple):
    """The columns that the cases of a run have between them."""

    inputs: list[str]
    measures: dict[str, list[str]]
    """The metrics of every field."""


def case_columns(warehouse: Warehouse, run_id: str) -> CaseColumns:
    """What `case_rows` will have, known before the first row; input columns in the docs' order."""
    inputs = warehouse.read(
        """
        with used as (
            select distinct dataset, split, doc_id from generations where run_id = $run
        ),
        named as (
            select unnest(json_keys(docs.doc)) as name,
                generate_subscripts(json_keys(docs.doc), 1) as place
            from docs inner join used using (dataset, split, doc_id)
            where json_type(docs.doc) = 'OBJECT'
        )
        select name from named group by name order by min(place), name
        """,
        {"run": run_id},
    )
    scored = warehouse.read(
        """
        select distinct fields.field, measured.metric
        from fields
        left join measured_cells as measured using (run_id, model, prompt_id, dataset, split, field)
        where fields.run_id = $run order by all
        """,
        {"run": run_id},
    )
    measures: dict[str, list[str]] = {}
    for name, metric in scored.rows:
        measures.setdefault(name, []).extend([metric] if metric else [])
    return CaseColumns([name for (name,) in inputs.rows], measures)


def case_rows(warehouse: Warehouse, run_id: str) -> Iterator[CaseRow]:
    """Every case of a run that has a response or an error, by dataset and doc."""
    for page in _pages(warehouse, run_id):
        yield from _rows_of(warehouse, page)


def _pages(warehouse: Warehouse, run_id: str) -> Iterator[dict[str, Any]]:
    """The first and last doc of every page, as values to bind."""
    pages = warehouse.read(
        """
        with asked as (
            select distinct dataset, split, doc_id from generations
            where run_id = $run and role = 'model'
        ),
        placed as (
            select asked.*,
                (row_number() over (partition by dataset, split order by doc_id) - 1)
                // $docs_a_page as page
            from asked
        )
        select dataset, split, min(doc_id) as first, max(doc_id) as last
        from placed group by dataset, split, page order by dataset, split, page
        """,
        {"run": run_id, "docs_a_page": _DOCS_A_PAGE},
    )
    for page in pages.dicts():
        yield page | {"run": run_id}


def _rows_of(warehouse: Warehouse, page: dict[str, Any]) -> Iterator[CaseRow]:
    cases = warehouse.read(_CASES, page)
    fields = _by_case(warehouse, _FIELDS, page)
    scores = _by_case(warehouse, _VERDICTS, page)
    field_verdicts = _by_case(warehouse, _FIELD_VERDICTS, page)
    doc_verdicts = _by_case(warehouse, _DOC_VERDICTS, page)
    for *parts, doc, newest in cases.rows:
        key = CaseKey(*parts)
        yield CaseRow(
            key,
            _columns_of(doc),
            newest["response"],
            newest["error"],
            newest["finish_reason"],
            passed=next((row["passed"] for row in doc_verdicts.get(key, ())), None),
            values={row["field"]: _parsed(row["value"]) for row in fields.get(key, ())},
            targets={row["field"]: _parsed(row["target"]) for row in fields.get(key, ())},
            field_passed={row["field"]: row["passed"] for row in field_verdicts.get(key, ())},
            scores={(row["field"], row["metric"]): row["score"] for row in scores.get(key, ())},
            score_passed={
                (row["field"], row["metric"]): row["passed"] for row in scores.get(key, ())
            },
            problems=_problems(fields.get(key, ()), scores.get(key, ())),
        )


def _by_case(
    warehouse: Warehouse, sql: str, page: dict[str, Any]
) -> dict[CaseKey, list[dict[str, Any]]]:
    answer = warehouse.read(sql, page)
    keyed = len(CaseKey._fields)
    by_case: dict[CaseKey, list[dict[str, Any]]] = {}
    for row in answer.rows:
        rest = dict(zip(answer.columns[keyed:], row[keyed:], strict=True))
        by_case.setdefault(CaseKey(*row[:keyed]), []).append(rest)
    return by_case


def _problems(*rows: Sequence[dict[str, Any]]) -> list[str]:
    """Every message once, after the first field that it stands beside."""
    messages: dict[str, str] = {}
    for row in (row for each in rows for row in each if row["error"]):
        messages.setdefault(row["error"], row["field"])
    return [f"{field}: {message}" for message, field in messages.items()]


def _columns_of(doc: str | None) -> dict[str, Json]:
    columns = _parsed(doc)
    return columns if isinstance(columns, dict) else {}


def _parsed(text: str | None) -> Json:
    return None if text is None else orjson.loads(text)
