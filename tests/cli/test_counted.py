"""Numbers of things in what is printed."""

import pytest

from evalwh.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 replies"), (1, "1 reply"), (2, "2 replies"), (1_000, "1000 replies")],
)
def test_one_thing_is_said_in_the_singular(number: int, said: str) -> None:
    assert counted(number, "reply", "replies") == said


def test_most_plurals_have_an_s() -> None:
    assert (counted(1, "request"), counted(2, "request")) == ("1 request", "2 requests")
