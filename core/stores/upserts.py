"""Inserts rows in place of, or unless there are, those with the same key; what differs by database."""

import functools
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: Final = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def upsert(connection: Connection, table: Table) -> Insert:
    """An insert into `table` that replaces all other columns where the primary key is there already.

    It looks up each key in the index. Deleting by a list of keys first would not: while a large
    batch is on its way PostgreSQL knows nothing of the table's size and reads it all, each time.
    """
    return _upsert(connection.dialect.name, table)


@functools.cache  # making a statement costs more than doing it
def _upsert(dialect: str, table: Table) -> Insert:
    # Both dialects' inserts have these methods, but no class in common that does.
    statement: Any = _INSERTS[dialect](table)
    replacing: Insert = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={
            column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key
        },
    )
    return replacing


def insert_unless_there(connection: Connection, table: Table) -> Insert:
    """An insert into `table` that leaves a row with the same primary key as it is."""
    return _insert_unless_there(connection.dialect.name, table)


@functools.cache
def _insert_unless_there(dialect: str, table: Table) -> Insert:
    statement: Any = _INSERTS[dialect](table)
    leaving: Insert = statement.on_conflict_do_nothing(index_elements=list(table.primary_key))
    return leaving
