"""The page of a run: figures of the views, nothing from outside, bounded, and safe texts."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evalwh.errors import ExportError
from evalwh.export import export_run
from evalwh.export.html_charts import histograms
from evalwh.export.html_text import percent, usd
from evalwh.warehouse import Warehouse
from tests.app.given_runs import NEWER, TEXT_TASK, fill, write_run_start
from tests.export import figures_run
from tests.program import Ended, evalwh
from tests.warehouse.given import Given

_TWENTY_THOUSAND_CASES = """
create temp table numbers as
    select i, repeat('word ', 200) || i as text, timestamp '2026-01-01' as noon
    from range(20000) t(i);
insert into facts.runs select 1, 'r1', noon, '{}', '{}', '0' from numbers limit 1;
insert into facts.cells values (1, 1, 'm', 'p', 'h', 'd', 'test', 20000, 1, null);
insert into facts.docs select i, 'd', 'test', 'doc' || i, 'h', '{}', '1', noon from numbers;
insert into facts.generations select 1, i, 0, 'main', 'model', 1, 'm', 'h' || i, '{}', text, null,
    'stop', 100, 50, 12.0, 0.001, false, noon from numbers;
insert into facts.fields select 1, i, 0, 1, 'f', to_json(text), to_json(text), null from numbers;
insert into facts.measures values (1, 'f', 'rougeL', '{}', true);
insert into facts.scorings select 1, 1, noon from numbers limit 1;
insert into facts.scores select 1, i, 0, 1, case when i % 3 > 0 then (i % 100) / 100 end,
    case when i % 3 = 0 then 'reason ' || i end from numbers;
insert into facts.thresholds select 'd', 'f', 'rougeL', 0.5, noon, 'x', null from numbers limit 1;
"""


class _Texts(HTMLParser):
    """The page's texts, and everything in it that names another place."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.places: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return fill(tmp_path_factory.mktemp("export") / "evalwh.duckdb", docs=24)


