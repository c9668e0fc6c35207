"""Ready is a service whose index holds what is published; how far it is behind can be seen."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from knowledge.indexing import PartBuilder
from knowledge.segment import Segmenter
from knowledge.synchronise import Synchroniser
from server import health, keys
from server.app import MOST_LAG_SECONDS, create_app
from server.knowledge_part import KnowledgePart
from tests.desk_fakes import in_memory_stores
from tests.fake_embedder import HashEmbedder
from tests.fakes import InMemoryKnowledgeStore, ScriptedEngine
from tests.server.conftest import guide_record
from tests.waiting import comes_true


class SwitchedStore(InMemoryKnowledgeStore):
    """A store that lets wait until it is switched on, and fails while it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.on = asyncio.Event()
        self.broken = False
        self.asked = 0

    async def last_change(self) -> int:
        self.asked += 1
        await self.on.wait()
        if self.broken:
            raise OSError("the database is away")
        return await super().last_change()


class World:
    """A service with a real index, over fakes; time passes when it is told to."""

    def __init__(self, store: SwitchedStore) -> None:
        self.store = store
        self.time = 0.0
        self.client: TestClient

    async def checks(self) -> dict[str, Any]:
        response = await self.client.get("/readyz")
        found = await response.json()
        assert response.status == (200 if found["status"] == "ready" else 503)
        return found["checks"]

    async def becomes(self, found: str) -> None:
        async def found_it() -> bool:
            return (await self.checks())["snapshot"] == found

        await comes_true(found_it)

    async def looked_again(self) -> None:
        before = self.store.asked
        await comes_true(lambda: self.store.asked > before)

    async def lag(self) -> float:
        lines = (await (await self.client.get("/metrics")).text()).splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("bangban_index_lag_seconds "))


@pytest.fixture
async def world(settings, dictionary_folder, monkeypatch):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    store, embedder, segmenter = SwitchedStore(), HashEmbedder(), Segmenter(cache_folder=dictionary_folder)
    await store.publish_guides([guide_record()])
    world = World(store)
    index = Synchroniser(
        store, PartBuilder(embedder, segmenter), settings.data / "index", now=lambda: world.time
    )
    app = create_app(
        settings,
        stores=in_memory_stores(knowledge=store),
        engine=ScriptedEngine(),
    )
    with ThreadPoolExecutor(1) as executor:
        app[keys.KNOWLEDGE] = KnowledgePart(None, index, embedder, segmenter, executor)
        async with TestClient(TestServer(app)) as client:
            world.client = client
            yield world
        await index.close()


async def test_a_service_is_not_ready_before_its_index_holds_what_is_published(world):
    assert (await world.checks())["snapshot"] == "failing"

    world.store.on.set()
    await world.becomes("ok")


async def test_an_index_that_cannot_follow_shows(world):
    world.store.on.set()
    await world.becomes("ok")
    world.store.broken = True
    await world.looked_again()
    world.time += MOST_LAG_SECONDS / 2
    assert (await world.checks())["snapshot"] == "ok"
    assert await world.lag() == pytest.approx(MOST_LAG_SECONDS / 2)

    world.time += MOST_LAG_SECONDS
    assert (await world.checks())["snapshot"] == "failing"
    assert await world.lag() > MOST_LAG_SECONDS


async def test_it_is_ready_again_when_the_index_has_followed(world, monkeypatch):
    monkeypatch.setattr("knowledge.synchronise._RETRY_SECONDS", 0.01)
    world.store.on.set()
    await world.becomes("ok")
    world.store.broken = True
    await world.looked_again()
    world.time += 2 * MOST_LAG_SECONDS
    await world.becomes("failing")

    world.store.broken = False
    await world.becomes("ok")
    assert await world.lag() == 0
