"""The locks of the replicas, as PostgreSQL's advisory locks of one session.

PostgreSQL (§ 13.3.5, Advisory Locks) frees them when the session ends, however it ends. One session
a replica holds all its locks: a lock costs a statement, not a connection.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import open_sessions
from core.errors import Unavailable

log = structlog.get_logger(__name__)

STATEMENT_SECONDS = 5.0
"""A lock is answered for at once; a session that takes longer is of no use any more."""

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.2


class PostgresqlLocks:
    """A replica's Locks in a PostgreSQL database. `close` it at the end."""

    def __init__(self, database_url: str) -> None:
        self._engine = open_sessions(database_url)
        self._session: AsyncConnection | None = None
        self._held: set[str] = set()
        self._one_at_a_time = asyncio.Lock()
        self._returning: set[asyncio.Task[None]] = set()

    async def try_hold(self, name: str) -> bool:
        """See `Locks`."""
        # To its end even if the caller is cancelled: a lock that nobody knows of would stay for good.
        trying = asyncio.create_task(self._try_hold(name))
        try:
            return await asyncio.shield(trying)
        except asyncio.CancelledError:
            trying.add_done_callback(lambda done: self._give_back(name, done))
            raise

    async def release(self, name: str) -> None:
        """See `Locks`."""
        if name in self._held:
            await asyncio.shield(asyncio.create_task(self._release(name)))

    async def holds(self, name: str) -> bool:
        """See `Locks`."""
        if name not in self._held:
            return False
        async with self._one_at_a_time:
            await self._ask("SELECT true", {})
            return name in self._held  # a new session holds nothing

    @asynccontextmanager
    async def hold(self, name: str, *, at_most: float) -> AsyncIterator[None]:
        """See `Locks`."""
        pause = _FIRST_PAUSE
        try:
            async with asyncio.timeout(at_most):
                while not await self.try_hold(name):
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        except TimeoutError:
            raise Unavailable("another replica holds the lock") from None
        try:
            yield
        finally:
            await self.release(name)

    async def close(self) -> None:
        """Frees all locks."""
        await self._drop()
        await self._engine.dispose()

    async def _try_hold(self, name: str) -> bool:
        async with self._one_at_a_time:
            if name in self._held:
                return False
            if got := await self._ask("SELECT pg_try_advisory_lock(:key)", {"key": _key(name)}):
                self._held.add(name)
            return got

    async def _release(self, name: str) -> None:
        async with self._one_at_a_time:
            if name in self._held:
                self._held.discard(name)
                with suppress(Unavailable):  # then it is free as well
                    await self._ask("SELECT pg_advisory_unlock(:key)", {"key": _key(name)})

    def _give_back(self, name: str, done: asyncio.Task[bool]) -> None:
        if not done.cancelled() and done.exception() is None and done.result():
            returning = asyncio.create_task(self._release(name))
            self._returning.add(returning)  # or nobody would keep it from being collected
            returning.add_done_callback(self._returning.discard)

    async def _ask(self, statement: str, values: dict[str, int]) -> bool:
        """The answer. A session that gives none is dropped with all its locks. Raises Unavailable."""
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                if self._session is None:
                    self._session = await self._engine.connect()
                return bool((await self._session.execute(text(statement), values)).scalar())
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if self._held:
                log.warning("locks_lost", count=len(self._held))
            await self._drop()
            raise Unavailable(f"no lock to be had: {type(error).__name__}") from error

    async def _drop(self) -> None:
        self._held.clear()
        session, self._session = self._session, None
        if session is not None:
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                async with asyncio.timeout(STATEMENT_SECONDS):
                    await session.invalidate()
                    await session.close()


def _key(name: str) -> int:
    """The number of the lock, of 64 bits: two names share one as good as never."""
    return int.from_bytes(hashlib.sha256(f"bangban {name}".encode()).digest()[:8], "big", signed=True)
