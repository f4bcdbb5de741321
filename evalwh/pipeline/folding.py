"""Folds while a run goes on, so that others see it grow; takes little of the run's time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from evalwh.errors import WarehouseBusy
from evalwh.warehouse import Warehouse

_LEAST_PAUSE_S = 3.0
_MOST_SHARE = 0.05
"""Of the time, spent in folds: those of a big journal take long, and come less often."""


@contextlib.asynccontextmanager
async def folding(warehouse: Warehouse) -> AsyncIterator[None]:
    """Fold now and then until the block ends."""
    task = asyncio.create_task(_fold_now_and_then(warehouse))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _fold_now_and_then(warehouse: Warehouse) -> None:
    loop, pause_s = asyncio.get_running_loop(), _LEAST_PAUSE_S
    while True:
        await asyncio.sleep(pause_s)
        started = loop.time()
        with contextlib.suppress(WarehouseBusy):
            await asyncio.to_thread(warehouse.fold)
        pause_s = max(_LEAST_PAUSE_S, (loop.time() - started) / _MOST_SHARE)
