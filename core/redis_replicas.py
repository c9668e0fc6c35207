"""The bus between replicas, and who is watching, in Redis.

Redis' publish and subscribe keeps nothing: what is sent while somebody isn't connected, or reads too
slowly, is lost to them. So each replica numbers what it sends, and says every few seconds how far it
has come; who finds a gap has missed something. A replica hears its own signs of life too: while it
doesn't, it counts as not connected, whatever the connection looks like.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.ending import end_tasks
from core.errors import ConfigurationError, Unavailable
from core.replica_ports import Hear

log = structlog.get_logger(__name__)

SIGN_OF_LIFE_SECONDS = 2.0
SILENT_AFTER_SECONDS = 7.0
TRY_AGAIN_SECONDS = 0.5
ANSWER_SECONDS = 3.0
MOST_WAITING = 10_000
MOST_AT_ONCE = 100
WATCHED_SECONDS = 30
MOST_REPLICAS_KNOWN = 200


class RedisReplicas:
    """A ReplicaBus and Presence in the Redis at that address, for all who give the same `name`.

    Raises ConfigurationError for an address that can't be read. Channels know no database numbers:
    the name keeps services apart that share a Redis.
    """

    def __init__(self, url: str, name: str) -> None:
        try:
            self._redis = Redis.from_url(
                url,
                decode_responses=True,
                socket_connect_timeout=ANSWER_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                # Who tries again unasked doesn't notice what was lost in between.
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:
            raise ConfigurationError("redis_url：要写 redis://主机、rediss://主机 或 unix:///文件") from None
        self._prefix = f"bangban:{name}:"
        self._me = secrets.token_hex(8)
        self._sent = 0
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._heard: dict[str, int] = {}
        self._heard_me = float("-inf")
        self._connected = False
        self._told_why = ""
        self._hear: Hear = lambda _: None
        self._missed: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """See `ReplicaBus`."""
        return self._connected

    def publish(self, message: Mapping[str, Any]) -> None:
        """See `ReplicaBus`."""
        self._sent += 1  # counted in any case: a gap tells the others what didn't get through
        if self._connected and not self._waiting.full():
            self._waiting.put_nowait(self._written({"message": message}))

    @asynccontextmanager
    async def joined(self, hear: Hear, missed: Callable[[], None]) -> AsyncIterator[None]:
        """See `ReplicaBus`."""
        self._hear, self._missed = hear, missed
        tasks = [
            asyncio.create_task(self._keep_receiving(), name="receive-replica-news"),
            asyncio.create_task(self._keep_sending(), name="send-replica-news"),
        ]
        try:
            yield
        finally:
            await end_tasks(tasks)
            self._connected = False
            await self._redis.aclose()

    async def note(self, conversation_ids: Collection[str]) -> None:
        """See `Presence`."""
        if not conversation_ids:
            return
        with _unavailable_when_silent():
            async with self._redis.pipeline(transaction=False) as commands:
                for each in conversation_ids:
                    commands.set(self._watched_key(each), 1, ex=WATCHED_SECONDS)
                await commands.execute()

    async def watched(self, conversation_ids: Collection[str]) -> frozenset[str]:
        """See `Presence`."""
        asked = list(conversation_ids)
        if not asked:
            return frozenset()
        with _unavailable_when_silent():
            found = await self._redis.mget([self._watched_key(each) for each in asked])
        return frozenset(each for each, value in zip(asked, found, strict=True) if value is not None)

    # --- receiving -------------------------------------------------------------------------------

    async def _keep_receiving(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(self._channel)
                    self._heard_me = time.monotonic()
                    await self._receive(subscription)
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(type(error).__name__)
            except Exception:
                log.exception("replica_news_failed")
                self._lost("failed")
            await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def _receive(self, subscription: PubSub) -> None:
        """Takes in what arrives until nothing does; our own signs of life must."""
        while time.monotonic() - self._heard_me < SILENT_AFTER_SECONDS:
            message = await subscription.get_message(timeout=1.0)
            if message is not None and message["type"] == "message":
                self._take(message["data"])
        self._lost("silent")

    def _take(self, written: str) -> None:
        try:
            envelope = json.loads(written)
            sender, number, message = envelope["from"], int(envelope["number"]), envelope.get("message")
        except (ValueError, TypeError, KeyError):
            log.warning("replica_news_unreadable")  # another version, perhaps: the numbers will tell
            return
        if sender == self._me:
            self._heard_me = time.monotonic()
            if not self._connected:
                self._connected = True
                self._told_why = ""
                log.info("replicas_connected")
                self._missed()
            return
        # A message has the number after the last one, a sign of life that of the last one.
        expected = self._heard.get(sender, 0) + (message is not None)
        if len(self._heard) > MOST_REPLICAS_KNOWN:
            self._heard.clear()
        self._heard[sender] = number
        if number != expected:
            self._missed()
        if message is not None:
            self._hear(message)

    def _lost(self, why: str) -> None:
        self._connected = False
        if self._told_why != why:
            self._told_why = why
            log.warning("replicas_not_connected", reason=why)

    # --- sending ---------------------------------------------------------------------------------

    async def _keep_sending(self) -> None:
        while True:
            batch = await self._next_batch()
            try:
                async with self._redis.pipeline(transaction=False) as commands:
                    for written in batch:
                        commands.publish(self._channel, written)
                    await commands.execute()
            except (RedisError, OSError, TimeoutError) as error:
                self._lost(type(error).__name__)
                while not self._waiting.empty():  # old news by the time it could be sent
                    self._waiting.get_nowait()
                await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def _next_batch(self) -> list[str]:
        """What is to be sent, and at least a sign of life every few seconds."""
        pause = SIGN_OF_LIFE_SECONDS if self._connected else TRY_AGAIN_SECONDS
        try:
            async with asyncio.timeout(pause):
                batch = [await self._waiting.get()]
        except TimeoutError:
            if self._waiting.empty():
                return [self._written({})]
            batch = []
        while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    def _written(self, content: Mapping[str, Any]) -> str:
        return json.dumps({"from": self._me, "number": self._sent, **content})

    @property
    def _channel(self) -> str:
        return self._prefix + "news"

    def _watched_key(self, conversation_id: str) -> str:
        return f"{self._prefix}watched:{conversation_id}"


@contextmanager
def _unavailable_when_silent() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis doesn't answer: {type(error).__name__}") from error
