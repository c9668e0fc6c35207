"""How what we hand to browsers is bound to what it was made for. Pure."""

import hashlib
import hmac
from typing import Final

MAC_BYTES: Final = 16  # half of HMAC-SHA256: RFC 2104, section 5, allows it


def mac_of(key: bytes, *parts: str | bytes) -> bytes:
    """`MAC_BYTES` that nobody makes without the key, and that hold for these parts alone.

    The first part says what it is for, so that nothing made for one use is taken for another.
    """
    # Each part is hashed, so that none can be prolonged at the cost of the next.
    hashed = (hashlib.sha256(_as_bytes(part)).digest() for part in parts)
    return hmac.digest(key, b"".join(hashed), "sha256")[:MAC_BYTES]


def _as_bytes(part: str | bytes) -> bytes:
    return part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
