"""What the views say of two sides, narrowed to the cells that are partners.

All is asked of one connection, so that it is one state of the warehouse.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from evalwh.compare.pairing import Cell, Pairing, cells_of, pair_cells
from evalwh.compare.sides import Side
from evalwh.compare.statements import CELLS, DIFFERENCES, DOCS, GROUPS, HAS_GROUPS, UNFINISHED
from evalwh.errors import UsageError, did_you_mean
from evalwh.hints import db_option
from evalwh.warehouse import Warehouse
from evalwh.warehouse.binding import Value, execute
from evalwh.warehouse.runs import why_unscored

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PAIR_COLUMNS = (
    *("model_a", "prompt_id_a", "dataset", "split"),
    *("model_b", "prompt_id_b", "dataset", "split"),
)
CHANGES = ("broken", "fixed", "missing", "edited", "changed")


class Question(NamedTuple):
    """What is asked of two sides; None narrows nothing.

    With a `change`, one of `CHANGES`, the docs that changed so are asked for, else the differences,
    those of lm-eval's groups after the datasets' unless one dataset is asked for.
    `seed` is that of the bootstrap, 0 to 2^32 - 1; `as_of` is UTC.
    """

    dataset: str | None = None
    field: str | None = None
    metric: str | None = None
    change: str | None = None
    seed: int = 0
    as_of: datetime | None = None

    def narrowed(self) -> dict[str, str | None]:
        return {"dataset": self.dataset, "field": self.field, "metric": self.metric}


class Compared(NamedTuple):
    """The rows of two sides with their columns' names and types, and what to say beside them."""

    a: Side
    b: Side
    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    notes: list[str]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def compare_sides(warehouse: Warehouse, a: Side, b: Side, asked: Question) -> Compared:
    """The differences of b from a, the baseline, or the docs that changed.

    Raises UsageError where the sides have nothing of what is asked for in common.
    """
    with warehouse.reading(asked.as_of) as connection:
        found = execute(connection, CELLS, [a.run_id, b.run_id]).fetchall()
        cells = [_cell(*row) for row in found]
        db = db_option(warehouse.path)
        pairing = _pairing(cells, a, b, db)
        if not _common(pairing):
            lacking = [why_unscored(connection, run, db) for run in dict.fromkeys((a[0], b[0]))]
            why = "; ".join(filter(None, lacking)) or "no field and metric is scored on both sides"
            raise UsageError(f"nothing to compare: {why}")
        _require_asked(pairing, asked)
        unfinished = execute(connection, UNFINISHED, [a.run_id, b.run_id]).fetchall()
        connection.execute(f"set variable seed = {asked.seed:d}")
        values = _values(cells, pairing, asked)
        cursor = execute(connection, DOCS if asked.change else DIFFERENCES, values)
        columns = [(str(name), str(kind)) for name, kind, *_ in cursor.description]
        rows = cursor.fetchall()
        groups = [] if asked.change else _groups(connection, values)
    names = [name for name, _ in columns]
    wanted = [*_of_pairs(names, rows, pairing), *_of_models(names, groups, pairing)]
    notes = [*_unfinished(unfinished, db), *_notes(pairing, asked)]
    return Compared(a, b, names, [kind for _, kind in columns], wanted, notes)


def _unfinished(runs: Sequence[tuple[str, str]], db: str) -> Iterator[str]:
    """What to say of runs that may still get scores."""
    for run_id, status in runs:
        yield f"run {run_id} is {status}; go on with it first: evalwh run --resume {run_id}{db}"


def _cell(
    run_id: str,
    model: str,
    prompt_id: str,
    dataset: str,
    split: str,
    measures: list[tuple[str, str]] | None,
) -> Cell:
    return Cell(run_id, model, prompt_id, dataset, split, frozenset(measures or ()))


def _of_pairs(
    columns: Sequence[str], rows: Sequence[tuple[Any, ...]], pairing: Pairing
) -> list[tuple[Any, ...]]:
    """The rows of the pairs: the views know the runs' other cells as well."""
    wanted = {(*pair.a[1:5], *pair.b[1:5]) for pair in pairing.pairs}
    places = [columns.index(name) for name in _PAIR_COLUMNS]
    return [row for row in rows if tuple(row[at] for at in places) in wanted]


def _groups(connection: "DuckDBPyConnection", values: Mapping[str, Value]) -> list[tuple[Any, ...]]:
    """The rows of lm-eval's groups; runs that have none are spared the question."""
    runs = [values["run_a"], values["run_b"]]
    ((having,),) = execute(connection, HAS_GROUPS, runs).fetchall()
    asked = {key: value for key, value in values.items() if key != "paired"}
    return execute(connection, GROUPS, asked).fetchall() if having else []


