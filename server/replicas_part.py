"""Opens what connects this replica with the others, where the settings say that there are others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.ports import KnowledgeStore
from core.redis_replicas import RedisReplicas
from core.settings import Settings
from core.stores.locks import PostgresqlLocks
from server.replicas import ReplicaParts


@asynccontextmanager
async def open_replicas(settings: Settings, store: KnowledgeStore) -> AsyncIterator[ReplicaParts | None]:
    """The parts; None for a service that is alone. Replicas are those who share the database."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield None
        return
    redis = RedisReplicas(url, await store.identity())
    locks = PostgresqlLocks(settings.effective_database_url)
    try:
        yield ReplicaParts(locks, redis, redis)
    finally:
        await locks.close()
