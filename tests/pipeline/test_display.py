"""What a run shows where there is no terminal: a line now and then."""

import asyncio
import io

from evalwh.generation import Progress
from evalwh.pipeline.display import Display
from evalwh.records import Reply


async def test_a_line_comes_when_something_has_changed() -> None:
    stream, counters = io.StringIO(), Progress()
    display = Display(stream, line_s=0.01)

    async with display.stage("generating m", 3, counters):
        await asyncio.sleep(0.2)
        counters.count(Reply("hi"))
        await asyncio.sleep(0.2)

    lines = [line.rpartition(",")[0] for line in stream.getvalue().splitlines()]
    assert lines == [
        "generating m: 0/3",
        "generating m: 1/3, 0 errors",
        "generating m: 1/3, 0 errors",
    ]
