"""Rules files: what one may hold, and the rules in it.

    rules:
      - name: answers are right         in reports, beside what is demanded (optional)
        dataset, split, model, prompt_id, field, metric, group: a name or a list; narrows the rule
        pass_rate: 0.9                  one demand a rule, and the options that it takes

The demands are in `demands.py`, all of them with comments in `example.yaml`. A rule that matches
nothing fails; an unknown key is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalwh.errors import GateError, did_you_mean
from evalwh.gate.demands import (
    DEMANDS,
    NOT_OF_GROUPS,
    OF_GROUPS,
    SELECTOR_CHECKS,
    SELECTORS,
    Check,
    Demand,
)

_WRITTEN_AS = {"mean": "value", "score": "value", "aggregate": "value", "groups": "group"}
"""What others call a key."""
EXAMPLE = Path(__file__).with_name("example.yaml")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a YAML file; `number` counts from 1. `selectors` has the names by their key.

    `doc_list` is the file that its doc ids are from, if they are.
    """

    file: Path
    number: int
    name: str | None
    demand: str
    value: Any
    options: Mapping[str, Any]
    selectors: Mapping[str, list[str]]
    doc_list: Path | None = None

    @property
    def kind(self) -> Demand:
        return DEMANDS[self.demand]

    def __str__(self) -> str:
        """Where it stands, for messages."""
        return _place(self.file, self.number, self.name)


def read_rules(path: Path) -> list[Rule]:
    """The rules of a YAML file. Raises GateError with file and rule."""
    found = _load(path)
    if not isinstance(found, dict) or not isinstance(found.get("rules"), list):
        raise GateError(f"{path}: must hold a list 'rules:'; see evalwh gate --example")
    for key in found.keys() - {"rules"}:
        raise GateError(f"{path}: unknown key '{key}'{did_you_mean(str(key), ['rules'])}")
    if not found["rules"]:
        raise GateError(f"{path}: 'rules' is empty, so that anything would pass")
    return [_rule(path, number, item) for number, item in enumerate(found["rules"], 1)]


def read_text(path: Path) -> str:
    """The text of a rules file, without a byte order mark. Raises GateError."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GateError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from None
    except OSError as error:
        raise GateError(f"{path}: can't be read: {error.strerror}") from None


def _load(path: Path) -> Any:
    import yaml

    text = read_text(path)
    try:
        _refuse_keys_that_stand_twice(path, yaml.compose(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except RecursionError:
        raise GateError(f"{path}: nested too deep to be read") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise GateError(f"{where}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise GateError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _refuse_keys_that_stand_twice(path: Path, top: Any) -> None:
    """YAML takes the last one: a demand would go by the board without a word."""
    import yaml

    nodes: list[Any] = [top]
    seen: set[int] = set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        keys: set[str] = set()
        for key, value in node.value:
            if str(key.value) in keys:
                line = key.start_mark.line + 1
                raise GateError(f"{path}:{line}: '{key.value}' stands twice in one rule")
            keys.add(str(key.value))
            nodes.append(value)


def _rule(path: Path, number: int, item: object) -> Rule:
    if not isinstance(item, dict):
        raise GateError(f"{path}: rule {number}: must hold 'key: value' lines, not {item!r}")
    name = item.get("name")
    place = _place(path, number, name if isinstance(name, str) else None)
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise GateError(f"{place}: 'name' must be text, not {name!r}")
    demand = _demand(place, item)
    kind = DEMANDS[demand]
    value = _checked(place, demand, kind.value, item[demand])
    doc_list = None
    if isinstance(value, dict) and "file" in value:
        doc_list = path.parent / value["file"]
        value = _doc_ids(doc_list)
    options = {
        key: _checked(place, key, check, item[key])
        for key, check in kind.options.items()
        if key in item
    }
    selectors = {
        key: _checked(place, key, SELECTOR_CHECKS[key], item[key])
        for key in kind.selectors
        if key in item
    }
    return Rule(path, number, name, demand, value, options, selectors, doc_list)


def _demand(place: str, item: Mapping[Any, object]) -> str:
    """The one demand of a rule, beside which every other key has a meaning."""
    known = {"name", *SELECTORS, *DEMANDS, *(o for kind in DEMANDS.values() for o in kind.options)}
    for key in item:
        if key not in known:
            hint = did_you_mean(_WRITTEN_AS.get(str(key), str(key)), known)
            raise GateError(f"{place}: unknown key '{key}'{hint}")
    made = [key for key in DEMANDS if key in item]
    demands = [key for key in made if not any(key in DEMANDS[other].options for other in made)]
    if not demands:
        raise GateError(f"{place}: demands nothing{did_you_mean('', DEMANDS)}")
    if len(demands) > 1:
        raise GateError(f"{place}: demands {' and '.join(demands)}; make each a rule of its own")
    [demand] = demands
    fitting = {"name", demand, *DEMANDS[demand].options, *DEMANDS[demand].selectors}
    for key in item:
        if key not in fitting:
            raise GateError(f"{place}: '{key}' has no meaning for '{demand}'; leave it out")
        if key in (NOT_OF_GROUPS if "group" in item else OF_GROUPS):
            beside = "beside" if "group" in item else "without"
            raise GateError(f"{place}: '{key}' has no meaning {beside} 'group'; leave it out")
    return demand


def _doc_ids(path: Path) -> list[str]:
    """The doc ids of a file, one a line. Raises GateError."""
    doc_ids = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not doc_ids:
        raise GateError(f"{path}: has no doc id; write one a line")
    return doc_ids


def _checked(place: str, key: str, check: Check, value: object) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise GateError(f"{place}: '{key}': {error}") from None


def _place(path: Path, number: int, name: str | None) -> str:
    return f"{path}: rule {number}" + (f" ('{name}')" if name else "")
