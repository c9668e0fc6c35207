"""Opens the records: one database with all stores, brought to the newest form first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.database import Database
from core.migrations import upgrade
from core.ports import ConversationStore, KnowledgeStore, UserStore
from core.settings import Settings
from core.stores.conversations import DatabaseConversationStore
from core.stores.knowledge import DatabaseKnowledgeStore
from core.stores.users import DatabaseUserStore


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores over one database."""

    conversations: ConversationStore
    knowledge: KnowledgeStore
    users: UserStore


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """The stores. Raises Unavailable when the database doesn't answer."""
    await upgrade(settings.effective_database_url)
    database = Database.open(settings.effective_database_url)
    try:
        yield Stores(
            DatabaseConversationStore(database), DatabaseKnowledgeStore(database), DatabaseUserStore(database)
        )
    finally:
        await database.close()
