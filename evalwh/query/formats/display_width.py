"""How many terminal columns a text takes: CJK two, marks none, an emoji sequence two.

Follows Unicode's East Asian Width (UAX #11) as terminals draw it.
"""

import unicodedata

_JOINER = "\u200d"
_EMOJI_PRESENTATION = "\ufe0f"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_HANGUL_VOWELS_AND_FINALS = range(0x1160, 0x1200)


def display_width(text: str) -> int:
    """The columns of `text`, which holds no control characters."""
    if text.isascii():
        return len(text)
    return sum(width for _, width in _clusters(text))


def cut_to_width(text: str, columns: int) -> str:
    """As much of `text` as fits beside a final `…`; never half a character or emoji."""
    kept, used = [], 0
    for cluster, width in _clusters(text):
        if used + width > columns - 1:
            break
        kept.append(cluster)
        used += width
    return "".join(kept) + "…"


def _clusters(text: str) -> list[tuple[str, int]]:
    """Characters with what hangs on them, and their columns."""
    clusters: list[tuple[str, int]] = []
    joined = False
    for character in text:
        width = _width(character)
        if clusters and (joined or width == 0):
            base, base_width = clusters[-1]
            widened = 2 if character == _EMOJI_PRESENTATION and base_width else base_width
            clusters[-1] = (base + character, widened)
        else:
            clusters.append((character, width))
        joined = character == _JOINER
    return clusters


def _width(character: str) -> int:
    if character < "\u0300":
        return 0 if character == "\u00ad" else 1
    point = ord(character)
    if point in _SKIN_TONES or point in _HANGUL_VOWELS_AND_FINALS:
        return 0
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
