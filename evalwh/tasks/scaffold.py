"""A first task folder to fill in, copied from `evalwh/tasks/starter`."""

from pathlib import Path

from evalwh.errors import TaskError

_STARTER = Path(__file__).parent / "starter"


def scaffold(directory: Path) -> list[Path]:
    """Write a small working task into a new or empty folder; the files, in order.

    Raises TaskError when there is anything in the folder already, or it can't be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TaskError(f"{directory}: already there and not empty; name a new folder")
    sources = sorted(path for path in _STARTER.rglob("*") if path.is_file())
    try:
        return [_copy(source, directory / source.relative_to(_STARTER)) for source in sources]
    except OSError as error:
        raise TaskError(f"{directory}: can't be written: {error.strerror}") from None


def _copy(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    return target
