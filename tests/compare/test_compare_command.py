"""`evalwh compare` on the command line."""

import json
import re
from pathlib import Path

import pytest

from tests.app.given_runs import MODELS, NEWER, OLDER, fill
from tests.program import Ended, evalwh
from tests.warehouse.given import Given

_FIRST_KEYS = [
    *("dataset", "prompt_id", "field", "metric", "docs", "difference", "ci_low", "ci_high"),
    *("p_value", "fixed", "broken", "missing"),
]

_TABLE = """\
A  base (baseline)
B  broken

d · m · p
                A     B    B − A   95 % interval fixed broken missing
response em 0.875 0.125 -0.750   -1.000 … -0.200     1      7       0

Means of 8 docs scored on both sides; the leaderboard's are of all.
B is better (▲) in 0 and worse (▼) in 0 of 1 comparison; in 1 chance alone could
explain the difference.
"""
_FIGURES = """\
A  old (baseline)
B  new

s · m · p
                 A      B     B − A     95 % interval fixed broken missing
none acc     0.500  0.500  +0.000     +0.000 … +0.000     -      -       0
none bleu * 40.000 10.000 -30.000 ▼ -39.800 … -20.200     -      -       0
none ppl *   9.500  9.000  -0.500                   -     -      -       0

groups · m
                 A     B    B − A   95 % interval fixed broken missing
g none acc * 0.500 0.500 +0.000   -1.386 … +1.386     -      -       0

Means of 2 docs scored on both sides; the leaderboard's are of all.
* lm-eval's own figures, of all docs of a side; intervals are from its standard
errors, unpaired.
B is better (▲) in 0 and worse (▼) in 1 of 3 comparisons; in 2 chance alone
could explain the difference. 1 difference can't be tested: no standard error is
known.
"""
_FIXED = """\
A  base (baseline)
B  broken

d · m · p · response em

doc_id  score_a  score_b  change
------  -------  -------  ------
doc 7         0        1  fixed
"""


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of two models, two prompts and two datasets."""
    return fill(tmp_path_factory.mktemp("compare") / "evalwh.duckdb", docs=24).path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline and two runs after it: one breaks docs, one does nothing but lose one."""
    given = Given(tmp_path_factory.mktemp("small") / "evalwh.duckdb").threshold(1)
    docs = [f"doc {at}" for at in range(8)]
    for run_id, tags, scores in (
        ("base", {"release": "1"}, [1, 1, 1, 1, 1, 1, 1, 0]),
        ("broken", {"release": "2"}, [0, 0, 0, 0, 0, 0, 0, 1]),
        ("same", {}, [1, 1, 1, 1, 1, 1, 1]),
    ):
        given.run(run_id, tags=tags).event("finished", run_id=run_id).docs(*docs)
        scored = {doc: [float(score)] for doc, score in zip(docs, scores, strict=False)}
        given.scored(given.cell(docs=8, run_id=run_id), scored)
    return given.warehouse().path


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of an lm-eval task with a mean, BLEU and a perplexity, in a group of its own."""
    given = Given(tmp_path_factory.mktemp("figures") / "evalwh.duckdb").docs("a", "b", dataset="s")
    rule = {"metric": "acc", "filter_list": None, "weight_by_size": True}
    group = {"group": "g", "alias": "G", "tasks": ["s"], "aggregate_metric_list": [rule]}
    config = {"datasets": [{"dataset": "s", "origin": {"groups": [group]}}]}
    scores = {"a": [1.0], "b": [0.0]}
    for run_id, bleu, perplexity in (("old", 40.0, 9.5), ("new", 10.0, 9.0)):
        cell = (
            given.run(run_id, config=config)
            .event("finished", run_id=run_id)
            .cell(run_id=run_id, docs=2, dataset="s")
        )
        given.scored(cell, scores, field="none", metric="acc", dataset="s")
        made = {"dataset": "s", "docs": 2, "scores": scores}
        bleus = {"metric": "bleu", "aggregation": "bleu", "value": bleu, "stderr": 12.5**0.5}
        given.itemed(cell, {}, **bleus, **made)
        words = {"metric": "ppl", "aggregation": "weighted_perplexity", "value": perplexity}
        given.itemed(cell, {}, higher_is_better=False, **words, **made)
    return given.warehouse().path


def _compare(db: Path, *arguments: str) -> Ended:
    return evalwh("compare", *arguments, db=db)


def test_a_comparison_has_a_table_and_ends_in_a_sentence(small: Path) -> None:
    assert _compare(small, "base", "broken") == (
        0,
        _TABLE,
        "list them: evalwh compare base broken --only broken\n",
    )


def test_several_runs_are_each_compared_with_the_first(small: Path) -> None:
    ended = _compare(small, "base", "broken", "same", "--format", "jsonl")

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert [(row["run_a"], row["run_b"], row["broken"], row["missing"]) for row in rows] == [
        ("base", "broken", 7, 0),
        ("base", "same", 0, 1),
    ]


def test_the_baseline_is_the_newest_finished_run_with_a_tag(small: Path) -> None:
    ended = _compare(small, "same", "--baseline", "release=1", "--format", "json")

    assert [(row["run_a"], row["run_b"]) for row in json.loads(ended.out)] == [("base", "same")]


def test_json_begins_with_the_fixed_keys(small: Path) -> None:
    (row,) = json.loads(_compare(small, "base", "broken", "--format", "json").out)

    assert list(row)[: len(_FIRST_KEYS)] == _FIRST_KEYS


def test_markdown_is_a_table_with_rounded_figures(small: Path) -> None:
    out = _compare(small, "base", "broken", "--format", "markdown").out

    assert out.splitlines()[2] == (
        "| d | p | response | em | 8 | 0.875 | 0.125 | -0.75 | -1.0 | -0.2 | 0.0703 | 1 | 7 | 0 "
        "| 0 | no difference shown |"
    )


def test_markdown_ends_with_what_the_means_are_of(small: Path) -> None:
    out = _compare(small, "base", "broken", "same", "--format", "markdown").out

    assert out.splitlines()[-2:] == [
        "",
        "Means of 7–8 docs scored on both sides; the leaderboard's are of all.",
    ]


def test_csv_has_a_line_a_row(small: Path) -> None:
    assert len(_compare(small, "base", "broken", "--format", "csv").out.splitlines()) == 2


def test_only_lists_docs_with_both_scores_and_how_to_look_at_one(small: Path) -> None:
    assert _compare(small, "base", "broken", "--only", "fixed") == (
        0,
        _FIXED,
        "look at one: evalwh show broken 'doc 7'\nlook at one: evalwh show base 'doc 7'\n",
    )


@pytest.mark.parametrize(("change", "docs"), [("broken", 7), ("changed", 8), ("edited", 0)])
def test_only_takes_one_kind_of_change_or_all(small: Path, change: str, docs: int) -> None:
    out = _compare(small, "base", "broken", "--only", change, "--format", "jsonl").out

    assert len(out.splitlines()) == docs


def test_without_such_a_doc_the_list_says_so(small: Path) -> None:
    out = _compare(small, "base", "broken", "--only", "edited").out

    assert out.splitlines()[-1] == "no such doc"


def test_the_same_seed_prints_the_same_bytes(two_runs: Path) -> None:
    first, second, other = (
        _compare(two_runs, OLDER, NEWER, "--seed", seed, "--format", "json").out
        for seed in ("1", "1", "2")
    )

    assert (first == second, first == other) == (True, False)


def test_two_prompts_of_one_run_are_compared_model_by_model(two_runs: Path) -> None:
    sides = (f"{NEWER}:prompt_id=terse", f"{NEWER}:prompt_id=stepwise")

    rows = json.loads(_compare(two_runs, *sides, "--field", "path", "--format", "json").out)

    names = ("model_a", "prompt_id_a", "model_b", "prompt_id_b")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (model, "terse", model, "stepwise") for model in sorted(MODELS)
    ]


def test_two_models_of_one_run_are_compared_prompt_by_prompt(two_runs: Path) -> None:
    sides = (f"{NEWER}:model={MODELS[0]}", f"{NEWER}:model={MODELS[1]}:prompt_id=terse")

    ended = _compare(two_runs, *sides, "--field", "path", "--format", "json")

    (row,) = json.loads(ended.out)
    assert (row["prompt_id_a"], row["prompt_id_b"], "no partner:" in ended.err) == (
        "terse",
        "terse",
        True,
    )


def test_options_narrow_the_rows_and_not_the_correction(two_runs: Path) -> None:
    every = json.loads(_compare(two_runs, OLDER, NEWER, "--format", "json").out)

    narrowed = _compare(
        two_runs,
        *(OLDER, NEWER, "--dataset", "api_test_bot", "--field", "path", "--metric", "em"),
        *("--format", "json"),
    )

    wanted = [row for row in every if (row["field"], row["metric"]) == ("path", "em")]
    assert json.loads(narrowed.out) == wanted


@pytest.mark.parametrize("status", ["stopped", "interrupted", "running"])
def test_a_side_that_is_unfinished_is_noted_with_how_to_go_on(tmp_path: Path, status: str) -> None:
    given = Given(tmp_path / "w.duckdb").docs("a")
    for run_id, state in (("old", "finished"), ("new", status)):
        cell = given.run(run_id).event(state, run_id=run_id).cell(docs=1, run_id=run_id)
        given.scored(cell, {"a": [1.0]})

    assert _compare(given.warehouse().path, "old", "new").err == (
        f"evalwh: note: run new is {status}; go on with it first: evalwh run --resume new\n"
    )


def test_no_line_is_wider_than_a_terminal(two_runs: Path) -> None:
    texts = [
        _compare(two_runs, OLDER, NEWER).out,
        _compare(two_runs, OLDER, NEWER, "--only", "changed").out,
        evalwh("compare", "--help").out,
    ]

    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []


def test_an_earlier_threshold_gives_earlier_verdicts(tmp_path: Path) -> None:
    given = Given(tmp_path / "w.duckdb").docs("a").threshold(0.2, day=0).threshold(0.6, day=2)
    for run_id, score in (("old", 0.1), ("new", 0.5)):
        cell = given.run(run_id).cell(docs=1, run_id=run_id)
        given.scored(cell, {"a": [score]})
    db = given.warehouse().path

    now, then = (
        json.loads(_compare(db, "old", "new", "--format", "json", *as_of).out)[0]["fixed"]
        for as_of in ((), ("--as-of", "2026-01-02"))
    )

    assert (now, then) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("base", "nope"), "no run 'nope'"),
        (("base",), "one run is no comparison; name a second one"),
        (("base", "base"), "base is compared with itself; name another run, or two of its"),
        (("base", "same:model=x"), "run same has no model 'x'; there is m"),
        (("base", "same:prompt=p"), "write RUN:model=NAME or RUN:prompt_id=NAME; did you mean"),
        (
            ("base", "same", "--field", "respons"),
            "no field 'respons' is scored on both sides; did you mean 'response'?",
        ),
        (
            ("base", "same", "--metric", "en"),
            "--metric: no metric 'en' is scored on both sides; there is em",
        ),
        (("base", "same", "--dataset", "e"), "no dataset 'e' is scored on both sides; there is d"),
        (("base", "same", "--only", "broke"), "unknown change 'broke'; did you mean 'broken'?"),
        (("base", "same", "--format", "xml"), "unknown format 'xml'"),
        (("base", "same", "--seed", "-1"), "invalid value for '--seed'"),
        (("same", "--baseline", "release"), "'release' is no tag; write --baseline NAME=VALUE"),
        (("same", "--baseline", "release=3"), "no finished run has the tag 'release=3'; did you"),
        (("base", "--baseline", "release=1"), "no other finished run has the tag 'release=1'"),
        (("base", "same", "--as-of", "noon"), "'noon' is not an ISO time"),
    ],
)
def test_bad_input_gets_one_line_with_the_way_out(
    small: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = _compare(small, *arguments)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert re.match(r"evalwh: error: .*", err) and message in err


def test_runs_of_other_datasets_have_nothing_in_common(tmp_path: Path) -> None:
    given = Given(tmp_path / "w.duckdb")
    for run_id, dataset in (("r1", "d"), ("r2", "e")):
        cell = given.run(run_id).cell(docs=1, run_id=run_id, dataset=dataset)
        given.docs("a", dataset=dataset).scored(cell, {"a": [1.0]}, dataset=dataset)

    assert _compare(given.warehouse().path, "r1", "r2") == (
        2,
        "",
        "evalwh: error: nothing to compare, no dataset in common: r1 has d; r2 has e\n",
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("stopped", "run new is stopped; go on with it first: evalwh run --resume new"),
        ("finished", "run new has no scores; first: evalwh score new"),
    ],
)
def test_a_side_without_scores_is_named_with_the_command_that_goes_on(
    tmp_path: Path, status: str, said: str
) -> None:
    given = Given(tmp_path / "w.duckdb").docs("a")
    given.run("new").event(status, run_id="new").cell(docs=1, run_id="new")
    cell = given.run("old").event("finished", run_id="old").cell(docs=1, run_id="old")
    given.scored(cell, {"a": [1.0]})

    assert _compare(given.warehouse().path, "old", "new") == (
        2,
        "",
        f"evalwh: error: nothing to compare: {said}\n",
    )


def test_figures_that_are_no_means_and_groups_are_lm_evals(figures: Path) -> None:
    assert _compare(figures, "old", "new").out == _FIGURES


def test_rows_of_figures_and_groups_have_the_same_keys(figures: Path) -> None:
    out = _compare(figures, "old", "new", "--metric", "acc", "--format", "json").out

    task, group = json.loads(out)
    shown = ("dataset", "group", "interval", "value_a", "tasks_b")
    assert (list(task) == list(group), [[row[key] for key in shown] for row in (task, group)]) == (
        True,
        [["s", None, "paired", 0.5, None], [None, "g", "unpaired", 0.5, 1]],
    )


def test_a_dataset_alone_is_compared_without_groups(figures: Path) -> None:
    out = _compare(figures, "old", "new", "--dataset", "s", "--format", "jsonl").out

    assert [json.loads(line)["metric"] for line in out.splitlines()] == ["acc", "bleu", "ppl"]


def test_markdown_names_groups_and_says_what_figures_are(figures: Path) -> None:
    lines = _compare(figures, "old", "new", "--format", "markdown").out.splitlines()

    assert (lines[0][:30], lines[5][:30], lines[-1][:32]) == (
        "| group | dataset | prompt_id |"[:30],
        "| g |  |  | none | acc | 2 | 0.5"[:30],
        "* lm-eval's own figures, of all ",
    )
