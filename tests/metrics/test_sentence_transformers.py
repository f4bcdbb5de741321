"""cosine_similarity by a real sentence-transformers model, made here: tiny and untrained."""

from pathlib import Path

import pytest

from evalwh.metrics import score_cases
from evalwh.records import Field, FieldSpec, MetricSpec

sentence_transformers = pytest.importorskip(
    "sentence_transformers", reason="evalwh[sentence-transformers] is not installed"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a two-layer BERT over single letters, with mean pooling."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    letters = [
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    ]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]))
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=5 + len(letters), intermediate_size=32, **size)
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizer(str(vocabulary)).save_pretrained(folder / "bert")
    transformer = modules.Transformer(str(folder / "bert"))
    pooling = modules.Pooling(transformer.get_embedding_dimension())
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


def test_a_folder_of_a_model_scores_as_the_model_itself_does(model: Path) -> None:
    texts = ["the cat sleeps", "a feline rests", "the cat sleeps"]
    encoded = sentence_transformers.SentenceTransformer(str(model), device="cpu").encode(texts)
    expected = sentence_transformers.util.cos_sim(encoded[0], encoded[1]).item()
    options = {"embedder": "sentence-transformers", "model": str(model)}
    specs = [FieldSpec("response", [MetricSpec("cosine_similarity", options=options)])]

    scores = score_cases(
        [[Field("response", texts[0], texts[1])], [Field("response", texts[0], texts[2])]], specs
    )

    assert scores[0][0].error is None
    assert scores[0][0].score == pytest.approx(expected, abs=1e-6)
    assert scores[1][0].score == pytest.approx(1.0, abs=1e-12)
