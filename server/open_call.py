"""A call that goes on, as this process knows it, and how it is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from core import desk_ports
from core.guest_ports import CallGuest
from video.call import Call, CallEvent, CallMode, CallState, Party

MOST_STATS = 40
_LEVELS = ("poor", "fair", "good")
_GUEST_TOLD = ("guest_id", "shown_name", "state", "agent")
CARRIED = frozenset({CallState.CONNECTING, CallState.LIVE, CallState.HELD})
"""States in which media may be connected."""


class CallLock(Protocol):
    """What whoever changes a call holds: `asyncio.Lock`, or one that replicas share."""

    def locked(self) -> bool:
        """Whether somebody in this process holds it."""

    async def __aenter__(self) -> None:
        """Holds it from now on."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets it go."""


@dataclass(slots=True)
class OpenCall:
    """What is known of a call beside its record. Whoever changes `call` holds the lock.

    `since` is when it came into its state. `quality` also names the caller, for a restart, and holds
    the `course` of the call for other replicas.
    `recording_broken`: the recorder gave up, and isn't started again until the citizen agrees anew.
    `withdrawn`: the citizen had agreed to the recording and has taken that back.
    `guest` is what is told of the third party; a step of theirs begins with reading it from the store
    when it isn't `guest_known`. `listened` is whether those in the call are told of the supervisor who
    listens, `listener`.
    """

    call_id: str
    conversation_id: str
    agent: str
    call: Call
    since: datetime
    consent_version: str = ""
    answered_at: datetime | None = None
    quality: dict[str, Any] = field(default_factory=dict)
    quality_stored: datetime | None = None
    recording: bool = False
    recording_broken: bool = False
    withdrawn: bool = False
    told: tuple[Any, ...] | None = None  # how it stood when those who watch here were told last
    guest: CallGuest | None = None
    guest_known: bool = False
    guest_lost: bool = False  # what connected the guest went with a restart
    guest_since: datetime | None = None
    listener: str = ""
    listener_seen: datetime | None = None
    listened: bool = False
    lock: CallLock = field(default_factory=asyncio.Lock)

    @property
    def is_carried(self) -> bool:
        """Whether sound and picture may pass now."""
        return self.call.state in CARRIED and self.call.mode is not CallMode.TEXT

    @property
    def may_record(self) -> bool:
        """Whether the citizen has agreed to what passes being recorded, and the recorder hasn't given up."""
        return self.call.may_record and not self.recording_broken

    @property
    def standing(self) -> tuple[Any, ...]:
        """All that news of the call depend on."""
        return self.call, self.recording, self.withdrawn, self.guest_shown, self.listened

    @property
    def guest_shown(self) -> dict[str, str] | None:
        """What those in the call are told of the third party."""
        return {"name": self.guest.shown_name, "state": self.guest.state} if self.guest else None

    @classmethod
    def of(cls, stored: desk_ports.Call, now: datetime, *, goes_on: bool = False) -> "OpenCall":
        """The call as stored. Unless it `goes_on`, what carried it is gone: its parties must come back."""
        call = _call_of(stored)
        entry = cls(stored.call_id, stored.conversation_id, stored.agent, call, now)
        entry.take_over(stored)
        if not goes_on:
            entry.call = replace(call, connected=frozenset()).after(CallEvent.RESTART)
            entry.since = now
            entry.recording_broken = False
            entry.guest_lost = True
            entry.listener, entry.listened = "", False
        return entry

    def take_over(self, stored: desk_ports.Call) -> None:
        """Continues from what another replica may have left."""
        self.call = _call_of(stored)
        self.agent = stored.agent
        self.consent_version = stored.consent_version
        self.answered_at = stored.answered_at
        self.recording = stored.recording
        self.quality = dict(stored.quality)
        course = stored.quality.get("course") or {}
        self.since = _moment(course, "since") or self.since
        self.recording_broken = bool(course.get("recording_broken"))
        self.withdrawn = bool(course.get("withdrawn"))
        self.guest_since = _moment(course, "guest_since")
        self.guest = _guest_of(course.get("guest"), stored)
        # Another replica may have moved the guest; without a course nobody knows yet whether there is one.
        self.guest_known = bool(course) and self.guest is None
        self.listener, self.listened = course.get("listener", ""), bool(course.get("listened"))
        self.listener_seen = _moment(course, "listener_seen")

    def course(self) -> dict[str, Any]:
        """What another replica needs to go on with the call and doesn't find in its record."""
        return {
            "connected": sorted(party.value for party in self.call.connected),
            "since": self.since.isoformat(),
            "recording_broken": self.recording_broken,
            "withdrawn": self.withdrawn,
            "guest": {name: getattr(self.guest, name) for name in _GUEST_TOLD} if self.guest else None,
            "guest_since": self.guest_since.isoformat() if self.guest_since else "",
            "listener": self.listener,
            "listener_seen": self.listener_seen.isoformat() if self.listener_seen else "",
            "listened": self.listened,
        }

    def measured(self, party: Party, stats: Mapping[str, Any]) -> None:
        """Takes in what a party's browser measured; the call is as good as it is for who has it worst."""
        self.quality[party.value] = dict(list(stats.items())[:MOST_STATS])
        levels = [each.get("level") for each in self.quality.values() if isinstance(each, dict)]
        self.quality["level"] = next((level for level in _LEVELS if level in levels), "")

    def as_news(self, peer: Party) -> dict[str, Any]:
        """The passing news for the side whose other side is `peer`."""
        return {
            "type": "call.state",
            "call_id": self.call_id,
            "state": self.call.state.value,
            "mode": self.call.mode.value,
            "recording": self.recording,
            "withdrawn": self.withdrawn,
            "peer": {"connected": peer in self.call.connected},
            "guest": self.guest_shown,
            "listened": self.listened,
        }

    def as_logged(self) -> dict[str, Any]:
        """The body of the log's event."""
        return {
            "call_id": self.call_id,
            "state": self.call.state.value,
            "mode": self.call.mode.value,
            "caller": self.call.caller.value,
            "end_reason": self.call.end_reason,
        }


def _guest_of(told: Mapping[str, str] | None, stored: desk_ports.Call) -> CallGuest | None:
    """As much of the guest as another replica has told: enough to show and to reach them."""
    if not told:
        return None
    return CallGuest(
        guest_id=told["guest_id"],
        call_id=stored.call_id,
        conversation_id=stored.conversation_id,
        shown_name=told["shown_name"],
        invited_by="",
        state=told["state"],
        agent=told["agent"],
    )


def _moment(course: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(course[name]) if course.get(name) else None


def _call_of(stored: desk_ports.Call) -> Call:
    course = stored.quality.get("course") or {}
    return Call(
        Party(stored.quality.get("caller", Party.CITIZEN.value)),
        CallMode(stored.mode),
        CallState(stored.state),
        stored.consented,
        frozenset(Party(each) for each in course.get("connected", ())),
    )


class CallCompany(Protocol):
    """Who else than citizen and agent may be in a call, and is to follow what becomes of it."""

    def told(self, entry: OpenCall) -> None:
        """How the call stands now goes to everybody in it."""

    async def looked_at(self, entry: OpenCall, legs: Mapping[str, Any]) -> None:
        """One look at the call: `legs` says who is connected. Nobody holds the lock."""

    async def agent_changed(self, entry: OpenCall) -> None:
        """The call has another agent; its lock is held."""

    async def ended(self, entry: OpenCall) -> None:
        """The call is over; its lock is held."""
