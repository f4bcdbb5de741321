"""Facts for the tests of views, written as a run writes them: through a journal, then folded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalwh.hashing import row_key
from evalwh.warehouse import Warehouse

START = datetime(2026, 1, 1)
"""When everything here happens unless a test says otherwise."""


@dataclass(slots=True)
class Given:
    """Collects records; `warehouse()` brings them into a real file."""

    path: Path
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def run(self, run_id: str = "r1", **columns: Any) -> "Given":
        defaults = {"config": {}, "tags": {}, "evalwh_version": "0", "started_at": _at(0)}
        return self._add("run", run_key=row_key(run_id), run_id=run_id, **{**defaults, **columns})

    def event(
        self, status: str, *, run_id: str = "r1", day: int = 0, message: str | None = None
    ) -> "Given":
        return self._add(
            "run_event",
            run_key=row_key(run_id),
            status=status,
            happened_at=_at(day),
            message=message,
        )

    def cell(
        self,
        *,
        docs: int,
        repeats: int = 1,
        run_id: str = "r1",
        model: str = "m",
        prompt_id: str = "p",
        dataset: str = "d",
    ) -> int:
        """A cell's key; its run must be given too."""
        cell_key = row_key(run_id, model, prompt_id, dataset)
        self._add(
            "cell",
            cell_key=cell_key,
            run_key=row_key(run_id),
            model=model,
            prompt_id=prompt_id,
            prompt_hash="sha256:0",
            dataset=dataset,
            split="test",
            docs=docs,
            repeats=repeats,
        )
        return cell_key

    def docs(self, *doc_ids: str, dataset: str = "d", day: int = 0) -> "Given":
        """Docs by their ids; `a#2` is another content of the doc `a`."""
        for doc_id in doc_ids:
            self.doc(doc_id.partition("#")[0], doc_id, dataset=dataset, day=day)
        return self

    def doc(self, doc_id: str, content: str, *, dataset: str = "d", day: int = 0) -> "Given":
        """A doc's content under its id, whatever the id has in it."""
        return self._add(
            "doc",
            doc_key=row_key(dataset, content),
            dataset=dataset,
            split="test",
            doc_id=doc_id,
            doc_hash=f"sha256:{content}",
            doc={"id": content},
            target=f"target of {content}",
            seen_at=_at(day),
        )

    def scored(
        self,
        cell_key: int,
        scores: Mapping[str, Sequence[float | None]],
        *,
        field: str = "response",
        metric: str = "em",
        dataset: str = "d",
        scorer: Mapping[str, Any] | None = None,
        higher_is_better: bool = True,
        day: int = 0,
    ) -> "Given":
        """Scores of one field and metric: by doc, one for each repeat; null has an error."""
        measure_key = row_key(field, metric, str(scorer or {}))
        self._add(
            "measure",
            measure_key=measure_key,
            field=field,
            metric=metric,
            scorer=dict(scorer or {}),
            higher_is_better=higher_is_better,
        )
        self._add("scoring", cell_key=cell_key, measure_key=measure_key, scored_at=_at(day))
        for doc_id, by_repeat in scores.items():
            for repeat, score in enumerate(by_repeat):
                error = "no score" if score is None else None
                made = {"measure_key": measure_key, "score": score, "error": error}
                self.case(cell_key, doc_id, repeat=repeat, scores=[made], dataset=dataset)
        return self

    def case(
        self,
        cell_key: int,
        doc_id: str,
        *,
        repeat: int = 0,
        fields: Sequence[Mapping[str, Any]] = (),
        scores: Sequence[Mapping[str, Any]] = (),
        items: Sequence[Mapping[str, Any]] = (),
        replaces: bool = False,
        dataset: str = "d",
    ) -> "Given":
        return self._add(
            "case",
            cell_key=cell_key,
            doc_key=row_key(dataset, doc_id),
            repeat=repeat,
            attempt=1,
            replaces=replaces,
            fields=[dict(row) for row in fields],
            scores=[dict(row) for row in scores],
            items=[dict(row) for row in items],
        )

    def itemed(
        self,
        cell_key: int,
        items: Mapping[str, Any],
        *,
        aggregation: str,
        docs: int,
        field: str = "none",
        metric: str = "em",
        dataset: str = "d",
        day: int = 0,
        higher_is_better: bool = True,
        scores: Mapping[str, Sequence[float | None]] | None = None,
        **made: Any,
    ) -> "Given":
        """Items by doc and the aggregate row of lm-eval's metric; docs with an item have no score,
        the others may have `scores`."""
        scorer = {"lm_eval": "0", "aggregation": aggregation, "per": "doc"}
        options: dict[str, Any] = {"field": field, "metric": metric, "dataset": dataset}
        self.scored(
            cell_key,
            scores or {},
            scorer=scorer,
            higher_is_better=higher_is_better,
            day=day,
            **options,
        )
        measure_key = row_key(field, metric, str(scorer))
        for doc_id, item in items.items():
            made_score = {"measure_key": measure_key, "score": None, "error": "no score"}
            made_item = {"measure_key": measure_key, "item": item}
            self.case(cell_key, doc_id, scores=[made_score], items=[made_item], dataset=dataset)
        defaults = {"value": None, "stderr": None, "error": None}
        return self._add(
            "aggregate",
            cell_key=cell_key,
            measure_key=measure_key,
            aggregation=aggregation,
            docs=docs,
            made_at=_at(day),
            **{**defaults, **made},
        )

    def generation(
        self, cell_key: int, doc_id: str, *, dataset: str = "d", **columns: Any
    ) -> "Given":
        defaults = {
            "repeat": 0,
            "stage": "main",
            "role": "model",
            "attempt": 1,
            "asked_model": "m",
            "request_hash": "sha256:1",
            "request": {"messages": [{"role": "user", "content": "hello"}]},
            "response": "hi",
            "error": None,
            "finish_reason": "stop",
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "latency_ms": 100.0,
            "billed_usd": 0.5,
            "cached": False,
            "created_at": _at(0),
        }
        keys = {"cell_key": cell_key, "doc_key": row_key(dataset, doc_id)}
        return self._add("generation", **keys, **{**defaults, **columns})

    def threshold(
        self,
        threshold: float | None,
        *,
        field: str = "response",
        metric: str = "em",
        dataset: str = "d",
        day: int = 0,
    ) -> "Given":
        return self._dated(
            "threshold", day, dataset=dataset, field=field, metric=metric, threshold=threshold
        )

    def price(
        self, prompt: float | None, completion: float | None, *, model: str = "m", day: int = 0
    ) -> "Given":
        return self._dated(
            "price",
            day,
            model=model,
            prompt_usd_per_mtok=prompt,
            completion_usd_per_mtok=completion,
        )

    def aggregation(
        self,
        rule: str | None,
        *,
        field: str | None = None,
        weights: Mapping[str, float] | None = None,
        least_share: float | None = None,
        dataset: str = "d",
        day: int = 0,
    ) -> "Given":
        weighted = {"weights": weights, "least_share": least_share}
        return self._dated("aggregation", day, dataset=dataset, field=field, rule=rule, **weighted)

    def label(
        self,
        cell_key: int,
        doc_id: str,
        passed: bool | None,
        *,
        repeat: int = 0,
        field: str | None = "response",
        by: str = "ana",
        day: int = 0,
        dataset: str = "d",
    ) -> "Given":
        return self._add(
            "label",
            cell_key=cell_key,
            doc_key=row_key(dataset, doc_id),
            repeat=repeat,
            field=field,
            passed=passed,
            set_at=_at(day),
            set_by=by,
            reason=None,
        )

    def warehouse(self) -> Warehouse:
        """The warehouse with everything given."""
        warehouse = Warehouse(self.path)
        if not warehouse.exists():
            warehouse.path.write_bytes(empty_warehouse())
        with warehouse.journal("given") as journal:
            for kind, record in self.records:
                journal.write(kind, record)
        self.records.clear()
        warehouse.fold()
        return warehouse

    def _dated(self, kind: str, day: int, **columns: Any) -> "Given":
        return self._add(kind, **columns, set_at=_at(day), set_by="tester", reason=None)

    def _add(self, kind: str, **record: Any) -> "Given":
        self.records.append((kind, record))
        return self


def given_two_thresholds(folder: Path) -> Path:
    """A warehouse's file: two docs with a score, and a threshold set a second time."""
    given = Given(folder / "evalwh.duckdb")
    cell = given.run().docs("a", "b").cell(docs=2)
    given.scored(cell, {"a": [0.4], "b": [0.8]}).threshold(0.3, day=1).threshold(0.6, day=2)
    return given.warehouse().path


def day(number: int) -> datetime:
    """Noon of the day `number` days after the start: later than what is set on that day."""
    return START + timedelta(days=number, hours=12)


def _at(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


@cache
def empty_warehouse() -> bytes:
    """The file of a warehouse without facts: all its views are bound once for many tests."""
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "evalwh.duckdb")
        warehouse.fold()
        return warehouse.path.read_bytes()
