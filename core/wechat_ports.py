"""What the WeChat connector keeps between requests and processes; records and Protocols, see `core.ports`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A credential that WeChat issued to an account for some time: its access_token, or a ticket."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """What WeChat issued, for all processes. Durable when a call returns. Raises Unavailable."""

    async def get(self, account: str, kind: str) -> AccessToken | None:
        """What was stored last for that account and kind, expired or not; None before the first."""

    async def put(self, account: str, kind: str, token: AccessToken, *, instead_of: str) -> AccessToken:
        """Stores `token` if the value stored until now is `instead_of` ("" for none); returns what holds.

        That is another one where somebody else was faster: use it in place of `token`.
        """


__all__ = ["AccessToken", "TokenStore"]
