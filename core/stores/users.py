"""Staff accounts in the database."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import Conflict, NotFound
from core.ports import User
from core.statuses import Role
from core.stores.tables import users


class DatabaseUserStore:
    """A UserStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def add(self, connection: Connection, user: User) -> None:
        """Stores a new account. Raises Conflict if the name is taken."""
        row = {
            "name": user.name,
            "role": user.role.value,
            "password_hash": user.password_hash,
            "created_at": user.created_at or self._now(),
        }
        try:
            connection.execute(insert(users).values(row))
        except IntegrityError:
            raise Conflict("that name is taken") from None

    @in_transaction
    def set_password(self, connection: Connection, name: str, password_hash: str) -> None:
        """Replaces the password. Raises NotFound."""
        changed = connection.execute(
            update(users).where(users.c.name == name).values(password_hash=password_hash)
        )
        if changed.rowcount == 0:
            raise NotFound("no such account")

    async def get(self, name: str) -> User | None:
        """The account, or None."""
        rows = await self._database.read(select(users).where(users.c.name == name))
        return _user(rows[0]) if rows else None

    async def all(self) -> Sequence[User]:
        """All accounts by name."""
        return tuple(_user(row) for row in await self._database.read(select(users).order_by(users.c.name)))


def _user(row: Row[Any]) -> User:
    return User(row.name, Role(row.role), row.password_hash, row.created_at)
