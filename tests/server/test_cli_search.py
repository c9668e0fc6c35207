"""`bangban search` beside a service that writes the index."""

import asyncio

import pytest

from core.errors import SnapshotUnavailable
from knowledge.indexing import PartBuilder
from knowledge.segment import Segmenter
from knowledge.synchronise import Synchroniser
from server.cli import search
from tests.fake_embedder import HashEmbedder
from tests.fakes import InMemoryKnowledgeStore
from tests.server.conftest import guide_record


@pytest.fixture
async def beside(settings, dictionary_folder, monkeypatch):
    """The index of a service that has something to take in still, and the command's own view of it."""
    monkeypatch.setattr(search, "LOOK_EVERY_SECONDS", 0.01)
    store, segmenter = InMemoryKnowledgeStore(), Segmenter(cache_folder=dictionary_folder)
    builder, folder = PartBuilder(HashEmbedder(), segmenter), settings.data / "index"
    service, command = (Synchroniser(store, builder, folder) for _ in range(2))
    await service.synchronise()
    await store.publish_guides([guide_record()])
    yield service, command
    for index in (service, command):
        await index.close()


async def test_it_gives_the_service_time_to_take_in_what_was_published(beside, monkeypatch):
    monkeypatch.setattr(search, "LOOKS", 3000)
    service, command = beside

    await asyncio.gather(search._catch_up(command), service.synchronise())

    assert len(command.snapshot.items()) == 1


async def test_it_says_so_when_the_service_takes_longer(beside):
    _, command = beside

    with pytest.raises(SnapshotUnavailable, match="还没有建好"):
        await search._catch_up(command)
