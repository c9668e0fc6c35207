"""How a page that was opened from WeChat learns, by WeChat's word alone, who opened it. Pure.

Rule: 「网页授权」, see README.md: the browser is sent to WeChat with a `state` of up to 128 letters and
digits, and comes back with it and a `code` that the server exchanges for the openid (`snsapi_base`: the
user is asked nothing). An openid in an address proves nothing and is never read.

The state carries the hash of what the browser was sent there for, a link's one-time ticket say, and when it
expires. It is signed, together with the account and a secret that only this browser has in a cookie: neither
a state of another browser nor one for another account is taken.
"""

import hashlib
import hmac
import re
from typing import Final
from urllib.parse import urlencode

from connectors.wechat.macs import MAC_BYTES, mac_of
from core.errors import Forbidden

AUTHORIZE_URL: Final = "https://open.weixin.qq.com/connect/oauth2/authorize"

_HASH_DIGITS: Final = 64
_TIME_DIGITS: Final = 10
_SIGNATURE_DIGITS: Final = 2 * MAC_BYTES
_STATE = re.compile(rf"[0-9a-f]{{{_HASH_DIGITS + _TIME_DIGITS + _SIGNATURE_DIGITS}}}")


class StateRefused(Forbidden):
    """A browser came back from WeChat with a state that wasn't made for it, or has expired."""

    code = "wechat_state_refused"
    citizen_text = "这个页面已经失效，请回到微信对话，重新点开链接。"


def authorize_url(appid: str, redirect_uri: str, state: str, *, base: str = AUTHORIZE_URL) -> str:
    """Where to send the browser, at `base`. WeChat insists on this order of the parameters."""
    query = urlencode(
        {
            "appid": appid,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
    )
    return f"{base}?{query}#wechat_redirect"


def ticket_hash(ticket: str) -> str:
    """What is stored of a one-time ticket, and stands in the state: 64 hexadecimal digits."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()


def sign_state(key: bytes, *, account: str, hashed_ticket: str, browser: str, expires_at: int) -> str:
    """The state to send along, 106 letters and digits.

    `browser` is the secret in the browser's cookie, `expires_at` Unix seconds.
    """
    content = f"{hashed_ticket}{expires_at:0{_TIME_DIGITS}x}"
    return content + _signature(key, account, content, browser)


def open_state(key: bytes, state: str, *, account: str, browser: str, now: float) -> str:
    """The hash of the ticket that the state was made for. Raises StateRefused."""
    if not _STATE.fullmatch(state):
        raise StateRefused("the state is malformed")
    content, signature = state[:-_SIGNATURE_DIGITS], state[-_SIGNATURE_DIGITS:]
    if not browser or not hmac.compare_digest(signature, _signature(key, account, content, browser)):
        raise StateRefused("the state is another browser's, or nobody's")
    if now >= int(content[_HASH_DIGITS:], 16):
        raise StateRefused("the state has expired")
    return content[:_HASH_DIGITS]


def _signature(key: bytes, account: str, content: str, browser: str) -> str:
    return mac_of(key, "wechat state", account, content, browser).hex()
