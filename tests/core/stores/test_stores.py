"""The stores keep the promises of their ports, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import text

from core.clock import utc_now
from core.stores.calls import DatabaseCallStore
from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore
from core.stores.files import DatabaseAccessLog, DatabaseFileStore
from core.stores.guests import DatabaseGuestStore
from core.stores.knowledge import DatabaseKnowledgeStore
from core.stores.outbox import DUE, DatabaseOutboxStore
from core.stores.papers import DatabasePaperStore
from core.stores.users import DatabaseUserStore
from core.stores.wechat import DatabaseTokenStore
from tests.contracts.access_log import AccessLogContract
from tests.contracts.call_store import CallStoreContract
from tests.contracts.conversation_store import ConversationStoreContract
from tests.contracts.desk_store import DeskStoreContract
from tests.contracts.file_store import FileStoreContract
from tests.contracts.guest_store import GuestStoreContract
from tests.contracts.knowledge_store import KnowledgeStoreContract
from tests.contracts.outbox_store import OutboxStoreContract
from tests.contracts.paper_store import PaperStoreContract
from tests.contracts.token_store import TokenStoreContract
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


class OverOneDatabase:
    """The stores that a store of the desk looks into."""

    @pytest.fixture
    async def conversations(self, database, clock):
        return DatabaseConversationStore(database, now=clock)

    @pytest.fixture
    async def calls(self, database, clock):
        return DatabaseCallStore(database, now=clock)


class TestDatabaseDeskStore(OverOneDatabase, DeskStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseDeskStore(database, now=clock)


class TestDatabaseCallStore(OverOneDatabase, CallStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseCallStore(database, now=clock)


class TestDatabaseGuestStore(OverOneDatabase, GuestStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseGuestStore(database, now=clock)


class TestDatabaseFileStore(OverOneDatabase, FileStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseFileStore(database, now=clock)


class TestDatabaseAccessLog(AccessLogContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseAccessLog(database, now=clock)


class TestDatabasePaperStore(OverOneDatabase, PaperStoreContract):
    @pytest.fixture
    async def store(self, database, clock):
        return DatabasePaperStore(database, now=clock)

    @pytest.fixture
    async def desk(self, database, clock):
        return DatabaseDeskStore(database, now=clock)


class TestDatabaseOutboxStore(OutboxStoreContract):
    @pytest.fixture
    async def conversations(self, database, clock):
        return DatabaseConversationStore(database, now=clock)

    @pytest.fixture
    async def store(self, database, clock):
        return DatabaseOutboxStore(database, now=clock)

    async def test_who_rests_isnt_even_looked_at(self, store, database):
        """It is looked every second, however many wait for their citizens' next words."""

        def plan(connection):
            is_sqlite = connection.dialect.name == "sqlite"
            if not is_sqlite:  # with hardly a row no index is worth it
                connection.execute(text("SET LOCAL enable_seqscan = off"))
            given = {"at": "city", "now": utc_now(), "most": 10}
            explained = text(f"{'EXPLAIN QUERY PLAN' if is_sqlite else 'EXPLAIN'} {DUE}")
            return [str(tuple(row)) for row in connection.execute(explained, given)]

        said = " ".join(await database.write(plan))
        assert "due_users" in said
        assert "due_at<" in said.replace(" ", "")


class TestDatabaseTokenStore(TokenStoreContract):
    @pytest.fixture
    async def store(self, database):
        return DatabaseTokenStore(database)
