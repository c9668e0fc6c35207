"""Signatures, encryption and XML as WeChat's side of them; written from the documentation alone.

https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html
"""

import base64
import hashlib
import secrets
import struct
from collections.abc import Mapping
from xml.etree import ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32


class UnreadableReply(Exception):
    """The service answered a push with something that WeChat can't show."""


def sign(*parts: str) -> str:
    """SHA-1 of the sorted parts put together."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def new_nonce() -> str:
    return str(secrets.randbelow(10**10))


def encrypt(content: bytes, aes_key: str, app_id: str) -> str:
    """Base64 of AES-CBC of 16 random bytes, the length, the content and the AppID."""
    key = base64.b64decode(aes_key + "=")
    plain = secrets.token_bytes(16) + struct.pack(">I", len(content)) + content + app_id.encode()
    missing = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    ).decode()


def decrypt(encrypted: str, aes_key: str, app_id: str) -> bytes:
    """The content. Raises UnreadableReply."""
    key = base64.b64decode(aes_key + "=")
    decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
    try:
        padded = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
    except ValueError as error:
        raise UnreadableReply(f"no AES-CBC: {error}") from None
    if not padded or not 1 <= padded[-1] <= BLOCK or padded[-padded[-1] :] != padded[-1:] * padded[-1]:
        raise UnreadableReply("wrong padding")
    plain = padded[: -padded[-1]]
    if len(plain) < 20:
        raise UnreadableReply("too short")
    (length,) = struct.unpack(">I", plain[16:20])
    content, rest = plain[20 : 20 + length], plain[20 + length :]
    if len(content) != length or rest != app_id.encode():
        raise UnreadableReply("wrong length or AppID")
    return content


def as_xml(fields: Mapping[str, object]) -> bytes:
    """A push as WeChat writes it: texts in CDATA, numbers bare, mappings as elements, lists as repeats."""
    return f"<xml>{_elements(fields)}</xml>".encode()


def _elements(fields: Mapping[str, object]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}><![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"


def read_xml(content: bytes) -> ElementTree.Element:
    """The `<xml>` of a reply. Raises UnreadableReply."""
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise UnreadableReply(f"no XML: {error}") from None
    if root.tag != "xml":
        raise UnreadableReply(f"<{root.tag}> in place of <xml>")
    return root


def text_of(element: ElementTree.Element, path: str) -> str:
    """The text at that path. Raises UnreadableReply if there is none."""
    found = element.find(path)
    if found is None:
        raise UnreadableReply(f"no {path}")
    return found.text or ""
