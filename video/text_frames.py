"""Text frames of a WebSocket: one JSON object of bounded size. Pure."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from core.errors import BodyTooLarge, InvalidJson


def read_frame(data: str, *, most_bytes: int) -> Mapping[str, Any]:
    """The object that a frame holds. Raises BodyTooLarge, InvalidJson (also for NaN)."""
    # A frame may hold four bytes for each character, so the cheap bound comes first.
    if len(data) > most_bytes or len(data.encode("utf-8", "replace")) > most_bytes:
        raise BodyTooLarge("a frame over the limit")
    try:
        message = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidJson("a frame that is no JSON") from None
    if not isinstance(message, dict):
        raise InvalidJson("a frame that is no JSON object")
    return message


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
