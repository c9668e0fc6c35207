"""The third parties of calls. A record and its Protocol, as in `core.ports`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CallGuest:
    """Somebody whom the agent invited into a call. `state` is a word of `video/guest.py`.

    An invited `agent` comes by their own account; who comes by a link proves it with a token, whose
    SHA-256 is `token_hash`: that of the link until it is used, that of the page from then on.
    """

    guest_id: str
    call_id: str
    conversation_id: str
    shown_name: str  # what the others in the call read
    invited_by: str
    state: str
    agent: str = ""
    token_hash: str = field(default="", repr=False)
    consented: bool | None = None
    consent_version: str = ""
    consent_at: datetime | None = None
    invited_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""


class GuestStore(Protocol):
    """Guests. Durable when a call returns. They go with their conversation."""

    async def add(self, guest: CallGuest) -> CallGuest:
        """Stores a new guest. Raises NotFound for its conversation, Conflict if the call has one already."""

    async def get(self, guest_id: str) -> CallGuest | None:
        """The guest, or None."""

    async def open_guest_of(self, call_id: str) -> CallGuest | None:
        """The call's guest who hasn't left, or None."""

    async def invitations_of(self, agent: str) -> Sequence[CallGuest]:
        """Where that agent is a guest now or may become one, oldest first."""

    async def move(
        self,
        guest_id: str,
        state: str,
        *,
        expected: Collection[str],
        token_hash: str = "",
        end_reason: str = "",
    ) -> CallGuest:
        """Changes the state if it is one of `expected`, else raises Conflict. Raises NotFound.

        A `token_hash` takes the place of the one before; an `end_reason` ends it, for good.
        """

    async def set_consent(self, guest_id: str, version: str, *, agrees: bool) -> CallGuest:
        """Notes the guest's answer to that version of the text, and when. Raises NotFound, Conflict."""


__all__ = ["CallGuest", "GuestStore"]
