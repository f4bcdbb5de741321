"""Binding of values to SQL through `prepare` and `execute`, for start-up's sake.

Handing DuckDB a Python value makes it import pandas, NumPy and Arrow where they are installed:
0.4 s and 100 MB for one string. A prepared statement takes the same values as SQL literals.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

Value = str | int | float | bool | bytes | datetime | None
Values = Sequence[Value] | Mapping[str, Value]


def execute(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Values = ()
) -> duckdb.DuckDBPyConnection:
    """Run one statement with `values` for its `$1`, `$2`, … or its `$name`s.

    Raises KeyboardInterrupt where it is interrupted.
    """
    try:
        return _executed(connection, sql, values)
    except RuntimeError as error:
        # What DuckDB makes of whatever a signal's handler raises.
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def _executed(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Values
) -> duckdb.DuckDBPyConnection:
    if not values:
        return connection.execute(sql)
    if isinstance(values, Mapping):
        given = ", ".join(f"{name} := {literal(value)}" for name, value in values.items())
    else:
        given = ", ".join(literal(value) for value in values)
    connection.execute(f"prepare bound as {sql}")
    return connection.execute(f"execute bound({given})")


def literal(value: Value) -> str:
    """`value` as a SQL literal of its own type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"'{value!r}'::double" if value == value else "null"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{byte:02x}" for byte in value) + "'::blob"
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'::timestamp"
    quoted = "'" + value.replace("'", "''") + "'"
    # SQL text ends at a NUL.
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")" if "\0" in value else quoted
