"""Stored replies as fields, scores and items: what is missing, what fails, what is aggregated."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalwh.records import Reply, Request
from evalwh.warehouse import Warehouse
from tests.harness.conftest import Function, TaskFiles
from tests.harness.harness_runs import run_tasks, score_again

Answer = Callable[[Request], Reply]
_FUNCTIONS = """
def fails_on_two(doc, results):
    if doc["answer"] == "2":
        raise ValueError("no two\\nplease")
    return {"hit": results[0] == doc["answer"]}


def fails_to_filter(resps, docs):
    return [[text for text in texts if 1 / len(text)] for texts in resps]


def ends_on_two(doc, results):
    if doc["answer"] == "2":
        raise SystemExit(0)
    return {"hit": 10**400 if doc["answer"] == "4" else 1}


def is_impossible_for_three(doc, results):
    return {"hit": float("-inf") if doc["answer"] == "3" else 1.0}


def drops_threes(resps, docs):
    return [texts for texts in resps if texts != ["3"]]


def fails_to_aggregate(items):
    raise RuntimeError("no figure")


def gives_nothing(doc, results): return {}
def names_none(doc, results): return {None: 1}
def names_a_number(doc, results): return {1: 1}
def names_no_unicode(doc, results): return {"hit\\ud800": 1}
def names_two_lines(doc, results): return {"hit\\n": 1}
def interrupts(doc, results): raise KeyboardInterrupt


def gives_a_deep_list(doc, results):
    value = []
    for _ in range(5_000):
        value = [value]
    return {"hit": value}
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "evalwh.duckdb")


def _answers(*texts: str | None) -> Answer:
    """Replies to the docs of three questions, in their order; None is a failed request."""

    def answer(request: Request) -> Reply:
        asked = str(request.messages[0]["content"])
        text = texts[int(asked.partition("+")[0].split()[-1])]
        return Reply(None, "HTTP 500") if text is None else Reply(text)

    return answer


def _run(warehouse: Warehouse, files: TaskFiles, answer: Answer, **config: Any) -> Warehouse:
    run_tasks(warehouse, [str(files.task("add", **config))], files.folder, answer)
    return warehouse


def _by_doc(warehouse: Warehouse, columns: str, view: str) -> list[tuple[Any, ...]]:
    """Rows in the order of the docs' questions."""
    return warehouse.read(
        f"select {columns} from {view} as rows inner join docs using (dataset, split, doc_id)"
        " order by docs.doc ->> '$.question', field, metric"
        if view == "scores"
        else f"select {columns} from {view} as rows"
        " inner join docs using (dataset, split, doc_id) order by docs.doc ->> '$.question', field"
    ).rows


