"""The way to the media processes, open as soon as they are ready.

The service answers in writing without them: they are opened beside it, again and again if need be,
and a call that comes before is told to try again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog

from core.ending import end_tasks
from core.errors import MediaUnavailable
from server.media_port import Media

log = structlog.get_logger(__name__)

TRY_AGAIN_SECONDS = 10.0

OpenMedia = Callable[[], AbstractAsyncContextManager[Media]]


class MediaDoor:
    """A Media that raises MediaUnavailable while there is none behind it."""

    def __init__(self) -> None:
        self._media: Media | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls can be carried now."""
        return self._media is not None

    @asynccontextmanager
    async def opening(self, open_media: OpenMedia) -> AsyncIterator["MediaDoor"]:
        """Opens in the background, and closes at the end of the `with` block."""
        task = asyncio.create_task(self._keep_open(open_media), name="open-media")
        try:
            yield self
        finally:
            await end_tasks([task])

    async def _keep_open(self, open_media: OpenMedia) -> None:
        while True:
            try:
                async with open_media() as media:
                    self._media = media
                    await asyncio.Event().wait()  # until the service ends
            except Exception:
                log.exception("media_not_opened")
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            finally:
                self._media = None

    def _behind(self) -> Media:
        if self._media is None:
            raise MediaUnavailable("the media processes aren't ready, or there are none")
        return self._media

    async def join(self, call_id: str, party: str, sdp: str, *, record: bool = False) -> str:
        """See `Media`."""
        return await self._behind().join(call_id, party, sdp, record=record)

    async def leave(self, call_id: str, party: str) -> None:
        """See `Media`."""
        await self._behind().leave(call_id, party)

    async def close(self, call_id: str) -> None:
        """See `Media`."""
        await self._behind().close(call_id)

    async def record(self, call_id: str, *, on: bool) -> None:
        """See `Media`."""
        await self._behind().record(call_id, on=on)

    async def call_stats(self, call_id: str) -> Mapping[str, Any]:
        """See `Media`."""
        return await self._behind().call_stats(call_id)

    async def stats(self) -> Sequence[Mapping[str, Any]]:
        """See `Media`; nothing of processes that aren't there."""
        return await self._media.stats() if self._media else ()
