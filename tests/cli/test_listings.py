"""What small commands print for people: at 80 columns, with names as long as real ones."""

import re
from pathlib import Path

import pytest

from evalwh.query.formats.display_width import display_width
from tests.program import evalwh
from tests.warehouse.given import Given

_RUN = "20260102-093000-1a2b"
_DATASET = "technical_support_bot"
_TAGS = {"team": "nlp", "commit": "0123456789abcdef" * 2 + "01234567", "note": "the third try"}
_SCORES = {"a": [1.0], "b": [None]}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = Given(tmp_path_factory.mktemp("listings") / "evalwh.duckdb")
    given.run(_RUN, config={"tasks": [_DATASET], "seed": None}, tags=_TAGS).docs(
        "a", "b", dataset=_DATASET
    )
    given.event("interrupted", run_id=_RUN, day=1, message="its process ended before the run did")
    for prompt_id in ("stepwise", "brief"):
        cell = given.cell(
            run_id=_RUN, docs=2, model="openai/gpt-4o-mini", prompt_id=prompt_id, dataset=_DATASET
        )
        given.generation(cell, "a", dataset=_DATASET)
        for metric, higher in (("cosine_similarity", True), ("perplexity", False)):
            given.scored(
                cell, _SCORES, field="expected_status_code", metric=metric, dataset=_DATASET,
                higher_is_better=higher,
            )  # fmt: skip
            given.threshold(
                0.5, field="expected_status_code", metric=metric, dataset=_DATASET, day=1
            )
    return given.price(0.15, 0.6, model="openai/gpt-4o-mini").warehouse().path


@pytest.mark.parametrize(
    "command",
    [
        "runs",
        "show latest",
        "show latest a",
        "threshold list",
        "price list",
        "prompt list",
        "tasks",
    ],
)
def test_no_line_is_wider_than_80_columns(db: Path, command: str) -> None:
    ended = evalwh(*command.split(), db=db)
    too_wide = [
        line
        for line in ended.out.splitlines()
        if display_width(line) > 80 and not line.startswith("request: ")
    ]
    assert (ended.code, too_wide) == (0, [])


def test_below_a_run_stands_what_it_asked_of_whom_and_its_tags(db: Path) -> None:
    assert evalwh("runs", db=db).out == (
        "run_id                status       started_at (UTC)  responses  errors  billed\n"
        "--------------------  -----------  ----------------  ---------  ------  -------\n"
        "20260102-093000-1a2b  interrupted  2026-01-01 00:00  2/4             0  $1.0000\n"
        "    technical_support_bot · openai/gpt-4o-mini · brief, stepwise · team=nlp,\n"
        "    commit=0123456789abcdef0123456789abcdef01234567, note=the third try\n"
    )


def test_a_run_without_responses_still_says_how_many_are_planned(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run(_RUN).docs("a", "b")
    for prompt_id in ("p", "q"):
        given.cell(run_id=_RUN, docs=24, prompt_id=prompt_id)
    given.event("stopped", run_id=_RUN)
    row, _asked = evalwh("runs", db=given.warehouse().path).out.splitlines()[2:]
    assert row.split() == [_RUN, "stopped", "2026-01-01", "00:00", "0/48", "0", "-"]


def test_thresholds_stand_below_who_set_them_when(db: Path) -> None:
    assert evalwh("threshold", "list", db=db).out == (
        "technical_support_bot, set 2026-01-02 00:00 UTC by tester\n"
        "\n"
        "field                 metric             threshold\n"
        "--------------------  -----------------  ---------\n"
        "expected_status_code  cosine_similarity        0.5\n"
        "expected_status_code  perplexity               0.5\n"
    )


def test_the_history_gives_the_times_that_as_of_takes(db: Path) -> None:
    evalwh("price", "set", "m", "1", "2", "--by", "kim", db=db)
    listed = evalwh("price", "list", "--history", db=db).out
    (time,) = re.findall("set (.*) UTC by kim", listed)
    assert evalwh("price", "list", "--history", "--as-of", time, db=db).out == listed


def test_an_empty_list_still_names_its_columns(tmp_path: Path) -> None:
    db = Given(tmp_path / "evalwh.duckdb").warehouse().path
    assert evalwh("price", "list", db=db).out == (
        "model  prompt_usd_per_mtok  completion_usd_per_mtok\n"
        "-----  -------------------  -----------------------\n"
    )


def test_show_says_how_to_go_on_with_an_interrupted_run(db: Path) -> None:
    shown = evalwh("show", "latest", db=db).out
    elsewhere = evalwh("show", "latest", "--db", db).out
    assert f"go_on_with: evalwh run --resume {_RUN}\n" in shown
    assert f"go_on_with: evalwh run --resume {_RUN} --db {db}\n" in elsewhere


def test_show_has_the_leaderboard_with_the_direction_of_a_threshold(db: Path) -> None:
    shown = evalwh("show", "latest", db=db).out
    assert (
        "technical_support_bot · openai/gpt-4o-mini · brief\n"
        "field                 metric             docs   mean      ≥  passed  95 % CI\n"
        "expected_status_code  cosine_similarity   1/2  1.000    0.5  50.0 %   9–91 %\n"
        "                      perplexity          1/2  1.000  ≤ 0.5   0.0 %   0–66 %\n"
    ) in shown


def test_show_leaves_settings_that_were_not_given_out(db: Path) -> None:
    shown = evalwh("show", "latest", db=db).out
    assert 'config:\n    tasks: ["technical_support_bot"]\ntags:\n    team: nlp\n' in shown


def test_show_says_once_why_scores_of_a_case_are_missing(db: Path) -> None:
    shown = evalwh("show", "latest", "b", db=db).out
    assert shown.endswith("\nmissing scores\n\ncosine_similarity: no score\nperplexity: no score\n")
