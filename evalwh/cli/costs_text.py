"""Costs added up by some of their keys, and as tables at most 80 columns wide; reads views only."""

import math
import shlex
import textwrap
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from evalwh.cli.listing import WIDTH, Row, printed
from evalwh.counted import counted
from evalwh.hints import db_option
from evalwh.value_text import text_of, visible
from evalwh.warehouse import Warehouse
from evalwh.warehouse.runs import resolve_run

_OF_PASSED_DOCS = ("run_id", "model", "prompt_id", "dataset")
_SOURCES = """
with daily as materialized (from daily_costs where $1 is null or run_id = $1),
passing as materialized (from passed_doc_costs where $1 is null or run_id = $1)
"""
_SPENT = """
select {keys}
    coalesce(sum(requests), 0)::bigint as requests,
    coalesce(sum(errors), 0)::bigint as errors,
    coalesce(sum(cached), 0)::bigint as cached,
    sum(prompt_tokens)::bigint as prompt_tokens,
    sum(completion_tokens)::bigint as completion_tokens,
    total_usd(billed_usd) as billed_usd,
    coalesce(sum(unbilled_requests), 0)::bigint as unbilled_requests,
    total_usd(repriced_usd) as repriced_usd,
    coalesce(sum(unpriced_requests), 0)::bigint as unpriced_requests,
    total_usd(saved_usd) as saved_usd,
    coalesce(sum(unvalued_cached), 0)::bigint as unvalued_cached
from daily
group by all
"""
_PASSED = """
select {keys}
    sum(passed_docs) as passed_docs,
    case
        when sum(unbilled_requests) = 0 then total_usd(billed_usd) / nullif(sum(passed_docs), 0)
    end as usd_per_passed_doc
from passing
group by all
"""
_UNKNOWN = """
select asked_model, sum(unbilled_requests)::bigint as unbilled_requests,
    sum(unpriced_requests)::bigint as unpriced_requests,
    any_value(prices_in_force.model) is not null as has_price
from daily_costs
left join prices_in_force on daily_costs.asked_model = prices_in_force.model
where ($1 is null or run_id = $1)
    and (unbilled_requests > 0 or unpriced_requests > 0 and prompt_tokens is not null)
group by asked_model
order by asked_model
"""


class _Money(NamedTuple):
    """An amount's column, the column that counts what is missing in it, and its heading."""

    column: str
    missing: str
    heading: str


_MONEY = (
    _Money("billed_usd", "unbilled_requests", "billed"),
    _Money("repriced_usd", "unpriced_requests", "repriced"),
    _Money("saved_usd", "unvalued_cached", "saved"),
)


def chosen_run(db: Path, run: str | None) -> str | None:
    """The run's id; None for all runs. Raises `UsageError` for an unknown one."""
    return resolve_run(Warehouse(db), run) if run else None


def statement(keys: Sequence[str]) -> str:
    """The SQL that adds costs up by `keys`, of the run `$1` or of all.

    Where no key tells a passing doc's requests apart, what a passing doc cost is there too.
    """
    return f"{_SOURCES} {_by(keys)} order by {', '.join(keys)}"


def _with_total(keys: Sequence[str]) -> str:
    """`statement(keys)` and, as the last row, what all of it adds up to."""
    return (
        f"{_SOURCES} select *, false as is_total from ({_by(keys)}) union all by name "
        f"select *, true as is_total from ({_by(())}) order by is_total, {', '.join(keys)}"
    )


def _by(keys: Sequence[str]) -> str:
    spent, passed = _with_keys(_SPENT, keys), _with_keys(_PASSED, keys)
    if not set(keys) <= set(_OF_PASSED_DOCS):
        return f"from ({spent})"
    join = f"left join ({passed}) using ({', '.join(keys)})" if keys else f"cross join ({passed})"
    return f"from ({spent}) {join}"


