"""Whoever is ended has ended."""

import asyncio

from core.ending import end_tasks


async def forever(started: asyncio.Event, cancelled: list[str], deaf_to: int = 0) -> None:
    started.set()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("cancelled")
            if len(cancelled) > deaf_to:
                raise


async def begun(deaf_to: int = 0) -> tuple[asyncio.Task[None], list[str]]:
    started, cancelled = asyncio.Event(), []
    task = asyncio.create_task(forever(started, cancelled, deaf_to))
    await started.wait()
    return task, cancelled


async def test_tasks_have_ended_when_it_returns():
    (first, _), (second, _) = await begun(), await begun()
    await end_tasks([first, second])

    assert first.cancelled()
    assert second.cancelled()


async def test_a_task_that_lost_its_cancellation_is_cancelled_again():
    task, cancelled = await begun(deaf_to=1)
    await end_tasks([task], again_s=0.01)

    assert task.cancelled()
    assert len(cancelled) == 2


async def test_one_that_ended_badly_hinders_nobody():
    async def fails() -> None:
        raise ValueError("for a reason")

    failed = asyncio.create_task(fails())
    await asyncio.wait({failed})
    other, _ = await begun()
    await end_tasks([failed, other])

    assert other.cancelled()


async def test_nothing_to_end_is_no_mistake():
    await end_tasks([])
