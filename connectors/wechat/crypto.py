"""AES-256-CBC as WeChat uses it. Here alone the connectors import `cryptography`. Pure.

The initialisation vector is the first half of the key, and the padding is PKCS#7 to 32 bytes, twice
AES's block (「加密解密技术方案」, see README.md). Neither is what one would
choose today. Ciphertext is opened only after its signature was checked, so an error here tells nobody
anything about the key.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

KEY_BYTES: Final = 32
_BLOCK: Final = 32


def encrypt(key: bytes, data: bytes) -> bytes:
    """The data, padded and encrypted."""
    length = _BLOCK - len(data) % _BLOCK
    encryptor = _cipher(key).encryptor()
    return encryptor.update(data + bytes([length]) * length) + encryptor.finalize()


def decrypt(key: bytes, sealed: bytes) -> bytes:
    """What `encrypt` was given. Raises ValueError if another key was used or something is missing."""
    if not sealed or len(sealed) % _BLOCK:
        raise ValueError("not a whole number of blocks")
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    length = padded[-1]
    if not 1 <= length <= _BLOCK or padded[-length:] != bytes([length]) * length:
        raise ValueError("the padding is wrong")
    return padded[:-length]


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES256(key), CBC(key[:16]))
