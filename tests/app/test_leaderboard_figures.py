"""The dashboard's leaderboard of lm-eval's tasks: their own figures, and those of groups."""

import re
from pathlib import Path

import pytest
from dashboard import queries
from streamlit.testing.v1 import AppTest

from evalwh.resources import resource
from tests.app.given_runs import fill as fill_without
from tests.export.figures_run import RUN, fill


@pytest.fixture
def page(empty_folder: Path) -> list[str]:
    """The page's tables, a line a row, without markup but what is bold."""
    fill(empty_folder / "evalwh.duckdb")
    app = AppTest.from_file(resource("app") / "main.py", default_timeout=30).run()
    assert not app.exception
    html = "\n".join(element.proto.body for element in app.get("html"))
    return [" ".join(re.sub(r"<(?!/?b>)[^>]+>", " ", row).split()) for row in html.split("<tr")[1:]]


def _rows(page: list[str], beginning: str) -> list[str]:
    rows = (row.lstrip("> ") for row in page)
    return [row for row in rows if row.startswith(beginning)]


def test_groups_stand_before_their_tasks_with_what_they_lack(page: list[str]) -> None:
    assert _rows(page, "The &lt;group&gt;") == [
        "The &lt;group&gt; none acc ↑ <b>1.000</b> ± 0.000 1 of 2 tasks 0.500 ± 0.500 1 of 2 tasks"
    ]


def test_the_better_figure_of_a_task_is_bold_whichever_way_is_better(page: list[str]) -> None:
    assert _rows(page, "s none") == [
        "s none acc ↑ <b>1.000</b> ± 0.000 0.500 ± 0.500",
        "s none bleu ↑ <b>30.250</b> ± 1.500 20.500 ± 2.000",
        "s none own ↑ not known not known",
        "s none ppl ↓ <b>9.125</b> 1,234.5",
    ]


def test_the_leaderboard_has_lm_evals_figures_in_place_of_means(page: list[str]) -> None:
    whole = "\n".join(page)
    heads = re.findall(r"none · (\w+) (.+?) ·", whole)
    assert (heads, "77.000" in whole) == (
        [
            ("acc", "mean score"),
            ("bleu", "lm-eval’s figure"),
            ("own", "lm-eval’s figure"),
            ("ppl", "lm-eval’s figure, lower is better"),
        ],
        False,
    )


def test_rows_are_ranked_by_the_figure_the_lower_first_where_that_is_better(
    empty_folder: Path,
) -> None:
    fill(empty_folder / "evalwh.duckdb")
    rows = queries.leaderboard([RUN], "s")
    ranked = [(row["model"], row["value"]) for row in rows if row["metric"] in ("bleu", "ppl")]
    assert ranked == [("strong", 30.25), ("weak", 20.5), ("strong", 9.125), ("weak", 1234.5)]


def test_a_run_of_no_lm_eval_task_has_no_such_figures(empty_folder: Path) -> None:
    fill_without(empty_folder / "evalwh.duckdb", docs=3)
    assert queries.figures([row["run_id"] for row in queries.runs()]) == []
