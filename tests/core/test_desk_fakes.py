"""The fakes of the desk keep the promises of the ports that they stand for."""

import pytest

from tests.contracts.access_log import AccessLogContract
from tests.contracts.call_store import CallStoreContract
from tests.contracts.desk_store import DeskStoreContract
from tests.contracts.file_store import FileStoreContract
from tests.contracts.guest_store import GuestStoreContract
from tests.contracts.outbox_store import OutboxStoreContract
from tests.contracts.paper_store import PaperStoreContract
from tests.desk_fakes import (
    InMemoryAccessLog,
    InMemoryCallStore,
    InMemoryDeskStore,
    InMemoryFileStore,
    InMemoryGuestStore,
)
from tests.fakes import InMemoryConversationStore
from tests.outbox_fakes import InMemoryOutboxStore
from tests.paper_fakes import InMemoryPaperStore


class InOneMemory:
    """The stores that a store of the desk looks into."""

    @pytest.fixture
    async def conversations(self, clock):
        return InMemoryConversationStore(clock)

    @pytest.fixture
    async def calls(self, conversations):
        return InMemoryCallStore(conversations)


class TestInMemoryDeskStore(InOneMemory, DeskStoreContract):
    @pytest.fixture
    async def store(self, conversations):
        return InMemoryDeskStore(conversations)


class TestInMemoryCallStore(InOneMemory, CallStoreContract):
    @pytest.fixture
    async def store(self, calls):
        return calls


class TestInMemoryGuestStore(InOneMemory, GuestStoreContract):
    @pytest.fixture
    async def store(self, conversations):
        return InMemoryGuestStore(conversations)


class TestInMemoryFileStore(InOneMemory, FileStoreContract):
    @pytest.fixture
    async def store(self, conversations):
        return InMemoryFileStore(conversations)


class TestInMemoryAccessLog(AccessLogContract):
    @pytest.fixture
    async def store(self, clock):
        return InMemoryAccessLog(clock)


class TestInMemoryPaperStore(InOneMemory, PaperStoreContract):
    @pytest.fixture
    async def store(self, conversations):
        return InMemoryPaperStore(conversations)

    @pytest.fixture
    async def desk(self, conversations):
        return InMemoryDeskStore(conversations)


class TestInMemoryOutboxStore(InOneMemory, OutboxStoreContract):
    @pytest.fixture
    async def store(self, conversations):
        return InMemoryOutboxStore(conversations)
