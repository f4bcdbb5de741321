"""`run --output_path`: lm-eval's results file of a run, at its end; refused before it begins.

With `--log_samples` lm-eval's samples files lie beside it.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from evalwh.cli.run_options import RunOptions
from evalwh.errors import ModelsFailed, UsageError
from evalwh.warehouse import Warehouse


def check_outputs(runs: Sequence[RunOptions]) -> None:
    """Refuse what can't be written, and one file for several runs. Makes the folders."""
    files: set[Path] = set()
    for options in runs:
        if options.output_path is None:
            if options.log_samples:
                raise UsageError("--log_samples: needs --output_path FILE.json to write beside")
            continue
        if _is_folder(options.output_path):
            _check_folder(options.output_path, options.output_path)
            continue
        _check_file(options.output_path, options.db)
        # However it is spelled, and through whichever link.
        file = options.output_path.resolve()
        if file in files:
            raise UsageError(
                f"--output_path {options.output_path}: several runs would write it; name a folder"
            )
        files.add(file)


@contextlib.contextmanager
def results_written(options: RunOptions, warehouse: Warehouse, run_id: str) -> Iterator[None]:
    """Write the file, if one is asked for, once the block is done; of what there is of a run."""
    try:
        yield
    except ModelsFailed:
        _write(options, warehouse, run_id)
        raise
    _write(options, warehouse, run_id)


def _write(options: RunOptions, warehouse: Warehouse, run_id: str) -> None:
    if options.output_path is None:
        return
    from evalwh.export.lm_eval_files import write_results

    written = write_results(warehouse, run_id, options.output_path, samples=options.log_samples)
    for file in written:
        typer.echo(f"evalwh: wrote {file}", err=True)


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder's: as with lm-eval, what isn't named `.json` is one."""
    return path.is_dir() or path.suffix != ".json"


def _check_file(path: Path, db: Path) -> None:
    if path.resolve() == db.resolve():
        raise UsageError(f"--output_path {path}: is the warehouse; choose another file")
    _check_folder(path.parent, path)
    if path.exists():
        try:
            path.open("ab").close()
        except OSError as error:
            raise _unwritable(path, error) from None


def _check_folder(folder: Path, given: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise _unwritable(given, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    said = error.strerror or error
    return UsageError(f"--output_path {path}: {said}; choose a place that can be written")
