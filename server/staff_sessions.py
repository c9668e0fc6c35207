"""Signs staff in and knows them again by a signed cookie.

The cookie holds the account's name and when it ends; nothing is stored, and the role is read from
the account at each request, so a changed role or a removed account counts at once.
"""

import asyncio
import base64
import binascii
import functools
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Forbidden, Unauthenticated
from core.ports import User, UserStore
from core.statuses import Role

SESSION_SECONDS = 12 * 3600
"""A working day with overtime."""

VerifyPassword = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account that just signed in, and its cookie."""

    user: User
    cookie: str


class StaffSessions:
    """Sessions signed with `secret`.

    `verify` compares a hash with a password; `make_decoy` makes the hash of no password, compared
    with for names that don't exist, so that an answer takes as long for these.
    """

    def __init__(
        self,
        secret: bytes,
        users: UserStore,
        *,
        verify: VerifyPassword,
        make_decoy: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._key = hashlib.sha256(b"bangban staff session\0" + secret).digest()
        self._users = users
        self._verify = verify
        self._decoy = functools.cache(make_decoy)
        self._now = now
        self._verifying = asyncio.Semaphore(2)  # Argon2 takes much memory and a core each time

    async def sign_in(self, name: str, password: str) -> SignedIn:
        """The account and its cookie. Raises Unauthenticated, the same for a wrong name or password."""
        user = await self._users.get(name)
        async with self._verifying:
            stored = user.password_hash if user else await asyncio.to_thread(self._decoy)
            matches = await asyncio.to_thread(self._verify, stored, password)
        if user is None or not matches:
            raise Unauthenticated("wrong name or password")
        return SignedIn(user, self._signed(json.dumps([name, int(self._now()) + SESSION_SECONDS])))

    async def access_staff(self, cookie: str, *roles: Role) -> User:
        """The account of this session, if it has one of the roles; an admin has them all.

        Raises Unauthenticated, Forbidden.
        """
        name, until = self._read(cookie)
        user = await self._users.get(name) if self._now() < until else None
        if user is None:
            raise Unauthenticated("no such session")
        if user.role not in {*roles, Role.ADMIN}:
            raise Forbidden("another role is needed")
        return user

    def _signed(self, content: str) -> str:
        encoded = base64.urlsafe_b64encode(content.encode()).decode()
        return f"{encoded}.{self._signature(encoded)}"

    def _read(self, cookie: str) -> tuple[str, float]:
        encoded, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signature(encoded).encode(), signature.encode("utf-8", "replace")):
            raise Unauthenticated("no session, or a forged one")
        try:
            name, until = json.loads(base64.urlsafe_b64decode(encoded))
        except (binascii.Error, ValueError, TypeError):
            raise Unauthenticated("an unreadable session") from None
        return str(name), float(until)

    def _signature(self, encoded: str) -> str:
        return hmac.new(self._key, encoded.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
