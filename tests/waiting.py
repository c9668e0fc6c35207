"""Waiting for what no event tells of."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE_S = 300.0
"""Far over what anything takes on the slowest machine: only what hangs reaches it."""

_LOOK_S = 0.01


async def comes_true(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Returns when the condition, which may be awaitable, holds. Raises TimeoutError after `patience_s`."""
    async with asyncio.timeout(patience_s):
        while True:
            holds = condition()
            if await holds if inspect.isawaitable(holds) else holds:
                return
            await asyncio.sleep(_LOOK_S)
