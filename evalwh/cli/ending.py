"""What SIGINT, SIGTERM and SIGHUP do to a command that runs the code of tasks and metrics.

The handlers are Python's, not the event loop's: a loop that such code holds up calls none.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Self

from evalwh.cli.exit_codes import ExitCode

_STDERR = 2
_SHOW_CURSOR = "\x1b[?25h"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """While it is entered a signal ends the process at once, whatever it is busy with.

    `last_words` are lines that are told then. Of work that `carry_out` waits for, the first signal
    lets what is in flight arrive, and the second ends the process.
    """

    def __init__(self, *last_words: str) -> None:
        self._last_words = last_words
        self._cancel: Callable[[], object] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> Self:
        for number in _ENDING:
            # nohup and a shell's & have some of them ignored.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._end)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def carry_out(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for `work`. Raises KeyboardInterrupt where a signal has ended it."""
        running = asyncio.create_task(work)
        loop = asyncio.get_running_loop()
        self._cancel = lambda: loop.call_soon_threadsafe(running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            self._cancel = None

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A library's worker, forked of this process, that is ended by a signal.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        cancel, self._cancel = self._cancel, None
        if cancel is None:
            self._leave()
        else:
            cancel()

    def _leave(self) -> None:
        """Past every buffer: whatever was interrupted may be writing to one."""
        cursor = _SHOW_CURSOR if os.isatty(_STDERR) else ""  # the progress bar hides it
        lines = [*self._last_words, "evalwh: error: interrupted"]
        try:
            os.write(_STDERR, (cursor + "".join(f"{line}\n" for line in lines)).encode())
        finally:
            os._exit(ExitCode.INTERRUPTED)
