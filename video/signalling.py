"""What browsers may say about a call, taken from text frames of a WebSocket. Pure.

`parse_citizen` and `parse_agent` give a frozen value or raise: UnknownMessage for a type that isn't
theirs, BodyTooLarge for what is over its limit, InvalidJson and InvalidInput for the rest. Who is
speaking is known from the connection, never from the message: fields that aren't named here are left
unread. Whether a message is in turn is decided by `video/call.py`.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from core.errors import BodyTooLarge, InvalidInput, UnknownMessage
from video.call import CallMode
from video.text_frames import read_frame

MAX_SDP_BYTES: Final = 64 * 1024
MAX_FRAME_BYTES: Final = 2 * MAX_SDP_BYTES
"""An SDP and its escaped line ends, with room to spare."""
MAX_STATS: Final = 64
MAX_STAT_TEXT: Final = 64

_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_CANDIDATE = re.compile(r"(candidate:[A-Za-z0-9+/]{1,32} [12] [\x21-\x7e]{1,8} [\x20-\x7e]{1,400})?")
_MID = re.compile(r"[A-Za-z0-9_+/-]{0,32}")
_STAT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_SDP_LINES = re.compile(r"v=0\r?\n[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")

Stat = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Offer:
    """`call.offer`: the first connection of a page to the relay."""

    call_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Rejoin:
    """`call.rejoin`: a connection in the place of the one before."""

    call_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class ChangeMode:
    """`call.mode`: down or up the ladder."""

    call_id: str
    mode: CallMode


@dataclass(frozen=True, slots=True)
class Hangup:
    """`call.hangup`: the end of the call."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Stats:
    """`call.stats`: how the call is where it is heard and seen. What a browser claims, no more."""

    call_id: str
    stats: Mapping[str, Stat]


@dataclass(frozen=True, slots=True)
class PeerReady:
    """`peer.ready`: the page, by a name of its own making, wants a connection to the other browser."""

    call_id: str
    page: str


@dataclass(frozen=True, slots=True)
class PeerDescription:
    """`peer.offer` and `peer.answer`: the page describes its end of the connection."""

    call_id: str
    page: str
    round: str
    sdp: str
    answers: bool


@dataclass(frozen=True, slots=True)
class PeerCandidate:
    """`peer.candidate`: an address of the page's browser; an empty one says that there are no more."""

    call_id: str
    page: str
    round: str
    candidate: str
    mid: str
    fragment: str


@dataclass(frozen=True, slots=True)
class PeerState:
    """`peer.state`: whether the page's connection to the other browser stands."""

    call_id: str
    page: str
    round: str
    connected: bool


PeerMessage = PeerReady | PeerDescription | PeerCandidate | PeerState
"""What is said where media go from browser to browser (`video.direct`)."""
CallMessage = Offer | Rejoin | ChangeMode | Hangup | Stats | PeerMessage


def parse_citizen(data: str) -> CallMessage:
    """What a citizen's page says. Raises UnknownMessage, BodyTooLarge, InvalidJson, InvalidInput."""
    return _parse(data, _BOTH)


def parse_agent(data: str) -> CallMessage:
    """What the agents' console says. Raises as `parse_citizen`."""
    return _parse(data, _BOTH)


def _parse(data: str, kinds: Mapping[str, Callable[[Mapping[str, Any]], CallMessage]]) -> CallMessage:
    message = read_frame(data, most_bytes=MAX_FRAME_BYTES)
    kind = message.get("type")
    if not isinstance(kind, str) or (read := kinds.get(kind)) is None:
        raise UnknownMessage("a message of no known type")
    return read(message)


def _offer(message: Mapping[str, Any]) -> Offer:
    return Offer(_call_id(message), _sdp(message))


def _rejoin(message: Mapping[str, Any]) -> Rejoin:
    return Rejoin(_call_id(message), _sdp(message))


def _mode(message: Mapping[str, Any]) -> ChangeMode:
    mode = message.get("mode")
    if not isinstance(mode, str) or mode not in set(CallMode):
        raise InvalidInput("mode: video, audio or text")
    return ChangeMode(_call_id(message), CallMode(mode))


def _hangup(message: Mapping[str, Any]) -> Hangup:
    return Hangup(_call_id(message))


def _stats(message: Mapping[str, Any]) -> Stats:
    stats = message.get("stats")
    if not isinstance(stats, dict):
        raise InvalidInput("stats: an object")
    if len(stats) > MAX_STATS:
        raise BodyTooLarge("stats: too many")
    for name, value in stats.items():
        if _STAT_NAME.fullmatch(name) is None or not _is_stat(value):
            raise InvalidInput("stats: names in plain letters, with numbers or short words")
    return Stats(_call_id(message), MappingProxyType(dict(stats)))


def _peer_ready(message: Mapping[str, Any]) -> PeerReady:
    return PeerReady(_call_id(message), _word(message, "page", _NAME))


def _peer_offer(message: Mapping[str, Any]) -> PeerDescription:
    return PeerDescription(*_round(message), _sdp(message), answers=False)


def _peer_answer(message: Mapping[str, Any]) -> PeerDescription:
    return PeerDescription(*_round(message), _sdp(message), answers=True)


def _peer_candidate(message: Mapping[str, Any]) -> PeerCandidate:
    return PeerCandidate(
        *_round(message),
        candidate=_word(message, "candidate", _CANDIDATE),
        mid=_word(message, "mid", _MID),
        fragment=_word(message, "fragment", _MID),
    )


def _peer_state(message: Mapping[str, Any]) -> PeerState:
    connected = message.get("connected")
    if not isinstance(connected, bool):
        raise InvalidInput("connected: true or false")
    return PeerState(*_round(message), connected=connected)


def _round(message: Mapping[str, Any]) -> tuple[str, str, str]:
    return _call_id(message), _word(message, "page", _NAME), _word(message, "round", _NAME)


def _word(message: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    word = message.get(name)
    if not isinstance(word, str) or form.fullmatch(word) is None:
        raise InvalidInput(f"{name}: not as it should be")
    return word


def _is_stat(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return len(value) <= MAX_STAT_TEXT and value.isprintable()
    if isinstance(value, int):
        return abs(value) < 2**63  # so that it can be stored and summed anywhere
    return isinstance(value, float) and math.isfinite(value)


def _call_id(message: Mapping[str, Any]) -> str:
    call_id = message.get("call_id")
    if not isinstance(call_id, str) or _CALL_ID.fullmatch(call_id) is None:
        raise InvalidInput("call_id: up to 64 letters, digits, - and _")
    return call_id


def _sdp(message: Mapping[str, Any]) -> str:
    sdp = message.get("sdp")
    if not isinstance(sdp, str):
        raise InvalidInput("sdp: a text")
    try:
        size = len(sdp.encode())
    except UnicodeEncodeError:  # half of a character, which JSON can spell
        raise InvalidInput("sdp: not a text") from None
    if size > MAX_SDP_BYTES:
        raise BodyTooLarge("sdp: over the limit")
    if _SDP_LINES.fullmatch(sdp) is None:
        raise InvalidInput("sdp: not a session description")
    return sdp


_BOTH: Final[Mapping[str, Callable[[Mapping[str, Any]], CallMessage]]] = MappingProxyType(
    {
        "call.offer": _offer,
        "call.rejoin": _rejoin,
        "call.mode": _mode,
        "call.hangup": _hangup,
        "call.stats": _stats,
        "peer.ready": _peer_ready,
        "peer.offer": _peer_offer,
        "peer.answer": _peer_answer,
        "peer.candidate": _peer_candidate,
        "peer.state": _peer_state,
    }
)
