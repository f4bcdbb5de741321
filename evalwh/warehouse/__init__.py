"""Owns the DuckDB file: journals, fold, lock, schema, and reading with SQL."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalwh.warehouse.database import Rows, Warehouse

__all__ = ["Rows", "Warehouse"]


def __getattr__(name: str) -> Any:
    """Import `Warehouse` at its first use: a query's process needs only some of the modules."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from evalwh.warehouse import database

    return getattr(database, name)
