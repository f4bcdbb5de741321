"""A gate reads lm-eval's figures of a run as its tasks really store them."""

from pathlib import Path

import pytest

from evalwh.gate.checking import Asked, check_gate
from evalwh.warehouse import Warehouse
from tests.harness.agreement_tasks import write_tasks
from tests.harness.conftest import TaskFiles
from tests.harness.harness_runs import RUN, run_tasks

_TASKS = ["choosing", "translate", "whole_text"]


@pytest.fixture
def warehouse(files: TaskFiles, tmp_path: Path) -> Warehouse:
    write_tasks(files)
    warehouse = Warehouse(tmp_path / "evalwh.duckdb")
    run_tasks(warehouse, _TASKS, files.folder)
    return warehouse


def test_rules_hold_lm_evals_figures_of_tasks_and_groups(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    figures = warehouse.read(
        "select coalesce(group_name, dataset), metric, value from figures"
        " where metric in ('bleu', 'word_perplexity') or (group_name, metric) = ('choosing', 'acc')"
        " order by all"
    ).rows
    rules = [
        f"  - {{{'group' if name == 'choosing' else 'dataset'}: {name}, metric: {metric},"
        f" value: {value + off!r}}}\n"
        for name, metric, value in figures
        for off in (0.0, -0.01 if metric == "word_perplexity" else 0.01)
    ]
    (tmp_path / "rules.yaml").write_text(f"rules:\n{''.join(rules)}")

    gated = check_gate(warehouse, Asked(RUN, [tmp_path / "rules.yaml"]))

    held = [outcome.passed for outcome in gated.outcomes]
    means = warehouse.read(
        "select mean from leaderboard where metric in ('bleu', 'word_perplexity')"
    ).rows
    assert (held, means) == ([True, False] * 3, [(None,), (None,)])
