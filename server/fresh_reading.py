"""One reading for all who ask at once, never older than the question."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class FreshReading(Generic[T]):
    """Calls `read` for however many ask: whoever asks while it is under way shares the one after it.

    So nobody gets what was read before they asked, and 300 who ask at once cause two readings
    rather than 300.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """What `read` returns, or raises, when called now or a moment later."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running), name="fresh-reading")
        # Others may want the answer when who asked first has gone.
        return await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[T] | None) -> T:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        return await self._read()
