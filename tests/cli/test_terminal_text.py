"""What comes from data can't draw on a terminal, wherever it is printed."""

import io

from evalwh.cli.leaderboard import leaderboard_text
from evalwh.pipeline.display import Display
from tests.program import evalwh

_RED = "\x1b[31mred\x07"
_ROW = {
    "dataset": _RED,
    "split": "test",
    "model": f"m{_RED}",
    "prompt_id": "p\rq",
    "field": _RED,
    "metric": "em",
    "docs": 1,
    "unscored_docs": 0,
    "mean": 1.0,
    "higher_is_better": True,
    "threshold": None,
    "pass_rate": None,
    "ci_low": None,
    "ci_high": None,
}


def _unprintable(text: str) -> set[str]:
    return {character for character in text if not character.isprintable()} - {"\n"}


def test_names_of_a_leaderboard_show_their_control_characters() -> None:
    text = leaderboard_text([_ROW])
    assert (_unprintable(text), r"\x1b[31mred\x07 · m\x1b[31mred\x07 · p\rq" in text) == (
        set(),
        True,
    )


def test_a_line_of_progress_shows_its_control_characters() -> None:
    stream = io.StringIO()
    Display(stream).say(f"model {_RED}")
    assert stream.getvalue() == "model \\x1b[31mred\\x07\n"


def test_an_error_shows_its_control_characters() -> None:
    ended = evalwh("runs", "--format", _RED)
    assert (ended.code, _unprintable(ended.err), r"'\x1b[31mred\x07'" in ended.err) == (
        2,
        set(),
        True,
    )
