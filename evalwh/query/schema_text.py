"""The views' contracts as text for people."""

from evalwh.warehouse.contracts import Contract, contract, contracts


def describe(view: str | None = None) -> str:
    """What every view has a row for, or one view with all its columns."""
    if view is None:
        width = max(len(found.view) for found in contracts())
        return "".join(f"{found.view:<{width}}  {found.grain}\n" for found in contracts())
    return _columns(contract(view))


def _columns(found: Contract) -> str:
    name_width = max(len(column.name) for column in found.columns)
    type_width = max(len(column.type) for column in found.columns)
    rows = (
        f"{column.name:<{name_width}}  {column.type:<{type_width}}  {column.meaning}\n"
        for column in found.columns
    )
    return f"{found.view}: {found.grain}\n\n{''.join(rows)}"
