"""What every EvidenceStore promises.

Subclasses override `conversations`, `calls` and `store`, over the same records.
"""

import asyncio
import hashlib
import json
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.evidence_ports import EvidenceEntry, RecordingFile
from tests.contracts.call_store import a_call
from tests.contracts.conversation_store import opened
from tests.fakes import ManualClock


def linked(previous: EvidenceEntry | None, clock: ManualClock, chain: str = "k1", **body) -> EvidenceEntry:
    number, previous_hash = (previous.number + 1, previous.hash) if previous else (1, "")
    entry = EvidenceEntry(chain, number, "segment", body, clock(), previous_hash, "")
    return replace(entry, hash=hash_of(entry))


def hash_of(entry: EvidenceEntry) -> str:
    covered = {**asdict(entry), "at": entry.at.isoformat(), "hash": ""}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()


class EvidenceStoreContract:
    """Inherit, and override the stores with fresh, empty ones that read `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    async def conversations(self, clock):
        raise NotImplementedError

    @pytest.fixture
    async def calls(self, conversations):
        raise NotImplementedError

    @pytest.fixture
    async def store(self, calls):
        raise NotImplementedError

    @pytest.fixture
    async def consented(self, conversations, calls):
        """A call k1 in conversation c1 that may be recorded."""
        await opened(conversations)
        await calls.add(a_call())
        await calls.set_consent("k1", "v1", agrees=True)

    def a_recording(self, clock: ManualClock, recording_id: str = "r1", days: int = 30) -> RecordingFile:
        keep_until = clock() + timedelta(days=days)
        return RecordingFile(recording_id, "k1", "c1", "citizen", keep_until)

    # chains

    async def test_a_chain_comes_back_so_that_it_can_be_verified(self, store, clock):
        last = None
        for n in range(5):
            clock.advance(timedelta(microseconds=1234567))
            last = linked(last, clock, file=f"第{n}段", size=n, part=n / 3)
            await store.append(last)

        entries = await store.entries("k1")

        assert await store.last("k1") == last == entries[-1]
        assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
        assert all(entry.hash == hash_of(entry) for entry in entries)
        hashes = [entry.hash for entry in entries]
        assert [entry.previous_hash for entry in entries] == ["", *hashes[:-1]]
        assert await store.last("k0") is None
        assert await store.entries("k0") == ()

    async def test_a_chain_has_neither_gap_nor_fork(self, store, clock):
        first = linked(None, clock, n=1)
        await store.append(first)
        second = linked(first, clock, n=2)

        for wrong in (
            first,
            replace(second, number=3),
            replace(second, previous_hash="0" * 64),
            replace(second, chain="k2"),
        ):
            with pytest.raises(Conflict):
                await store.append(wrong)

        await store.append(second)
        assert await store.entries("k1") == (first, second)

    async def test_many_who_append_at_once_make_one_chain(self, store, clock):
        async def append(name: int) -> None:
            while True:
                try:
                    return await store.append(linked(await store.last("k1"), clock, by=name))
                except Conflict:
                    continue

        await asyncio.gather(*(append(name) for name in range(8)))

        entries = await store.entries("k1")
        assert [entry.number for entry in entries] == list(range(1, 9))
        assert {entry.body["by"] for entry in entries} == set(range(8))
        assert [e.previous_hash for e in entries[1:]] == [e.hash for e in entries[:-1]]

    # recordings

    async def test_a_recording_is_noted_as_it_begins_and_as_it_ends(self, store, consented, clock):
        began = await store.add_recording(self.a_recording(clock))
        assert began.started_at == clock()
        assert await store.unfinished_recordings() == (began,)
        clock.advance(timedelta(minutes=5))

        ended = await store.finish_recording("r1", size=123, sha256="ab" * 32, details={"tracks": ["video"]})

        assert (ended.ended_at, ended.size, ended.sha256) == (clock(), 123, "ab" * 32)
        assert ended == await store.recording("r1")
        assert await store.recordings_of("c1") == (ended,)
        assert await store.unfinished_recordings() == ()
        clock.advance(timedelta(minutes=5))
        again = await store.finish_recording("r1", size=124, sha256="cd" * 32, details={})
        assert (again.ended_at, again.size) == (ended.ended_at, 124)

    async def test_no_recording_begins_without_consent(self, conversations, calls, store, clock):
        await opened(conversations)
        await calls.add(a_call())

        with pytest.raises(Conflict):
            await store.add_recording(self.a_recording(clock))
        await calls.set_consent("k1", "v1", agrees=False)
        with pytest.raises(Conflict):
            await store.add_recording(self.a_recording(clock))
        await calls.set_consent("k1", "v1", agrees=True)
        for wrong in ({"call_id": "k0"}, {"conversation_id": "c0"}):
            with pytest.raises(Conflict):
                await store.add_recording(replace(self.a_recording(clock), **wrong))

        await store.add_recording(self.a_recording(clock))
        with pytest.raises(Conflict):
            await store.add_recording(self.a_recording(clock))

    async def test_an_unknown_recording_is_not_found(self, store, clock):
        assert await store.recording("r0") is None
        for change in (
            store.finish_recording("r0", size=0, sha256="", details={}),
            store.keep_recording("r0", clock()),
            store.recording_deleted("r0"),
        ):
            with pytest.raises(NotFound):
                await change

    async def test_a_recording_is_due_when_its_own_time_is_over(self, store, consented, clock):
        await store.add_recording(self.a_recording(clock, "r1", days=30))
        await store.add_recording(self.a_recording(clock, "r2", days=10))
        await store.add_recording(self.a_recording(clock, "r3", days=10))
        clock.advance(timedelta(days=10))
        await store.keep_recording("r3", clock() + timedelta(days=1))

        assert [r.recording_id for r in await store.due_recordings(clock())] == ["r2"]
        deleted = await store.recording_deleted("r2")
        assert await store.due_recordings(clock()) == ()
        clock.advance(timedelta(days=20))
        assert [r.recording_id for r in await store.due_recordings(clock())] == ["r3", "r1"]
        assert [r.recording_id for r in await store.due_recordings(clock(), limit=1)] == ["r3"]
        assert (await store.recording_deleted("r2")).deleted_at == deleted.deleted_at
        with pytest.raises(Conflict):
            await store.keep_recording("r2", clock())

    # retention

    async def test_recordings_and_chains_outlive_their_conversation(
        self, conversations, store, consented, clock
    ):
        recording = await store.add_recording(self.a_recording(clock, days=30))
        await store.append(linked(None, clock))
        clock.advance(timedelta(days=10))

        assert await conversations.purge_before(clock()) == 1

        assert await store.recording("r1") == recording
        assert await store.recordings_of("c1") == await store.unfinished_recordings() == (recording,)
        assert await store.due_recordings(clock() + timedelta(days=20)) == (recording,)
        assert len(await store.entries("k1")) == 1

    async def test_a_chain_goes_as_a_whole_and_not_before_its_recordings(self, store, consented, clock):
        await store.add_recording(self.a_recording(clock))
        first = linked(None, clock)
        await store.append(first)
        by_conversation = linked(None, clock, chain="c1")
        await store.append(by_conversation)
        await store.append(linked(None, clock, chain="other"))
        clock.advance(timedelta(days=10))
        await store.append(linked(first, clock))
        clock.advance(timedelta(days=10))

        assert await store.purge_chains(clock() - timedelta(days=15)) == 1
        assert await store.entries("other") == ()
        assert await store.entries("c1") == (by_conversation,)

        await store.recording_deleted("r1")
        assert await store.purge_chains(clock() - timedelta(days=15)) == 1
        assert await store.entries("c1") == ()
        assert len(await store.entries("k1")) == 2
        assert await store.recording("r1") is not None

        clock.advance(timedelta(days=1))
        assert await store.purge_chains(clock()) == 1
        assert await store.entries("k1") == ()
        assert await store.recording("r1") is None
