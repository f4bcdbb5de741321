"""Docs chosen by their places in a split, from 0, as lm-eval's `--samples` names them."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from evalwh.errors import UsageError

T = TypeVar("T")


def chosen(docs: Iterable[T], places: Collection[int]) -> Iterator[T]:
    """The docs at `places`, in the order of `docs`; read as far as the last of them."""
    last = max(places)
    for place, doc in enumerate(docs):
        if place in places:
            yield doc
        if place == last:
            return


def check_places(task: str, places: Collection[int], docs: int) -> None:
    """Refuse a place behind the last of a task's `docs`."""
    last = max(places)
    if last >= docs:
        raise UsageError(
            f"--samples: there is no doc {last} in '{task}'; it has {docs} docs, and the first is 0"
        )
