"""What is around a push and a reply: signature, time stamp, nonce, encryption, in all three modes. Pure.

    plain        the body is the XML; `signature` covers token, time stamp and nonce, not the body
    compatible   the body holds XML and ciphertext; the ciphertext counts, since it alone is signed
    safe         the body holds ciphertext only

Ciphertext is base64 of AES-256-CBC over 16 random bytes, the length of the XML (4 bytes, big-endian),
the XML and the appid; `msg_signature` covers it (「消息加解密说明」 and 「加密解密技术方案」, see
README.md). The caller gives the time, and keeps which nonces were used: `check_nonce` says what a
second use means.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from connectors.wechat import crypto
from connectors.wechat.signatures import check, signature
from connectors.wechat.xml_reading import MOST_BYTES, read_xml
from core.errors import ConfigurationError, InvalidPush, UnsignedPush, UntrustedPush

WINDOW_SECONDS: Final = 300
"""So far a push's time stamp may be from now, to either side."""

RETRY_SECONDS: Final = 20
"""Three tries of five seconds each, and some way: later than that, no retry is under way."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ECHO = re.compile(r"[!-~]{1,256}")
_ENCODED_KEY = re.compile(r"[0-9A-Za-z+/]{43}")
_RANDOM_BYTES: Final = 16
_LENGTH_BYTES: Final = 4


class Mode(StrEnum):
    """How an account's messages travel, as set in WeChat's console."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What an account shares with WeChat.

    `aes_keys` are of 32 bytes, the present one first; WeChat asks to keep the one before as well,
    for pushes that were under way when it was changed. Plain mode has none.
    """

    token: str = field(repr=False)
    appid: str
    mode: Mode = Mode.SAFE
    aes_keys: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not self.token:
            raise ConfigurationError("公众号没有配置 Token")
        if self.mode is not Mode.PLAIN and not self.aes_keys:
            raise ConfigurationError("兼容模式和安全模式需要 EncodingAESKey")
        if any(len(key) != crypto.KEY_BYTES for key in self.aes_keys):
            raise ConfigurationError("EncodingAESKey 解码后应为 32 字节")


def decode_aes_key(encoded: str) -> bytes:
    """The key that WeChat's console shows as EncodingAESKey, 43 letters and digits.

    Raises ConfigurationError, which doesn't repeat it.
    """
    if not _ENCODED_KEY.fullmatch(encoded):
        raise ConfigurationError("EncodingAESKey 应为 43 位字母和数字")
    return base64.b64decode(encoded + "=")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPush:
    """A push that WeChat sent: its XML, and what the caller has to remember or to give back.

    `once` names the use of the nonce, for `check_nonce`. `sealed_with` is the key that opened it, to
    be given to `seal_reply`; None for plain XML, which is answered in plain.
    """

    xml: bytes = field(repr=False)
    timestamp: int
    once: str
    sealed_with: bytes | None = field(default=None, repr=False)


def check_address(query: Mapping[str, str], keys: Keys, now: float, *, window: float = WINDOW_SECONDS) -> str:
    """The `echostr` to answer with, when WeChat checks the address that was set in its console (GET).

    Raises UntrustedPush. Answer as text/plain: the echo is what a stranger's query says.
    """
    if "signature" not in query:
        raise UnsignedPush("there is no signature")
    _check_signature(query, keys)
    _check_time(query, now, window)
    echo = query.get("echostr", "")
    if not _ECHO.fullmatch(echo):
        raise UntrustedPush("the echo is no short plain text")
    return echo


def open_push(
    query: Mapping[str, str],
    body: bytes,
    keys: Keys,
    now: float,
    *,
    window: float = WINDOW_SECONDS,
    most_bytes: int = MOST_BYTES,
) -> OpenedPush:
    """The push in a POST's body.

    Raises UntrustedPush where it doesn't prove to come from WeChat, for this account, now, and
    InvalidPush where it can't be read. The caller must then call `check_nonce`, and `parse_push`.
    """
    if len(body) > most_bytes:
        raise InvalidPush("the body is too large")
    encrypted = query.get("encrypt_type") == "aes"
    if keys.mode is Mode.SAFE and not encrypted:
        raise UntrustedPush("plain, though the account is in safe mode")
    if keys.mode is Mode.PLAIN and encrypted:
        raise InvalidPush("encrypted, though the account is in plain mode")
    if not encrypted:
        _check_signature(query, keys)
        timestamp = _check_time(query, now, window)
        return OpenedPush(xml=body, timestamp=timestamp, once=_once(query))
    # Before the signature is known to be right nothing is read but where the ciphertext stands.
    ciphertext = (read_xml(body, most_bytes=most_bytes).text_of("Encrypt") or "").strip()
    if not ciphertext:
        raise InvalidPush("there is no ciphertext")
    _check_signature(query, keys, ciphertext)
    timestamp = _check_time(query, now, window)
    xml, key = _decrypt(ciphertext, keys)
    return OpenedPush(xml=xml, timestamp=timestamp, once=_once(query), sealed_with=key)


@dataclass(frozen=True, slots=True)
class NonceUse:
    """The first use of a nonce: for which delivery (`Push.key`), and when."""

    delivery: str
    at: float


def check_nonce(first: NonceUse | None, delivery: str, now: float, *, within: float = RETRY_SECONDS) -> None:
    """Returns if a push may use a nonce whose first use is stored, or that wasn't used (None).

    A retry of the same delivery may, for as long as WeChat retries. Raises UntrustedPush for anything
    else: somebody sends again what they overheard.
    """
    if first is not None and (first.delivery != delivery or not 0 <= now - first.at <= within):
        raise UntrustedPush("the nonce was used before")


def seal_reply(
    xml: str, keys: Keys, *, now: int, nonce: str, random16: bytes, sealed_with: bytes | None
) -> str:
    """The body that answers a push: the reply's XML itself, or sealed as the push was.

    `sealed_with` is the opened push's; `nonce` and the 16 random bytes are new for each reply. What
    isn't XML (`success`, or nothing) isn't sealed: don't give it.
    """
    if sealed_with is None:
        return xml
    if len(random16) != _RANDOM_BYTES:
        raise ValueError("16 random bytes are needed")
    data = xml.encode("utf-8")
    inner = random16 + len(data).to_bytes(_LENGTH_BYTES) + data + keys.appid.encode()
    ciphertext = base64.b64encode(crypto.encrypt(sealed_with, inner)).decode()
    proof = signature(keys.token, str(now), nonce, ciphertext)
    return (
        f"<xml><Encrypt><![CDATA[{ciphertext}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{proof}]]></MsgSignature>"
        f"<TimeStamp>{now}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )


def _check_signature(query: Mapping[str, str], keys: Keys, *ciphertext: str) -> None:
    given = query.get("msg_signature" if ciphertext else "signature", "")
    if not check(given, keys.token, query.get("timestamp", ""), query.get("nonce", ""), *ciphertext):
        raise UntrustedPush("the signature is wrong")


def _check_time(query: Mapping[str, str], now: float, window: float) -> int:
    """The time stamp, if it and the nonce look as WeChat's do."""
    timestamp = query.get("timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(query.get("nonce", "")):
        raise UntrustedPush("time stamp or nonce is malformed")
    if abs(now - int(timestamp)) > window:
        raise UntrustedPush("the time stamp is too far from now")
    return int(timestamp)


def _once(query: Mapping[str, str]) -> str:
    return f"{query['timestamp']}:{query['nonce']}"


def _decrypt(ciphertext: str, keys: Keys) -> tuple[bytes, bytes]:
    """XML and the key that opened it. Raises UntrustedPush if it is for another account."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidPush("the ciphertext isn't base64") from None
    for key in keys.aes_keys:
        try:
            inner = crypto.decrypt(key, sealed)
        except ValueError:
            continue
        start = _RANDOM_BYTES + _LENGTH_BYTES
        end = start + int.from_bytes(inner[_RANDOM_BYTES:start])
        if start <= end <= len(inner):
            if not hmac.compare_digest(inner[end:], keys.appid.encode()):
                raise UntrustedPush("for another account")
            return inner[start:end], key
    raise InvalidPush("the ciphertext can't be opened")
