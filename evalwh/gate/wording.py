"""What was demanded and found, in words and figures; nothing is computed here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalwh.counted import counted
from evalwh.gate.outcome import Row
from evalwh.gate.rules import Rule

_MOST_PLACES = 9


def demand_text(rule: Rule) -> str:
    """What the rule demands, of what."""
    text = rule.kind.title
    if isinstance(rule.value, float):
        text = text.format(figure(rule.kind.unit, rule.value))
    if "lower_bound" in rule.options:
        text = f"lower bound of {text}"
    if "repriced" in rule.options:
        text = f"repriced {text}"
    if "max_drop" in rule.options:
        text += f", no drop above {figure('score', rule.options['max_drop'])}"
    if "max_missing" in rule.options:
        text += f", at most {counted(rule.options['max_missing'], 'doc')} missing"
    if "max_missing_tasks" in rule.options:
        text += f", at most {counted(rule.options['max_missing_tasks'], 'task')} missing"
    if "max_edited" in rule.options:
        text += f", at most {counted(rule.options['max_edited'], 'doc')} edited"
    selected = [f"{key} {', '.join(names)}" for key, names in rule.selectors.items()]
    return f"{text} ({'; '.join(selected)})" if selected else text


def place_text(row: Row, names: Row) -> str:
    """Where a row is, from the dataset to the doc, without what all of the run has in common.

    `names` has the run's names by their key.
    """
    measure = " ".join(row[key] for key in ("field", "metric") if row.get(key))
    keys = ("dataset", "split", "model", "prompt_id")
    parts = [row.get("group"), *(row.get(key) for key in keys if names[key] != [row.get(key)])]
    parts.append(row.get("doc_id"))
    parts.append("judge" if row.get("role") == "judge" else None)
    return " · ".join(part for part in (*parts, measure) if part)


def found_text(rule: Rule, row: Row) -> str:
    """What a row found, counts beside it, and why it fails where figures don't say so."""
    figures = _FIGURES[rule.kind.statement](rule, row)
    reason = f"{row['reason']}" if row.get("reason") else ""
    return "; ".join(text for text in (figures, reason) if text)


def is_idle(row: Row) -> bool:
    """Whether a row of a comparison passes because there was nothing to compare."""
    return bool(row["passed"] and row["docs"] == 0)


def idle_text(rows: Sequence[Row]) -> str:
    """How many rows of a comparison compared something, and by which metric the others are.

    Empty where all did. All idle is a run that is its own baseline.
    """
    metrics = {row["metric"]: None for row in rows if is_idle(row)}
    compared = sum(not is_idle(row) for row in rows)
    if not metrics:
        return ""
    if not compared:
        return "nothing to compare: the run is its own baseline"
    return f"{compared} of {len(rows)} compared; {', '.join(metrics)}: nothing to compare"


def figure(unit: str, value: float, beside: float | None = None) -> str:
    """A value with its unit, in as many places as set it apart from the value `beside` it."""
    text, places = _figure(unit, value, 0), 0
    while beside is not None and value != beside and places < _MOST_PLACES:
        if text != _figure(unit, beside, places):
            break
        places += 1
        text = _figure(unit, value, places)
    return text


def _figure(unit: str, value: float, more: int) -> str:
    match unit:
        case "rate":
            text = f"{value * 100:.{1 + more}f} %"
            return text.replace(".0 %", " %")
        case "usd":
            text = f"${value:.{4 + more}f}"
            return text.removesuffix("00")
        case "ms":
            return f"{value:.{more}f} ms"
        case "score":
            return f"{value:.{3 + more}f}"
        case _:
            return f"{value:g}"


def _against(rule: Rule, row: Row) -> str:
    found = row["found"]
    return "" if found is None else figure(rule.kind.unit, found, rule.value)


def _passed_docs(rule: Rule, row: Row) -> str:
    if row["found"] is None:
        return ""
    passed = f"{row['passed_docs']:.2f}".rstrip("0").rstrip(".")
    return f"{_against(rule, row)}, {passed} of {counted(row['docs'], 'doc')}"


def _value(rule: Rule, row: Row) -> str:
    said = [_against(rule, row)]
    if row["tasks"] is not None:
        said.append(f"{row['tasks']} of {counted(row['tasks'] + row['missing_tasks'], 'task')}")
    said.append(f"{row['scored_docs']} of {counted(row['docs'], 'doc')} scored")
    return ", ".join(text for text in said if text)


def _regression(_rule: Rule, row: Row) -> str:
    if row["docs"] is None:
        return counted(row["lost"], "scored doc")
    said = [_change(row)] if row["before"] is not None and row["after"] is not None else []
    is_unpaired = row["interval"] == "unpaired"
    said.append(f"{counted(row['docs'], 'doc')} compared{', unpaired' if is_unpaired else ''}")
    said += [f"{row[key]} {key}" for key in ("broken", "fixed", "lost", "edited") if row[key]]
    said += [f"{counted(row['lost_tasks'], 'task')} lost"] if row["lost_tasks"] else []
    if row["p_adjusted"] is not None:
        said.append(f"p {row['p_adjusted']:.2g}")
    if row["same_scorer"] is False:
        said.append("by another scorer")
    return ", ".join(said)


def _change(row: Row) -> str:
    unit = "rate" if row["of_pass_rate"] else "score"
    before, after = row["before"], row["after"]
    return f"{figure(unit, before, after)} → {figure(unit, after, before)}"


def _protected(_rule: Rule, row: Row) -> str:
    if row["passed"]:
        return f"{counted(row['docs'], 'doc')} held"
    if row["before"] is None or row["after"] is None:
        return ""
    return f"{figure('score', row['before'], row['after'])} → {row['after']:.3f}"


def _cost(rule: Rule, row: Row) -> str:
    return ", ".join(
        text for text in (_against(rule, row), counted(row["requests"], "request")) if text
    )


def _missing(_rule: Rule, row: Row) -> str:
    return f"all of {counted(row['docs'], 'doc')}" if row["passed"] else ""


_FIGURES: Mapping[str, Callable[[Rule, Any], str]] = {
    "gate_pass_rate": _passed_docs,
    "gate_value": _value,
    "gate_doc_pass_rate": _passed_docs,
    "gate_regression": _regression,
    "gate_protected": _protected,
    "gate_usd": _cost,
    "gate_usd_per_passed_doc": _passed_docs,
    "gate_latency": _cost,
    "gate_missing": _missing,
}
