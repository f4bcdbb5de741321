"""A comparison for people who are no statisticians: tables in 80 columns, and one sentence."""

import textwrap
from collections.abc import Sequence
from itertools import groupby

from evalwh.cli.listing import WIDTH, Layout, Row, headed_tables
from evalwh.cli.sections import short_doc_id
from evalwh.compare.comparing import Compared
from evalwh.counted import counted
from evalwh.query.formats.display_width import display_width
from evalwh.value_text import visible

_HEADINGS = ("A", "B", "B − A", "95 % interval", "fixed", "broken", "missing")
_MARKS = {"better": "▲", "worse": "▼"}
_LABEL_WIDTH = 26


def differences_text(compared: Compared) -> str:
    """A table for each dataset, model and prompt, and what they come to."""
    rows = compared.dicts()
    tables = "\n".join(
        f"{_wrapped(title)}\n{_table(list(group))}" for title, group in groupby(rows, _title)
    )
    notes = (means_note(rows), figures_note(rows), _sentence(rows))
    ending = "".join(f"{_wrapped(line)}\n" for line in notes if line)
    return f"{_legend(compared)}\n{tables}\n{ending}"


def means_note(rows: Sequence[Row]) -> str:
    """Why the means aren't those of the leaderboard; nothing where there are none."""
    docs = [row["docs"] for row in rows if row["docs"] and row["is_mean"]]
    if not docs:
        return ""
    least, most = min(docs), max(docs)
    of = counted(most, "doc") if least == most else f"{least:,}–{most:,} docs"
    return f"Means of {of} scored on both sides; the leaderboard's are of all."


def figures_note(rows: Sequence[Row]) -> str:
    """What the figures are that are no means of docs; nothing where there are none."""
    figures = [row for row in rows if not row["is_mean"]]
    if not figures:
        return ""
    has_intervals = any(row["interval"] == "unpaired" for row in figures)
    intervals = "; intervals are from its standard errors, unpaired" if has_intervals else ""
    return f"* lm-eval's own figures, of all docs of a side{intervals}."


def docs_text(compared: Compared) -> str:
    """The docs that changed, a table for each field and metric."""
    columns = ["doc_id", "score_a", "score_b", "change"]
    rows = [
        {**row, "doc_id": short_doc_id(row["doc_id"]), "change": row["change"] or "-"}
        for row in compared.dicts()
    ]
    if not rows:
        return f"{_legend(compared)}\nno such doc\n"
    layout = Layout(columns, lambda row: f"{_title(row)} · {row['field']} {row['metric']}")
    return f"{_legend(compared)}\n{headed_tables(rows, layout)}"


def _legend(compared: Compared) -> str:
    return "".join(
        f"{_wrapped(f'{name}  {visible(str(side))}{said}')}\n"
        for name, side, said in (("A", compared.a, " (baseline)"), ("B", compared.b, ""))
    )


def _title(row: Row) -> str:
    """What the rows are of; what differs between the sides as `A → B`."""
    split = "" if row["split"] in ("test", None) else f" ({row['split']})"
    names = (
        row[f"{key}_a"] if row[f"{key}_a"] == row[f"{key}_b"] else _change(row, key)
        for key in ("model", "prompt_id")
    )
    what = "groups" if row.get("group") else f"{row['dataset']}{split}"
    return visible(" · ".join(name for name in (what, *names) if name is not None))


def _change(row: Row, key: str) -> str:
    return f"{row[f'{key}_a']} → {row[f'{key}_b']}"


def _table(rows: Sequence[Row]) -> str:
    cells = [_cells(row) for row in rows]
    widths = [max(map(display_width, column)) for column in zip(_HEADINGS, *cells, strict=True)]
    room = WIDTH - sum(widths) - len(widths)
    labels = [_folded(_label(row), room) for row in rows]
    width = max(display_width(line) for lines in labels for line in lines)
    lines = [_line("", width, _HEADINGS, widths)]
    for (first, *more), texts in zip(labels, cells, strict=True):
        lines += [_line(first, width, texts, widths), *more]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _label(row: Row) -> str:
    names = (row["group"], row["field"], row["metric"], None if row["is_mean"] else "*")
    return visible(" ".join(name for name in names if name))


def _folded(label: str, room: int) -> list[str]:
    """A field and metric in lines of `room` columns, parted at the space where they can be."""
    if display_width(label) <= min(room, _LABEL_WIDTH):
        return [label]
    first, *more = textwrap.wrap(label, min(room, _LABEL_WIDTH) - 2)
    return [first, *(f"  {line}" for line in more)]


def _line(label: str, width: int, texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = (" " * (w - display_width(t)) + t for t, w in zip(texts, widths, strict=True))
    return " ".join([label + " " * (width - display_width(label)), *padded])


def _cells(row: Row) -> tuple[str, ...]:
    mark = _MARKS.get(row["conclusion"] or "", " ")
    return (
        _number(row["value_a"]),
        _number(row["value_b"]),
        f"{_number(row['difference'], sign='+')} {mark}",
        _interval(row),
        *(_count(row[name]) for name in ("fixed", "broken")),
        _count(row["missing"] + row["edited"]),
    )


def _number(value: float | None, sign: str = "") -> str:
    if value is None:
        return "-"
    return format(value, f"{sign}.3f" if abs(value) < 100 else f"{sign}.4g")


def _interval(row: Row) -> str:
    if row["ci_low"] is None:
        return "-"
    return f"{_number(row['ci_low'], '+')} … {_number(row['ci_high'], '+')}"


def _count(docs: int | None) -> str:
    return "-" if docs is None else f"{docs:d}"


def _sentence(rows: Sequence[Row]) -> str:
    """What all rows come to, in words."""
    tested = [row for row in rows if row["conclusion"]]
    better, worse = ([r for r in tested if r["conclusion"] == c] for c in _MARKS)
    untested = sum(row["difference"] is not None and not row["conclusion"] for row in rows)
    if not tested and not untested:
        return "Nothing could be compared: no doc has a score on both sides."
    rest = len(tested) - len(better) - len(worse)
    found = f"B is better (▲) in {len(better)} and worse (▼) in {len(worse)} of "
    open_ones = f"; in {rest} chance alone could explain the difference" if rest else ""
    comparisons = f"{found}{counted(len(tested), 'comparison')}{open_ones}." if tested else ""
    no_test = f"{counted(untested, 'difference')} can't be tested: no standard error is known."
    said = [comparisons, no_test if untested else "", _left_out(rows)]
    return " ".join(text for text in said if text)


def _left_out(rows: Sequence[Row]) -> str:
    """Docs that the figures say nothing about."""
    missing, edited = (sum(row[name] for row in rows) for name in ("missing", "edited"))
    said = []
    if missing:
        said.append(f"{counted(missing, 'score')} missing on one side")
    if edited:
        said.append(f"{edited:,} of docs edited in between")
    return f"Left out: {', '.join(said)}." if said else ""


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WIDTH, break_on_hyphens=False))
