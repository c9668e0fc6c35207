"""This replica among the others: passes on what happens here, takes in what happens there.

The database decides everything and is asked again whenever something may have been missed, so a lost
message costs a moment and nothing else. While what connects the replicas is away, each looks at the
database every few seconds for those who watch here; then it goes on as before.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from core.desk_ports import DeskStore
from core.ending import end_tasks
from core.errors import BangbanError, Unavailable
from core.ports import ConversationStore
from core.replica_ports import Locks, Presence, ReplicaBus
from server.desk_events import DeskEvents
from server.events import EventFanOut

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
NOTE_SECONDS = 5.0
ROUNDS = "rounds"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class ReplicaParts:
    """What connects this replica with the others."""

    locks: Locks
    bus: ReplicaBus
    presence: Presence


async def _nothing() -> None:
    """There is nothing to tell again."""


class Replicas:
    """Without `parts` there are no others.

    `changed` is called when the queue has changed at another replica, `tell_again` is awaited when
    passing news may have been lost that can be made anew from what is stored.
    """

    def __init__(
        self,
        parts: ReplicaParts | None,
        *,
        fan_out: EventFanOut,
        screens: DeskEvents,
        store: ConversationStore,
        desk_store: DeskStore,
        changed: Callable[[], None] = lambda: None,
        tell_again: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._parts = parts
        self._fan_out = fan_out
        self._screens = screens
        self._store = store
        self._desk_store = desk_store
        self.changed = changed
        self.tell_again = tell_again
        self._missed = asyncio.Event()
        self._newest: Mapping[str, int] = {}

    @property
    def connected(self) -> bool:
        """Whether what happens elsewhere is told here at once; true for who is alone."""
        return self._parts is None or self._parts.bus.connected

    @property
    def shared_locks(self) -> Locks | None:
        """The locks of all replicas; None for who is alone."""
        return self._parts.locks if self._parts else None

    async def leads(self) -> bool:
        """Whether this is the one replica that does what one has to do; always for who is alone."""
        if self._parts is None:
            return True
        locks = self._parts.locks
        try:
            # Asked again, for another task of this replica may have taken it in between.
            return await locks.holds(ROUNDS) or await locks.try_hold(ROUNDS) or await locks.holds(ROUNDS)
        except Unavailable:
            return False

    async def watched(self, conversation_ids: Collection[str]) -> frozenset[str] | None:
        """Which of these are open on a citizen's screen, wherever; None if that can't be told now."""
        here = frozenset(filter(self._fan_out.is_watched_by_citizen, conversation_ids))
        elsewhere = frozenset(conversation_ids) - here
        if self._parts is None or not elsewhere:
            return here
        try:
            return here | await self._parts.presence.watched(elsewhere)
        except Unavailable:
            return None

    async def is_watched(self, conversation_id: str) -> bool:
        """Whether it is open on a citizen's screen, as far as that can be told."""
        return conversation_id in (await self.watched([conversation_id]) or ())

    def queue_changed(self) -> None:
        """Something about the queue has changed here."""
        self.changed()
        self._fan_out.pass_on({"what": "changed"})

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Takes part as long as the block lasts."""
        if self._parts is None:
            yield
            return
        self._fan_out.pass_on = self._parts.bus.publish
        keeping = [
            asyncio.create_task(self._keep_up(), name="keep-up-with-replicas"),
            asyncio.create_task(self._keep_noting(self._parts.presence), name="note-who-watches"),
        ]
        try:
            async with self._parts.bus.joined(self.hear, self._missed.set):
                yield
        finally:
            await end_tasks(keeping)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Takes in what another replica passed on. What it doesn't know, a newer version may have sent."""
        try:
            if message.get("what") == "changed":
                self.changed()
            elif not (self._fan_out.hear(message) or self._screens.hear(message)):
                log.info("replica_news_unknown")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("replica_news_unreadable", error=type(error).__name__)
            self._missed.set()

    async def catch_up(self) -> None:
        """Brings those who watch here up to what is stored."""
        newest = await self._store.last_sequences(self._fan_out.watched)
        changed = [each for each, number in newest.items() if number != self._newest.get(each)]
        self._newest = newest
        for _ in range(_TRIES):
            changes = self._screens.changes
            held = await self._desk_store.held()
            if changes == self._screens.changes:  # else `held` may be older than what screens know
                self._screens.follow_as_held(held)
                break
        self._fan_out.let_catch_up(changed)
        await self.tell_again()
        self.changed()

    async def _keep_up(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._missed.wait()
            if self._missed.is_set() or not self.connected:
                self._missed.clear()
                try:
                    await self.catch_up()
                except BangbanError as error:
                    log.warning("not_caught_up", code=error.code)
                    self._missed.set()
                    await asyncio.sleep(LOOK_SECONDS)
                except Exception:
                    log.exception("catching_up_failed")
                    await asyncio.sleep(LOOK_SECONDS)

    async def _keep_noting(self, presence: Presence) -> None:
        while True:
            with suppress(Unavailable):  # the bus says that it is away
                await presence.note(self._fan_out.watched_by_citizens)
            await asyncio.sleep(NOTE_SECONDS)
