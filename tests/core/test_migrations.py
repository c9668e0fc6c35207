"""Bringing a database to the newest schema."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core import migrations
from core.database import Database
from core.desk_ports import HolderChange
from core.migrations import upgrade
from core.statuses import HandoverState, Holder
from core.stores.channel_tables import metadata
from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore

ROOT = Path(__file__).parents[2]


async def inspected(url: str, look):
    database = Database.open(url)
    found = await database.write(look)
    await database.close()
    return found


async def test_the_stores_find_the_tables_that_they_know(empty_database_url):
    await upgrade(empty_database_url)

    def of_another_type(context, _column, _known_column, stored, known):
        # On PostgreSQL, VARCHAR without a length is another name of TEXT.
        spellings = [t.compile(context.dialect).replace("VARCHAR", "TEXT") for t in (stored, known)]
        return spellings[0] != spellings[1]

    def differences(connection):
        context = MigrationContext.configure(connection, opts={"compare_type": of_another_type})
        return compare_metadata(context, metadata)

    assert await inspected(empty_database_url, differences) == []


async def test_upgrading_twice_changes_nothing(empty_database_url):
    await upgrade(empty_database_url)
    database = Database.open(empty_database_url)
    await database.write(lambda connection: connection.execute(text("UPDATE counters SET value = 7")))
    await database.close()

    await upgrade(empty_database_url)

    values = await inspected(
        empty_database_url, lambda connection: set(connection.scalars(text("SELECT value FROM counters")))
    )
    assert values == {7}


async def test_each_database_gets_a_name_of_its_own_and_keeps_it(tmp_path):
    names = []
    for file in ("one.db", "other.db", "one.db"):
        url = f"sqlite:///{tmp_path / file}"
        await upgrade(url)
        names.append(await inspected(url, lambda c: c.scalar(text("SELECT name FROM identity"))))

    one, other, again = names
    assert one == again != other


async def test_many_at_once_in_one_process_all_succeed(empty_database_url):
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(4)))

    assert "users" in await inspected(empty_database_url, lambda c: inspect(c).get_table_names())


@pytest.mark.slow  # starts three Python processes
async def test_many_processes_at_once_all_succeed(empty_database_url, tmp_path):
    program = "import asyncio, sys; from core.migrations import upgrade; asyncio.run(upgrade(sys.argv[1]))"

    # From a folder of their own: nothing may depend on where the service is started.
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, empty_database_url),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(3)
    ]

    assert [await process.wait() for process in started] == [0, 0, 0]
    assert "users" in await inspected(empty_database_url, lambda c: inspect(c).get_table_names())


async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(empty_database_url, monkeypatch):
    apply = migrations._upgrade

    def apply_and_fail(connection, to):
        apply(connection, to)
        raise ZeroDivisionError

    monkeypatch.setattr(migrations, "_upgrade", apply_and_fail)
    with pytest.raises(ZeroDivisionError):
        await upgrade(empty_database_url)

    assert await inspected(empty_database_url, lambda c: inspect(c).get_table_names()) == []


OLD = """
INSERT INTO conversations VALUES ('waits', 'web', '0', 'bot', '', :at, :at, 1);
INSERT INTO conversations VALUES ('waited', 'web', '0', 'bot', '', :at, :at, 1);
INSERT INTO conversation_events VALUES ('waits', 1, 'citizen_message', '{"text":"人工"}', :at, NULL, NULL, true);
INSERT INTO conversation_events VALUES ('waited', 1, 'citizen_message', '{"text":"人工"}', :at, NULL, NULL, true);
INSERT INTO handovers VALUES ('h1', 'waits', 'video', '身份证', '想找人', 'waiting', '{"district":"朝阳区"}', :at, 1);
INSERT INTO handovers VALUES ('h2', 'waited', 'text', '', '', 'abandoned', '{}', :at, 2);
"""  # noqa: E501 - one row is one line


async def test_who_waited_before_there_was_a_desk_waits_in_its_queue(empty_database_url):
    await upgrade(empty_database_url, to="0002")
    moment = (
        "TIMESTAMP '2026-01-01 09:00:00'" if "postgresql" in empty_database_url else "'2026-01-01 09:00:00'"
    )

    def fill(connection):
        for statement in OLD.replace(":at", moment).strip().splitlines():
            connection.exec_driver_sql(statement)

    await inspected(empty_database_url, fill)

    await upgrade(empty_database_url)

    database = Database.open(empty_database_url)
    conversations, desk = DatabaseConversationStore(database), DatabaseDeskStore(database)
    (waiting,) = await desk.waiting()
    assert (waiting.handover_id, waiting.known, waiting.priority) == ("h1", {"district": "朝阳区"}, 3)
    assert (await conversations.get("waits")).holder is Holder.QUEUE
    assert (await conversations.get("waited")).holder is Holder.BOT
    assert [e.kind for e in await conversations.events("waits")] == ["citizen_message", "holder"]
    assert [e.conversation_id for e in await conversations.unanswered()] == ["waited"]
    accepted = await desk.accept("h1", "王芳", HolderChange(Holder.QUEUE, Holder.AGENT, "accept"))
    assert (accepted.handover.state, accepted.events[-1].sequence) == (HandoverState.TAKEN, 3)
    await database.close()
