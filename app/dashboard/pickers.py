"""What a page is about: its run, dataset and so on, kept in the address so that links work."""

import streamlit as st

from dashboard import queries

ALL = "all"


def pick_run(runs: list[queries.Row]) -> queries.Row:
    """One run, the newest unless said otherwise."""
    by_id = {run["run_id"]: run for run in runs}
    chosen = st.selectbox(
        "Run",
        list(by_id),
        key="run",
        bind="query-params",
        help="One evaluation, the newest first. A run asks models every prompt for every case.",
    )
    return by_id[chosen]


def pick_other_runs(runs: list[queries.Row], chosen: queries.Row) -> list[str]:
    """Further runs to lay beside the chosen one."""
    others = [run["run_id"] for run in runs if run["run_id"] != chosen["run_id"]]
    return st.multiselect(
        "Beside it",
        others,
        key="beside",
        bind="query-params",
        placeholder="Add a run",
        help="Further runs, shown in the same tables.",
        disabled=not others,
    )


def pick_dataset(run_id: str) -> str | None:
    datasets = queries.datasets(run_id)
    if not datasets:
        return None
    return st.selectbox(
        "Dataset",
        datasets,
        key="dataset",
        bind="query-params",
        help="The collection of test cases.",
    )


def pick_or_all(label: str, key: str, names: list[str], *, help: str) -> str | None:  # noqa: A002
    """One of `names`, or None for all of them."""
    chosen = st.selectbox(
        label,
        [ALL, *names],
        key=key,
        bind="query-params",
        help=help,
        disabled=not names,
    )
    return None if chosen == ALL else chosen


def pick_one(label: str, key: str, names: list[str], *, help: str) -> str:  # noqa: A002
    """One of `names`, which has at least one."""
    return st.selectbox(label, names, key=key, bind="query-params", help=help)
