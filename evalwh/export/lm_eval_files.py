"""What `run --output_path` writes: lm-eval's results file and, if asked for, its samples files.

`FILE.json` is written as it is named, its samples beside it. In a folder they have the names that
lm-eval gives them: `<model>/results_<date>.json` and `<model>/samples_<task>_<date>.jsonl`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from evalwh.export.doc_order import tasks_of
from evalwh.export.lm_eval_about import given_gen_kwargs, sanitized
from evalwh.export.lm_eval_json import task_name, write
from evalwh.export.lm_eval_samples import Sampled, samples_of
from evalwh.replacing import replacing
from evalwh.warehouse import Warehouse

Row = Mapping[str, Any]
_CONFIG = "select config from runs where run_id = $run"
_CELLS = """
select model, prompt_id, dataset, split from cells where run_id = $run
order by model, prompt_id, dataset, split
"""


def write_results(
    warehouse: Warehouse, run_id: str, path: Path, *, samples: bool = False
) -> list[Path]:
    """Write the files of a run; the results file comes first in what is returned.

    `path` is a folder unless it ends in `.json`. Raises ExportError for what can't be written.
    """
    cells = warehouse.read(_CELLS, {"run": run_id}).dicts()
    results, date = _results_path(path, cells)
    results.parent.mkdir(parents=True, exist_ok=True)
    hashes: dict[str, str] = {}
    written = [results]
    for name, cell_samples in _samples(warehouse, run_id, cells) if samples else ():
        beside = results.with_name(f"samples_{sanitized(name)}_{date}.jsonl")
        hashes[name] = _write_samples(cell_samples, beside, warehouse)
        written.append(beside)
    with replacing(results, warehouse=warehouse.path) as unfinished:
        write(warehouse, run_id, unfinished, hashes)
    return written


def _results_path(path: Path, cells: Sequence[Row]) -> tuple[Path, str]:
    date = datetime.now().isoformat().replace(":", "-")
    if path.suffix == ".json" and not path.is_dir():
        return path, date
    models = ",".join(dict.fromkeys(cell["model"] for cell in cells))
    return path / sanitized(models or "none") / f"results_{date}.json", date


def _samples(
    warehouse: Warehouse, run_id: str, cells: Sequence[Row]
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """The samples of each cell with its task's name."""
    (config,) = warehouse.read(_CONFIG, {"run": run_id}).rows[0]
    stored = json.loads(config)
    datasets = {each["dataset"]: each for each in stored.get("datasets", ())}
    tasks = tasks_of(datasets.values())
    for cell in cells:
        dataset = datasets.get(cell["dataset"], {})
        sampled = Sampled(run_id, cell, dataset, tasks.get(cell["dataset"]))
        yield (
            _task_name(cell, dataset, cells),
            samples_of(warehouse, sampled, given_gen_kwargs(stored) or {}),
        )


def _task_name(cell: Row, dataset: Row, cells: Sequence[Row]) -> str:
    if dataset.get("kind") != "harness":
        return task_name(cell, cells)
    several = len({each["model"] for each in cells}) > 1
    train = ":train" if cell["split"] == "train" else ""
    return f"{cell['dataset']}{train}" + (f":{cell['model']}" if several else "")


def _write_samples(samples: Iterable[dict[str, Any]], path: Path, warehouse: Warehouse) -> str:
    """Write the samples of a cell; their hash, as lm-eval's `task_hashes` has it."""
    hashes = []
    with replacing(path, warehouse=warehouse.path) as unfinished, unfinished.open("w") as lines:
        for sample in samples:
            lines.write(json.dumps(sample, ensure_ascii=False) + "\n")
            hashes += [sample["doc_hash"], sample["prompt_hash"], sample["target_hash"]]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
