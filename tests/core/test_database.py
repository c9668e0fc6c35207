"""Opening databases, their transactions, and what happens when they don't answer."""

import asyncio
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

import core.database
from core.database import Database, PostgresqlDatabase
from core.errors import ConfigurationError, Unavailable
from core.migrations import upgrade
from core.ports import Conversation
from core.stores.conversations import DatabaseConversationStore
from tests import postgresql

COUNT = "SELECT count(*) FROM users"
ADD = text("INSERT INTO users VALUES (:name, 'agent', 'hash', '2026-01-01 00:00:00')")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "var/bangban.db",
        "mysql://u:hunter2@h/d",
        "oracle://h",
        "sqlite://",
        "sqlite:///:memory:",
        "http://[",
    ],
)
def test_an_address_of_something_else_is_refused_without_showing_it(url):
    with pytest.raises(ConfigurationError) as refused:
        Database.open(url)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d", "postgresql+asyncpg://u@h/d"])
def test_the_usual_spellings_of_postgresql_are_understood(url):
    assert isinstance(Database.open(url), PostgresqlDatabase)


async def test_the_folder_of_a_sqlite_file_is_made_for_its_owner_alone(tmp_path):
    url = f"sqlite:///{tmp_path / 'var' / 'bangban.db'}"

    await upgrade(url)

    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_many_may_open_a_new_sqlite_file_at_once(tmp_path):
    many = 8
    together = threading.Barrier(many)

    def first_write(url: str) -> None:
        engine = core.database._open_sqlite(make_url(url))
        together.wait()
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS t (x)"))
        engine.dispose()

    with ThreadPoolExecutor(many) as threads:
        for number in range(30):
            list(threads.map(first_write, [f"sqlite:///{tmp_path / f'{number}.db'}"] * many))


async def value(database, query: str):
    ((found,),) = await database.read(text(query))
    return found


async def test_sqlite_commits_are_durable_and_readers_do_not_wait(migrated_sqlite):
    database = Database.open(f"sqlite:///{migrated_sqlite}")

    found = [
        await value(database, f"PRAGMA {name}")
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
    ]
    await database.close()

    assert found == ["wal", 2, 1, 1]


async def test_a_transaction_that_raises_leaves_nothing(database):
    def add_and_fail(connection):
        connection.execute(ADD, {"name": "li"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(add_and_fail)

    assert await value(database, COUNT) == 0


async def test_readers_see_a_transaction_whole_or_not_at_all_and_do_not_wait_for_it(database):
    seen: list[int] = []

    def add_until_there_were_readers(connection):
        count = 0
        while count < 100 or len(seen) < 2:
            connection.execute(ADD, {"name": f"user {count}"})
            count += 1
        return count

    writing = asyncio.create_task(database.write(add_until_there_were_readers))
    while not writing.done():
        seen.append(await value(database, COUNT))

    added = await writing
    assert set(seen) <= {0, added}
    assert await value(database, COUNT) == added


async def test_closing_waits_for_what_is_under_way(database, database_url):
    writing = asyncio.create_task(database.write(lambda connection: connection.execute(ADD, {"name": "li"})))
    await asyncio.sleep(0)
    writing.cancel()  # the caller goes, the transaction doesn't

    await database.close()

    reopened = Database.open(database_url)
    assert await value(reopened, COUNT) == 1
    await reopened.close()


async def test_callers_that_give_up_leave_the_database_whole(database):
    store = DatabaseConversationStore(database)
    await store.create(Conversation("c1", "web", "0" * 64))
    chance = random.Random(1)

    for n in range(60):
        appending = asyncio.create_task(store.append("c1", "notice", {"n": n}))
        await asyncio.sleep(chance.random() / 50)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)

    event, _ = await store.append("c1", "notice", {"n": "last"})
    stored = [stored.sequence for stored in await store.events("c1")]
    assert event.sequence in stored
    assert stored == list(range(1, len(stored) + 1))


async def test_a_database_that_cannot_be_reached_is_unavailable(tmp_path):
    database = Database.open(postgresql.database_url(tmp_path, "nothing"))

    with pytest.raises(Unavailable):
        await database.read(text("SELECT 1"))
    with pytest.raises(Unavailable):
        await upgrade(postgresql.database_url(tmp_path, "nothing"))


async def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    path = tmp_path / "bangban.db"
    path.write_bytes(b"a diary, not a database" * 100)

    with pytest.raises(Unavailable):
        await upgrade(f"sqlite:///{path}")


async def test_a_database_without_room_says_so_and_stays_whole(tmp_path):
    url = f"sqlite:///{tmp_path / 'bangban.db'}"
    await upgrade(url)
    database = Database.open(url)
    store = DatabaseConversationStore(database)
    await store.create(Conversation("c1", "web", "0" * 64))
    await database.read(text("PRAGMA max_page_count = 1"))  # refuses to grow, as on a full disk

    with pytest.raises(Unavailable):
        await store.append("c1", "notice", {"text": "长" * 100_000})

    assert await store.events("c1") == ()
    await database.close()


async def test_a_locked_database_is_not_writable(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'bangban.db'}"
    await upgrade(url)
    monkeypatch.setattr("core.database._BUSY_SECONDS", 0)
    database = Database.open(url)
    other_writer = sqlite3.connect(tmp_path / "bangban.db", isolation_level=None)
    other_writer.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable):
        await DatabaseConversationStore(database).check_writable()

    other_writer.execute("ROLLBACK")
    await DatabaseConversationStore(database).check_writable()
    other_writer.close()
    await database.close()


async def test_an_error_shows_no_values(database):
    incomplete = text("INSERT INTO users (name) VALUES (:name)")

    with pytest.raises(IntegrityError) as failed:
        await database.write(lambda connection: connection.execute(incomplete, {"name": "secret-name"}))

    assert "secret-name" not in str(failed.value).split("\n")[1:]


async def test_a_connection_that_was_cut_is_unavailable_and_the_next_one_works(postgresql_server):
    database = Database.open(postgresql.database_url(postgresql_server, "postgres"))
    other = Database.open(postgresql.database_url(postgresql_server, "postgres"))

    def cut_itself(connection):
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Unavailable):
        await database.write(cut_itself)
    assert await value(database, "SELECT 1") == 1
    # As a restart of the server does to all that is pooled.
    await other.read(
        text(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    )
    assert await value(database, "SELECT 1") == 1
    await database.close()
    await other.close()