@pytest.fixture(scope="module")
def page(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _exported(warehouse, NEWER, tmp_path_factory.mktemp("html"))


def _exported(warehouse: Warehouse, run: str, folder: Path) -> str:
    path = folder / "run.html"
    export_run(warehouse.path, run, {"html": path})
    return path.read_text(encoding="utf-8")


def test_the_pass_rates_are_the_leaderboards(warehouse: Warehouse, page: str) -> None:
    rows = warehouse.read(
        "select pass_rate, ci_low, ci_high from leaderboard where run_id = $1"
        " union all select pass_rate, ci_low, ci_high from doc_pass_rates where run_id = $1",
        [NEWER],
    ).rows
    drawn = re.findall(r'aria-label="(.+?) pass, 95 % interval (.+?) to (.+?)"', page)
    assert sorted(drawn) == sorted(tuple(map(percent, row)) for row in rows)


def test_the_bars_are_as_long_as_the_pass_rates(warehouse: Warehouse, page: str) -> None:
    rows = warehouse.read(
        "select pass_rate from leaderboard where run_id = $1"
        " union all select pass_rate from doc_pass_rates where run_id = $1",
        [NEWER],
    ).rows
    drawn = re.findall(r'class="fill" width="(.+?)%"', page)
    assert sorted(map(float, drawn)) == sorted(round(100 * rate, 2) for (rate,) in rows)


def test_the_histograms_hold_every_score(warehouse: Warehouse) -> None:
    rows = warehouse.read(
        "select * from distributions where run_id = $1 and dataset = $2 and metric = 'rougeL'"
        " order by field, metric, model, prompt_id, bin",
        [NEWER, TEXT_TASK],
    ).dicts()
    (chart,) = histograms(rows)
    assert (
        sum(series.scores for series in chart.series),
        chart.low, chart.high, chart.threshold_at, chart.left_out,
    ) == (sum(row["scores"] for row in rows), 0.0, 1.0, pytest.approx(0.6), 0)  # fmt: skip


def test_metrics_that_give_only_their_two_ends_have_no_histogram(warehouse: Warehouse) -> None:
    rows = warehouse.read("select * from distributions where metric = 'em' order by all").dicts()
    assert histograms(rows) == []


def test_series_past_the_twelfth_are_counted() -> None:
    bins = {"field": "f", "metric": "m", "bin": 3, "bin_low": 0.15, "bin_high": 0.2}
    rows = [
        {**bins, "model": f"{number:02}", "prompt_id": "p", "scores": 1, "threshold": None}
        for number in range(15)
    ]
    (chart,) = histograms(rows)
    assert (len(chart.series), chart.left_out) == (12, 3)


def test_the_page_runs_no_script_and_names_no_other_place(page: str) -> None:
    read = _Texts(page)
    assert (read.tags & {"script", "img", "iframe", "object", "form"}, read.places) == (
        set(), ["data:,", "#part-1", "#part-2"],
    )  # fmt: skip


def test_the_policy_allows_styles_of_the_page_and_nothing_else(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="(.+?)"', page)
    assert policy and policy[1].split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_same_run_gives_the_same_bytes(warehouse: Warehouse, page: str, tmp_path: Path) -> None:
    assert _exported(warehouse, NEWER, tmp_path) == page


def test_a_run_with_nothing_scored_says_how_to_score_it(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    with warehouse.journal("given") as journal:
        write_run_start(journal, "fern", status="failed", message="no key")
    warehouse.fold()
    text = "".join(_Texts(_exported(warehouse, "fern", tmp_path)).texts)
    assert ("evalwh score fern" in text, "no key" in text, "NaN" in text) == (True, True, False)


def test_a_run_that_asked_nothing_says_so(tmp_path: Path) -> None:
    warehouse = Given(tmp_path / "evalwh.duckdb").run().warehouse()
    assert "This run has asked nothing yet." in _exported(warehouse, "r1", tmp_path)


def test_what_is_missing_on_one_side_is_a_dash(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    for model, score in (("m", 1.0), ("n", None)):
        cell = given.cell(docs=1, model=model)
        given.scored(cell, {"a": [score]}).generation(cell, "a", billed_usd=None)
    given.scored(cell, {"a": [0.5]}, metric="rougeL").threshold(1.0)
    page = _exported(given.warehouse(), "r1", tmp_path)
    assert (page.count('<span class="quiet">–</span>'), page.count(">not known<")) == (2, 1)


def test_control_and_direction_characters_are_made_visible(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    cell = given.cell(docs=1)
    given.generation(cell, "a", response="evil\u202egnp.exe\x1b[31m\x00")
    given.scored(cell, {"a": [0.0]}).threshold(1.0)
    page = _exported(given.warehouse(), "r1", tmp_path)
    assert "evil\\u202egnp.exe\\x1b[31m\\x00" in page


def test_every_repeat_that_fails_is_a_case_that_fails(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    given.scored(given.cell(docs=1, repeats=50), {"a": [0.0] * 50}).threshold(1.0)
    page = _exported(given.warehouse(), "r1", tmp_path)
    assert re.findall(r"<h3>(Cases that .+?)</h3>\s*<p class=.quiet.>(.+?);", page) == [
        ("Cases that fail", "The first 40 of 50")
    ]


def test_long_responses_are_cut_and_say_so(tmp_path: Path) -> None:
    given = Given(tmp_path / "evalwh.duckdb").run().docs("a")
    cell = given.cell(docs=1)
    given.generation(cell, "a", response="x" * 100_000)
    given.scored(cell, {"a": [0.0]}).threshold(1.0)
    page = _exported(given.warehouse(), "r1", tmp_path)
    assert ("The first 2,000 of 100,000 characters." in page, len(page) < 30_000) == (True, True)


@pytest.mark.slow
def test_a_page_of_twenty_thousand_cases_is_small(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    warehouse.fold()
    with warehouse.writing() as connection:
        connection.execute(_TWENTY_THOUSAND_CASES)
    page = _exported(warehouse, "r1", tmp_path)
    assert (
        len(page.encode()) < 300_000,
        "The 20 most frequent of 6,667 kinds" in page,
        re.findall(r"The first 40 of ([\d,]+);", page),
    ) == (True, True, ["6,667"])


def test_one_command_writes_the_page_and_the_results_file(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    files = ("--json", "run.json", "--html", "run.html")
    ended = evalwh("export", "latest", *files, cwd=tmp_path, db=warehouse.path)
    assert ended == Ended(0, "", "run.json: 8 tasks, 36 metrics\nrun.html: one page, 0.1 MB\n")


def test_a_folder_instead_of_a_file_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="a folder; name a file in it"):
        export_run(warehouse.path, NEWER, {"html": tmp_path})


@pytest.mark.parametrize(
    ("value", "missing", "shown"),
    [
        (None, 0, "–"), (None, 1, "unknown"), (0.0, 0, "$0"), (0.00123, 0, "$0.0012"),
        (0.5, 1, "≥ $0.500"), (1234.5, 0, "$1,234.50"),
    ],
)  # fmt: skip
def test_an_amount_says_when_more_was_paid(value: float | None, missing: int, shown: str) -> None:
    assert usd(value, missing) == shown


@pytest.fixture(scope="module")
def figures_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("figures")
    return _exported(figures_run.fill(folder / "evalwh.duckdb"), figures_run.RUN, folder)


def test_figures_of_lm_eval_stand_in_a_table_of_their_own_the_better_one_bold(
    figures_page: str,
) -> None:
    table = re.search(r'<table class="figures">(.+?)</table>', figures_page, re.DOTALL)
    assert table
    rows = [
        " ".join(re.sub(r"<(?!/?b>)[^>]+>", " ", row).split()) for row in table[1].split("<tr>")[1:]
    ]
    group = "<b>The &lt;group&gt;</b> group of 2 tasks none acc ↑"
    assert rows == [
        "Task or group Filter Metric strong weak",
        f"{group} <b>1.000</b> ± 0.000 1 of 2 tasks 0.500 ± 0.500 1 of 2 tasks",
        "s none acc ↑ <b>1.000</b> ± 0.000 0.500 ± 0.500",
        "s none bleu ↑ <b>30.250</b> ± 1.500 20.500 ± 2.000",
        "s none own ↑ not known not known",
        "s none ppl ↓ <b>9.125</b> 1,234.5",
        "t none acc ↑ not known 0 of 2 docs not known 0 of 2 docs",
    ]


def test_the_mean_of_what_is_no_mean_is_nowhere_on_the_page(figures_page: str) -> None:
    assert ("77.000" in figures_page, "ratio: &lt;ValueError&gt;" in figures_page) == (False, True)


def test_a_run_without_lm_evals_tasks_has_no_such_table(page: str) -> None:
    assert "lm-eval" not in page
