"""Opens the database and runs what the stores do in it.

SQLite is the default and PostgreSQL a setting; stores write the same statements for both, as plain
functions of a connection. What differs is here. SQLite takes one writer at a time: writers queue
for one thread, and take the write lock at the start of their transaction, where waiting for another
process is harmless. A thread for a whole transaction, rather than a hop for each statement, takes
less than half of the CPU.
"""

import asyncio
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable, Row, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.errors import ConfigurationError, Unavailable

T = TypeVar("T")
S = TypeVar("S", bound="Stored")
P = ParamSpec("P")

_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_BUSY_SECONDS: Final = 30  # how long to wait for a writer in another process, say a large import
_CONNECT_SECONDS: Final = 5
_SWITCHES: Final = 10  # more than anyone has needed to switch a new file that many open at once
_READERS: Final = 4
_WRITES: Final = "bangban_writes"


class Database(ABC):
    """A database with its connections. `open` makes one; `close` it at the end."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    @staticmethod
    def open(url: str) -> "Database":
        """The database at a `sqlite:///FILE` or `postgresql://…` address; connects when first used.

        Raises ConfigurationError for any other address, or if the driver isn't installed.
        """
        address = _with_driver(url)
        try:
            if address.get_backend_name() == "sqlite":
                return SqliteDatabase(_open_sqlite(address))
            return PostgresqlDatabase(_open_postgresql(address))
        except ImportError as error:
            raise ConfigurationError(f"缺少数据库驱动 {error.name}，请安装 `bangban[postgresql]`") from None

    async def read(self, query: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a query, as committed by then; `values` are for its bound parameters.

        Raises Unavailable when the database doesn't answer.
        """

        def rows(connection: Connection) -> Sequence[Row[Any]]:
            return connection.execute(query, values).all()

        return await self._finish(self._run(rows, writes=False))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction that is durable when this returns, and undone if `work` raises.

        Raises Unavailable when the database doesn't answer or stays locked.
        """
        return await self._finish(self._run(work, writes=True))

    async def close(self) -> None:
        """Waits for what is under way and closes all connections."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._dispose()

    async def _finish(self, running: Coroutine[Any, Any, T]) -> T:
        """Lets what runs come to its end even if the caller is cancelled; `close` waits for it.

        Cancelled midway, a driver can leave a connection, and with it a lock, to the garbage collector.
        """
        task = asyncio.create_task(running)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        with _unavailable_when_silent():
            return await asyncio.shield(task)

    @abstractmethod
    async def _run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        """Runs `work` with a connection, in a transaction if it writes."""

    @abstractmethod
    async def _dispose(self) -> None:
        """Closes all connections."""


class SqliteDatabase(Database):
    """A SQLite file, read and written in threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(_READERS, "sqlite-reader")

    async def _run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        loop = asyncio.get_running_loop()
        if writes:
            return await loop.run_in_executor(self._writer, self._transaction, work)
        return await loop.run_in_executor(self._readers, self._glance, work)

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            return work(connection)

    def _glance(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)

    async def _dispose(self) -> None:
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)


class PostgresqlDatabase(Database):
    """A PostgreSQL server, spoken to from the event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self._engine = engine

    async def _run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        async with self._engine.connect() as connection:
            if not writes:
                return await connection.run_sync(work)
            async with connection.begin():
                return await connection.run_sync(work)

    async def _dispose(self) -> None:
        await self._engine.dispose()


class Stored(Protocol):
    """Something with a database, whose methods may be `in_transaction`."""

    _database: Database


def in_transaction(
    method: Callable[Concatenate[S, Connection, P], T],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Decorates a method to run in one transaction of `self._database`, and hands it the connection.

    The method is a plain function and may run in a thread; callers await it.
    """

    @functools.wraps(method)
    async def with_connection(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._database.write(lambda connection: method(self, connection, *args, **kwargs))

    return with_connection


def open_sessions(url: str) -> AsyncEngine:
    """An engine whose connections are each a session of its own, kept as long as its user likes.

    Only PostgreSQL has such sessions. One whose client is gone ends within half a minute, also where
    the machine is gone with it. Raises ConfigurationError for another database.
    """
    address = _with_driver(url)
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError("只有 PostgreSQL 才能这样上锁")
    watched = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
    return create_async_engine(
        address,
        hide_parameters=True,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "timeout": _CONNECT_SECONDS,
            "server_settings": {"application_name": "bangban locks", **watched},
        },
    )


def _with_driver(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError("database_url：看不懂这个数据库地址") from None
    if address.drivername not in {*_DRIVERS, *_DRIVERS.values()}:
        raise ConfigurationError(
            f"database_url：要写 sqlite:///文件 或 postgresql://…，不能是 {address.drivername}"
        )
    if address.get_backend_name() == "sqlite" and (address.database or ":memory:") == ":memory:":
        raise ConfigurationError("database_url：SQLite 要写文件，例如 sqlite:///var/bangban.db")
    return address.set(drivername=_DRIVERS.get(address.drivername, address.drivername))


def _open_sqlite(address: URL) -> Engine:
    Path(address.database or "").parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=_READERS + 1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(address: URL) -> AsyncEngine:
    return create_async_engine(
        address,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,  # a restarted server costs a reconnect, not an error
        connect_args={"timeout": _CONNECT_SECONDS, "server_settings": {"application_name": "bangban"}},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Sets up a new connection: durable commits, readers beside the writer, no remains of deletions."""
    connection.isolation_level = None  # the driver would begin transactions by rules of its own
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    _use_write_ahead_log(connection, cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _use_write_ahead_log(connection: Any, cursor: Any) -> None:
    """Switches a new file to the log; nothing happens to one that is switched already.

    Of two who switch at once, SQLite refuses one on the spot, whatever the busy timeout. To begin a
    transaction it lets wait, until the other is done.
    """
    for _ in range(_SWITCHES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except connection.OperationalError:
            cursor.execute("BEGIN EXCLUSIVE")
            cursor.execute("ROLLBACK")
    cursor.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    """Takes the write lock at once: a reader that turns writer midway could fail with no way to wait."""
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _unavailable_when_silent() -> Iterator[None]:
    """Turns what means "the database doesn't answer" into Unavailable; mistakes of ours pass."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError) as error:
        if not error.connection_invalidated:
            raise
        raise Unavailable(f"数据库连接断开：{error.orig}") from error
    except DBAPIError as error:
        raise Unavailable(f"数据库没有应答：{error.orig}") from error
    except (PoolTimeoutError, OSError) as error:
        raise Unavailable(f"连不上数据库：{type(error).__name__}") from error
