"""A call that goes on, as this process knows it, and how it is told."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import desk_ports
from video.call import Call, CallEvent, CallMode, CallState, Party


@dataclass(slots=True)
class OpenCall:
    """What is known of a call beside its record. Whoever changes `call` holds the lock.

    `since` is when it came into its state. `quality` also names the caller, for a restart.
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
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, stored: desk_ports.Call, now: datetime, *, recorded: bool) -> "OpenCall":
        """The call after a restart: whatever carried it is gone, its parties have to come back."""
        call = Call(
            Party(stored.quality.get("caller", Party.CITIZEN.value)),
            CallMode(stored.mode),
            CallState(stored.state),
            stored.consented if recorded else False,
        )
        return cls(
            stored.call_id,
            stored.conversation_id,
            stored.agent,
            call.after(CallEvent.RESTART),
            now,
            stored.consent_version,
            stored.answered_at,
            dict(stored.quality),
            recording=stored.recording,
        )

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
