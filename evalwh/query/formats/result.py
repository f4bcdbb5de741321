"""Rows on their way out, and where tables cut them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Cut(Protocol):
    """Where a table is cut: rows, and terminal columns of a cell; 0 lifts a limit."""

    @property
    def max_rows(self) -> int: ...
    @property
    def max_width(self) -> int: ...


class Result(NamedTuple):
    """Columns with their DuckDB types, and rows as they come.

    `arrow` opens the same rows as an Arrow reader instead, where there is one.
    """

    columns: Sequence[str]
    types: Sequence[str]
    rows: Iterator[tuple[Any, ...]]
    arrow: Callable[[], Any] | None = None

    def unique_columns(self) -> list[str]:
        """The columns' names, a repeated one with a number: for formats keyed by name."""
        names: list[str] = []
        for column in self.columns:
            name, number = column, 0
            while name in names:
                number += 1
                name = f"{column}_{number}"
            names.append(name)
        return names
