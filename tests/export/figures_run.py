"""A run of lm-eval tasks by two models: means, corpus metrics both ways, a failure and a group."""

from pathlib import Path

from evalwh.warehouse import Warehouse
from tests.warehouse.given import Given

RUN = "r1"
MODELS = ("strong", "weak")
_OWN_BLEU = {"a": [88.0], "b": [66.0]}
"""Docs' own BLEU, whose mean of 77 is nobody's figure."""
_CORPUS = {
    "bleu": ("bleu", {"strong": (30.25, 1.5), "weak": (20.5, 2.0)}, True),
    "ppl": ("weighted_perplexity", {"strong": (9.125, None), "weak": (1234.5, None)}, False),
}


def fill(path: Path) -> Warehouse:
    """The warehouse: task s with acc, bleu, ppl and own, task t without a figure, group g."""
    rule = {"metric": "acc", "filter_list": None, "weight_by_size": True}
    group = {"group": "g", "alias": "The <group>", "tasks": ["s", "t"]}
    groups = [{**group, "aggregate_metric_list": [rule]}]
    datasets = [{"dataset": name, "origin": {"groups": groups}} for name in "st"]
    given = Given(path).run(RUN, config={"datasets": datasets}).event("finished")
    for name in "st":
        given.docs("a", "b", dataset=name)
    for model in MODELS:
        _write_task(given, model)
        cell = given.cell(docs=2, model=model, dataset="t")
        given.scored(cell, {"a": [None], "b": [None]}, **_options("acc", "t"), scorer=_scorer())
        _answer(given, cell, "t")
    return given.warehouse()


def _write_task(given: Given, model: str) -> None:
    cell = given.cell(docs=2, model=model, dataset="s")
    _answer(given, cell, "s")
    right = {"a": [1.0], "b": [0.0 if model == "weak" else 1.0]}
    given.scored(cell, right, **_options("acc", "s"), scorer=_scorer())
    given.threshold(1.0, **_options("acc", "s"))
    made = {"dataset": "s", "docs": 2, "scores": _OWN_BLEU}
    for metric, (aggregation, figures, higher_is_better) in _CORPUS.items():
        value, stderr = figures[model]
        given.itemed(
            cell,
            {},
            metric=metric,
            aggregation=aggregation,
            value=value,
            stderr=stderr,
            higher_is_better=higher_is_better,
            **made,
        )
    given.itemed(cell, {}, metric="own", aggregation="ratio", error="ratio: <ValueError>", **made)


def _answer(given: Given, cell: int, dataset: str) -> None:
    read = {"field": "none", "value": "it is", "target": "it is", "error": None}
    for doc_id in "ab":
        given.generation(cell, doc_id, dataset=dataset).case(
            cell, doc_id, fields=[read], dataset=dataset
        )


def _options(metric: str, dataset: str) -> dict[str, str]:
    return {"field": "none", "metric": metric, "dataset": dataset}


def _scorer() -> dict[str, str]:
    return {"lm_eval": "0", "aggregation": "mean", "per": "doc"}
