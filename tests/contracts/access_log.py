"""What every AccessLog promises. Subclasses override the `store` fixture."""

import asyncio
from datetime import timedelta

import pytest

from core.evidence_ports import AccessEntry
from tests.fakes import ManualClock


class AccessLogContract:
    """Inherit, and override `store` with a fresh, empty one that reads `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    async def store(self, clock):
        raise NotImplementedError

    async def test_accesses_come_back_newest_first(self, store, clock):
        first = await store.add(AccessEntry("主管", "play", "recording", "r1", conversation_id="c1"))
        clock.advance(timedelta(seconds=1))
        second = await store.add(
            AccessEntry("王芳", "play", "recording", "r1", allowed=False, reason="role", client="10.0.0.1")
        )
        third = await store.add(AccessEntry("王芳", "download", "file", "f1"))

        assert first.at == clock() - timedelta(seconds=1)
        assert await store.entries() == (third, second, first)
        assert await store.entries(record_id="r1") == (second, first)
        assert await store.entries(user="王芳") == (third, second)
        assert await store.entries(user="王芳", record_id="r1") == (second,)
        assert await store.entries(since=clock()) == (third, second)
        assert await store.entries(limit=1) == (third,)

    async def test_many_accesses_at_once_are_all_noted(self, store):
        await asyncio.gather(
            *(store.add(AccessEntry("王芳", "play", "recording", f"r{n}")) for n in range(20))
        )

        assert {entry.record_id for entry in await store.entries()} == {f"r{n}" for n in range(20)}

    async def test_old_accesses_are_deleted(self, store, clock):
        await store.add(AccessEntry("主管", "play", "recording", "r1"))
        clock.advance(timedelta(days=1))
        kept = await store.add(AccessEntry("主管", "play", "recording", "r2"))

        assert await store.purge_before(clock()) == 1

        assert await store.entries() == (kept,)
