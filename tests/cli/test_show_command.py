"""`evalwh show` narrowed to a model or a prompt, on a real warehouse."""

import json
from pathlib import Path

import pytest

from tests.program import Ended, evalwh
from tests.warehouse.given import Given


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models by two prompts about a doc, and one of them by a third about another's doc."""
    given = Given(tmp_path_factory.mktemp("show") / "evalwh.duckdb")
    given.run("r1").docs("a").docs("b", dataset="e")
    asked = [("d", "a", model, prompt) for model in ("m1", "m2") for prompt in ("p1", "p2")]
    for dataset, doc_id, model, prompt_id in [*asked, ("e", "b", "m1", "p3")]:
        cell = given.cell(docs=1, model=model, prompt_id=prompt_id, dataset=dataset)
        given.generation(cell, doc_id, dataset=dataset)
        read = {"field": "response", "value": "hi", "target": "hi", "error": None}
        given.case(cell, doc_id, fields=[read], dataset=dataset)
        given.scored(cell, {doc_id: [1.0]}, dataset=dataset).label(
            cell, doc_id, True, dataset=dataset
        )
    return given.warehouse().path


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ([], ["m1 p1", "m1 p2", "m2 p1", "m2 p2"]),
        (["--model", "m2"], ["m2 p1", "m2 p2"]),
        (["--prompt", "p1"], ["m1 p1", "m2 p1"]),
        (["--model", "m2", "--prompt", "p1"], ["m2 p1"]),
    ],
)
def test_a_case_is_shown_by_the_model_and_prompt_named(
    db: Path, options: list[str], parts: list[str]
) -> None:
    shown = json.loads(evalwh("show", "r1", "a", *options, "--format", "json", db=db).out)
    assert {
        title: [f"{row['model']} {row['prompt_id']}" for row in rows]
        for title, rows in shown.items()
        if title != "doc"
    } == dict.fromkeys(["generations", "fields", "scores", "labels"], parts)


def test_a_run_is_shown_by_the_model_and_prompt_named(db: Path) -> None:
    narrowed = ("--model", "m1", "--prompt", "p3", "--format", "json")
    shown = json.loads(evalwh("show", "r1", *narrowed, db=db).out)
    assert {
        title: [(row["model"], row["prompt_id"], row["dataset"]) for row in shown[title]]
        for title in ("parts", "leaderboard", "costs")
    } == {title: [("m1", "p3", "e")] for title in ("parts", "leaderboard", "costs")}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--model", "m3"], "--model: run r1 has no model 'm3'; there is m1, m2"),
        (["--prompt", "p"], "--prompt: run r1 has no prompt 'p'; did you mean 'p3'?"),
        (
            ["--model", "m2", "--prompt", "p3"],
            "--prompt: run r1 has no prompt 'p3' by m2; there is p1, p2",
        ),
        (
            ["a", "--prompt", "brief"],
            "--prompt: doc a of run r1 has no prompt 'brief'; there is p1, p2",
        ),
    ],
)
def test_an_unknown_model_or_prompt_names_what_there_is(
    db: Path, arguments: list[str], error: str
) -> None:
    ended = evalwh("show", "r1", *arguments, db=db)
    assert ended == Ended(2, "", f"evalwh: error: {error}\n")


@pytest.fixture(scope="module")
def hashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve docs without ids of their own, two of which begin alike."""
    given = Given(tmp_path_factory.mktemp("hashed") / "evalwh.duckdb").run("r1")
    given.docs(*(f"sha256:{at:x}0{'f' * 30}" for at in range(11)), "sha256:001" + "f" * 29)
    given.cell(docs=12)
    return given.warehouse().path


@pytest.mark.parametrize("doc", ["a0f", "sha256:a0", f"sha256:a0{'f' * 30}"])
def test_a_doc_is_named_by_the_beginning_of_its_hash(hashed: Path, doc: str) -> None:
    shown = json.loads(evalwh("show", "r1", doc, "--format", "json", db=hashed).out)
    assert [row["doc_id"] for row in shown["doc"]] == [f"sha256:a0{'f' * 30}"]


@pytest.mark.parametrize(
    ("doc", "error"),
    [
        ("00", "'00' begins 2 docs of run r1: sha256:001fffffffff, sha256:00ffffffffff"),
        (
            "zz",
            "run r1 has no doc 'zz'; there is sha256:001fffffffff, sha256:00ffffffffff, "
            + ", ".join(f"sha256:{at}0ffffffffff" for at in range(1, 9))
            + " and 2 more",
        ),
    ],
)
def test_a_doc_that_is_none_or_several_is_told_with_ten_at_most(
    hashed: Path, doc: str, error: str
) -> None:
    assert evalwh("show", "r1", doc, db=hashed) == Ended(2, "", f"evalwh: error: {error}\n")


def test_a_case_is_shown_with_the_doc_that_it_was_asked_about(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run("r1").run("r2", started_at="2026-02-01")
    given.docs("a#older").docs("a", day=1).docs("b")
    for run_id, doc_id in (("r1", "a#older"), ("r2", "a")):
        given.generation(given.cell(docs=2, run_id=run_id), doc_id)
    db = given.warehouse().path

    shown = [
        json.loads(evalwh("show", run, doc, "--format", "json", db=db).out)["doc"]
        for run, doc in (("r1", "a"), ("r2", "a"), ("r1", "b"))
    ]
    assert [[row["doc"] for row in rows] for rows in shown] == [
        [{"id": "a#older"}],
        [{"id": "a"}],
        [{"id": "b"}],
    ]


def test_turns_and_choices_are_shown_in_the_order_they_were_asked(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run("r1").docs("a")
    cell = given.cell(docs=1)
    for stage in ("choice_10", "choice_9", "main", "turn_1"):
        given.generation(cell, "a", stage=stage)
    shown = evalwh("show", "r1", "a", "--format", "json", db=given.warehouse().path).out
    stages = [row["stage"] for row in json.loads(shown)["generations"]]
    assert stages == ["turn_1", "choice_9", "choice_10", "main"]


def test_below_the_turns_of_a_run_stands_their_mean(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run("r1").docs("a", "b")
    cell = given.cell(docs=2)
    given.scored(cell, {"a": [8.0], "b": [None]}, field="turn_1", metric="rating")
    given.scored(cell, {"a": [5.0], "b": [2.0]}, field="turn_2", metric="rating")
    shown = evalwh("show", "r1", db=given.warehouse().path).out
    _title, leaderboard, *_rest = shown[shown.index("leaderboard") :].split("\n\n")
    assert [line.split() for line in leaderboard.splitlines()[2:]] == [
        ["turn_1", "rating", "1/2", "8.000", "-", "-", "-"],
        ["turn_2", "rating", "2", "3.500", "-", "-", "-"],
        ["turns", "rating", "3/4", "5.000", "-", "-", "-"],
    ]


def test_docs_of_equal_content_are_told_apart(tmp_path: Path) -> None:
    ids = [f"sha256:{'a' * 40}", f"sha256:{'a' * 40}#2"]
    given = Given(tmp_path / "evalwh.duckdb").run("r1").doc(ids[0], "x").doc(ids[1], "y")
    given.cell(docs=2)
    db = given.warehouse().path
    told = "sha256:aaaaaaaaaaaa, sha256:aaaaaaaaaaaa#2"
    shown = evalwh("show", "r1", "aaaa#2", "--format", "json", db=db)
    assert (evalwh("show", "r1", "aaaa", db=db).err, shown.err, ids[1] in shown.out) == (
        f"evalwh: error: 'aaaa' begins 2 docs of run r1: {told}\n",
        "",
        True,
    )
