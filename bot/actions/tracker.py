"""A read-only view of the conversation as Rasa sends it to an action.

Rasa's JSON is network input: every field may be missing or of another type, and then counts as
empty. The facts of an earlier turn that actions themselves need stand in the slot `last_turn`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.statuses import TurnStatus

CHOICE_ENTITY = "choice"


@dataclass(frozen=True, slots=True)
class LastTurn:
    """How the last turn about a service ended."""

    outcome: str = ""
    status: str = ""
    title: str = ""

    @property
    def asked_back(self) -> bool:
        """Whether the bot asked something and waits for the answer."""
        return self.status == TurnStatus.CLARIFYING

    def as_slot(self) -> dict[str, str]:
        """The value of the slot `last_turn`."""
        return {"outcome": self.outcome, "status": self.status, "title": self.title}


@dataclass(frozen=True, slots=True)
class TrackerView:
    """What an action may know of the conversation.

    `text` is what the citizen typed, also where Rasa was sent a `/pick`. `picked` is the value of
    the offered choice that the citizen picked.
    """

    sender_id: str = ""
    text: str = ""
    intent: str = ""
    confidence: float = 0.0
    picked: str = ""
    district: str = ""
    focus: Mapping[str, Any] = field(default_factory=dict)
    last_turn: LastTurn = LastTurn()

    @classmethod
    def from_json(cls, tracker: Any) -> "TrackerView":
        """The view of the `tracker` of an action call."""
        tracker = _mapping(tracker)
        slots = _mapping(tracker.get("slots"))
        message = _mapping(tracker.get("latest_message"))
        intent = _mapping(message.get("intent"))
        metadata = _mapping(message.get("metadata"))
        last_turn = _mapping(slots.get("last_turn"))
        return cls(
            sender_id=_text(tracker.get("sender_id")),
            text=_text(metadata.get("text")) or _text(message.get("text")),
            intent=_text(intent.get("name")),
            confidence=_number(intent.get("confidence")),
            picked=_picked(message.get("entities")),
            district=_text(metadata.get("district")),
            focus=_mapping(slots.get("focus")),
            last_turn=LastTurn(
                outcome=_text(last_turn.get("outcome")),
                status=_text(last_turn.get("status")),
                title=_text(last_turn.get("title")),
            ),
        )


def _picked(entities: Any) -> str:
    for entity in entities if isinstance(entities, list) else []:
        found = _mapping(entity)
        if found.get("entity") == CHOICE_ENTITY:
            return _text(found.get("value"))
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
