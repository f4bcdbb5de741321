"""What `evalwh show` shows: named sections of rows, from views only, and the same as JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from evalwh.errors import UsageError, did_you_mean, named
from evalwh.hints import db_option
from evalwh.value_text import json_text
from evalwh.warehouse import Rows, Warehouse
from evalwh.warehouse.binding import Value
from evalwh.warehouse.runs import resolve_run

_RUN = """
select *,
    case when status in ('failed', 'stopped', 'interrupted')
        then 'evalwh run --resume ' || run_id || $db_option
    end as go_on_with
from runs where run_id = $run
"""
_PARTS = """
select dataset, split, model, prompt_id, docs, repeats
from cells
where run_id = $run and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by all
"""
_LEADERBOARD = """
select model, prompt_id, dataset, split, field, metric, docs, unscored_docs, errors, mean,
    aggregation, value, stderr, higher_is_better, threshold, pass_rate, ci_low, ci_high
from leaderboard
where run_id = $run and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
union all
select model, prompt_id, dataset, split, 'turns' as field, metric, scores, unscored, null, value,
    'mean', value, stderr, higher_is_better, null, null, null, null
from turn_averages
where run_id = $run and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, split, model, prompt_id, field, metric
"""
_HARNESS_TASKS = """
select model, dataset as name, field, metric, docs, unscored_docs as missing, value, stderr,
    higher_is_better, aggregation, error
from aggregates
where run_id = $run and scored_by = 'lm-eval'
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by model, dataset, field, metric
"""
_GROUPS = """
select model, alias as name, field, metric, docs, 0 as missing, value, stderr, higher_is_better,
    tasks, missing_tasks
from group_results
where run_id = $run and model = coalesce($model, model)
    and coalesce($prompt, 'default') = 'default'
order by model, group_name, field, metric
"""
_COSTS = """
select columns(* exclude (run_id))
from costs
where run_id = $run and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, model, prompt_id, role desc
"""
_FAILURES = """
select kind, model, prompt_id, dataset, field, metric, count(*) as cases,
    min(doc_id) as for_example
from failures
where run_id = $run and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
group by all
order by dataset, model, prompt_id, cases desc, kind, field, metric
"""
_GENERATIONS = """
select model, prompt_id, dataset, repeat, role, stage, attempt, asked_model, request, response,
    error, finish_reason, prompt_tokens, completion_tokens, latency_ms, billed_usd, cached
from generations
where run_id = $run and doc_id = $doc
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, model, prompt_id, repeat, role desc,
    stage = 'main', length(stage), stage, attempt
"""
_FIELDS = """
select model, prompt_id, dataset, repeat, field, value, target, error
from fields
where run_id = $run and doc_id = $doc
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, model, prompt_id, repeat, field
"""
_VERDICTS = """
select model, prompt_id, dataset, repeat, field, metric, score, higher_is_better, threshold, passed,
    error
from verdicts
where run_id = $run and doc_id = $doc
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, model, prompt_id, repeat, field, metric
"""
_LABELS = """
select model, prompt_id, dataset, repeat, field, passed, set_at, set_by, reason
from labels_in_force
where run_id = $run and doc_id = $doc
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
order by dataset, model, prompt_id, repeat, field nulls first, set_at, set_by
"""
_DOC = """
with asked as (
    select distinct dataset, split, doc_id, doc_hash
    from generations
    where run_id = $run and doc_id = $doc
        and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
)
select distinct versions.dataset, versions.split, versions.doc_id, versions.doc, versions.target
from doc_versions as versions
inner join docs using (dataset, split, doc_id)
inner join cells using (dataset, split)
left join asked using (dataset, split, doc_id)
where cells.run_id = $run and docs.doc_id = $doc
    and model = coalesce($model, model) and prompt_id = coalesce($prompt, prompt_id)
    and versions.doc_hash = coalesce(asked.doc_hash, docs.doc_hash)
"""
"""As it was asked about; a doc that is still to be asked as it was last seen."""
_DOC_IDS = """
select distinct docs.doc_id from docs inner join cells using (dataset, split)
where cells.run_id = $run
"""
_ASKED = """
select distinct model, prompt_id from cells where run_id = $run
"""
_DOC_ASKED = """
select distinct cells.model, cells.prompt_id from docs inner join cells using (dataset, split)
where cells.run_id = $run and docs.doc_id = $doc
"""


_HASH = "sha256:"
_HASH_DIGITS = 12


_OF_LM_EVAL = ("tasks", "groups")
"""Sections that only runs of lm-eval's tasks have."""


class Part(NamedTuple):
    """What of a run to show: that of one model and prompt, or of all where these are None."""

    model: str | None = None
    prompt_id: str | None = None


