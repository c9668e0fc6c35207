"""The stores keep the promises of their ports, on SQLite and on PostgreSQL."""

import pytest

from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore
from core.stores.knowledge import DatabaseKnowledgeStore
from core.stores.users import DatabaseUserStore
from tests.contracts.conversation_store import ConversationStoreContract
from tests.contracts.desk_store import DeskStoreContract
from tests.contracts.knowledge_store import KnowledgeStoreContract
from tests.contracts.user_store import UserStoreContract


class TestDatabaseKnowledgeStore(KnowledgeStoreContract):
    @pytest.fixture
    async def store(self, database):
        return DatabaseKnowledgeStore(database)


class TestDatabaseConversationStore(ConversationStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseConversationStore(database, now=clock)


class TestDatabaseUserStore(UserStoreContract):
    @pytest.fixture
    async def store(self, database):
        return DatabaseUserStore(database)


class TestDatabaseDeskStore(DeskStoreContract):
    @pytest.fixture
    async def conversations(self, database, clock):
        return DatabaseConversationStore(database, now=clock)

    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseDeskStore(database, now=clock)
