"""What the WeChat connector keeps, in the database."""

from datetime import datetime

from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.database import Database, in_transaction
from core.stores.tables import wechat_tokens
from core.wechat_ports import AccessToken


class DatabaseTokenStore:
    """A TokenStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, account: str, kind: str) -> AccessToken | None:
        """See `TokenStore`."""
        rows = await self._database.read(_stored(account, kind))
        return AccessToken(rows[0].value, rows[0].expires_at) if rows else None

    async def put(self, account: str, kind: str, token: AccessToken, *, instead_of: str) -> AccessToken:
        """See `TokenStore`."""
        try:
            return await self._put(account, kind, token, instead_of=instead_of)
        except IntegrityError:  # somebody else stored the first one in the same moment
            return await self._put(account, kind, token, instead_of=instead_of)

    @in_transaction
    def _put(
        self, connection: Connection, account: str, kind: str, token: AccessToken, *, instead_of: str
    ) -> AccessToken:
        key = {"account": account, "kind": kind}
        values = {"value": token.value, "expires_at": token.expires_at}
        replaced = connection.execute(
            update(wechat_tokens)
            .where(
                wechat_tokens.c.account == account,
                wechat_tokens.c.kind == kind,
                wechat_tokens.c.value == instead_of,
            )
            .values(values)
        )
        if replaced.rowcount:
            return token
        other = connection.execute(_stored(account, kind)).one_or_none()
        if other is not None:
            return AccessToken(other.value, other.expires_at)
        connection.execute(insert(wechat_tokens).values(key | values))
        return token


def _stored(account: str, kind: str) -> Select[str, datetime]:
    return select(wechat_tokens.c.value, wechat_tokens.c.expires_at).where(
        wechat_tokens.c.account == account, wechat_tokens.c.kind == kind
    )
