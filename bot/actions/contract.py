"""What an action is: a tracker view and services in, events and responses out.

An action chooses an outcome and names the facts; the wording stands in `bot/domain`, where Rasa
fills it in (`utter_<outcome>`). Everything that a channel needs beside the words goes along in
`custom`, which `bot.client` reads on the other side.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.actions.tracker import TrackerView
from core.ports import Consultant
from core.statuses import TurnStatus

TURN = "turn"  # the `type` of our custom part


@dataclass(frozen=True, slots=True)
class Services:
    """What actions may use. `bot_name` and `hotline` are words in responses."""

    consultant: Consultant
    bot_name: str = "帮办"
    hotline: str = "12345"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action returns: slots to set, and one response with what goes along.

    `variables` fill the placeholders of `utter_<name>`.
    """

    name: str
    status: TurnStatus
    variables: Mapping[str, str]
    slots: Mapping[str, Any]
    custom: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The body that Rasa expects from an action; both lists are always there."""
        return {
            "events": [
                {"event": "slot", "timestamp": None, "name": name, "value": value}
                for name, value in self.slots.items()
            ],
            "responses": [
                {
                    **self.variables,
                    "response": f"utter_{self.name}",
                    "custom": {"type": TURN, "status": str(self.status), "outcome": self.name, **self.custom},
                }
            ],
        }


def outcome(
    name: str,
    status: TurnStatus,
    *,
    variables: Mapping[str, str] | None = None,
    slots: Mapping[str, Any] | None = None,
    custom: Mapping[str, Any] | None = None,
) -> Outcome:
    """An outcome with only the parts that it has."""
    return Outcome(name, status, variables or {}, slots or {}, custom or {})


Action = Callable[[TrackerView, Services], Awaitable[Outcome]]
