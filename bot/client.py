"""The dialogue engine: Rasa, spoken to over its HTTP API.

Implements `core.ports.DialogueEngine`. Keeps the duties that Rasa leaves to its gateway: a time
limit on every turn, an answer of nothing is a failure, waiting while Rasa restarts. The caller
sends one message of a conversation at a time; Rasa would otherwise let them wait for each other in
steps of a second.
"""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from bot.wire import compose_message, read_reply
from core.errors import DialogueUnavailable
from core.messages import BotReply

RETRY_EVERY_S = 0.25
KNOWN_SENTENCE = "转人工"
KNOWN_INTENT = "request_human"
READY_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class RasaAddress:
    """Where a Rasa process listens. `token` opens its management API; its webhook needs none."""

    url: str
    token: str = ""


class RasaEngine:
    """Turns a citizen's message into a reply through one or several Rasa processes.

    A conversation always goes to the same process, because the lock that keeps its turns in order
    lives there.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: Sequence[RasaAddress],
        *,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not addresses:
            raise ValueError("an engine needs a Rasa process")
        self._session = session
        self._addresses = addresses
        self._timeout_s = timeout_s
        self._clock = clock
        self._sleep = sleep

    async def reply(
        self, sender_id: str, text: str, *, picked: str = "", metadata: Mapping[str, Any] | None = None
    ) -> BotReply:
        """The reply to `text`; `picked` is the value of an offered choice.

        Raises DialogueUnavailable when Rasa fails, times out or says nothing, and InvalidInput
        for a message without content.
        """
        message = compose_message(sender_id, text, picked=picked, metadata=metadata)
        started = self._clock()
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await self._send(self._address_of(sender_id), message, started + self._timeout_s)
        except TimeoutError as error:
            raise DialogueUnavailable("Rasa took too long") from error
        reply = read_reply(body)
        engine_ms = round((self._clock() - started) * 1000, 2)
        return replace(reply, timings_ms={**reply.timings_ms, "engine": engine_ms})

    async def ready(self) -> bool:
        """Whether every process understands a known sentence."""
        return all(await asyncio.gather(*(is_ready(self._session, a) for a in self._addresses)))

    def _address_of(self, sender_id: str) -> RasaAddress:
        return self._addresses[zlib.crc32(sender_id.encode()) % len(self._addresses)]

    async def _send(self, address: RasaAddress, message: Mapping[str, Any], give_up_at: float) -> Any:
        """What the webhook returned; waits while a process restarts.

        After a refused connection nothing was sent. One that broke on the way lost its process in
        the middle of a turn: Rasa saves a turn at its end and our actions only read, so the turn
        may be repeated. Once: a message that kills Rasa shall not do so for ever.
        """
        broken = False
        while True:
            try:
                async with self._session.post(
                    f"{address.url}/webhooks/rest/webhook", json=message
                ) as response:
                    if response.status != 200:
                        raise DialogueUnavailable(f"Rasa answered with status {response.status}")
                    return await response.json()
            except aiohttp.ClientConnectorError as error:
                if self._clock() + RETRY_EVERY_S >= give_up_at:
                    raise DialogueUnavailable("Rasa doesn't listen") from error
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if broken:
                    raise DialogueUnavailable("Rasa broke off twice") from error
                broken = True
            except (aiohttp.ClientError, ValueError) as error:
                raise DialogueUnavailable(f"Rasa failed: {type(error).__name__}") from error
            await self._sleep(RETRY_EVERY_S)


def create_session() -> aiohttp.ClientSession:
    """A session for `RasaEngine`; the caller closes it.

    Connections aren't kept: one that Rasa closed while it lay idle would fail a turn that it never
    saw, and a new one on loopback costs a fifth of a millisecond.
    """
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))


async def is_ready(session: aiohttp.ClientSession, address: RasaAddress) -> bool:
    """Whether the process understands a known sentence.

    Its other pages say little: with a broken model `/` still answers 200.
    """
    parsed = await ask(session, address, "POST", "/model/parse", {"text": KNOWN_SENTENCE})
    intent = parsed.get("intent")
    return isinstance(intent, dict) and intent.get("name") == KNOWN_INTENT


async def served_model(session: aiohttp.ClientSession, address: RasaAddress) -> str:
    """The id of the model that the process serves, or empty."""
    status = await ask(session, address, "GET", "/status")
    model_id = status.get("model_id")
    return model_id if isinstance(model_id, str) else ""


async def ask(
    session: aiohttp.ClientSession,
    address: RasaAddress,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """An object from Rasa's management API; empty if it fails in any way."""
    try:
        async with (
            asyncio.timeout(READY_TIMEOUT_S),
            session.request(
                method,
                address.url + path,
                json=body,
                params={"token": address.token} if address.token else None,
            ) as response,
        ):
            found = await response.json() if response.status == 200 else {}
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
