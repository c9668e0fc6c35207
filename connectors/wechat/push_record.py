"""A push as it is kept until what it asks for is done, so that a process that ends loses none. Pure."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final

from connectors.wechat.pushes import (
    Clicked,
    ImageMessage,
    LinkMessage,
    LocationMessage,
    MenuUsed,
    Push,
    Scanned,
    Subscribed,
    TextMessage,
    UnknownMessage,
    VideoMessage,
    VoiceMessage,
)
from core.errors import InvalidInput

_KINDS: Final[dict[str, type[Push]]] = {
    kind.__name__: kind
    for kind in (
        Clicked,
        ImageMessage,
        LinkMessage,
        LocationMessage,
        MenuUsed,
        Scanned,
        Subscribed,
        TextMessage,
        UnknownMessage,
        VideoMessage,
        VoiceMessage,
    )
}


def asks_for_something(push: Push) -> bool:
    """Whether something is to be done for it; WeChat tells of much that isn't said to us."""
    if isinstance(push, MenuUsed) and not push.scanned:
        return False  # what was photographed or chosen comes as a message of its own
    return type(push).__name__ in _KINDS


def as_record(push: Push, mask: Callable[[str], str]) -> str:
    """The push as JSON, without personal data that can be masked or left out; empty for nothing to do."""
    if not asks_for_something(push):
        return ""
    kept = _without_personal_data(push, mask)
    return json.dumps({"class": type(kept).__name__, **asdict(kept)}, ensure_ascii=False)


def _without_personal_data(push: Push, mask: Callable[[str], str]) -> Push:
    """What is needed to do it again: nobody asks for the place itself, or for the picture's address."""
    match push:
        case TextMessage(text=text):
            return replace(push, text=mask(text))
        case VoiceMessage(recognition=text):
            return replace(push, recognition=mask(text))
        case ImageMessage():
            return replace(push, picture_url="")
        case LocationMessage(label=label):
            return replace(push, latitude=0.0, longitude=0.0, label=mask(label))
        case LinkMessage(title=title, url=url):
            return replace(push, title=mask(title), description="", url=mask(url))
        case _:
            return push


def of_record(record: str) -> Push:
    """The push. Raises InvalidInput for what another version of the service kept."""
    try:
        fields = json.loads(record)
        kind = _KINDS[fields.pop("class")]
        return kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput("a record of another version") from None
