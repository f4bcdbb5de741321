"""What lm-eval has built in: tasks, groups and tags by name, kept in a cache file.

Scanning lm-eval's folder of tasks takes over ten seconds; it is done when first needed and again
after lm-eval or its folder changed. Reads YAML only; loads no task and no data.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from evalwh.errors import MissingExtra
from evalwh.hashing import content_hash

Kind = Literal["task", "py_task", "group", "tag"]
_FORMAT = 1
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A name of lm-eval's. `path` is its YAML file, None for a tag.

    `members` are what a group leads to by its file, tasks, groups and tags, and the tasks of a tag;
    `groups_inside` those of them that the file itself defines.
    """

    kind: Kind
    path: Path | None
    members: Sequence[str] = ()
    groups_inside: Sequence[str] = ()


class Installed(NamedTuple):
    """The lm-eval that is installed: its version, and its folder of tasks."""

    version: str
    tasks: Path


def installed(what: str) -> Installed:
    """Where lm-eval is, without importing it; `MissingExtra`, naming `what` needs it."""
    found = importlib.util.find_spec("lm_eval")
    if found is None or found.origin is None:
        raise MissingExtra(what, package="lm-eval", extra="lm-eval")
    return Installed(importlib.metadata.version("lm_eval"), Path(found.origin).parent / "tasks")


def built_in(what: str) -> Mapping[str, Listed]:
    """lm-eval's own tasks, groups and tags by name; out of the cache file, or scanned.

    A cache file that can't be read or written costs time, never an error. Raises MissingExtra.
    """
    return kept_index(installed(what), cache_file(what))


def kept_count() -> int | None:
    """How many names lm-eval has built in; None where that isn't kept. Raises MissingExtra."""
    what = "a name of lm-eval's"
    index = _read(cache_file(what), installed(what))
    return None if index is None else len(index)


def scanned(folders: Sequence[Path], *, deep: bool = True) -> dict[str, Listed]:
    """The tasks, groups and tags in folders, by name; of two with one name, the later folder's.

    Folders in them are looked through too if `deep`. What a file names by no text is left out.
    """
    from evalwh.harness.building import scan

    entries = scan(folders, deep=deep).items()
    return {name: listed(entry) for name, entry in entries if _is_text(name) and name}


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def listed(entry: Any) -> Listed:
    """What lm-eval's index says of a name, an `Entry`."""
    kind: Kind = entry.kind.name.lower()
    if kind == "tag":
        return Listed(kind, None, tuple(sorted(filter(_is_text, entry.tags))))
    inside = list(_inside(entry.cfg or {}))
    groups = tuple(name for name, is_defined in inside if is_defined)
    return Listed(kind, entry.yaml_path, tuple(name for name, _ in inside), groups)


def _inside(config: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Every name in a group's `task`, and whether it is a group that is written out there."""
    members = config.get("task") if "group" in config else None
    for member in members if isinstance(members, list) else [members]:
        if isinstance(member, str):
            yield member, False
        elif isinstance(member, dict):
            name = member.get("group", member.get("task"))
            if isinstance(name, str):
                yield name, "group" in member and isinstance(member.get("task"), list)
            yield from _inside(member)


def below(name: str, index: Mapping[str, Listed]) -> set[str]:
    """Every name that a group or tag leads to, itself left out."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        listed = index.get(ahead.pop())
        new = set(listed.members if listed else ()) - found
        found |= new
        ahead += new
    return found - {name}


def cache_file(what: str) -> Path:
    """The file that the built-in names are kept in; one for each place lm-eval is installed at."""
    folder = _cache_folder()
    place = content_hash(str(installed(what).tasks)).removeprefix("sha256:")[:16]
    return folder / "evalwh" / f"lm-eval-tasks-{place}.json"


def _cache_folder() -> Path:
    """As the XDG base directories have it; for a user without a home one that keeps nothing."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return Path(os.devnull)


@functools.lru_cache(maxsize=1)
def kept_index(lm_eval: Installed, cache: Path) -> Mapping[str, Listed]:
    """The names under `lm_eval.tasks`, out of the cache file or else scanned and kept there."""
    index = _read(cache, lm_eval)
    if index is None:
        _logger.info("reading the names of lm-eval's tasks, which takes some seconds this once")
        index = scanned([lm_eval.tasks])
        with contextlib.suppress(OSError):
            _write(cache, lm_eval, index)
    return index


def cache_key(lm_eval: Installed) -> list[str | int]:
    """What a cache file has to be of."""
    return [_FORMAT, lm_eval.version, str(lm_eval.tasks), lm_eval.tasks.stat().st_mtime_ns]


def _read(cache: Path, lm_eval: Installed) -> dict[str, Listed] | None:
    """The index in a cache file; None where it is missing, broken or of another lm-eval."""
    try:
        stored = orjson.loads(cache.read_bytes())
        if stored["key"] != cache_key(lm_eval):
            return None
        return {
            name: Listed(kind, lm_eval.tasks / path if path else None, tuple(members))
            for name, (kind, path, members) in stored["names"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _write(cache: Path, lm_eval: Installed, index: Mapping[str, Listed]) -> None:
    """Write the cache file whole or not at all: other processes read it meanwhile."""
    names = {
        name: (each.kind, each.path and str(each.path.relative_to(lm_eval.tasks)), each.members)
        for name, each in index.items()
    }
    cache.parent.mkdir(parents=True, exist_ok=True)
    unfinished = cache.with_name(f".{cache.name}.{os.urandom(4).hex()}")
    try:
        unfinished.write_bytes(orjson.dumps({"key": cache_key(lm_eval), "names": names}))
        unfinished.replace(cache)
    finally:
        unfinished.unlink(missing_ok=True)
