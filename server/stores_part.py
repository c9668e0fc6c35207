"""Opens the records: one database with all stores, brought to the newest form first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.database import Database
from core.desk_ports import CallStore, DeskStore
from core.evidence_ports import AccessLog, FileStore
from core.guest_ports import GuestStore
from core.migrations import upgrade
from core.outbox_ports import OutboxStore
from core.paper_ports import PaperStore
from core.ports import ConversationStore, KnowledgeStore, UserStore
from core.settings import Settings
from core.stores.calls import DatabaseCallStore
from core.stores.conversations import DatabaseConversationStore
from core.stores.desk import DatabaseDeskStore
from core.stores.files import DatabaseAccessLog, DatabaseFileStore
from core.stores.guests import DatabaseGuestStore
from core.stores.knowledge import DatabaseKnowledgeStore
from core.stores.outbox import DatabaseOutboxStore
from core.stores.papers import DatabasePaperStore
from core.stores.users import DatabaseUserStore
from core.stores.wechat import DatabaseTokenStore
from core.wechat_ports import TokenStore


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores over one database."""

    conversations: ConversationStore
    knowledge: KnowledgeStore
    users: UserStore
    desk: DeskStore
    calls: CallStore
    guests: GuestStore
    files: FileStore
    access: AccessLog
    papers: PaperStore
    outbox: OutboxStore
    tokens: TokenStore


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """The stores. Raises Unavailable when the database doesn't answer."""
    await upgrade(settings.effective_database_url)
    database = Database.open(settings.effective_database_url)
    try:
        yield Stores(
            conversations=DatabaseConversationStore(database),
            knowledge=DatabaseKnowledgeStore(database),
            users=DatabaseUserStore(database),
            desk=DatabaseDeskStore(database),
            calls=DatabaseCallStore(database),
            guests=DatabaseGuestStore(database),
            files=DatabaseFileStore(database),
            access=DatabaseAccessLog(database),
            papers=DatabasePaperStore(database),
            outbox=DatabaseOutboxStore(database),
            tokens=DatabaseTokenStore(database),
        )
    finally:
        await database.close()
