"""One measured figure beside what it is measured against."""

from typing import NamedTuple


class Row(NamedTuple):
    """A benchmark's line; `ratio` is what `target` is about, and `met` whether it is reached.

    `ours` and `theirs` are in the unit that `name` says.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: str
    met: bool
