"""Tables and texts as HTML, through templates that escape every value.

Nothing that a model, a dataset or a person wrote reaches the page in another way than as text.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment

from evalwh.pages import MISSING, as_figure, as_latency, as_number, page_environment


def render(template: str, **values: Any) -> str:
    """The HTML of one of `templates/`, every value escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    filters: dict[str, Callable[..., str]] = {
        "percent": as_percent,
        "score": as_score,
        "figure": as_figure,
        "threshold": as_number,
        "count": as_count,
        "usd": as_usd,
        "duration": as_latency,
        "time": as_time,
        "model": short_model,
    }
    environment = page_environment(Path(__file__).parent / "templates", filters)
    environment.globals["link"] = link
    return environment


def as_percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def as_score(score: float | None) -> str:
    """A score as people read it: three digits, whole numbers without any."""
    if score is None:
        return MISSING
    return f"{score:.0f}" if score == int(score) else f"{score:.3f}"


def as_count(count: float | None) -> str:
    return MISSING if count is None else f"{count:,.0f}"


def as_usd(usd: float | None) -> str:
    if usd is None:
        return "unknown"
    if usd == 0:
        return "$0"
    return f"${usd:,.2f}" if usd >= 0.995 else f"${usd:.2g}" if usd < 0.01 else f"${usd:.3f}"


def as_time(at: datetime | None) -> str:
    return MISSING if at is None else f"{at.day} {at:%b %Y, %H:%M} UTC"


def short_model(model: str) -> str:
    """A model's name without its provider."""
    return model.rpartition("/")[2] or model


def link(page: str, **params: str | float | None) -> str:
    """The address of a page with its choices; what is None is left out."""
    chosen = {name: value for name, value in params.items() if value is not None}
    return f"{page}?{urlencode(chosen)}" if chosen else page


def as_text(value: Any) -> str:
    """A JSON value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def parsed(text: str | None) -> Any:
    """A JSON column's value; None for null."""
    return None if text is None else json.loads(text)


def columns_of(doc: Any) -> Mapping[str, Any]:
    """A doc's columns; a doc that is no object has the one column `doc`."""
    return doc if isinstance(doc, dict) else {"doc": doc}
