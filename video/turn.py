"""Credentials for a TURN server that expire by themselves.

The scheme of draft-uberti-behave-turn-rest-00, as coturn's `use-auth-secret` checks it: the user name
holds the time of expiry, the password is a MAC over it. Nothing is stored on either side.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """What a browser shows to the TURN server."""

    username: str
    password: str = field(repr=False)


def issue_credentials(secret: str, *, name: str, now: float, ttl_s: int) -> TurnCredentials:
    """Credentials that hold for `ttl_s` seconds from `now` (Unix time). `name` shows in coturn's log.

    An allocation made in time lives on after the expiry; only new ones are refused.
    """
    username = f"{int(now) + ttl_s}:{name}"
    # SHA-1 is what coturn computes; as a MAC it is not broken.
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnCredentials(username, base64.b64encode(mac).decode())


def ice_servers(
    urls: Sequence[str], secret: str, *, name: str, now: float, ttl_s: int
) -> list[dict[str, object]]:
    """The `iceServers` of a browser's peer connection; empty where no TURN server is set up."""
    if not urls:
        return []
    if not secret:
        return [{"urls": list(urls)}]
    issued = issue_credentials(secret, name=name, now=now, ttl_s=ttl_s)
    return [{"urls": list(urls), "username": issued.username, "credential": issued.password}]
