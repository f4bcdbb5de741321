"""What a run shows while it works, on stderr: a bar in a terminal, plain lines elsewhere.

Polls counters; never slows what it shows.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TextIO

from evalwh.counted import counted
from evalwh.generation import Progress
from evalwh.value_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_BAR_S = 0.2
_LINE_S = 5.0


class Display:
    """The stages of a run, one after the other, as bars or lines."""

    def __init__(self, stream: TextIO = sys.stderr, *, line_s: float = _LINE_S) -> None:
        """Where there is no terminal, a line comes every `line_s`, unless nothing has changed."""
        self._stream = stream
        self._line_s = line_s
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._done: int | None = None
        self._shown: tuple[int, str] | None = None

    def say(self, line: str) -> None:
        """Print a line that stays."""
        line = visible(line)
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            # A run that is paid for doesn't end because its progress can't be shown.
            with contextlib.suppress(OSError):
                print(line, file=self._stream, flush=True)

    def advance(self, amount: int) -> None:
        """Count what a stage that counts no replies has done."""
        self._done = (self._done or 0) + amount

    @contextlib.asynccontextmanager
    async def stage(
        self, name: str, total: int, counters: Progress | None = None, *, advances: bool = False
    ) -> AsyncIterator[None]:
        """Show a stage until the block ends; `counters` are a generation's.

        `total` is of their replies, or of what `advance` counts where the stage `advances`.
        """
        self._done = 0 if advances else None
        self._shown = None
        started = time.monotonic()
        shown = asyncio.create_task(self._show(name, total, counters, started))
        try:
            yield
        finally:
            shown.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shown
            self._finish(name, total, counters, started)

    async def _show(self, name: str, total: int, counters: Progress | None, started: float) -> None:
        if self._stream.isatty():
            self._open_bar(name, total)
        while True:
            await asyncio.sleep(_BAR_S if self._bar else self._line_s)
            self._refresh(name, total, counters, started)

    def _open_bar(self, name: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        self._bar = Bar(
            TextColumn("{task.description}", table_column=Column(no_wrap=True, ratio=1)),
            BarColumn(bar_width=8),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[detail]}", table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True),
            expand=True,
            console=Console(file=self._stream),
            transient=True,
        )
        self._task = self._bar.add_task(visible(name), total=total, detail="")
        self._bar.start()

    def _refresh(self, name: str, total: int, counters: Progress | None, started: float) -> None:
        done, detail = self._standing(counters)
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, detail=detail)
        elif (done, detail) != self._shown:
            # A model may load for minutes.
            self._shown = done, detail
            eta = _eta(done, total, time.monotonic() - started)
            self.say(_line(name, done, total, detail, eta))

    def _finish(self, name: str, total: int, counters: Progress | None, started: float) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None
        done, detail = self._standing(counters)
        self.say(_line(name, done, total, detail, f"{time.monotonic() - started:.1f} s"))

    def _standing(self, counters: Progress | None) -> tuple[int, str]:
        """How much of the stage is done, and what its requests came to."""
        if self._done is None:
            return (counters.replies if counters else 0), _detail(counters)
        judged = f"{counters.replies} of the judge's replies, " if counters else ""
        return self._done, judged + _detail(counters)


def _line(name: str, done: int, total: int, detail: str, time_text: str) -> str:
    return ", ".join(part for part in (f"{name}: {done}/{total}", detail, time_text) if part)


def _detail(counters: Progress | None) -> str:
    if counters is None:
        return ""
    tokens = counters.prompt_tokens + counters.completion_tokens
    parts = [counted(counters.errors, "error")]
    if counters.retries:
        parts.append(counted(counters.retries, "retry", "retries"))
    if counters.truncated:
        parts.append(f"{counters.truncated} truncated")
    if tokens:
        parts.append(f"{_compact(tokens)} tokens")
    if counters.billed_usd:
        parts.append(f"${counters.billed_usd:.4f}")
    return ", ".join(parts)


def _compact(number: int) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= 10 * size:
            return f"{number / size:.0f}{unit}"
    return str(number)


def _eta(done: int, total: int, elapsed_s: float) -> str:
    if not done:
        return ""
    return f"{elapsed_s * (total - done) / done:.0f} s left"
