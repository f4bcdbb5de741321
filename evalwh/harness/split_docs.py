"""The docs of a split of an lm-eval task, in its order, each with the row that lm-eval works on."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from evalwh.errors import TaskError
from evalwh.harness.columns import columns_of, json_of
from evalwh.harness.own_code import told_as
from evalwh.hashing import content_hash
from evalwh.records import Doc, Json
from evalwh.tasks.samples import check_places

_ID_COLUMNS = (
    "id",
    "doc_id",
    "question_id",
    "qid",
    "query_id",
    "example_id",
    "sample_id",
    "problem_id",
    "task_id",
    "unique_id",
    "uid",
    "guid",
    "idx",
    "ind",
)


class Numbered(NamedTuple):
    """A doc, its place in the split from 0, and the row it was made of."""

    place: int
    doc: Doc
    row: Any


class SplitDocs:
    """The docs of a split, or those of them at `places`; read once, as far as they are asked for,
    and kept. `whole` is how many the split has, and a doc's number its place among those read.

    A doc's id is the row's, of the first column of `_ID_COLUMNS` that every row has another value
    in, else its content hash; the second doc of the same content has `#2` behind it.
    """

    def __init__(
        self,
        dataset: str,
        split: str,
        rows: Sequence[Any],
        target_of: Callable[[Any], Any],
        places: Collection[int] | None = None,
    ) -> None:
        self._dataset, self._split, self._target_of = dataset, split, target_of
        self._places = places
        self.whole = len(rows)
        last = None
        if places is not None:
            check_places(dataset, places, self.whole)
            last = max(places) + 1
        self._unread = islice(enumerate(rows), last)
        self._id_column = _id_column(rows)
        self._read: list[Numbered] = []
        self._numbers: dict[str, int] = {}
        self._seen: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Numbered]:
        number = 0
        while number < len(self._read) or self._read_one():
            yield self._read[number]
            number += 1

    @property
    def read(self) -> int:
        """How many docs were read so far."""
        return len(self._read)

    def number(self, doc_id: str) -> int:
        """The number of a doc. Raises TaskError for an id that isn't there."""
        while doc_id not in self._numbers:
            if not self._read_one():
                raise TaskError(f"task '{self._dataset}': no doc '{doc_id}' in its {self._split}")
        return self._numbers[doc_id]

    def numbered(self, number: int) -> Numbered:
        """A doc that was read."""
        return self._read[number]

    def _read_one(self) -> bool:
        for place, row in self._unread:
            columns = columns_of(row)
            doc_hash = content_hash(columns)
            # A doc that is left out counts among those of the same content all the same.
            doc_id = str(columns[self._id_column]) if self._id_column else self._unnamed(doc_hash)
            if self._places is None or place in self._places:
                target = self._target(place, row)
                doc = Doc(self._dataset, self._split, doc_id, doc_hash, columns, target)
                self._numbers[doc_id] = len(self._read)
                self._read.append(Numbered(place, doc, row))
                return True
        return False

    def _unnamed(self, doc_hash: str) -> str:
        self._seen[doc_hash] += 1
        return doc_hash if self._seen[doc_hash] == 1 else f"{doc_hash}#{self._seen[doc_hash]}"

    def _target(self, place: int, row: Any) -> Json:
        doc = f"task '{self._dataset}', {self._split} doc {place}"
        with told_as(f"{doc}: no target can be made of it"):
            return json_of(self._target_of(row))


def _id_column(rows: Sequence[Any]) -> str | None:
    """The first column that tells the rows apart."""
    there = set(getattr(rows, "column_names", None) or (rows[0] if _is_object(rows) else ()))
    return next((name for name in _ID_COLUMNS if name in there and _is_unique(rows, name)), None)


def _is_object(rows: Sequence[Any]) -> bool:
    return len(rows) > 0 and isinstance(rows[0], dict)


def _is_unique(rows: Sequence[Any], name: str) -> bool:
    values = _values(rows, name)
    return all(map(_is_name, values)) and len(set(map(str, values))) == len(values)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _values(rows: Sequence[Any], name: str) -> list[Any]:
    if hasattr(rows, "column_names"):
        return list(rows[name])  # type: ignore[call-overload]
    return [row.get(name) if isinstance(row, dict) else None for row in rows]
