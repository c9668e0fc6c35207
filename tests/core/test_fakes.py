"""The fakes keep the promises of the ports that they stand for."""

import pytest

from core.errors import Unavailable
from core.messages import BotReply
from core.statuses import TurnStatus
from tests.contracts.conversation_store import ConversationStoreContract
from tests.contracts.dialogue_engine import DialogueEngineContract
from tests.contracts.knowledge_store import KnowledgeStoreContract
from tests.contracts.user_store import UserStoreContract
from tests.fakes import InMemoryConversationStore, InMemoryKnowledgeStore, InMemoryUserStore, ScriptedEngine


class TestInMemoryKnowledgeStore(KnowledgeStoreContract):
    @pytest.fixture
    async def store(self):
        return InMemoryKnowledgeStore()


class TestInMemoryConversationStore(ConversationStoreContract):
    @pytest.fixture
    async def store(self, clock):
        return InMemoryConversationStore(clock)

    async def test_it_can_be_broken(self, store):
        store.writable = False

        with pytest.raises(Unavailable):
            await store.check_writable()


class TestInMemoryUserStore(UserStoreContract):
    @pytest.fixture
    async def store(self):
        return InMemoryUserStore()


class TestScriptedEngine(DialogueEngineContract):
    @pytest.fixture
    async def engine(self):
        return ScriptedEngine()

    @pytest.fixture
    async def silent_engine(self):
        return ScriptedEngine(otherwise=BotReply(TurnStatus.ANSWERED, ()))
