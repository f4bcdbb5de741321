"""Files that hold the options of `run`: YAML, of one run or of several.

    model: openai                    any option, with `_` or `-`
    model_args: {base_url: …}        pairs as a mapping or as text
    tasks: [AIME24, MATH500]         names as a list or as text
    runs:                            several runs, each over what stands above
      - {model_name: a, rpm: 60}
      - {model_name: b, budget_usd: 1}

lm-eval's and Evalchemy's files are read too. Knows files, and not what an option's value may be.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from evalwh.cli.run_words import PAIRS, RENAMED, STANDING_FOR, UNHEARD, say_unheard
from evalwh.errors import UsageError, did_you_mean

_RUNS = "runs"
_NOT_IN_FILES = frozenset({"config", "help"})


class Setting(NamedTuple):
    """An option's value in a file, and where it stands: `file:line`."""

    value: Any
    place: str


Settings = Mapping[str, Setting]
"""By the option's name in Python."""


def read_runs(path: Path, names: Mapping[str, str]) -> list[Settings]:
    """The settings of each run in a file; `names` has an option's own name for any of its names.

    Raises UsageError with file and line.
    """
    top = _top(path)
    shared = _settings(path, top, {**names, _RUNS: _RUNS})
    runs = shared.pop(_RUNS, None)
    if runs is None:
        return [shared]
    node = next(value for key, value in top.value if key.value == _RUNS)
    if not isinstance(runs.value, list) or not runs.value:
        raise UsageError(f"{runs.place}: 'runs' must be a list of mappings of options")
    return [merged(shared, _run(path, each, names)) for each in node.value]


def merged(under: Settings, over: Settings) -> dict[str, Setting]:
    """Both settings, those of `over` in force; of two mappings, its keys."""
    both = {**under, **over}
    for name in under.keys() & over.keys():
        below, above = under[name].value, over[name].value
        if isinstance(below, dict) and isinstance(above, dict):
            both[name] = Setting({**below, **above}, over[name].place)
    return both


def _run(path: Path, node: Any, names: Mapping[str, str]) -> dict[str, Setting]:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{_place(path, node)}: a run must be a mapping of options")
    return _settings(path, node, names)


def _settings(path: Path, node: Any, names: Mapping[str, str]) -> dict[str, Setting]:
    settings: dict[str, Setting] = {}
    for written, value, place in _items(path, node):
        theirs = written.replace("-", "_")
        key = RENAMED.get(theirs, theirs)
        if key in UNHEARD:
            say_unheard(f"{place}: '{written}'", key)
        elif value is None or (key in STANDING_FOR and not value):
            continue
        elif key in STANDING_FOR:
            option, stands = STANDING_FOR[key]
            settings = merged({option: Setting(stands, place)}, settings)
        elif key in PAIRS:
            option, inner = PAIRS[key]
            settings = merged(settings, {option: Setting({inner: value}, place)})
        elif key not in names or key in _NOT_IN_FILES:
            known = names.keys() - _NOT_IN_FILES
            raise UsageError(f"{place}: unknown option '{written}'{did_you_mean(theirs, known)}")
        else:
            settings = merged(settings, {names[key]: Setting(value, place)})
    return settings


def _items(path: Path, node: Any) -> Iterator[tuple[str, Any, str]]:
    """Keys, values and places of a mapping, merged ones (`<<`) too."""
    import yaml

    _refuse_twice(path, node)
    constructor = yaml.constructor.SafeConstructor()
    try:
        constructor.flatten_mapping(node)
    except yaml.MarkedYAMLError as error:
        raise UsageError(f"{_place(path, node)}: '<<': {error.problem}") from None
    for key, value in node.value:
        place = _place(path, key)
        try:
            yield str(key.value), constructor.construct_document(value), place
        except (yaml.YAMLError, ValueError) as error:
            said = " ".join(str(getattr(error, "problem", None) or error).split())
            raise UsageError(f"{place}: '{key.value}': {said}") from None


def _refuse_twice(path: Path, node: Any) -> None:
    """YAML takes the last of two equal keys without a word, and lists as keys."""
    import yaml

    seen: set[str] = set()
    for key, _value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            kind = "a mapping" if isinstance(key, yaml.MappingNode) else "a list"
            raise UsageError(f"{_place(path, key)}: an option's name must be a word, not {kind}")
        if str(key.value) in seen:
            raise UsageError(f"{_place(path, key)}: '{key.value}' stands there twice")
        seen.add(str(key.value))


def _top(path: Path) -> Any:
    import yaml

    try:
        node = yaml.compose(path.read_text("utf-8-sig"), yaml.SafeLoader)
    except OSError as error:
        raise UsageError(f"--config: {path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deep to be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{where}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{path}: must hold options as 'name: value' lines")
    return node


def _place(path: Path, node: Any) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def every_run(paths: Sequence[Path], names: Mapping[str, str]) -> list[Settings]:
    """The runs of several files, in their order."""
    return [run for path in paths for run in read_runs(path, names)]
