"""Links that lead from WeChat to a page with the user's conversation, and what opens one. Knows no HTTP."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from connectors.wechat.outbox import Link
from connectors.wechat.tickets import NONCE_BYTES, Ticket, make_ticket, open_ticket

LINK_HOLDS: Final = timedelta(hours=48)
"""As long as WeChat lets us answer; afterwards a link opens the page without what it was made for."""


class WeChatLinks:
    """The links of one account. `public_url` is the address of the service, without a slash at its end."""

    def __init__(self, account: str, public_url: str, key: bytes, now: Callable[[], datetime]) -> None:
        self._account = account
        self._base = f"{public_url}/wechat/{account}/enter"
        self._key = key
        self._now = now

    def __repr__(self) -> str:
        return f"WeChatLinks({self._account})"

    def link_for(self, openid: str) -> Link:
        """What makes that user's links to pages."""

        def link(page: str) -> str:
            expires_at = int((self._now() + LINK_HOLDS).timestamp())
            ticket = make_ticket(
                self._key,
                account=self._account,
                openid=openid,
                page=page,
                nonce=secrets.token_bytes(NONCE_BYTES),
                expires_at=expires_at,
            )
            return f"{self._base}/{ticket}"

        return link

    def open(self, ticket: str, openid: str) -> Ticket:
        """What a ticket says to the user whom WeChat has named. Raises InvalidInput."""
        now = self._now().timestamp()
        return open_ticket(self._key, ticket, account=self._account, openid=openid, now=now)


def page_token(key: bytes, conversation_id: str) -> str:
    """The token with which a page may read and write a channel's conversation; only its hash is stored."""
    return hmac.new(key, f"page of {conversation_id}".encode(), "sha256").hexdigest()
