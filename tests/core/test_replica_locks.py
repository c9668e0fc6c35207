"""The locks that replicas share, in one process and in PostgreSQL."""

import pytest
from sqlalchemy import text

from core.database import Database, open_sessions
from core.errors import ConfigurationError, Unavailable
from core.stores.locks import PostgresqlLocks
from tests.contracts.locks import LocksContract
from tests.replica_fakes import ProcessLocks, ReplicaHub
from tests.waiting import PATIENCE_S


class TestProcessLocks(LocksContract):
    @pytest.fixture
    def hub(self):
        return ReplicaHub()

    @pytest.fixture
    async def one(self, hub):
        return ProcessLocks(hub)

    @pytest.fixture
    async def other(self, hub):
        return ProcessLocks(hub)

    async def end(self, locks):
        locks.end()


class TestPostgresqlLocks(LocksContract):
    @pytest.fixture
    async def one(self, migrated_postgresql):
        locks = PostgresqlLocks(migrated_postgresql)
        yield locks
        await locks.close()

    @pytest.fixture
    async def other(self, migrated_postgresql):
        locks = PostgresqlLocks(migrated_postgresql)
        yield locks
        await locks.close()

    async def end(self, locks):
        await locks.close()

    async def test_a_lost_session_is_noticed_and_its_locks_are_free(self, one, other, migrated_postgresql):
        await one.try_hold("rounds")
        await end_sessions(migrated_postgresql)

        async with other.hold("rounds", at_most=PATIENCE_S):
            assert not await holds_by_and_by(one, "rounds")
        assert await one.try_hold("rounds")


async def holds_by_and_by(locks, name):
    """Whether the lock is held, as known after the loss was noticed."""
    try:
        return await locks.holds(name)
    except Unavailable:
        return await locks.holds(name)


async def end_sessions(url):
    database = Database.open(url)
    ending = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bangban locks'"
    )
    await database.read(ending)
    await database.close()


def test_sessions_need_postgresql(tmp_path):
    with pytest.raises(ConfigurationError, match="PostgreSQL"):
        open_sessions(f"sqlite:///{tmp_path / 'bangban.db'}")
