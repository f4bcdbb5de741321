"""The sections of `evalwh show` for people, at most 80 columns wide where their texts allow."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from evalwh.cli.harness_leaderboard import figures_text
from evalwh.cli.leaderboard import leaderboard_text
from evalwh.cli.listing import WIDTH, Layout, Row, headed_tables
from evalwh.cli.sections import Section
from evalwh.query.formats import table
from evalwh.value_text import text_of, visible

_OBJECTS = ("config", "tags", "doc")
_SAID_ELSEWHERE = ("datasets", "sources")
"""Settings that the parts and the leaderboard show in short, and hashes for comparing runs."""
_ONLY_IF_ANY = (
    "errors",
    "cached",
    "repeat",
    "unbilled_requests",
    "unpriced_requests",
    "unvalued_cached",
)
_SHOWN_CHARACTERS = 160
"""Of what a judge was told: it tells every judge the same, and quotes what is shown above."""
_PART = ("dataset", "model", "prompt_id")


def as_text(sections: Sequence[Section], *, full: bool = False) -> str:
    """The sections that have rows, below each other; what a judge was told in full if `full`."""
    return "\n".join(_text(section, full) for section in sections if section.rows.rows)


def _text(section: Section, full: bool) -> str:
    rows = section.rows.dicts()
    match section.title:
        case "leaderboard":
            return f"leaderboard\n\n{leaderboard_text(rows)}"
        case "tasks" | "groups":
            return figures_text(section.title, rows)
        case "parts":
            return f"parts\n\n{_tables(rows, _PART[:2])}"
        case "costs":
            return f"costs\n\n{_costs(rows)}"
        case "failures":
            return f"failures\n\n{_tables(rows, _PART)}"
        case "scores":
            return f"scores\n\n{_scores(rows)}"
        case "fields":
            return f"fields\n\n{_fields(rows)}"
        case "generations":
            return "\n".join(f"generations\n\n{_generation(row, full)}" for row in rows)
        case title:
            return "\n".join(f"{title}\n\n{_in_full(row)}" for row in rows)


def _tables(rows: Sequence[Row], headed: Sequence[str]) -> str:
    """Tables of the columns that say something, below what their rows have in common."""
    columns = [name for name in rows[0] if name not in headed and _says_something(name, rows)]
    return headed_tables(rows, Layout(columns, lambda row: _joined(row, headed)))


def _joined(row: Row, names: Sequence[str]) -> str:
    return " · ".join(row[name] for name in names)


def _says_something(name: str, rows: Sequence[Row]) -> bool:
    if name in _ONLY_IF_ANY:
        return any(row[name] for row in rows)
    return any(row[name] is not None for row in rows)


def _costs(rows: Sequence[Row]) -> str:
    """What each part's model and judge took, all that is known and isn't nothing."""
    return "\n".join(
        f"{title}\n" + "".join(map(_cost, group))
        for title, group in groupby(rows, lambda row: _joined(row, _PART))
    )


def _cost(row: Row) -> str:
    known = [
        f"{name} {table.shown(value)}"
        for name, value in row.items()
        if name not in (*_PART, "role") and _says_something(name, [row])
    ]
    text = f"{row['role']}: {', '.join(known)}"
    return textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent=" " * 8) + "\n"


def _fields(rows: Sequence[Row]) -> str:
    """Each field with its value and its target below it, in full."""
    return "\n".join(
        f"{title}\n\n" + "".join(map(_field, group))
        for title, group in groupby(rows, lambda row: _joined(row, _PART))
    )


def _field(row: Row) -> str:
    repeat = f" (repeat {row['repeat']})" if row["repeat"] else ""
    lines = "".join(_lines(name, row[name]) for name in ("value", "target", "error"))
    return f"{row['field']}{repeat}\n{_indented(lines)}\n"


def _scores(rows: Sequence[Row]) -> str:
    """The scores as tables, and below them why some are missing, a reason once."""
    shown = [
        {name: row[name] for name in row if name not in ("error", "higher_is_better")}
        | {"threshold": _threshold(row)}
        for row in rows
    ]
    reasons = dict.fromkeys((row["metric"], row["error"]) for row in rows if row["error"])
    missing = "".join(_named(metric, error) for metric, error in reasons)
    return _tables(shown, _PART) + (f"\nmissing scores\n\n{missing}" if missing else "")


def _threshold(row: Row) -> float | str | None:
    """The least passing score; the greatest says so."""
    threshold: float | None = row["threshold"]
    return threshold if threshold is None or row["higher_is_better"] else f"≤ {threshold:g}"


def _generation(row: Row, full: bool) -> str:
    """What came back, and below it what was asked."""
    came_back = {name: value for name, value in row.items() if name != "request"}
    is_cut = row["role"] == "judge" and not full
    return _in_full(came_back) + _request(json.loads(row["request"]), is_cut)


def _in_full(row: Row) -> str:
    return "".join(_lines(name, value) for name, value in row.items())


def _lines(name: str, value: Any) -> str:
    """A column as `name: value`; messages, objects and long texts in lines of their own."""
    if value is None or value in ("{}", ""):
        return ""
    if name == "config":
        return _object(name, _chosen(json.loads(value)))
    if name in _OBJECTS:
        return _object(name, json.loads(value))
    return _named(name, _rounded(name, value))


def _rounded(name: str, value: Any) -> str:
    """A value as people read it: times in UTC to the second, numbers to what says something."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if not isinstance(value, float):
        return text_of(value)
    is_small = name.endswith("_usd") and 1e-6 <= abs(value) < 1
    return f"{value:.6f}".rstrip("0") if is_small else table.shown(value)


def _named(name: str, text: str) -> str:
    text = visible(text, keep="\n")
    return f"{name}:\n{_indented(text)}\n" if "\n" in text else f"{name}: {text}\n"


def _chosen(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run that aren't so by default, nor shown elsewhere."""
    from dataclasses import fields

    from evalwh.pipeline.config import RunConfig

    usual = {setting.name: setting.default for setting in fields(RunConfig)}
    return {
        name: value
        for name, value in config.items()
        if name not in _SAID_ELSEWHERE and value != usual.get(name)
    }


def _object(name: str, value: Any) -> str:
    """An object's entries, one a line, without empty ones."""
    if not isinstance(value, Mapping):
        return _named(name, text_of(value))
    entries = "".join(
        _named(visible(key), text_of(entry))
        for key, entry in value.items()
        if entry not in (None, [], {}, "")
    )
    return f"{name}:\n{_indented(entries)}\n"


def _request(request: dict[str, Any], is_cut: bool) -> str:
    messages = request.pop("messages", [])
    told = "".join(
        f"{message['role']}:\n{_indented(visible(_content(message, is_cut), keep=chr(10)))}\n"
        for message in messages
    )
    rest = {name: value for name, value in request.items() if value not in (None, {}, [])}
    return (f"request: {json.dumps(rest, ensure_ascii=False)}\n" if rest else "") + told


def _content(message: dict[str, Any], is_cut: bool) -> str:
    content = message.get("content")
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    more = len(text) - _SHOWN_CHARACTERS
    if not is_cut or more <= 0:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}…\n({more} more characters; --full shows them)"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())
