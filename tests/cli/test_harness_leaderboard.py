"""What a run prints of lm-eval tasks: the figure of each metric and the groups, in 80 columns."""

from typing import Any

from evalwh.cli.harness_leaderboard import harness_text


def _row(name: str, metric: str, value: float | None, **columns: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "name": name,
        "field": "none",
        "metric": metric,
        "docs": 10,
        "missing": 0,
        "value": value,
        "stderr": None,
        "higher_is_better": True,
        **columns,
    }


def test_tasks_and_their_groups_are_a_table_each() -> None:
    tasks = [
        _row("a", "acc", 0.5, stderr=0.25),
        _row("a", "perplexity", 12.5, higher_is_better=False),
        _row("b", "acc", None, docs=0, missing=10, higher_is_better=None),
    ]
    assert harness_text(tasks, [_row("G", "acc", 0.5, docs=20)]) == (
        "tasks · m\n"
        "task  filter  metric        docs    value    stderr\n"
        "a     none    acc ↑           10   0.5000  ± 0.2500\n"
        "              perplexity ↓    10  12.5000         -\n"
        "b     none    acc           0/10        -         -\n"
        "\n"
        "groups · m\n"
        "group  filter  metric  docs   value  stderr\n"
        "G      none    acc ↑     20  0.5000       -\n"
        "\n"
    )


def test_a_group_says_how_many_of_its_tasks_lack_its_metric() -> None:
    groups = [
        _row("G", "acc", 0.5, tasks=1, missing_tasks=1),
        _row("G", "acc", 0.5, field="first", tasks=2, missing_tasks=1),
        _row("H", "acc", 0.5, tasks=2, missing_tasks=0),
    ]
    notes = harness_text([], groups).splitlines()[-3:]
    assert notes == [
        "G: acc is missing in 1 of 2 tasks",
        "G: acc,first is missing in 1 of 3 tasks",
        "",
    ]


def test_a_task_says_why_it_has_no_figure() -> None:
    error = "f1: ValueError: Target is multiclass but average='binary'"
    tasks = [_row("a", "acc", 0.5, error=None), _row("a", "f1", None, error=error)]
    assert harness_text(tasks, []) == (
        "tasks · m\n"
        "task  filter  metric  docs   value  stderr\n"
        "a     none    acc ↑     10  0.5000       -\n"
        "              f1 ↑      10       -       -\n"
        "a: f1 has no figure: f1: ValueError: Target is multiclass but average='binary'\n"
        "\n"
    )


def test_long_names_fit_a_terminal() -> None:
    name = "a_task_whose_name_is_much_longer_than_a_terminal_is_wide_and_says_so_twice"
    missing = {"tasks": 1, "missing_tasks": 1, "field": f"filter_of_{name}"}
    rows = [_row(name, f"metric_of_{name}", 123456.78901, stderr=0.1, **missing)]
    assert max(map(len, harness_text(rows, rows).splitlines())) <= 80


def test_names_show_their_control_characters() -> None:
    red = "\x1b[31mred\x07"
    text = harness_text([_row(red, red, 1.0, field=red, model=red)], [])
    assert {each for each in text if not each.isprintable()} == {"\n"}
