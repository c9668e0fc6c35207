"""Brings a database to the newest schema, from empty or from any older version.

Each file in `versions/` is one step, applied once and in order; the whole run is one transaction.
"""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from core.database import Database

# Any constant will do; it names our lock among those of other users of the same server.
_LOCK = 0x62616E67


async def upgrade(database_url: str, *, to: str = "head") -> None:
    """Applies the steps that are missing up to that one; does nothing when there are none.

    Several processes may start at once: one migrates, the others wait and find it done.
    Raises Unavailable when the database doesn't answer.
    """
    database = Database.open(database_url)
    try:
        await database.write(lambda connection: _upgrade(connection, to))
    finally:
        await database.close()


def _upgrade(connection: Connection, to: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", "core:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
