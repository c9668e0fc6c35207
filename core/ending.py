"""Ends tasks, and is sure that they have ended."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_AGAIN_AFTER_SECONDS: Final = 1.0


async def end_tasks(tasks: Iterable[asyncio.Task[Any]], *, again_s: float = _AGAIN_AFTER_SECONDS) -> None:
    """Cancels the tasks and returns when the last has ended; how they ended is nobody's concern.

    Who goes on is cancelled again after `again_s` seconds. `asyncio.wait_for` before Python 3.12 loses a
    cancellation that comes in the moment in which what it waits for is done
    (https://github.com/python/cpython/issues/86296), and libraries use it: redis-py does for each write.
    """
    all_of_them = tuple(tasks)
    left = {task for task in all_of_them if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
    await asyncio.gather(*all_of_them, return_exceptions=True)  # what went wrong counts as seen


__all__ = ["end_tasks"]