def _figures(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.read(
        "select metric, docs, unscored_docs, value, error from aggregates order by metric"
    ).rows


def test_a_doc_with_a_failed_request_is_null_with_the_reason_and_left_out(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    _run(warehouse, files, _answers("2", None, "7"))
    assert (
        _by_doc(warehouse, "rows.field, value, rows.target, error", "fields"),
        _by_doc(warehouse, "score, error", "scores"),
        _figures(warehouse),
    ) == (
        [
            ("none", '"2"', '"2"', None),
            ("none", None, '"3"', "HTTP 500"),
            ("none", '"7"', '"4"', None),
        ],
        [(1.0, None), (None, "HTTP 500"), (0.0, None)],
        [("exact_match", 2, 1, 0.5, None)],
    )


def test_a_likelihood_of_one_choice_that_is_missing_makes_the_doc_missing(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    def answer(request: Request) -> Reply:
        first = "0 + 2" in str(request.messages[0]["content"])
        if first and request.stage == "choice_2":
            return Reply("not a number")
        return Reply('{"logprob": -1.5, "is_greedy": false}')

    _run(
        warehouse,
        files,
        answer,
        output_type="multiple_choice",
        doc_to_choice=["2", "3", "4"],
        doc_to_target="{{answer|int - 2}}",
        generation_kwargs=None,
        metric_list=[{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    )
    # All choices are as likely, so the first is taken: right for the doc that is missing only.
    assert _by_doc(warehouse, "score, error", "scores") == [
        (None, "not a log-likelihood: 'not a number'"),
        (0.0, None),
        (0.0, None),
    ]


def test_a_task_function_that_raises_is_that_docs_error(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    own = Function("functions.fails_on_two")
    metrics = [{"metric": "hit", "aggregation": "mean", "higher_is_better": True}]
    _run(warehouse, files, _answers("2", "3", "5"), process_results=own, metric_list=metrics)
    assert (_by_doc(warehouse, "score, error", "scores"), _figures(warehouse)) == (
        [
            (None, "process_results: ValueError: no two please (functions.py:4)"),
            (1.0, None),
            (0.0, None),
        ],
        [("hit", 2, 1, 0.5, None)],
    )


def test_a_task_function_that_ends_the_program_or_overflows_is_that_docs_error(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    own = Function("functions.ends_on_two")
    metrics = [{"metric": "hit", "aggregation": "mean", "higher_is_better": True}]
    _run(warehouse, files, _answers("2", "3", "4"), process_results=own, metric_list=metrics)
    assert _by_doc(warehouse, "score, error", "scores") == [
        (None, "process_results: SystemExit: 0 (functions.py:14)"),
        (1.0, None),
        (None, "hit is inf"),
    ]


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("gives_nothing", "process_results: it gives no metric"),
        ("names_none", "process_results: None is no metric's name; give it text"),
        ("names_a_number", "process_results: 1 is no metric's name; give it text"),
        ("names_no_unicode", "process_results: 'hit\\ud800' is no metric's name; give it text"),
        ("names_two_lines", "process_results: 'hit\\n' is no metric's name; give it text"),
        ("interrupts", "process_results: KeyboardInterrupt (functions.py:35)"),
        ("gives_a_deep_list", "of one doc alone: TypeError: unsupported operand type(s) for +"),
    ],
)
def test_a_doc_without_a_metric_that_can_be_named_has_an_error_for_each_of_the_tasks_metrics(
    warehouse: Warehouse, files: TaskFiles, function: str, error: str
) -> None:
    files.functions(_FUNCTIONS)
    metrics = [{"metric": "hit", "aggregation": "mean", "higher_is_better": True}]
    own = Function(f"functions.{function}")
    _run(warehouse, files, _answers("2", "3", "4"), process_results=own, metric_list=metrics)
    stored = _by_doc(warehouse, "metric, score, error", "scores")
    assert [(metric, score) for metric, score, _error in stored] == [("hit", None)] * 3
    assert {said[: len(error)] for _metric, _score, said in stored} == {error}


def test_a_mean_that_isnt_finite_is_null_as_the_score_is_that_makes_it_so(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    own = Function("functions.is_impossible_for_three")
    metrics = [{"metric": "hit", "aggregation": "mean", "higher_is_better": True}]
    _run(warehouse, files, _answers("2", "3", "4"), process_results=own, metric_list=metrics)
    assert (_by_doc(warehouse, "score, error", "scores"), _figures(warehouse)) == (
        [(1.0, None), (None, "hit is -inf"), (1.0, None)],
        [("hit", 2, 1, None, "mean: ValueError: it is -inf")],
    )


def test_a_filter_that_drops_a_doc_gives_no_other_doc_its_response(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    own = {"function": "custom", "filter_fn": Function("functions.drops_threes")}
    filters = [{"name": "own", "filter": [own, {"function": "take_first"}]}]
    _run(warehouse, files, _answers("2", "3", "4"), filter_list=filters)
    assert _by_doc(warehouse, "score, error", "scores") == [
        (1.0, None),
        (None, "filter 'own' gave no response"),
        (1.0, None),
    ]


def test_a_filter_that_raises_for_one_doc_is_that_docs_error_in_its_field(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    own = {"function": "custom", "filter_fn": Function("functions.fails_to_filter")}
    filters = [
        {"name": "own", "filter": [own, {"function": "take_first"}]},
        {"name": "plain", "filter": [{"function": "take_first"}]},
    ]
    _run(warehouse, files, _answers("2", "", "4"), filter_list=filters)
    error = "filter 'own': ZeroDivisionError: division by zero (functions.py:9)"
    assert _by_doc(warehouse, "rows.field, score, error", "scores") == [
        ("own", 1.0, None),
        ("plain", 1.0, None),
        ("own", None, error),
        ("plain", 0.0, None),
        ("own", 1.0, None),
        ("plain", 1.0, None),
    ]


def test_an_aggregation_that_raises_leaves_the_scores_and_says_why(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    files.functions(_FUNCTIONS)
    metrics = [
        {
            "metric": "exact_match",
            "aggregation": Function("functions.fails_to_aggregate"),
            "higher_is_better": True,
        }
    ]
    _run(warehouse, files, _answers("2", "3", "5"), metric_list=metrics)
    assert (_by_doc(warehouse, "score", "scores"), _figures(warehouse)) == (
        [(1.0,), (1.0,), (0.0,)],
        [
            (
                "exact_match",
                3,
                0,
                None,
                "fails_to_aggregate: RuntimeError: no figure (functions.py:27)",
            )
        ],
    )


def test_a_filter_that_finds_no_answer_is_a_null_field_beside_lm_evals_score(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    regex = {"function": "regex", "regex_pattern": "is (\\d)"}
    filters = [{"name": "strict", "filter": [regex, {"function": "take_first"}]}]
    _run(warehouse, files, _answers("it is 2", "three", "it is 4"), filter_list=filters)
    assert (
        _by_doc(warehouse, "value, error", "fields"),
        _by_doc(warehouse, "score", "scores"),
    ) == (
        [('"2"', None), (None, "the filter 'strict' found no answer"), ('"4"', None)],
        [(1.0,), (0.0,), (1.0,)],
    )


def test_a_run_without_any_reply_has_scores_that_say_so_and_no_figure(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    _run(warehouse, files, _answers(None, None, None))
    assert (_by_doc(warehouse, "score, error", "scores"), _figures(warehouse)) == (
        [(None, "HTTP 500")] * 3,
        [("exact_match", 0, 3, None, None)],
    )


def test_repeats_are_one_score_and_pass_as_one(warehouse: Warehouse, files: TaskFiles) -> None:
    def answer(request: Request) -> Reply:
        return Reply("2" if request.repeat < 2 else "9")

    first = {"function": "take_first"}
    filters = [{"name": "maj", "filter": [{"function": "majority_vote"}, first]}]
    _run(warehouse, files, answer, repeats=3, filter_list=filters)
    assert (
        _by_doc(warehouse, "rows.repeat, score", "scores"),
        warehouse.read("select docs, mean, passed_docs, pass_rate from leaderboard").rows,
    ) == ([(0, 1.0), (0, 0.0), (0, 0.0)], [(3, 1 / 3, 1.0, 1 / 3)])


def test_a_missing_repeat_makes_the_doc_missing(warehouse: Warehouse, files: TaskFiles) -> None:
    def answer(request: Request) -> Reply:
        is_missing = request.repeat == 1 and "0 + 2" in str(request.messages[0]["content"])
        return Reply(None, "HTTP 500") if is_missing else Reply("2")

    _run(warehouse, files, answer, repeats=2)
    assert _by_doc(warehouse, "score, error", "scores") == [
        (None, "HTTP 500"),
        (0.0, None),
        (0.0, None),
    ]


def test_scoring_again_changes_no_row(warehouse: Warehouse, files: TaskFiles) -> None:
    _run(warehouse, files, _answers("2", "3", None))
    views = ("fields", "scores", "aggregates", "leaderboard", "thresholds")
    before = [warehouse.read(f"select * from {view} order by all").rows for view in views]
    score_again(warehouse)
    after = [warehouse.read(f"select * from {view} order by all").rows for view in views]
    assert after == before


def test_only_what_scores_zero_or_one_by_definition_has_a_threshold(
    warehouse: Warehouse, files: TaskFiles
) -> None:
    metrics = [
        {"metric": name, "aggregation": aggregation, "higher_is_better": True}
        for name, aggregation in (("exact_match", "mean"), ("chrf", "chrf"))
    ]
    _run(warehouse, files, _answers("2", "3", "5"), metric_list=metrics)
    rows = warehouse.read("select metric, threshold, set_by from thresholds").rows
    assert rows == [("exact_match", 1.0, "default of exact_match")]


def test_a_tasks_own_mean_is_not_taken_for_lm_evals(warehouse: Warehouse, files: TaskFiles) -> None:
    files.functions("def mean(items):\n    return max(items)\n")
    own = {"metric": "exact_match", "aggregation": Function("functions.mean")}
    metrics = [{**own, "higher_is_better": True}]
    _run(warehouse, files, _answers("2", "3", "5"), metric_list=metrics)
    figures = warehouse.read("select aggregation, value from leaderboard").rows
    assert figures == [("own mean", 1.0)]
