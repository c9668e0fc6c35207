"""What an agent shows a citizen, and how each points at a spot of it. Pure.

What is shown is one file of the conversation or one element of a guide, as told by the log: it begins
with an event `show` and ends with `show_ended`, with the next `show`, or when the conversation is with
another holder. Pointing is passing news in a text frame and in no log: it names the `show` that it is
about, so that a finger that comes late points at nothing. Who may show and point is the caller's to check.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from core.errors import Conflict, InvalidInput
from core.statuses import Aspect
from video.text_frames import read_frame

SHOW: Final = "show"
SHOW_ENDED: Final = "show_ended"
FILE: Final = "file"
ELEMENT: Final = "element"

ELEMENTS: Final = tuple(aspect for aspect in Aspect if aspect is not Aspect.GENERAL)
"""The elements of a guide that can be shown, each alone: a whole guide is sent as a card."""

POINT: Final = "point"
MAX_POINT_BYTES: Final = 512
MAX_SHOW: Final = 2**31 - 1
POINTS_PER_SECOND: Final = 15
"""A page sends at most ten a second: so many look like a moving finger."""
POINTS_AT_ONCE: Final = 30

_DIGITS = 4  # a ten-thousandth of a picture is less than a pixel of it
_MOST_ID = 64


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a picture that isn't turned: 0, 0 is its upper left corner and 1, 1 the lower right."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a guide's element, the first is 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Away:
    """The finger is taken away."""


Mark = Spot | Line | Away


@dataclass(frozen=True, slots=True)
class Point:
    """A frame: the mark, in which `show` (by its number in the log), and of which conversation if said."""

    show: int
    mark: Mark
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is open on the citizen's page: a picture, an element of so many `lines`, or neither (a PDF)."""

    show: int
    is_picture: bool = False
    lines: int = 0

    def check(self, mark: Mark) -> None:
        """Returns if one can point there. Raises InvalidInput."""
        match mark:
            case Spot() if not self.is_picture:
                raise InvalidInput("a spot of something that is no picture")
            case Line(number) if number >= self.lines:
                raise InvalidInput("a line that isn't there")


def shown_after(shown: Shown | None, sequence: int, kind: str, body: Mapping[str, Any]) -> Shown | None:
    """What is open after this event of the log; `shown` is what was before."""
    if kind == SHOW:
        is_picture = body.get("what") == FILE and str(body.get("media_type", "")).startswith("image/")
        return Shown(sequence, is_picture, len(body.get("lines", ())))
    if kind == "holder" or (kind == SHOW_ENDED and shown is not None and body.get("show") == shown.show):
        return None
    return shown


def check_open(shown: Shown | None, show: int) -> Shown:
    """What is open, if it is that. Raises Conflict: it was closed, or something else is shown by now."""
    if shown is None or shown.show != show:
        raise Conflict("that isn't shown any more")
    return shown


def is_point(data: str) -> bool:
    """Whether a text frame is about pointing, be it right or wrong."""
    if f'"{POINT}"' not in data:  # a session description is long and needn't be read twice
        return False
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("type") == POINT


def parse_point(data: str) -> Point:
    """What a frame says for which `is_point` holds; fields that aren't named here are left unread.

    Raises BodyTooLarge, InvalidJson, InvalidInput.
    """
    message = read_frame(data, most_bytes=MAX_POINT_BYTES)
    conversation_id = message.get("conversation_id", "")
    if not isinstance(conversation_id, str) or len(conversation_id) > _MOST_ID:
        raise InvalidInput("conversation_id: a short text")
    show = message.get("show")
    if not _is_whole(show) or not 0 < show <= MAX_SHOW:
        raise InvalidInput("show: the number of what is shown")
    return Point(show, _mark(message), conversation_id)


def point_news(by: str, point: Point) -> Mapping[str, Any]:
    """The passing news of a point, for the other side."""
    news: dict[str, Any] = {"type": POINT, "by": by, "show": point.show}
    match point.mark:
        case Spot(x, y):
            news |= {"x": x, "y": y}
        case Line(number):
            news |= {"line": number}
        case Away():
            news |= {"away": True}
    return news


def _mark(message: Mapping[str, Any]) -> Mark:
    named = {name for name in ("x", "y", "line", "away") if name in message}
    if named == {"x", "y"}:
        return Spot(_share(message["x"]), _share(message["y"]))
    if named == {"line"} and _is_whole(message["line"]) and 0 <= message["line"] <= MAX_SHOW:
        return Line(message["line"])
    if named == {"away"} and message["away"] is True:
        return Away()
    raise InvalidInput("x and y from 0 to 1, or line, or away")


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput("x and y: numbers")
    if not 0 <= value <= 1:  # nor is what is no number
        raise InvalidInput("x and y: from 0 to 1")
    return round(float(value), _DIGITS)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
