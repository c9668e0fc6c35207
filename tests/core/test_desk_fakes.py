"""The fakes of the desk keep the promises of the ports that they stand for."""

import pytest

from tests.contracts.desk_store import DeskStoreContract
from tests.desk_fakes import InMemoryDeskStore
from tests.fakes import InMemoryConversationStore


class TestInMemoryDeskStore(DeskStoreContract):
    @pytest.fixture
    async def conversations(self, clock):
        return InMemoryConversationStore(clock)

    @pytest.fixture
    async def store(self, conversations):
        return InMemoryDeskStore(conversations)
