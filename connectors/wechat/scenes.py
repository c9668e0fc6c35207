"""What a scene code, a menu key or a scanned text asks for. Pure.

    ask:问题        asks the question
    item:编码       asks about the item of that guide, by the guide's id or a code of the item
    window:名称     the code at a window
    kiosk:编号      the code at a kiosk
    person, video   calls a person

Scenes have 64 characters at most, keys 128 bytes: WeChat's limits.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.statuses import HandoverMode

LONGEST: Final = 64
"""What anybody can print on a code and have scanned isn't shown to staff at any length."""

# A bar code comes with its kind before it: 「CODE_128,1234」.
_BAR_CODE: Final = re.compile(r"[A-Z0-9_]{3,20},")
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to be asked."""

    question: str


@dataclass(frozen=True, slots=True)
class AskItem:
    """A service item to be asked about, by a guide's id or a code of the item."""

    code: str


@dataclass(frozen=True, slots=True)
class At:
    """Where the citizen is: at a window or kiosk; `place` is how people call it."""

    place: str


@dataclass(frozen=True, slots=True)
class CallPerson:
    """A wish for a person."""

    mode: HandoverMode


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that is set up here."""


Request = Ask | AskItem | At | CallPerson | Unknown

_WISHES: Final = {"person": HandoverMode.TEXT, "video": HandoverMode.VIDEO}


def _at_window(name: str) -> At:
    return At(name[:LONGEST] if name.endswith(("窗口", "窗")) else f"{name[:LONGEST]}窗口")


def _at_kiosk(number: str) -> At:
    return At(f"{number[:LONGEST]}自助机")


_READERS: Final[Mapping[str, Callable[[str], Request]]] = {
    "ask": Ask,
    "item": AskItem,
    "window": _at_window,
    "kiosk": _at_kiosk,
}


def read_scene(scene: str) -> Request:
    """What a scene or a key asks for."""
    kind, colon, value = scene.partition(":")
    value = _UNSEEN.sub(" ", value).strip()
    if not colon and kind in _WISHES:
        return CallPerson(_WISHES[kind])
    read = _READERS.get(kind)
    return read(value) if read and value else Unknown()


def read_scanned(text: str) -> Request:
    """What a text asks for that was scanned by a button of the menu: a scene, or a guide's id as it is."""
    text = _BAR_CODE.sub("", text.strip(), count=1) if _BAR_CODE.match(text.strip()) else text.strip()
    found = read_scene(text)
    if isinstance(found, Unknown) and text and len(text) <= LONGEST and "://" not in text:
        return AskItem(text)
    return found
