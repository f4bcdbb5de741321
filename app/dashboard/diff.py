"""The difference of two texts as people read it: by words, by characters where there are none."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_MOST_TOKENS = 3000
_TOKEN = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]|[^\W぀-ヿ㐀-鿿가-힯฀-๿]+|\s+|.", re.DOTALL)


class Piece(NamedTuple):
    """A run of text that is the same on both sides, or on one side only."""

    text: str
    differs: bool


class Sides(NamedTuple):
    """Both texts in pieces; `compared` is False for texts too long to compare."""

    value: list[Piece]
    target: list[Piece]
    compared: bool


def compare(value: str, target: str) -> Sides:
    """`value` and `target` in pieces that say where they differ."""
    ours, theirs = _TOKEN.findall(value), _TOKEN.findall(target)
    if len(ours) > _MOST_TOKENS or len(theirs) > _MOST_TOKENS:
        return Sides([Piece(value, False)], [Piece(target, False)], compared=False)
    left: list[Piece] = []
    right: list[Piece] = []
    matcher = SequenceMatcher(str.isspace, ours, theirs, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 > i1:
            left.append(Piece("".join(ours[i1:i2]), tag != "equal"))
        if j2 > j1:
            right.append(Piece("".join(theirs[j1:j2]), tag != "equal"))
    return Sides(_joined(left), _joined(right), compared=True)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces with white space between two that differ counted to them: calmer to read."""
    joined: list[Piece] = []
    for place, piece in enumerate(pieces):
        around = pieces[max(place - 1, 0) : place + 2 : 2]
        gap = piece.text.isspace() and len(around) == 2 and all(p.differs for p in around)
        differs = piece.differs or gap
        if joined and joined[-1].differs == differs:
            joined[-1] = Piece(joined[-1].text + piece.text, differs)
        else:
            joined.append(Piece(piece.text, differs))
    return joined
