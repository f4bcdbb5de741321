"""What the metrics cost beside the libraries they equal: `python tests/bench/bench_metrics.py`.

Both sides run in turns, on the same pairs, in one process, and the median of the rounds counts.
"""

import random
import statistics
import string
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nltk.translate.meteor_score import single_meteor_score
from rouge_score.rouge_scorer import RougeScorer

from evalwh.metrics import score_cases
from evalwh.metrics.embedders import EmbedderOptions, cached_embedder
from evalwh.metrics.meteor import meteor
from evalwh.metrics.rouge_l import rouge_l
from evalwh.metrics.text import cached_tokens
from evalwh.records import Field, FieldSpec, MetricSpec
from tests.bench.row import Row
from tests.wordnet import Synset

ROUNDS = 7
ROUGE_PAIRS, METEOR_PAIRS = 100, 400
ROUGE_TARGET, METEOR_TARGET = 50, 4

ENGLISH = """
account action add address agree allow animal answer appear apply arm arrive art ask attack base
bear beat become begin believe bill bird blue board body book bottom break bring brother build
burn business buy call cancel car carry case catch cause center chair change charge check child
choose city claim class clear close cold collect color come company condition consider contain
control cook copy correct cost count country course cover create cross cry customer cut damage day
deal decide deliver demand depend describe design develop direct discover divide doctor door doubt
draw dream drive drop early earth effect end enter error event example expect explain express face
fact fail fall family farm fast father fear feel field fight fill final find finish fire fit fly
follow food force form friend front game garden gather general get girl give glad go gold good
great green ground group grow guess guide hand happen happy hard have head hear heart help hold
home hope horse hour house idea improve include increase inform
"""

Pair = tuple[str, str]


def measure() -> list[Row]:
    """The rows of rougeL, meteor and the embeddings."""
    return [rouge_l_row(), meteor_row(), embeddings_row()]


def rouge_l_row() -> Row:
    """rougeL of 100-token pairs that neither side has seen, against rouge-score, µs a pair."""
    pairs = [(sentence(100, seed), sentence(100, -seed - 1)) for seed in range(ROUGE_PAIRS)]
    scorer = RougeScorer(["rougeL"], use_stemmer=False)

    def ours(value: str, target: str) -> float:
        return rouge_l(value, target)

    def theirs(value: str, target: str) -> float:
        return float(scorer.score(target, value)["rougeL"].fmeasure)

    return speed_row("rougeL, 100-token pairs, µs", ours, theirs, pairs, ROUGE_TARGET)


def meteor_row() -> Row:
    """meteor of 20-token pairs, against NLTK with the same synonyms, both warm, µs a pair."""
    pairs = [(sentence(20, seed), sentence(20, -seed - 1)) for seed in range(METEOR_PAIRS)]
    wordnet = CachedWordNet()

    def ours(value: str, target: str) -> float:
        return meteor(value, target, variant="nltk")

    def theirs(value: str, target: str) -> float:
        return float(single_meteor_score(target.split(), value.split(), wordnet=wordnet))

    return speed_row("meteor, 20-token pairs, warm, µs", ours, theirs, pairs, METEOR_TARGET)


def embeddings_row() -> Row:
    """How many texts the embedder was given, beside how many distinct ones there were."""
    cases = [
        [Field("a", f"The answer is number {n % 50}.", f"Number {n % 20}.")] for n in range(1_000)
    ]
    distinct = {str(text) for case in cases for text in (case[0].value, case[0].target)}
    cache = cached_embedder(EmbedderOptions("use", "", ""))
    before = cache.encoded_texts
    for start in range(0, len(cases), 100):
        score_cases(cases[start : start + 100], [FieldSpec("a", [MetricSpec("cosine_similarity")])])
    encoded = cache.encoded_texts - before
    ratio = encoded / len(distinct)
    return Row("texts embedded, distinct texts", encoded, len(distinct), ratio, "= 1", ratio == 1)


def speed_row(
    name: str,
    ours: Callable[[str, str], float],
    theirs: Callable[[str, str], float],
    pairs: Sequence[Pair],
    target: float,
) -> Row:
    """Times both sides in turns, the first round unmeasured, and checks that they agree."""
    agree(ours, theirs, pairs)
    rounds = [(seconds(ours, pairs), seconds(theirs, pairs)) for _ in range(ROUNDS)]
    mine, other = (
        statistics.median(column) / len(pairs) * 1e6 for column in zip(*rounds, strict=True)
    )
    ratio = statistics.median(right / left for left, right in rounds)
    return Row(name, mine, other, ratio, f">= {target:g}", ratio >= target)


def agree(
    ours: Callable[[str, str], float], theirs: Callable[[str, str], float], pairs: Sequence[Pair]
) -> None:
    """Fails unless both sides give the same score to 1e-12 for every pair."""
    for pair in pairs:
        if abs(ours(*pair) - theirs(*pair)) > 1e-12:
            raise AssertionError(f"scores differ for {pair}")


def seconds(function: Callable[[str, str], float], pairs: Sequence[Pair]) -> float:
    """The time of one round, with no token cached from the round before."""
    cached_tokens.cache_clear()
    started = time.perf_counter()
    for value, target in pairs:
        function(value, target)
    return time.perf_counter() - started


def sentence(length: int, seed: int) -> str:
    """Words of a vocabulary of 400: English ones, some with an ending, and made-up ones."""
    return " ".join(random.Random(seed).choices(VOCABULARY, k=length))


def _vocabulary() -> list[str]:
    random_ = random.Random(0)
    made_up = [
        "".join(random_.choices(string.ascii_lowercase, k=random_.randint(2, 9)))
        for _ in range(200)
    ]
    english = [word + random_.choice(["", "", "s", "ing", "ed"]) for word in ENGLISH.split()]
    return english + made_up


class CachedWordNet:
    """Our synonyms for NLTK, faster than its own reader: each word is looked up once."""

    def __init__(self) -> None:
        self._synsets: dict[str, list[Synset]] = {}

    def synsets(self, word: str) -> list[Synset]:
        if word not in self._synsets:
            self._synsets[word] = [Synset(word)]
        return self._synsets[word]


VOCABULARY = _vocabulary()


if __name__ == "__main__":
    print("name, ours, theirs, ratio, target, met")
    for row in measure():
        figures = f"{row.ours:.4g}, {row.theirs:.4g}, {row.ratio:.3g}"
        print(f"{row.name}, {figures}, {row.target}, {row.met}")
