"""Runs of lm-eval tasks in this process: asked, stored, folded and scored as `evalwh run` does."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evalwh.generation import Progress
from evalwh.pipeline import rows
from evalwh.pipeline.config import RunConfig, datasets_to_json
from evalwh.pipeline.display import Display
from evalwh.pipeline.matrix import NOTHING, cells_of, jobs_of
from evalwh.pipeline.parts import read_parts
from evalwh.pipeline.scoring import Scoring, score_run
from evalwh.records import Reply, Request
from evalwh.warehouse import Warehouse
from evalwh.warehouse.clock import utc_now
from tests.harness.hashed_model import HashedModel

RUN = "r1"


def run_tasks(
    warehouse: Warehouse,
    tasks: Sequence[str],
    include_path: Path,
    reply: Callable[[Request], Reply] | None = None,
    limit: int | None = None,
    samples: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Ask and store everything about `tasks`, then score it."""
    model = HashedModel()
    config = RunConfig(
        model="hashed",
        model_names=["hashed"],
        tasks=list(tasks),
        include_path=[str(include_path)],
        limit=limit,
        samples=samples or {},
    )
    parts = read_parts(config)
    cells = cells_of(RUN, model.name, parts)
    datasets = datasets_to_json(parts)
    with warehouse.journal(RUN) as journal:
        stored = {**config.to_json(), "datasets": datasets}
        journal.write("run", rows.run_row(RUN, stored, {}))
        for cell in cells:
            journal.write("cell", rows.cell_row(cell))
            for doc in cell.part.task.docs(cell.part.split, limit):
                journal.write("doc", rows.doc_row(doc, utc_now()))
        for job in jobs_of(cells, model, config, NOTHING):
            replied = (reply or model.reply)(job.request)
            journal.write("generation", rows.generation_row(job, replied))
    warehouse.fold()
    score_again(warehouse)


def score_again(warehouse: Warehouse) -> None:
    """Score the run from what is stored."""
    with warehouse.journal(RUN) as journal:
        scoring = Scoring(warehouse, RUN, journal, Display(), Progress())
        asyncio.run(score_run(scoring))
    warehouse.fold()
