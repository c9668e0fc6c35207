"""Passwords of staff: Argon2id hashes that hold their own parameters.

Hashing takes a core and tens of megabytes for a moment on purpose; call it off the event loop.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


def hash_password(password: str) -> str:
    """The hash to store, with a salt of its own."""
    return PasswordHasher().hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether `password` is the one that was hashed; False for what is no hash or no text."""
    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
