"""The signature by which a page may use WeChat's JS-SDK. Pure.

Rule: 「JS-SDK使用权限签名算法」, see README.md. The address that is signed is the one that WeChat's browser
opened the page under; on iOS that stays the first one for as long as scripts only change the history.
"""

import hashlib
from collections.abc import Sequence


def page_signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """The signature of the page at that address, 40 hexadecimal digits; a fragment doesn't count.

    `ticket` is the account's `jsapi_ticket`.
    """
    address = url.partition("#")[0]
    signed = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={address}"
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()


def page_config(
    appid: str, ticket: str, *, nonce: str, timestamp: int, url: str, functions: Sequence[str]
) -> dict[str, object]:
    """What the page gives to `wx.config`; the ticket isn't in it."""
    return {
        "appId": appid,
        "timestamp": timestamp,
        "nonceStr": nonce,
        "signature": page_signature(ticket, nonce, timestamp, url),
        "jsApiList": list(functions),
    }
