"""Writes `synonyms.txt.gz` from WordNet 3.0's own files; see README.md beside it.

    python -m evalwh.metrics.wordnet.derive /usr/share/wordnet

Debian's `wordnet-base` has the files. The table holds what METEOR asks of WordNet: the words of
each synset by part of speech, and the irregular forms. Names of several words are left out, for
no token equals one, but for the few that are the base of an irregular form.
"""

import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path

from evalwh.metrics.wordnet import EXCEPTION, TABLE

PARTS_OF_SPEECH = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


def derive(folder: Path) -> list[str]:
    """The table's lines: `n dog domestic…` for a synset, `!n mice mouse` for an irregular form."""
    lines: list[str] = []
    for pos, suffix in PARTS_OF_SPEECH.items():
        bases = _exceptions((folder / f"{suffix}.exc").read_text("ascii").splitlines())
        data = (folder / f"data.{suffix}").read_text("ascii").splitlines()
        kept = {base for words in bases.values() for base in words}
        lines += [f"{pos} {' '.join(names)}" for names in _needed(_synsets(data, kept))]
        lines += [f"{EXCEPTION}{pos} {form} {' '.join(bases[form])}" for form in sorted(bases)]
    return lines


def _exceptions(lines: Iterable[str]) -> dict[str, Sequence[str]]:
    """The irregular forms; where the file has one twice, its last line counts, as for NLTK."""
    return {form: bases for form, *bases in map(str.split, lines) if "_" not in form}


def _synsets(data: Iterable[str], kept: Set[str]) -> Iterator[tuple[str, ...]]:
    """The one-word names of every synset, and those of `kept`; without an adjective's marker."""
    for line in data:
        if line.startswith(" "):
            continue
        columns = line.split("|")[0].split()
        names = {name.partition("(")[0] for name in columns[4 : 4 + 2 * int(columns[3], 16) : 2]}
        yield tuple(sorted(name for name in names if "_" not in name or name.lower() in kept))


def _needed(synsets: Iterable[tuple[str, ...]]) -> Iterator[Sequence[str]]:
    """The distinct synsets, less those of one word that another synset has too."""
    distinct = sorted(set(synsets) - {()})
    uses = Counter(name for names in distinct for name in names)
    for names in distinct:
        if len(names) > 1 or uses[names[0]] == 1:
            yield names


def main() -> None:
    text = "\n".join(derive(Path(sys.argv[1]))) + "\n"
    TABLE.write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))


if __name__ == "__main__":
    main()
