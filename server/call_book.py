"""The calls that go on, as this process knows them; one book for all replicas where there are several.

Where there are several, a call's steps are made by whichever replica is asked. Each step is made under
the call's lock, which all replicas share, and begins with what the last one left in the call's record.
What carries the calls runs apart from the replicas then, so a replica that starts finds the calls going
on; alone, it has the parties come back, for the media have gone with it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType

import structlog

from core import desk_ports
from core.desk_ports import CallStore
from core.errors import BangbanError, IllegalMove, NotFound
from core.replica_ports import Locks
from server.open_call import OpenCall

LOCK_SECONDS = 20.0

MOST_ENDED = 100
"""So many calls a replica knows before it looks which of them have ended elsewhere."""

log = structlog.get_logger(__name__)


class CallBook:
    """The open calls. `shared` are the locks of all replicas; None for who is alone.

    `leads` says whether this replica is the one that looks after all calls.
    """

    def __init__(
        self,
        calls: CallStore,
        *,
        now: Callable[[], datetime],
        shared: Locks | None = None,
        leads: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._calls = calls
        self._now = now
        self._shared = shared
        self._leads = leads
        self._open: dict[str, OpenCall] = {}

    @property
    def is_shared(self) -> bool:
        """Whether other replicas make steps of the same calls."""
        return self._shared is not None

    async def stored(self, call_id: str) -> desk_ports.Call:
        """The call's record. Raises NotFound."""
        stored = await self._calls.get(call_id)
        if stored is None:
            raise NotFound("no such call")
        return stored

    async def entry(self, call_id: str) -> OpenCall:
        """The call as it goes on. Raises NotFound, IllegalMove if it has ended."""
        known = self._open.get(call_id)
        if known is not None and (self._shared is None or known.lock.locked()):
            return known
        return self._as_stored(await self.stored(call_id))

    def add(self, entry: OpenCall) -> OpenCall:
        """Takes in a call that has just begun."""
        self._open[entry.call_id] = self._with_lock(entry)
        return entry

    def known(self, call_id: str) -> OpenCall | None:
        """The call as this process saw it last, or None."""
        return self._open.get(call_id)

    def drop(self, call_id: str) -> None:
        """Forgets a call that has ended."""
        self._open.pop(call_id, None)

    async def to_look_after(self) -> tuple[OpenCall, ...]:
        """The calls that this replica has to look after: all of them, or none."""
        if self._leads is None or not self.is_shared:
            return tuple(self._open.values())
        if await self._leads():
            return await self.all()
        if len(self._open) > MOST_ENDED:
            await self.all()  # forgets what ended elsewhere
        return ()

    async def all(self) -> tuple[OpenCall, ...]:
        """All calls that go on, as they are stored now."""
        entries = [self._as_stored(stored) for stored in await self._calls.open_calls()]
        for call_id in self._open.keys() - {entry.call_id for entry in entries}:
            if not self._open[call_id].lock.locked():
                self.drop(call_id)
        return tuple(entries)

    def _as_stored(self, stored: desk_ports.Call) -> OpenCall:
        if stored.ended_at is not None:
            self.drop(stored.call_id)
            raise IllegalMove("the call has ended")
        known = self._open.get(stored.call_id)
        if known is None:
            entry = OpenCall.of(stored, self._now(), goes_on=self.is_shared)
            self._open[stored.call_id] = known = self._with_lock(entry)
        elif self.is_shared and not known.lock.locked():
            known.take_over(stored)
        return known

    def _with_lock(self, entry: OpenCall) -> OpenCall:
        if self._shared is not None:
            entry.lock = SharedCallLock(entry, self._shared, self._refresh, self._calls)
        return entry

    async def _refresh(self, entry: OpenCall) -> None:
        stored = await self.stored(entry.call_id)
        if stored.ended_at is not None:
            self.drop(entry.call_id)
            raise IllegalMove("the call has ended")
        entry.take_over(stored)


class SharedCallLock:
    """The lock of a call for all replicas: who holds it knows the call as it is, and leaves it so."""

    def __init__(
        self,
        entry: OpenCall,
        locks: Locks,
        refresh: Callable[[OpenCall], Awaitable[None]],
        calls: CallStore,
    ) -> None:
        self._entry = entry
        self._locks = locks
        self._refresh = refresh
        self._calls = calls
        self._here = asyncio.Lock()
        self._held = AsyncExitStack()
        self._course: object = None

    def locked(self) -> bool:
        """Whether somebody in this process holds it."""
        return self._here.locked()

    async def __aenter__(self) -> None:
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._here)
            await held.enter_async_context(
                self._locks.hold(f"call {self._entry.call_id}", at_most=LOCK_SECONDS)
            )
            await self._refresh(self._entry)
            self._course = self._entry.course()
            self._held = held.pop_all()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._held:
            if (course := self._entry.course()) != self._course:
                self._entry.quality["course"] = course
                try:
                    await self._calls.set_quality(self._entry.call_id, self._entry.quality)
                except BangbanError as problem:  # the next look at the media sets it right
                    log.warning("course_of_call_not_stored", code=problem.code)
