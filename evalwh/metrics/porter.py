"""The Porter stemmer with NLTK's extensions, as `nltk.stem.porter.PorterStemmer` has it.

It gives NLTK's stems without NLTK, whose import takes a second and 90 MB where SciPy is there.
Source: Porter, "An algorithm for suffix stripping", Program 14.3 (1980).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

STEMMER = "porter-nltk-1"
"""Names the stems' definition, and is kept with every score made from them."""

IRREGULAR = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}


class Rule(NamedTuple):
    """Replaces `ending` where what stands before it has more than `measure` vowel-consonants.

    The `kept` first letters of the ending count as before it; that must end in one of `after`.
    """

    ending: str
    replacement: str
    measure: int
    kept: int = 0
    after: tuple[str, ...] = ("",)


def _rules(measure: int, endings: str) -> list[Rule]:
    pairs = (item.partition(">") for item in endings.split())
    return [Rule(ending, replacement, measure) for ending, _, replacement in pairs]


PLURALS = _rules(-1, "sses>ss ies>i ss>ss s>")
SUFFIXES = [
    *_rules(
        0,
        """ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e
        ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous
        aliti>al iviti>ive biliti>ble fulli>ful""",
    ),
    Rule("logi", "log", 0, kept=1),
]
SHORTER_SUFFIXES = _rules(0, "icate>ic ative> alize>al iciti>ic ical>ic ful> ness>")
LAST_SUFFIXES = [
    *_rules(1, "al> ance> ence> er> ic> able> ible> ant> ement> ment> ent>"),
    Rule("ion", "", 1, after=("s", "t")),
    *_rules(1, "ou> ism> ate> iti> ous> ive> ize>"),
]
DOUBLE_L = [Rule("ll", "l", 1, kept=1)]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of `word`, lower-cased."""
    lowered = word.lower()
    if lowered in IRREGULAR:
        return IRREGULAR[lowered]
    if len(word) <= 2:
        return lowered
    return _without_suffixes(_y_to_i(_without_past(_without_plural(lowered))))


def _without_plural(word: str) -> str:
    if len(word) == 4 and word.endswith("ies"):
        return word[:-1]
    return _apply(PLURALS, word)


def _without_past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending) and "v" in _shape(word[: -len(ending)]):
            return _mended(word[: -len(ending)])
    return word


def _mended(word: str) -> str:
    """What a past tense or gerund leaves over, as it ends in other forms."""
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) >= 2 and word[-1] == word[-2] and _shape(word)[-1] == "c":
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _y_to_i(word: str) -> str:
    if word.endswith("y") and len(word) > 2 and _shape(word)[-2] == "c":
        return word[:-1] + "i"
    return word


def _without_suffixes(word: str) -> str:
    while word.endswith("alli") and _measure(word[:-4]) > 0:
        word = word[:-2]
    for rules in (SUFFIXES, SHORTER_SUFFIXES, LAST_SUFFIXES):
        word = _apply(rules, word)
    return _apply(DOUBLE_L, _without_e(word))


def _without_e(word: str) -> str:
    if not word.endswith("e"):
        return word
    measure = _measure(word[:-1])
    return word[:-1] if measure > 1 or (measure == 1 and not _ends_short(word[:-1])) else word


def _apply(rules: Sequence[Rule], word: str) -> str:
    """The first rule whose ending `word` has decides, even if it then changes nothing."""
    for rule in rules:
        if word.endswith(rule.ending):
            before = word[: len(word) - len(rule.ending)]
            measured = before + rule.ending[: rule.kept]
            if _measure(measured) > rule.measure and before.endswith(rule.after):
                return before + rule.replacement
            return word
    return word


def _measure(word: str) -> int:
    """How often a consonant follows a vowel."""
    return _shape(word).count("vc")


def _ends_short(word: str) -> bool:
    """Whether `word` ends consonant, vowel, consonant but w, x or y; or is vowel, consonant."""
    shape = _shape(word)
    return shape == "vc" or (shape[-3:] == "cvc" and word[-1] not in "wxy")


def _shape(word: str) -> str:
    """`c` for each consonant and `v` for each vowel; a y after a consonant is a vowel."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape[-1:] == "c")
        shape += "v" if vowel else "c"
    return shape
