"""A call that goes on, as this process knows it, and how it is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from core import desk_ports
from video.call import Call, CallEvent, CallMode, CallState, Party

MOST_STATS = 40
_LEVELS = ("poor", "fair", "good")


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
    told: tuple[Call, bool] | None = None  # how it stood when those who watch here were told last
    lock: CallLock = field(default_factory=asyncio.Lock)

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
        if since := course.get("since"):
            self.since = datetime.fromisoformat(since)
        self.recording_broken = bool(course.get("recording_broken"))

    def course(self) -> dict[str, Any]:
        """What another replica needs to go on with the call and doesn't find in its record."""
        return {
            "connected": sorted(party.value for party in self.call.connected),
            "since": self.since.isoformat(),
            "recording_broken": self.recording_broken,
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
            "peer": {"connected": peer in self.call.connected},
        }

    def as_logged(self) -> dict[str, Any]:
        """The body of the log's event."""
        return {
            "call_id": self.call_id,
            "state": self.call.state.value,
            "mode": self.call.mode.value,
            "end_reason": self.call.end_reason,
        }


def _call_of(stored: desk_ports.Call) -> Call:
    course = stored.quality.get("course") or {}
    return Call(
        Party(stored.quality.get("caller", Party.CITIZEN.value)),
        CallMode(stored.mode),
        CallState(stored.state),
        stored.consented,
        frozenset(Party(each) for each in course.get("connected", ())),
    )