class Section(NamedTuple):
    """A title and its rows."""

    title: str
    rows: Rows


def run_sections(db: Path, run: str, part: Part, as_of: datetime | None) -> list[Section]:
    """A run's settings, leaderboard, costs and failures. `UsageError` for what isn't there."""
    warehouse = Warehouse(db)
    run_id = resolve_run(warehouse, run)
    named: dict[str, Value] = {"run": run_id}
    _check_part(f"run {run_id}", part, warehouse.read(_ASKED, named).rows)
    narrowed = named | {"model": part.model, "prompt": part.prompt_id}
    run_values = named | {"db_option": db_option(db)}
    sections = [_section(warehouse, "run", _RUN, run_values, as_of)] + [
        _section(warehouse, title, sql, narrowed, as_of)
        for title, sql in (
            ("parts", _PARTS),
            ("leaderboard", _LEADERBOARD),
            ("tasks", _HARNESS_TASKS),
            ("groups", _GROUPS),
            ("costs", _COSTS),
            ("failures", _FAILURES),
        )
    ]
    return [each for each in sections if each.rows.rows or each.title not in _OF_LM_EVAL]


def case_sections(
    db: Path, run: str, doc_id: str, part: Part, as_of: datetime | None
) -> list[Section]:
    """A doc with its responses, fields, scores, judgements and labels in a run.

    `UsageError` for an unknown one.
    """
    warehouse = Warehouse(db)
    run_id = resolve_run(warehouse, run)
    doc_id = _resolve_doc(warehouse, run_id, doc_id)
    asked = warehouse.read(_DOC_ASKED, {"run": run_id, "doc": doc_id}).rows
    _check_part(f"doc {doc_id} of run {run_id}", part, asked)
    narrowed = {"run": run_id, "doc": doc_id, "model": part.model, "prompt": part.prompt_id}
    return [
        _section(warehouse, title, sql, narrowed, as_of)
        for title, sql in (
            ("doc", _DOC),
            ("scores", _VERDICTS),
            ("fields", _FIELDS),
            ("labels", _LABELS),
            ("generations", _GENERATIONS),
        )
    ]


def _resolve_doc(warehouse: Warehouse, run_id: str, text: str) -> str:
    """The doc_id of `text`: an id, or the beginning of only one, of a hash without `sha256:` too.

    Raises UsageError.
    """
    known: list[str] = [row[0] for row in warehouse.read(_DOC_IDS, {"run": run_id}).rows]
    if text in known:
        return text
    matching = sorted(doc_id for doc_id in known if text and _begins(text, doc_id))
    if len(matching) == 1:
        return matching[0]
    if matching:
        told = named(map(short_doc_id, matching))
        raise UsageError(f"'{text}' begins {len(matching)} docs of run {run_id}: {told}")
    hint = did_you_mean(text, map(short_doc_id, known))
    raise UsageError(f"run {run_id} has no doc '{text}'{hint}")


def _begins(text: str, doc_id: str) -> bool:
    """Whether `text` is the beginning of an id; of a hash also what `short_doc_id` makes of it."""
    if doc_id.startswith((text, f"{_HASH}{text}")):
        return True
    beginning, mark, number = text.partition("#")
    is_short = bool(mark) and doc_id.startswith((f"{_HASH}{beginning}", beginning))
    return is_short and doc_id.startswith(_HASH) and doc_id.endswith(f"#{number}")


def short_doc_id(doc_id: str) -> str:
    """A hash by its beginning, which names the doc as well; what tells equal docs apart stays."""
    digest, mark, number = doc_id.partition("#")
    is_hash = digest.startswith(_HASH)
    return f"{digest[: len(_HASH) + _HASH_DIGITS]}{mark}{number}" if is_hash else doc_id


def _check_part(place: str, part: Part, asked: Sequence[tuple[str, str]]) -> None:
    """Refuse a model or a prompt that isn't among those `asked`, or not together."""
    models = {model for model, _prompt in asked}
    if part.model is not None and part.model not in models:
        hint = did_you_mean(part.model, models)
        raise UsageError(f"--model: {place} has no model '{part.model}'{hint}")
    prompts = {prompt for model, prompt in asked if part.model in (None, model)}
    if part.prompt_id is not None and part.prompt_id not in prompts:
        by = f" by {part.model}" if part.model else ""
        hint = did_you_mean(part.prompt_id, prompts)
        raise UsageError(f"--prompt: {place} has no prompt '{part.prompt_id}'{by}{hint}")


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
    warehouse: Warehouse, title: str, sql: str, values: Mapping[str, Value], as_of: datetime | None
) -> Section:
    return Section(title, warehouse.read(sql, values, as_of=as_of))


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
