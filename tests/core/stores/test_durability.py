"""What was acknowledged survives kill -9, whatever the process was doing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.database import Database
from core.ports import Conversation
from core.statuses import Holder
from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore
from core.stores.knowledge import DatabaseKnowledgeStore

pytestmark = pytest.mark.slow  # each test starts Python processes

ROOT = Path(__file__).parents[3]

APPEND = """
import asyncio, sys
from core.database import Database
from core.stores.conversations import DatabaseConversationStore

async def main():
    store = DatabaseConversationStore(Database.open(sys.argv[1]))
    while True:
        event, _ = await store.append("c1", "notice", {"by": sys.argv[2]})
        print(event.sequence, flush=True)  # the acknowledgement

asyncio.run(main())
"""

PUBLISH = """
import asyncio, itertools, sys
from core.database import Database
from core.stores.knowledge import DatabaseKnowledgeStore
from tests.contracts.knowledge_store import a_guide

async def main():
    store = DatabaseKnowledgeStore(Database.open(sys.argv[1]))
    for n in itertools.count(1):
        await store.publish_guides([a_guide(f"g{i}", f"edition {n}") for i in range(50)])
        print(n, flush=True)

asyncio.run(main())
"""

JOIN_AND_ACCEPT = """
import asyncio, itertools, sys
from core.database import Database
from core.desk_ports import HolderChange
from core.ports import Conversation, Handover
from core.statuses import HandoverMode, Holder
from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore

async def main():
    database = Database.open(sys.argv[1])
    conversations, desk = DatabaseConversationStore(database), DatabaseDeskStore(database)
    join = HolderChange(Holder.BOT, Holder.QUEUE, "ask_for_person")
    accept = HolderChange(Holder.QUEUE, Holder.AGENT, "accept")
    for n in itertools.count(1):
        await conversations.create(Conversation(f"q{n}", "web", "0"))
        await desk.join(Handover(f"h{n}", f"q{n}", HandoverMode.TEXT, "", ""), join)
        if n % 2 == 0:
            await desk.accept(f"h{n}", "agent", accept)
        print(n, flush=True)

asyncio.run(main())
"""


def start(program: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def kill_after(process: subprocess.Popen, acknowledged: int) -> list[int]:
    """What the process acknowledged before it was killed in the midst of its work."""
    seen = [int(process.stdout.readline()) for _ in range(acknowledged)]
    process.kill()
    rest, _ = process.communicate()
    return seen + [int(line) for line in rest.splitlines() if line.strip()]


@pytest.fixture
async def conversations(database):
    store = DatabaseConversationStore(database)
    await store.create(Conversation("c1", "web", "0" * 64))
    return store


async def test_acknowledged_messages_survive_kill_9(conversations, database_url):
    acknowledged = kill_after(start(APPEND, database_url, "a"), 25)

    stored = [event.sequence for event in await conversations.events("c1")]
    assert len(acknowledged) >= 25
    assert set(acknowledged) <= set(stored)
    assert stored == list(range(1, len(stored) + 1))
    event, is_new = await conversations.append("c1", "notice", {})
    assert (event.sequence, is_new) == (len(stored) + 1, True)


async def test_several_processes_share_a_conversation_without_gaps(conversations, database_url):
    writers = [start(APPEND, database_url, name) for name in "abc"]
    acknowledged = [kill_after(writer, 15) for writer in writers]

    events = await conversations.events("c1", limit=100_000)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    for name, numbers in zip("abc", acknowledged, strict=True):
        by_writer = {event.sequence for event in events if event.body["by"] == name}
        assert set(numbers) <= by_writer


async def test_a_publication_killed_midway_is_whole_or_absent(database, database_url):
    acknowledged = kill_after(start(PUBLISH, database_url), 5)

    store = DatabaseKnowledgeStore(database)
    guides = [record async for record in store.published_guides()]
    assert len(guides) == 50
    assert len({record.body["conditions"] for record in guides}) == 1
    assert {record.version for record in guides} <= {acknowledged[-1], acknowledged[-1] + 1}
    assert await store.last_change() == max(record.change for record in guides)


async def test_nothing_waits_for_a_dead_writer(database, database_url):
    kill_after(start(PUBLISH, database_url), 2)

    await DatabaseConversationStore(database).check_writable()
    reopened = Database.open(database_url)
    await DatabaseKnowledgeStore(reopened).publish_guides([])
    await reopened.close()


async def test_the_queue_and_who_holds_what_survive_kill_9(database, database_url):
    acknowledged = kill_after(start(JOIN_AND_ACCEPT, database_url), 20)

    desk, conversations = DatabaseDeskStore(database), DatabaseConversationStore(database)
    waiting = [handover.conversation_id for handover in await desk.waiting()]
    held = [handover.conversation_id for handover in await desk.held_by("agent")]
    assert {f"q{n}" for n in acknowledged if n % 2} <= set(waiting)
    assert {f"q{n}" for n in acknowledged if n % 2 == 0} <= set(held)
    assert waiting == sorted(waiting, key=lambda name: int(name[1:]))
    assert set(waiting).isdisjoint(held)
    for holder, names in ((Holder.QUEUE, waiting), (Holder.AGENT, held)):
        for name in names:
            assert (await conversations.get(name)).holder is holder
            assert (await conversations.events(name))[-1].body["holder"] == holder.value
