"""The fakes keep the promises of the ports that they stand for."""

import pytest

from tests.contracts.conversation_store import ConversationStoreContract
from tests.contracts.knowledge_store import KnowledgeStoreContract
from tests.contracts.user_store import UserStoreContract
from tests.fakes import InMemoryConversationStore, InMemoryKnowledgeStore, InMemoryUserStore


class TestInMemoryKnowledgeStore(KnowledgeStoreContract):
    @pytest.fixture
    async def store(self):
        return InMemoryKnowledgeStore()


class TestInMemoryConversationStore(ConversationStoreContract):
    @pytest.fixture
    async def store(self, clock):
        return InMemoryConversationStore(clock)


class TestInMemoryUserStore(UserStoreContract):
    @pytest.fixture
    async def store(self):
        return InMemoryUserStore()
