"""Two corrections of Rasa 3.6.21 that take a turn from 27 to 10 ms of CPU.

Both change how often something is computed, never what. More would not be worth the risk: the
next largest cost is a tenth of a millisecond.

Import this only after the TensorFlow stand-in is installed.
"""

from __future__ import annotations

from typing import Any

import jsonschema
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event


def compile_response_schema_once() -> None:
    """Checks action responses with a validator that is built once.

    Rasa calls `jsonschema.validate` on every response, which first checks the (unchanging) schema
    against the meta-schema: about 40 % of a turn's CPU. Remove when RemoteAction keeps a validator.
    """
    schema = RemoteAction.action_response_format_spec()
    validator = jsonschema.validators.validator_for(schema)(schema)

    def validate(self: Any, result: dict[str, Any]) -> bool:
        validator.validate(result)
        return True

    RemoteAction._validate_action_result = validate


def remember_event_classes() -> None:
    """Finds the class of an event by name in a dictionary.

    Rasa walks all subclasses of Event for every event that it reads, and a conversation is read
    twice a turn. Remove when `Event.resolve_by_type` keeps what it found.
    """
    look_up = Event.resolve_by_type
    known: dict[str, Any] = {}

    def resolve_by_type(type_name: str, default: Any | None = None) -> Any | None:
        if type_name not in known:
            found = look_up(type_name, default)  # raises ValueError for an unknown name
            if found is default:
                return found
            known[type_name] = found
        return known[type_name]

    Event.resolve_by_type = staticmethod(resolve_by_type)


def apply() -> None:
    """Applies both. Call it before Rasa serves."""
    compile_response_schema_once()
    remember_event_classes()
