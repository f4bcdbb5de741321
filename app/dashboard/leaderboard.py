"""The leaderboard: how each model and prompt did, field by field, and what it cost."""

import streamlit as st

from dashboard import pickers, queries, states
from dashboard.excel import offer_excel
from dashboard.rendering import render

Row = queries.Row
Variant = tuple[str, str, str, str]
"""What the leaderboard compares: run_id, model, prompt_id and split."""


def page() -> None:
    """Draw the page."""
    st.title("Leaderboard")
    runs = states.runs_or_stop()
    run_column, dataset_column, beside_column = st.columns([2, 2, 3])
    with run_column:
        run = pickers.pick_run(runs)
    with dataset_column:
        dataset = pickers.pick_dataset(run["run_id"])
    with beside_column:
        others = pickers.pick_other_runs(runs, run)
    states.show_run_state(run)
    if dataset is None:
        st.info("This run has asked nothing yet.")
        return
    _show(run, others, dataset)


def _show(run: Row, others: list[str], dataset: str) -> None:
    run_id = run["run_id"]
    run_ids = [run_id, *others]
    rows = queries.leaderboard(run_ids, dataset)
    if not rows:
        st.info(_why_unscored(run))
        return
    costs = [row for each in run_ids for row in queries.costs(each, dataset)]
    several = len(run_ids) > 1
    _show_figures(run_ids)
    _show_glance(run_ids, dataset, rows, costs)
    st.subheader("Field by field")
    st.html(
        render(
            "leaderboard.html",
            groups=_grouped(rows),
            dataset=dataset,
            several=several,
        )
    )
    _show_failures(run_id, dataset)
    st.subheader("Costs")
    st.html(render("costs.html", rows=costs, several=several))
    offer_excel(run_id)


def _why_unscored(run: Row) -> str:
    if run["status"] == "running":
        return "Nothing is scored yet. Scores appear here as the run goes on."
    command = f"evalwh score {run['run_id']}{queries.db_option()}"
    return f"Nothing is scored. To score what came back: {command}"


def _show_figures(run_ids: list[str]) -> None:
    """What lm-eval reports of its groups, and folded up of its tasks; nothing without them."""
    rows = queries.figures(run_ids)
    groups = [row for row in rows if row["group_name"] is not None]
    tasks = [row for row in rows if row["group_name"] is None]
    if groups:
        st.subheader("Groups of lm-eval")
        st.html(_figures("Group", groups, run_ids))
    if tasks:
        with st.expander("All tasks of lm-eval"):
            st.html(_figures("Task", tasks, run_ids))


def _figures(label: str, rows: list[Row], run_ids: list[str]) -> str:
    keys = ("group_name", "dataset", "split", "field", "metric")
    by_figure: dict[tuple[str, ...], dict[tuple[str, str], Row]] = {}
    for row in rows:
        of_one = by_figure.setdefault(tuple(row[key] for key in keys), {})
        of_one[row["run_id"], row["model"]] = row
    columns = {(row["run_id"], row["model"]) for row in rows}
    return render(
        "figures.html",
        label=label,
        figures=[(next(iter(of_one.values())), of_one) for of_one in by_figure.values()],
        columns=sorted(columns, key=lambda column: (column[1], run_ids.index(column[0]))),
        several=len(run_ids) > 1,
    )


def _show_glance(run_ids: list[str], dataset: str, rows: list[Row], costs: list[Row]) -> None:
    st.subheader("At a glance")
    measures = sorted({(row["field"], row["metric"]) for row in rows})
    cells = {(_variant(row), row["field"], row["metric"]): row for row in rows}
    whole = {_variant(row): row for each in run_ids for row in queries.whole_cases(each, dataset)}
    st.html(
        render(
            "glance.html",
            variants=_variants(run_ids, rows),
            fields=_spans(measures),
            measures=measures,
            cells=cells,
            whole=whole,
            costs=_by_variant(costs),
            dataset=dataset,
            several=len(run_ids) > 1,
        )
    )


def _variant(row: Row) -> Variant:
    return row["run_id"], row["model"], row["prompt_id"], row["split"]


def _variants(run_ids: list[str], rows: list[Row]) -> list[Variant]:
    """What is compared, a model's prompts together and the chosen run first."""

    def order(variant: Variant) -> tuple[str, str, int, str]:
        run_id, model, prompt_id, split = variant
        return model, prompt_id, run_ids.index(run_id), split

    return sorted({_variant(row) for row in rows}, key=order)


def _spans(measures: list[tuple[str, str]]) -> list[tuple[str, int]]:
    """Each field and how many metrics it has, in order."""
    spans: dict[str, int] = {}
    for field, _ in measures:
        spans[field] = spans.get(field, 0) + 1
    return list(spans.items())


def _by_variant(costs: list[Row]) -> dict[tuple[str, str, str], dict[str, Row]]:
    """The costs of the model and of its judges, by run, model and prompt."""
    by_variant: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in costs:
        key = (row["run_id"], row["model"], row["prompt_id"])
        by_variant.setdefault(key, {})[row["role"]] = row
    return by_variant


def _grouped(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["field"], row["metric"]), []).append(row)
    return groups


def _show_failures(run_id: str, dataset: str) -> None:
    failures = queries.failures(run_id, dataset)
    if failures:
        st.subheader("What needs a look")
        st.html(render("failures.html", rows=failures, run_id=run_id, dataset=dataset))