def _of_models(
    columns: Sequence[str], rows: Sequence[tuple[Any, ...]], pairing: Pairing
) -> list[tuple[Any, ...]]:
    """The rows of groups, which are of a model, that belong to the pairs."""
    wanted = {(pair.a.model, pair.b.model) for pair in pairing.pairs}
    places = [columns.index(name) for name in ("model_a", "model_b")]
    return [row for row in rows if tuple(row[at] for at in places) in wanted]


def _values(cells: Sequence[Cell], pairing: Pairing, asked: Question) -> dict[str, Value]:
    a, b = pairing.pairs[0]
    return {
        **asked.narrowed(),
        **({"change": asked.change} if asked.change else {}),
        "run_a": a.run_id,
        "run_b": b.run_id,
        "paired": _paired(cells, pairing),
    }


def _paired(cells: Sequence[Cell], pairing: Pairing) -> bool | None:
    """Whether the pairs are those of the whole runs, as the views have it; None for some."""
    a, b = pairing.pairs[0]
    whole = pair_cells(*(cells_of(cells, Side(cell.run_id)) for cell in (a, b)))
    known = {(pair.a.key, pair.b.key) for pair in whole.pairs if a.run_id != b.run_id}
    are_paired = {(pair.a.key, pair.b.key) in known for pair in pairing.pairs}
    return are_paired.pop() if len(are_paired) == 1 else None


def _pairing(cells: Sequence[Cell], a: Side, b: Side, db: str) -> Pairing:
    sides = [_require_cells(cells, side, db) for side in (a, b)]
    if a == b:
        raise UsageError(
            f"{a} is compared with itself; name another run, or two of its prompts or models: "
            f"{a.run_id}:prompt_id=NAME {a.run_id}:prompt_id=NAME"
        )
    pairing = pair_cells(*sides)
    if pairing.pairs:
        return pairing
    datasets = [sorted({cell.dataset for cell in side}) for side in sides]
    if not set(datasets[0]) & set(datasets[1]):
        said = "; ".join(
            f"{side} has {', '.join(names)}" for side, names in zip((a, b), datasets, strict=True)
        )
        raise UsageError(f"nothing to compare, no dataset in common: {said}")
    raise UsageError(
        f"nothing to compare: {a} and {b} have no model and prompt in common; say which of each: "
        f"{a.run_id}:model={sides[0][0].model} {b.run_id}:model={sides[1][0].model}"
    )


def _require_cells(cells: Sequence[Cell], side: Side, db: str) -> list[Cell]:
    """The cells of a side; `UsageError` where there is none."""
    found = cells_of(cells, side)
    if found:
        return found
    run = cells_of(cells, Side(side.run_id))
    if not run:
        raise UsageError(
            f"run {side.run_id} has nothing to compare: it asked nothing yet; go on with it first: "
            f"evalwh run --resume {side.run_id}{db}"
        )
    for key in ("model", "prompt_id"):
        named, known = getattr(side, key), {getattr(cell, key) for cell in run}
        if named is not None and named not in known:
            raise UsageError(
                f"run {side.run_id} has no {key} '{named}'{did_you_mean(named, known)}"
            )
    raise UsageError(f"run {side.run_id} has no cell of both: {side}")


def _common(pairing: Pairing) -> set[tuple[str, str, str]]:
    """Each dataset, field and metric that is scored on both sides."""
    return {
        (pair.a.dataset, *measure)
        for pair in pairing.pairs
        for measure in pair.a.measures & pair.b.measures
    }


def _require_asked(pairing: Pairing, asked: Question) -> None:
    """`UsageError` where the pairs have no such dataset, field and metric in common."""
    common = _common(pairing)
    for place, (name, wanted) in enumerate(asked.narrowed().items()):
        known = {row[place] for row in common}
        if wanted is not None and wanted not in known:
            raise UsageError(
                f"--{name}: no {name} '{wanted}' is scored on both sides"
                f"{did_you_mean(wanted, known)}"
            )
        common = {row for row in common if wanted in (None, row[place])}


def _notes(pairing: Pairing, asked: Question) -> Iterator[str]:
    """What is left out, a line each."""
    for cell in pairing.alone:
        if asked.dataset in (None, cell.dataset):
            yield f"no partner: {cell}"
    for pair in pairing.pairs:
        for mine, other in ((pair.a, pair.b), (pair.b, pair.a)):
            for field, metric in sorted(mine.measures - other.measures):
                if asked.field in (None, field) and asked.metric in (None, metric):
                    yield f"only scored on one side: {mine}: {field} {metric}"
