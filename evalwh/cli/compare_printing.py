"""What `evalwh compare` prints: the rows on stdout, what was left out on stderr."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from evalwh.cli.compare_text import differences_text, docs_text, figures_note, means_note
from evalwh.cli.printing import Cut, require_format, say
from evalwh.compare.comparing import CHANGES, Compared, Question, compare_sides
from evalwh.compare.sides import Side, resolve_side, tagged_baseline
from evalwh.errors import UsageError, did_you_mean
from evalwh.hints import db_option
from evalwh.query.formats import writer
from evalwh.query.formats.result import Result
from evalwh.warehouse import Warehouse

_MARKDOWN = {
    **dict.fromkeys(("dataset", "prompt_id", "field", "metric", "docs"), 0),
    **dict.fromkeys(("value_a", "value_b", "difference", "ci_low", "ci_high", "p_adjusted"), 4),
    **dict.fromkeys(("fixed", "broken", "missing", "edited", "conclusion"), 0),
}
"""The columns for Markdown, which people read, with the places that are kept."""


def check_choices(change: str | None, format_name: str) -> None:
    """`UsageError` for an unknown change or format."""
    if change is not None and change not in CHANGES:
        raise UsageError(f"--only: unknown change '{change}'{did_you_mean(change, CHANGES)}")
    require_format(format_name)


def print_compared(
    db: Path, runs: Sequence[str], baseline: str | None, asked: Question, format_name: str
) -> None:
    """Print how each of `runs` differs from the baseline, or from the first of them."""
    warehouse = Warehouse(db)
    a, *others = _sides(warehouse, runs, baseline)
    compared = [compare_sides(warehouse, a, b, asked) for b in others]
    for note in dict.fromkeys(note for one in compared for note in one.notes):
        say(f"note: {note}")
    if format_name != "table":
        _print_formatted(compared, asked, format_name)
        return
    text = docs_text if asked.change else differences_text
    typer.echo("\n".join(text(one) for one in compared), nl=False)
    for hint in _hints(warehouse, compared, asked):
        typer.echo(hint, err=True)


def _sides(warehouse: Warehouse, runs: Sequence[str], baseline: str | None) -> list[Side]:
    """The baseline first."""
    sides = [resolve_side(warehouse, text) for text in runs]
    if baseline is not None:
        return [tagged_baseline(warehouse, baseline, {side.run_id for side in sides}), *sides]
    if len(sides) < 2:
        raise UsageError(
            f"one run is no comparison; name a second one, as with: evalwh compare {runs[0]} latest"
        )
    return sides


def _print_formatted(compared: Sequence[Compared], asked: Question, format_name: str) -> None:
    first = compared[0]
    rows = [row for one in compared for row in one.rows]
    result = Result(first.columns, first.types, iter(rows))
    if format_name == "markdown" and not asked.change:
        result = _for_markdown(result, _also_shown(compared))
    writer(format_name)(result, sys.stdout.buffer, Cut())
    if format_name == "markdown" and not asked.change:
        dicts = [row for one in compared for row in one.dicts()]
        for note in filter(None, (means_note(dicts), figures_note(dicts))):
            sys.stdout.buffer.write(f"\n{note}\n".encode())
    sys.stdout.buffer.flush()


def _also_shown(compared: Sequence[Compared]) -> list[str]:
    """The columns that tell apart runs and groups, where there are several of these or any."""
    has_groups = any(row["group"] for one in compared for row in one.dicts())
    return [*(["run_b"] if len(compared) > 1 else []), *(["group"] if has_groups else [])]


def _for_markdown(result: Result, also: Sequence[str]) -> Result:
    """The columns that people read, rounded, after those of `also`."""
    places = {**dict.fromkeys(also, 0), **_MARKDOWN}
    at = {name: result.columns.index(name) for name in places}
    rows = (tuple(_rounded(row[at[name]], places[name]) for name in places) for row in result.rows)
    return Result(list(places), [result.types[at[name]] for name in places], rows)


def _rounded(value: Any, places: int) -> Any:
    return round(value, places) if isinstance(value, float) else value


def _hints(warehouse: Warehouse, compared: Sequence[Compared], asked: Question) -> Iterator[str]:
    """What to ask next, as commands that work as they are printed."""
    db = db_option(warehouse.path)
    if asked.change:
        for row in [row for one in compared for row in one.dicts()][:1]:
            runs = dict.fromkeys((row["run_b"], row["run_a"]))
            doc = shlex.quote(row["doc_id"])
            for run in runs:
                yield f"look at one: evalwh show {run} {doc}{db}"
        return
    for one in compared:
        rows = one.dicts()
        sides = f"{shlex.quote(str(one.a))} {shlex.quote(str(one.b))}"
        for change in ("broken", "missing", "edited"):
            if any(row[change] for row in rows):
                yield f"list them: evalwh compare {sides} --only {change}{db}"
                break
