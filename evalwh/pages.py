"""What pages have in common, in files and in the dashboard: their templates, and values as text."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evalwh.value_text import visible

MISSING = "–"


def page_environment(folder: Path, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """The templates of `folder`, which escape every value; what isn't there is an error."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment


def _harmless(value: Any) -> Any:
    """Text of others without control and direction characters: they could redraw what is near."""
    return visible(value, keep="\n\t") if type(value) is str else value


def as_figure(figure: float | None) -> str:
    """A mean or what else is made of docs: three places, one of large ones."""
    if figure is None:
        return MISSING
    return f"{figure:.3f}" if abs(figure) < 100 else f"{figure:,.1f}"


def as_number(number: float | None) -> str:
    """A number as somebody wrote it: 0.7, not 0.700."""
    return MISSING if number is None else f"{number:.6g}"


def as_latency(ms: float | None) -> str:
    return MISSING if ms is None else f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
