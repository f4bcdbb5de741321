"""Which run a word on the command line means."""

from evalwh.errors import UsageError, did_you_mean
from evalwh.warehouse.database import Warehouse

LATEST = "latest"


def resolve_run(warehouse: Warehouse, text: str) -> str:
    """The run_id of `text`: an id, the beginning of only one, or `latest`. Raises UsageError."""
    run_ids: list[str] = [
        row[0] for row in warehouse.read("select run_id from runs order by started_at, run_id").rows
    ]
    if text in run_ids:
        return text
    if text == LATEST and run_ids:
        return run_ids[-1]
    matching = [run_id for run_id in run_ids if run_id.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(f"'{text}' begins {len(matching)} runs: {', '.join(matching[:5])}")
    hint = did_you_mean(text, run_ids[-5:]) or "; the warehouse has no runs"
    raise UsageError(f"{warehouse.path}: no run '{text}'{hint}")
