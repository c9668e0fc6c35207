"""The use case of a supervisor who hears and sees a running call and is neither heard nor seen.

Nothing that a listener's page sends is taken in (`video.seats`), so there is nothing of a listener to
record. One listens at a time. Whether those in the call are told is a setting (`listening_told`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.errors import Conflict, Forbidden, TwoPartiesOnly
from core.evidence_ports import AccessEntry, AccessLog
from core.ports import User
from server.call_evidence import CallEvidence
from server.calls import Calls
from server.media_port import Media, disconnect
from server.open_call import OpenCall
from video.call import Party
from video.seats import LISTENER

GONE_AFTER = timedelta(seconds=45)
"""Without a connection for so long a listener has gone: a page that is reloaded takes less."""

NOTE_EVERY = timedelta(seconds=10)


class TellStaff(Protocol):
    """Brings passing news to somebody's desk."""

    def __call__(self, name: str, body: Mapping[str, Any]) -> None:
        """Never waits; who isn't there doesn't get it."""


class CallListening:
    """Who listens to which call. Fulfils `server.open_call.CallCompany`; routes check the role."""

    def __init__(
        self,
        calls: Calls,
        media: Media,
        *,
        tell: TellStaff,
        told: bool,
        relayed: bool,
        now: Callable[[], datetime],
        accesses: AccessLog | None = None,
        evidence: CallEvidence | None = None,
    ) -> None:
        self._calls = calls
        self._media = media
        self._tell = tell
        self._is_told = told
        self._relayed = relayed
        self._now = now
        self._accesses = accesses
        self._evidence = evidence

    async def begin(self, user: User, call_id: str) -> None:
        """The supervisor may connect from now on. Raises NotFound, TwoPartiesOnly, Conflict."""
        entry = await self._calls.entry(call_id)
        if not self._relayed:
            raise TwoPartiesOnly("only calls through the relay can be listened to")
        if self._accesses is not None:
            await self._accesses.add(
                AccessEntry(
                    user=user.name,
                    action="listen",
                    kind="call",
                    record_id=call_id,
                    conversation_id=entry.conversation_id,
                    at=self._now(),
                )
            )
        async with entry.lock:
            if not entry.is_carried:
                raise Conflict("there is no call with sound and picture")
            if entry.agent == user.name:
                raise Conflict("the call is their own")
            if entry.listener not in ("", user.name):
                raise Conflict("somebody listens already")
            if not entry.listener:
                await self._happened(entry, "listening_began", user.name)
            entry.listener, entry.listener_seen = user.name, self._now()
            entry.listened = self._is_told
            self._calls.news.tell(entry)

    async def offer(self, user: User, call_id: str, sdp: str) -> str:
        """The answer to the listener's offer. Raises NotFound, Forbidden, Conflict, MediaFull."""
        entry = await self._calls.entry(call_id)
        async with entry.lock:
            if entry.listener != user.name:
                raise Forbidden("not a listener of that call")
            if not entry.is_carried:
                raise Conflict("nothing is carried now")  # the page tries again
            answer = await self._media.join(call_id, LISTENER, sdp, record=entry.may_record)
            entry.listener_seen = self._now()
        return answer

    async def end(self, user: User, call_id: str) -> None:
        """The supervisor listens no longer; who doesn't is no mistake. Raises NotFound."""
        entry = await self._calls.entry(call_id)
        async with entry.lock:
            if entry.listener == user.name:
                await self._stop(entry)
                self._calls.news.tell(entry)

    # --- as the calls see it ---------------------------------------------------------------------

    def told(self, entry: OpenCall) -> None:
        """How the call stands now goes to the listener."""
        if entry.listener:
            self._tell(entry.listener, entry.as_news(Party.CITIZEN))

    async def looked_at(self, entry: OpenCall, legs: Mapping[str, Any]) -> None:
        """A listener who has been gone for long listens no more."""
        if not entry.listener:
            return
        async with entry.lock:
            seen = entry.listener_seen
            if legs.get(LISTENER, {}).get("state") == "connected":
                if seen is None or self._now() - seen >= NOTE_EVERY:  # replicas tell each other by the store
                    entry.listener_seen = self._now()
            elif seen is not None and self._now() - seen >= GONE_AFTER:
                await self._stop(entry)
                self._calls.news.tell(entry)

    async def agent_changed(self, entry: OpenCall) -> None:
        """Who takes over speaks from now on."""
        await self._happened(entry, "call_taken_over", entry.agent)
        if entry.listener == entry.agent:
            await self._stop(entry, tell=False)  # to them the call begins

    async def ended(self, entry: OpenCall) -> None:
        """The call is over."""
        if entry.listener:
            self._tell(entry.listener, {"type": "call.state", "call_id": entry.call_id, "state": "ended"})
            entry.listener = ""

    async def _stop(self, entry: OpenCall, *, tell: bool = True) -> None:
        listener, entry.listener, entry.listened = entry.listener, "", False
        if tell:
            self._tell(listener, {"type": "call.state", "call_id": entry.call_id, "state": "ended"})
        await disconnect(self._media, entry.call_id, LISTENER)
        await self._happened(entry, "listening_ended", listener)

    async def _happened(self, entry: OpenCall, event: str, by: str) -> None:
        if self._evidence is not None:
            await self._evidence.happened(entry.call_id, event, by=by)
