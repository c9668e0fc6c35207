"""Background work goes on after a failure and ends with its owner."""

import asyncio

from server.background import BackgroundTasks
from tests.waiting import PATIENCE_S


async def test_a_failing_round_does_not_end_the_work():
    rounds = 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            enough.set()
        raise OSError("this round failed")

    async with BackgroundTasks() as tasks, asyncio.timeout(PATIENCE_S):
        tasks.repeat("work", 0.0, work)
        await enough.wait()


async def test_everything_is_cancelled_at_the_end():
    cancelled = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with BackgroundTasks() as tasks:
        tasks.start("work", work())
        await begun.wait()

    assert cancelled.is_set()
