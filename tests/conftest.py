"""Fixtures and settings that every test shares."""

import asyncio
import itertools
import shutil

import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from core.database import Database
from core.migrations import upgrade
from core.stores.tables import metadata
from tests import postgresql
from tests.ports import kept_port

# A slow machine must not fail a test, so no example has a deadline.
settings.register_profile("bangban", deadline=None)
settings.load_profile("bangban")

# What the migrations filled: a database without it is none that a store knows.
KEPT = {"counters", "identity"}

_database_numbers = itertools.count(1)


@pytest.fixture
def unused_tcp_port():
    """A port where nobody listens, and nobody begins to."""
    return kept_port()


@pytest.fixture(scope="session")
def dictionary_folder(tmp_path_factory):
    """Where jieba keeps its dictionary once it has compiled it, which takes longer than most tests."""
    return tmp_path_factory.mktemp("jieba")


@pytest.fixture(scope="session")
def postgresql_server():
    """The socket folder of a private PostgreSQL server; the tests fail if there is none to start."""
    with postgresql.running_server() as folder:
        yield folder


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
"""PostgreSQL is a server, so `make check` leaves it out."""


@pytest.fixture(params=DATABASES)
def empty_database_url(request, tmp_path):
    """The address of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bangban.db'}"
    return asyncio.run(create_postgresql_database(request.getfixturevalue("postgresql_server")))


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path):
    """The address of a database with all tables, of each kind in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "bangban.db")
        return f"sqlite:///{tmp_path / 'bangban.db'}"
    url = request.getfixturevalue("migrated_postgresql")
    asyncio.run(empty_tables(url))
    return url


@pytest.fixture
async def database(database_url):
    """A database with all tables, of each kind in turn."""
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    """A SQLite file with all tables, to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "bangban.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server):
    """The address of a PostgreSQL database with all tables, which tests use one after another."""
    url = asyncio.run(create_postgresql_database(postgresql_server))
    asyncio.run(upgrade(url))
    return url


async def create_postgresql_database(server) -> str:
    name = f"test_{next(_database_numbers)}"
    engine = create_async_engine(
        with_driver(postgresql.database_url(server, "postgres")), isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return postgresql.database_url(server, name)


async def empty_tables(url: str) -> None:
    tables = ", ".join(table.name for table in metadata.sorted_tables if table.name not in KEPT)
    engine = create_async_engine(with_driver(url))
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {tables}"))
        await connection.execute(text("UPDATE counters SET value = 0"))
    await engine.dispose()


def with_driver(url: str) -> str:
    return url.replace("postgresql:", "postgresql+asyncpg:")
