"""The ticket in a link of ours: which page it opens, for whom, once, until when. Pure.

A ticket says nothing about the user: who opens it is what WeChat's OAuth says (`connectors.wechat.oauth`).
It is bound to that account and openid by a MAC, so that somebody else's is told apart without a record of
those that were made; a record is needed only of those that were used.
"""

import base64
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Final

from connectors.wechat.macs import MAC_BYTES, mac_of
from connectors.wechat.rendering import CALL_PAGE, CHAT_PAGE, VIDEO_PAGE
from core.errors import InvalidInput

PAGES: Final = (CHAT_PAGE, CALL_PAGE, VIDEO_PAGE)

NONCE_BYTES: Final = 9
_CONTENT: Final = struct.Struct(f">B{NONCE_BYTES}sI")  # page, nonce, Unix seconds when it expires
_WRITTEN: Final = re.compile(r"[0-9A-Za-z_-]{40}")  # one spelling: a ticket is known again by it


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an opened ticket says. `is_expired` and another user's are told, not raised."""

    page: str
    is_theirs: bool
    is_expired: bool


def make_ticket(key: bytes, *, account: str, openid: str, page: str, nonce: bytes, expires_at: int) -> str:
    """A ticket of 40 letters, digits, `-` and `_`. `nonce` is `NONCE_BYTES` random bytes."""
    content = _CONTENT.pack(PAGES.index(page), nonce, expires_at)
    return base64.urlsafe_b64encode(content + _mac(key, account, openid, content)).rstrip(b"=").decode()


def open_ticket(key: bytes, ticket: str, *, account: str, openid: str, now: float) -> Ticket:
    """What the ticket says to that user. Raises InvalidInput for what can be no ticket."""
    if not is_ticket(ticket):
        raise InvalidInput("no ticket")
    raw = base64.urlsafe_b64decode(ticket)
    content, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    page, _, expires_at = _CONTENT.unpack(content)
    if page >= len(PAGES):
        raise InvalidInput("a ticket for no page")
    name = PAGES[page]
    is_theirs = hmac.compare_digest(mac, _mac(key, account, openid, content))
    return Ticket(name, is_theirs, now >= expires_at)


def is_ticket(text: str) -> bool:
    """Whether it is written as a ticket; whose it is, and whether we made it, shows when it is opened."""
    return _WRITTEN.fullmatch(text) is not None


def _mac(key: bytes, account: str, openid: str, content: bytes) -> bytes:
    return mac_of(key, "wechat ticket", account, openid, content)
