"""What WeChat would send to an account's address, made by ourselves to try the address. Pure.

The event is one that WeChat doesn't have: it asks for nothing, and nobody is answered.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from connectors.wechat import crypto
from connectors.wechat.envelope import Keys, Mode
from connectors.wechat.signatures import signature

EVENT: Final = "bangban_check"
LEAVE: Final = "unsubscribe"
"""Has the service forget the user again that the trial left."""

OPENID: Final = "oBangbanChecksItsOwnAddress_"
ANY_ACCOUNT: Final = "gh_bangbancheck"

_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class TrialPush:
    """A POST: its query and its body, `text/xml`."""

    query: Mapping[str, str]
    body: bytes = field(repr=False)


def trial_check(keys: Keys, *, now: int, nonce: str, echo: str) -> Mapping[str, str]:
    """The query with which WeChat's console checks an address by GET: the answer has to be `echo`."""
    return {**_signed(keys, now, nonce), "echostr": echo}


def trial_push(
    keys: Keys, event: str, *, account_id: str, now: int, nonce: str, random16: bytes
) -> TrialPush:
    """A push of that event, sealed as the account's mode wants it. `account_id` is the original id."""
    xml = (
        f"<xml><ToUserName><![CDATA[{account_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName><CreateTime>{now}</CreateTime>"
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event></xml>"
    )
    query = {**_signed(keys, now, nonce), "openid": OPENID}
    if keys.mode is Mode.PLAIN:
        return TrialPush(query, xml.encode())
    data = xml.encode()
    inner = random16 + len(data).to_bytes(_LENGTH_BYTES) + data + keys.appid.encode()
    ciphertext = base64.b64encode(crypto.encrypt(keys.aes_keys[0], inner)).decode()
    query["encrypt_type"] = "aes"
    query["msg_signature"] = signature(keys.token, str(now), nonce, ciphertext)
    sealed = f"<Encrypt><![CDATA[{ciphertext}]]></Encrypt>"
    if keys.mode is Mode.COMPATIBLE:
        return TrialPush(query, xml.replace("</xml>", f"{sealed}</xml>").encode())
    return TrialPush(query, f"<xml><ToUserName><![CDATA[{account_id}]]></ToUserName>{sealed}</xml>".encode())


def forged(push: TrialPush) -> TrialPush:
    """The same push with signatures that nobody who knows the Token would make."""
    wrong = {name: "0" * 40 for name in ("signature", "msg_signature") if name in push.query}
    return replace(push, query={**push.query, **wrong})


def _signed(keys: Keys, now: int, nonce: str) -> dict[str, str]:
    return {"signature": signature(keys.token, str(now), nonce), "timestamp": str(now), "nonce": nonce}
