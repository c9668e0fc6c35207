"""Owns the background tasks of the service: each has a name, each is cancelled at the end."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from core.ending import end_tasks

log = structlog.get_logger(__name__)


class BackgroundTasks:
    """Tasks that live as long as the `async with` block."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "BackgroundTasks":
        return self

    async def __aexit__(self, *_: object) -> None:
        await end_tasks(self._tasks)

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Runs the work once; a failure is logged and harms nothing else."""
        task = asyncio.create_task(self._guarded(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def repeat(self, name: str, every_seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Runs the work now and again and again; a failure is logged and the next round tries anew."""
        self.start(name, self._forever(name, every_seconds, work))

    async def _forever(self, name: str, every_seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("background_round_failed", task=name)
            await asyncio.sleep(every_seconds)

    async def _guarded(self, name: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("background_task_failed", task=name)
