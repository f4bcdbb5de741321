"""Owns the DuckDB file: journals, fold, lock, schema, and reading with SQL."""

from evalwh.warehouse.database import Rows, Warehouse

__all__ = ["Rows", "Warehouse"]
