"""What the bot says to a citizen, independent of channel and of wire format.

These values travel from knowledge through the dialogue to the channels; `as_json` and
`from_json` are the one encoding that all of them use.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.statuses import HandoverMode, TurnStatus


@dataclass(frozen=True, slots=True)
class Source:
    """The field of a guide version, or the document, that a statement was taken from."""

    guide_id: str
    version: int
    element: str
    title: str
    district: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the citizen can pick; sending `value` as text picks it."""

    title: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact of an answer: the element's label, its text, and where it stands.

    `sources` are positions in the message's `sources`. `more` is the rest of a long value,
    shown on demand.
    """

    element: str
    label: str
    text: str
    sources: tuple[int, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class ReplyMessage:
    """One message of a reply. `text` alone is complete for a channel that shows only text."""

    text: str
    type: str = "text"  # text | answer | question | notice
    title: str = ""
    choices: tuple[Choice, ...] = ()
    sources: tuple[Source, ...] = ()
    statements: tuple[Statement, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A dictionary of JSON values; `from_json` gives the message back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ReplyMessage":
        """The message that `as_json` wrote. Raises KeyError or TypeError on anything else."""
        return cls(
            text=data["text"],
            type=data.get("type", "text"),
            title=data.get("title", ""),
            choices=tuple(Choice(**c) for c in data.get("choices", ())),
            sources=tuple(Source(**s) for s in data.get("sources", ())),
            statements=tuple(
                Statement(**{**s, "sources": tuple(s.get("sources", ()))}) for s in data.get("statements", ())
            ),
        )


@dataclass(frozen=True, slots=True)
class HandoverWish:
    """A citizen's wish for a person, with what is known so far.

    `priority` is why the citizen goes before others: `elderly`, `disabled`, or empty.
    """

    mode: HandoverMode
    topic: str = ""
    reason: str = ""
    language: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class BotReply:
    """What the dialogue engine returns for one turn.

    `trace` is for staff: intent, candidates kept and rejected, confidence. `timings_ms` names
    phases. Neither holds what the citizen said.
    """

    status: TurnStatus
    messages: tuple[ReplyMessage, ...]
    handover: HandoverWish | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
