"""Forms and signature requests of a conversation. Records and Protocol, as in `core.ports`.

Both are papers: a record whose `body` belongs to the module of its kind (`video.shared_form`,
`video.signing`), changed by pure steps under the conversation's lock. A key stroke replaces the body and
leaves no trace; what is worth reading later a step adds to the conversation's log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.desk_ports import LogEntry
from core.ports import ConversationEvent


@dataclass(frozen=True, slots=True)
class Paper:
    """A form or a signature request as stored."""

    paper_id: str
    conversation_id: str
    kind: str  # form | signature
    state: str
    body: Mapping[str, Any]
    begun_at: datetime | None = None  # UTC, set by the store
    changed_at: datetime | None = None  # UTC, set by the store


@dataclass(frozen=True, slots=True)
class PaperStep:
    """What a paper becomes, and what its conversation's log gets with it."""

    paper: Paper
    log: Sequence[LogEntry] = ()


@dataclass(frozen=True, slots=True)
class PaperMoved:
    """A paper after a step, with the events that the log got."""

    paper: Paper
    events: Sequence[ConversationEvent] = ()


class PaperStore(Protocol):
    """Papers. Durable when a call returns; they go with their conversation.

    Where `agent` is given, a write is refused with Conflict unless that agent holds the conversation.
    """

    async def add(self, paper: Paper, log: Sequence[LogEntry] = (), *, agent: str = "") -> PaperMoved:
        """Stores a new paper and its log. Raises NotFound for its conversation, Conflict for a taken id."""

    async def get(self, paper_id: str) -> Paper | None:
        """The paper, or None."""

    async def papers_of(self, conversation_id: str, kind: str = "") -> Sequence[Paper]:
        """The papers of a conversation (of one kind, if given), oldest first."""

    async def change(
        self, paper_id: str, step: Callable[[Paper], PaperStep], *, agent: str = ""
    ) -> PaperMoved:
        """Makes the paper what `step` makes of it; steps of one conversation follow one another.

        `step` is pure and quick; what it raises, this raises, and nothing is changed. A paper that it
        gives back as it was isn't written. State and body can change, nothing else.
        Raises NotFound.
        """


__all__ = ["Paper", "PaperMoved", "PaperStep", "PaperStore"]
