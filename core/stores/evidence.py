"""Hash chains and records of recordings in the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import Conflict, NotFound
from core.evidence_ports import EvidenceEntry, RecordingFile
from core.stores.tables import calls, evidence, recordings

_HAS_BYTES = recordings.c.deleted_at.is_(None)


class DatabaseEvidenceStore:
    """An EvidenceStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    # --- chains --------------------------------------------------------------------------------

    @in_transaction
    def append(self, connection: Connection, entry: EvidenceEntry) -> None:
        """Adds the next link. Raises Conflict if another came first."""
        last = connection.execute(_newest_first(entry.chain).limit(1)).one_or_none()
        number, hash_ = (last.number, last.hash) if last else (0, "")
        if (entry.number, entry.previous_hash) != (number + 1, hash_):
            raise Conflict("that isn't the next link of the chain")
        try:
            # Of two who saw the same last link the key lets one in.
            connection.execute(insert(evidence).values(asdict(entry)))
        except IntegrityError:
            raise Conflict("another link came first") from None

    async def last(self, chain: str) -> EvidenceEntry | None:
        """The newest link, or None for an unknown chain."""
        rows = await self._database.read(_newest_first(chain).limit(1))
        return EvidenceEntry(**rows[0]._asdict()) if rows else None

    async def entries(self, chain: str) -> Sequence[EvidenceEntry]:
        """All links in order."""
        query = select(evidence).where(evidence.c.chain == chain).order_by(evidence.c.number)
        return tuple(EvidenceEntry(**row._asdict()) for row in await self._database.read(query))

    @in_transaction
    def purge_chains(self, connection: Connection, before: datetime) -> int:
        """Deletes the whole chains whose newest link is older, unless a recording needs them."""
        still_needed = (
            select(recordings.c.recording_id)
            .where(
                _HAS_BYTES,
                or_(
                    recordings.c.call_id == evidence.c.chain, recordings.c.conversation_id == evidence.c.chain
                ),
            )
            .exists()
        )
        old = (
            select(evidence.c.chain)
            .where(~still_needed)
            .group_by(evidence.c.chain)
            .having(func.max(evidence.c.at) < before)
        )
        chains = list(connection.scalars(old))
        connection.execute(delete(evidence).where(evidence.c.chain.in_(chains)))
        chained = select(evidence.c.chain)
        connection.execute(
            delete(recordings).where(
                recordings.c.deleted_at < before,
                recordings.c.call_id.not_in(chained),
                recordings.c.conversation_id.not_in(chained),
            )
        )
        return len(chains)

    # --- recordings ----------------------------------------------------------------------------

    @in_transaction
    def add_recording(self, connection: Connection, recording: RecordingFile) -> RecordingFile:
        """Stores a record as a recording begins. Raises Conflict without consent, or if the id is taken."""
        call = select(calls.c.consented).where(
            calls.c.call_id == recording.call_id, calls.c.conversation_id == recording.conversation_id
        )
        if not connection.execute(call.with_for_update()).scalar_one_or_none():
            raise Conflict("the citizen hasn't consented to a recording of that call")
        stored = replace(recording, started_at=recording.started_at or self._now())
        try:
            connection.execute(insert(recordings).values(asdict(stored)))
        except IntegrityError:
            raise Conflict("that recording id is taken") from None
        return stored

    @in_transaction
    def finish_recording(
        self, connection: Connection, recording_id: str, *, size: int, sha256: str, details: Mapping[str, Any]
    ) -> RecordingFile:
        """Notes the end, and what the file became. Raises NotFound."""
        values: dict[str, Any] = {"ended_at": func.coalesce(recordings.c.ended_at, self._now())}
        values |= {"size": size, "sha256": sha256, "details": dict(details)}
        return _change(connection, recording_id, values)

    async def recording(self, recording_id: str) -> RecordingFile | None:
        """The record, or None."""
        found = await self._recordings(_in_order().where(recordings.c.recording_id == recording_id))
        return found[0] if found else None

    async def recordings_of(self, conversation_id: str) -> Sequence[RecordingFile]:
        """The recordings of a conversation, oldest first, deleted ones too."""
        return await self._recordings(_in_order().where(recordings.c.conversation_id == conversation_id))

    async def unfinished_recordings(self) -> Sequence[RecordingFile]:
        """Those that a crash may have left open, oldest first."""
        return await self._recordings(_in_order().where(recordings.c.ended_at.is_(None), _HAS_BYTES))

    async def due_recordings(self, now: datetime, limit: int = 500) -> Sequence[RecordingFile]:
        """Those kept long enough: delete the bytes, then `recording_deleted`."""
        query = select(recordings).where(_HAS_BYTES, recordings.c.keep_until <= now)
        query = query.order_by(recordings.c.keep_until, recordings.c.recording_id)
        return await self._recordings(query.limit(limit))

    @in_transaction
    def keep_recording(self, connection: Connection, recording_id: str, until: datetime) -> RecordingFile:
        """Changes until when it is kept. Raises NotFound, and Conflict if it is deleted."""
        return _change(connection, recording_id, {"keep_until": until}, _HAS_BYTES)

    @in_transaction
    def recording_deleted(self, connection: Connection, recording_id: str) -> RecordingFile:
        """Notes that the bytes are gone; the record stays with its chain. Raises NotFound."""
        return _change(
            connection, recording_id, {"deleted_at": func.coalesce(recordings.c.deleted_at, self._now())}
        )

    async def _recordings(self, query: Select[Any]) -> tuple[RecordingFile, ...]:
        return tuple(RecordingFile(**row._asdict()) for row in await self._database.read(query))


def _newest_first(chain: str) -> Select[Any]:
    return select(evidence).where(evidence.c.chain == chain).order_by(evidence.c.number.desc())


def _in_order() -> Select[Any]:
    return select(recordings).order_by(recordings.c.started_at, recordings.c.recording_id)


def _change(
    connection: Connection,
    recording_id: str,
    values: Mapping[str, Any],
    allowed: ColumnElement[bool] | None = None,
) -> RecordingFile:
    own = recordings.c.recording_id == recording_id
    change = update(recordings).where(own if allowed is None else and_(own, allowed))
    changed = connection.execute(change.values(**values).returning(recordings)).one_or_none()
    if changed is not None:
        return RecordingFile(**changed._asdict())
    if connection.execute(select(recordings.c.recording_id).where(own)).one_or_none() is None:
        raise NotFound("no such recording")
    raise Conflict("that recording is deleted")
