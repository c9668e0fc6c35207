"""What every FileStore promises. Subclasses override `conversations` and `store`, over the same records."""

from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.evidence_ports import StoredFile
from tests.contracts.conversation_store import opened
from tests.contracts.over_conversations import OverConversations


def a_file(n: int | str = 1, conversation_id: str = "c1") -> StoredFile:
    details = {"width": 1600, "blur": 0.1}
    return StoredFile(
        f"f{n}", conversation_id, "户口本.jpg", "image/jpeg", 2048, "ab" * 32, "citizen", details=details
    )


class FileStoreContract(OverConversations):
    """Inherit, and override `conversations` and `store` with fresh, empty ones that read `clock`."""

    async def test_a_record_comes_back(self, conversations, store, clock):
        await opened(conversations)
        stored = await store.add(a_file())
        clock.advance(timedelta(seconds=1))
        second = await store.add(a_file(0))

        assert stored.at == clock() - timedelta(seconds=1)
        assert stored == await store.get("f1")
        assert await store.files_of("c1") == (stored, second)
        assert await store.left_behind() == ()
        assert await store.get("f9") is None

    async def test_an_id_is_taken_once_and_belongs_to_a_conversation(self, conversations, store):
        await opened(conversations)
        await store.add(a_file())

        with pytest.raises(Conflict):
            await store.add(a_file())
        with pytest.raises(NotFound):
            await store.add(a_file(2, "nobody"))

    async def test_nobody_reads_a_file_of_a_deleted_conversation_but_its_bytes_are_known(
        self, conversations, store, clock
    ):
        await opened(conversations)
        files = [await store.add(a_file(n)) for n in (1, 2)]
        clock.advance(timedelta(days=1))
        await opened(conversations, "c2")
        await store.add(a_file(3, "c2"))

        await conversations.purge_before(clock())

        assert await store.get("f1") is None
        assert await store.files_of("c1") == ()
        assert await store.left_behind() == tuple(files)
        assert await store.left_behind(limit=1) == (files[0],)
        await store.forget("f1")
        await store.forget("f1")
        assert await store.left_behind() == (files[1],)
        assert await store.get("f3") is not None
