"""Values as text, and text as tokens: what the metrics on words share.

`TOKENIZER` names the tokens' definition and is kept with every score made from them: change it
with them.
"""

import json
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import regex

from evalwh.records import Json

TOKENIZER = "evalwh-tokens-1"
CACHED_CHARACTERS = 10_000
"""Longer texts are tokenized anew each time, so that the cache stays small."""

_ASCII_TOKENS = "".join(chr(c).lower() if chr(c).isalnum() else " " for c in range(128))
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_BASE = rf"[[\p{{L}}\p{{N}}]&&{_UNSPACED}]"
_RUN = rf"[[\p{{L}}\p{{N}}]--{_UNSPACED}][[\p{{L}}\p{{M}}\p{{N}}]--{_BASE}]*+"
_TOKEN = regex.compile(rf"{_BASE}\p{{M}}*+|{_RUN}", regex.V1)
_SYMBOL = regex.compile(r"(?![\p{P}\p{Z}\p{C}])\X")


def as_text(value: Json) -> str:
    """A string as it is; any other value as JSON with sorted keys."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def encodable(text: str) -> str:
    """`text` with U+FFFD for lone surrogates, which UTF-8 can't hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tokenize(text: str) -> Sequence[str]:
    """The words of `text`, lower-cased, without punctuation.

    ASCII text gives the runs of letters and digits, as rouge-score does. Other text is NFKC-
    normalized and casefolded; a Han, Kana, Hangul, Thai, Lao, Khmer or Myanmar base character
    with its marks is one token, else a run of letters, marks and numbers is; a mark that follows
    neither letter nor number, as in many emojis, is none. Where such text has no token, each of
    its emojis and other symbols is one.
    """
    if len(text) > CACHED_CHARACTERS:
        return _tokenize(text)
    return cached_tokens(text)


def _tokenize(text: str) -> Sequence[str]:
    if text.isascii():
        return text.translate(_ASCII_TOKENS).split()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _TOKEN.findall(folded) or _SYMBOL.findall(folded)


cached_tokens = lru_cache(maxsize=1_024)(_tokenize)
