"""Values as a page shows them, through a template that escapes each; None is a dash."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from evalwh.pages import MISSING, as_figure, as_latency, as_number, page_environment


def render(template: str, **values: Any) -> str:
    """The text of one of `templates/`."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    filters: dict[str, Callable[..., str]] = {
        "percent": percent,
        "at": at,
        "figure": as_figure,
        "number": as_number,
        "count": count,
        "usd": usd,
        "latency": as_latency,
        "duration": duration,
        "time": time,
    }
    return page_environment(Path(__file__).parent / "templates", filters)


def percent(share: float | None) -> str:
    """A share for people: whole percents only where they are exact."""
    if share is None:
        return MISSING
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def at(share: float) -> str:
    """A share of the width as a length in SVG."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"


def count(value: float | None) -> str:
    """A number of things; part of a doc is one repeat of several."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def usd(value: float | None, missing: int = 0) -> str:
    """US dollars; at least so many where `missing` bills aren't known."""
    if value is None:
        return "unknown" if missing else MISSING
    shown = "0" if value == 0 else f"{value:.2g}" if value < 0.01 else f"{value:,.3f}"
    return f"{'≥ ' if missing else ''}${f'{value:,.2f}' if value >= 1 else shown}"


def duration(between: timedelta | None) -> str:
    """A run's length in its two greatest units."""
    if between is None:
        return MISSING
    minutes, seconds = divmod(round(between.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def time(moment: datetime | None) -> str:
    return MISSING if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
