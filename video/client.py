"""Speaks to the media processes on behalf of the service.

Each call lives in one process, found by its id alone, so that every part of the service finds the
same one. A process that was started again has forgotten its calls: the parties rejoin, which makes
them anew.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from core.errors import (
    BangbanError,
    ConfigurationError,
    InvalidInput,
    MediaFull,
    MediaUnavailable,
    NotFound,
    RecordingUnavailable,
)

REQUEST_TIMEOUT_S = 10.0  # answering an offer takes some 20 ms, more on a loaded machine


@dataclass(frozen=True, slots=True)
class MediaAddress:
    """Where a media process listens, and the secret that it asks for."""

    url: str
    secret: str = field(repr=False)


def create_session() -> aiohttp.ClientSession:
    """A session for the client; whoever makes it closes it."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S))


def shard_of(call_id: str, processes: int) -> int:
    """Which of the processes has this call."""
    return zlib.crc32(call_id.encode()) % processes


class MediaClient:
    """Every call raises MediaUnavailable when the process doesn't answer; try again a little later."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Sequence[MediaAddress]) -> None:
        if not addresses:
            raise ConfigurationError("没有媒体进程")
        self._session = session
        self._addresses = addresses

    @property
    def processes(self) -> int:
        """How many there are; `shard_of` spreads calls over them."""
        return len(self._addresses)

    async def join(self, call_id: str, party: str, sdp: str, *, record: bool = False) -> str:
        """Connects a party, again if need be; returns the answer to its offer.

        Raises MediaFull when no more calls are taken, InvalidInput for an offer without use,
        RecordingUnavailable when it can't be recorded as wanted.
        """
        body = {"sdp": sdp, "record": record}
        answer = await self._ask("POST", call_id, f"/legs/{party}", body)
        return str(answer["sdp"])

    async def leave(self, call_id: str, party: str) -> None:
        """Disconnects a party; the call goes on. Gone already is no mistake."""
        await self._end(call_id, f"/legs/{party}")

    async def close(self, call_id: str) -> None:
        """Ends the call and its recording. Gone already is no mistake."""
        await self._end(call_id, "")

    async def record(self, call_id: str, *, on: bool) -> None:
        """Starts or ends recording. Raises NotFound, RecordingUnavailable."""
        await self._ask("POST", call_id, "/record", {"on": on})

    async def call_stats(self, call_id: str) -> Mapping[str, Any]:
        """Figures of one call. Raises NotFound."""
        return await self._ask("GET", call_id, "/stats")

    async def stats(self) -> Sequence[Mapping[str, Any]]:
        """Figures of each process, in order; one that doesn't answer gives an empty one."""
        return await asyncio.gather(*(self._stats_of(address) for address in self._addresses))

    async def _stats_of(self, address: MediaAddress) -> Mapping[str, Any]:
        try:
            return await request(self._session, address, "GET", "/stats")
        except MediaUnavailable:
            return {}

    async def _end(self, call_id: str, path: str) -> None:
        with contextlib.suppress(NotFound):
            await self._ask("DELETE", call_id, path)

    async def _ask(
        self, method: str, call_id: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        address = self._addresses[shard_of(call_id, len(self._addresses))]
        return await request(self._session, address, method, f"/calls/{call_id}{path}", body)


async def request(
    session: aiohttp.ClientSession,
    address: MediaAddress,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """What a media process answers; its errors become ours."""
    headers = {"Authorization": f"Bearer {address.secret}"}
    try:
        async with session.request(
            method, f"{address.url}{path}", json=body, headers=headers, allow_redirects=False
        ) as response:
            if response.status == 204:
                return {}
            answer = await response.json(content_type=None)
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise MediaUnavailable(f"媒体进程没有应答：{type(error).__name__}") from error
    if not isinstance(answer, dict):
        raise MediaUnavailable("媒体进程的应答看不懂")
    if status >= 400:
        raise _error_of(status, answer.get("error"))
    return answer


def _error_of(status: int, described: Any) -> BangbanError:
    described = described if isinstance(described, dict) else {}
    message = str(described.get("message", f"HTTP {status}"))
    for refusal in (MediaFull, RecordingUnavailable):
        if described.get("code") == refusal.code:
            return refusal(message)
    if status == 404:
        return NotFound(message)
    if status in {401, 403}:
        return ConfigurationError("媒体进程不认这个密钥，请核对 media_secret")
    if status < 500:
        return InvalidInput(message)
    return MediaUnavailable(message)