def as_text(db: Path, keys: Sequence[str], run_id: str | None, as_of: datetime | None) -> str:
    """Tables by all keys but the last, their total, and whose price is not known."""
    warehouse = Warehouse(db)
    *rows, total = warehouse.read(_with_total(keys), [run_id], as_of=as_of).dicts()
    unknown = warehouse.read(_UNKNOWN, [run_id], as_of=as_of).dicts()
    tables = [
        printed(_table(title, keys[-1], list(group)))
        for title, group in groupby(rows, lambda row: _joined(row, keys[:-1]))
    ]
    repriced = total["repriced_usd"] is not None
    notes = "".join(
        _unknown(row, db_option(db)) for row in unknown if repriced or row["unbilled_requests"]
    )
    return "\n".join([*tables, _total(total) + notes])


def _with_keys(sql: str, keys: Sequence[str]) -> str:
    return sql.format(keys="".join(f"{key}, " for key in keys))


def _joined(row: Row, keys: Sequence[str]) -> str:
    return " · ".join(_name(row[key]) for key in keys)


def _name(value: Any) -> str:
    return "unknown" if value is None else visible(text_of(value))


def _table(title: str, key: str, rows: Sequence[Row]) -> Table:
    money = [each for each in _MONEY if any(_says_something(row, each) for row in rows)]
    per_doc = any(row.get("usd_per_passed_doc") is not None for row in rows)
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    table.add_column(key, overflow="fold")
    headings = ["requests", "tokens", *(each.heading for each in money)]
    for heading in [*headings, "per pass"] if per_doc else headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        cells = [f"{row['requests']:,}", _tokens(row), *(_amount(row, each) for each in money)]
        table.add_row(_name(row[key]), *cells, *_per_doc(row, shown=per_doc))
    return table


def _says_something(row: Row, money: _Money) -> bool:
    """Whether an amount is known; of a bill it also counts that it isn't."""
    is_bill = money is _MONEY[0]
    return row[money.column] is not None or (is_bill and row[money.missing] > 0)


def _amount(row: Row, money: _Money) -> str:
    """An amount; with ≥ where something in it isn't known."""
    known, missing = row[money.column], row[money.missing]
    if known is None:
        return "unknown" if missing else "-"
    return f"{'≥' if missing else ''}{_usd(known)}"


def _per_doc(row: Row, *, shown: bool) -> list[str]:
    usd = row.get("usd_per_passed_doc")
    return ["-" if usd is None else _usd(usd)] if shown else []


def _usd(usd: float) -> str:
    if usd == 0:
        return "$0"
    if usd < 0.01:
        # Two digits that say something, never as a power of ten.
        return f"${usd:.{1 - math.floor(math.log10(usd))}f}"
    return f"${usd:,.4f}" if usd < 1 else f"${usd:,.2f}"


def _tokens(row: Row) -> str:
    return "-" if row["prompt_tokens"] is None else f"{_token_count(row):,}"


def _token_count(row: Row) -> int:
    return (row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0)


def _total(row: Row) -> str:
    parts = [
        f"{row['requests']:,} {'request' if row['requests'] == 1 else 'requests'}",
        f"{row['errors']:,} {'error' if row['errors'] == 1 else 'errors'}",
        f"{row['cached']:,} cached",
        f"{_token_count(row):,} tokens",
    ]
    wording = {
        "billed": "billed",
        "repriced": "at the prices in force",
        "saved": "saved by caching",
    }
    parts += [
        f"{_amount(row, each)} {wording[each.heading]}"
        for each in _MONEY
        if _says_something(row, each)
    ]
    if row["usd_per_passed_doc"] is not None:
        parts.append(f"{_usd(row['usd_per_passed_doc'])} a passing doc")
    text = f"total: {', '.join(parts)}"
    return textwrap.fill(text, WIDTH, subsequent_indent="    ", break_long_words=False) + "\n"


def _unknown(row: Row, db: str) -> str:
    """Why an amount isn't known, and what helps."""
    asked, unbilled, unpriced = (
        visible(row["asked_model"]),
        row["unbilled_requests"],
        row["unpriced_requests"],
    )
    if not row["has_price"]:
        missing = counted(max(unbilled, unpriced), "request")
        command = f"evalwh price set {shlex.quote(asked)} PROMPT_USD COMPLETION_USD{db}"
        return f"+ {missing} whose price is not known; set it per million tokens:\n  {command}\n"
    if unbilled:
        return f"+ {counted(unbilled, 'request')} of {asked}, not billed: no price was known then\n"
    return f"+ {counted(unpriced, 'request')} of {asked} that came back without tokens\n"
