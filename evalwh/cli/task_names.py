"""Names for `--tasks` that match patterns: task folders, and lm-eval's tasks, groups and tags."""

import fnmatch
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evalwh.errors import MissingExtra, UsageError, did_you_mean

if TYPE_CHECKING:
    from evalwh.cli.listing import Row
    from evalwh.query.formats.result import Result

KINDS = ("folder", "task", "group", "tag")
_KIND_WIDTH = 8
_WIDEST_NAME = 32
_COLUMNS = {"kind": "VARCHAR", "name": "VARCHAR", "members": "VARCHAR[]", "path": "VARCHAR"}


class Name(NamedTuple):
    """A name, the names that a group or tag leads to, and its folder or YAML file."""

    kind: str
    name: str
    members: Sequence[str]
    path: Path | None


def matching(patterns: Sequence[str], kind: str | None, include_path: Sequence[Path]) -> list[Name]:
    """The names of a kind, None for any, that match a pattern, in order; of no pattern all.

    Raises UsageError for an unknown kind and for a pattern that matches nothing.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind: unknown kind '{kind}'{did_you_mean(kind, KINDS)}")
    every = _every_name(patterns, kind, include_path)
    names = {each.name for each in every if kind in (None, each.kind)}
    found: set[str] = set()
    for pattern in patterns or ["*"]:
        hits = fnmatch.filter(names, pattern)
        if not hits:
            what = f"{kind or 'task, group or tag'} '{pattern}'"
            raise UsageError(f"no {what}{did_you_mean(pattern, names)}")
        found.update(hits)
    return sorted(each for each in every if each.name in found and kind in (None, each.kind))


def result_of(names: Iterable[Name]) -> "Result":
    """The names as rows."""
    from evalwh.query.formats.result import Result

    rows = ((each.kind, each.name, list(each.members), _text(each.path)) for each in names)
    return Result(list(_COLUMNS), list(_COLUMNS.values()), rows)


def drawn(rows: "Sequence[Row]") -> str:
    """The rows for people, in lines of 80 columns; of many members those that fit in one."""
    width = min(_WIDEST_NAME, max(len(row["name"]) for row in rows))
    header = {"kind": "kind", "name": "name", "members": [], "path": "leads to"}
    return "".join(f"{line}\n" for row in (header, *rows) for line in _lines(row, width))


def _lines(row: "Row", width: int) -> list[str]:
    """A row whose last column goes on in further lines; below a name that is too long for its."""
    from evalwh.cli.listing import WIDTH
    from evalwh.value_text import visible

    first = f"{row['kind']:6}  {visible(row['name']):{width}}  "
    indent = " " * (_KIND_WIDTH + width + 2)
    room = WIDTH - len(indent)
    leads_to = visible(_fitting(row["members"], room) or _shown(row["path"] or ""))
    wrapped = textwrap.wrap(leads_to, room, break_on_hyphens=False)
    if len(first) > len(indent):
        return [first.rstrip(), *(indent + line for line in wrapped)]
    return [first + next(iter(wrapped), ""), *(indent + line for line in wrapped[1:])]


def _fitting(members: Sequence[str], room: int) -> str:
    """As many of the members as fit in `room` columns, one at least, and how many more."""
    every = ", ".join(members)
    if len(every) <= room or len(members) == 1:
        return every
    shown = 1
    while len(_first(members, shown + 1)) <= room:
        shown += 1
    return _first(members, shown)


def _first(members: Sequence[str], shown: int) -> str:
    return f"{', '.join(members[:shown])} and {len(members) - shown} more"


def _shown(path: str) -> str:
    """A path of lm-eval's own without where that is installed."""
    _before, within, after = path.partition("/lm_eval/tasks/")
    return f"{within[1:]}{after}" if within else path


def _every_name(
    patterns: Sequence[str], kind: str | None, include_path: Sequence[Path]
) -> list[Name]:
    """Every name; without lm-eval task folders alone, where these are all that is asked for."""
    from evalwh.tasks import known_tasks

    folders = [Name("folder", task.name, (), task.path) for task in known_tasks(include_path)]
    if kind == "folder":
        return folders
    try:
        return [*folders, *_lm_evals(include_path)]
    except MissingExtra:
        names = [each.name for each in folders]
        if kind is None and all(fnmatch.filter(names, pattern) for pattern in patterns):
            return folders
        raise


def _lm_evals(include_path: Sequence[Path]) -> list[Name]:
    from evalwh.cli.printing import say
    from evalwh.harness.index import kept_count
    from evalwh.harness.names import every_name

    if kept_count() is None:
        say("note: reading the names of lm-eval's tasks, which takes some seconds this once")
    listed = every_name([path.absolute() for path in include_path])
    return [
        Name("task" if each.kind == "py_task" else each.kind, name, each.members, each.path)
        for name, each in listed.items()
    ]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
