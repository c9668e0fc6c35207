"""Guide versions, documents and their change feed in the database."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Column, Connection, Row, Select, case, func, insert, or_, select, type_coerce, update

from core.clock import utc_now
from core.database import Database, in_transaction
from core.errors import NotFound
from core.ports import Change, DocumentRecord, GuideRecord, PutCounts
from core.statuses import GuideStatus
from core.stores.columns import Words
from core.stores.counters import CHANGES, take_numbers
from core.stores.publication import PublicVersion, plan_documents, plan_publication
from core.stores.tables import changes, counters, documents, guide_versions, identity
from core.stores.upserts import upsert

T = TypeVar("T")

_BATCH: Final = 200
"""Rows or ids per statement: databases limit both, and the event loop gets a turn in between."""

_CODES: Final = ("basic_code", "implementation_code", "business_code")
_PUBLISHED: Final = guide_versions.c.status == GuideStatus.PUBLISHED.value


class DatabaseKnowledgeStore:
    """A KnowledgeStore in a database that `core.migrations.upgrade` has prepared.

    Every write first locks the series of change numbers, so writes follow one another and each
    sees the versions that the one before has left.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def identity(self) -> str:
        """Names this store and no other, for as long as it lives. A copy of it bears the same name."""
        name: str = (await self._database.read(select(identity.c.name)))[0].name
        return name

    @in_transaction
    def publish_guides(self, connection: Connection, records: Sequence[GuideRecord]) -> PutCounts:
        """Stores each record as the next version of its guide, published, and all in one transaction."""
        last = take_numbers(connection, CHANGES, 0)
        plan = plan_publication(
            records,
            _public_versions(connection, {record.guide_id for record in records}),
            last_change=last,
            now=self._now(),
        )
        take_numbers(connection, CHANGES, plan.numbers_taken)
        for ids in _batches(plan.superseded):
            self._withdraw_published(connection, ids)
        for versions in _batches(plan.new_versions):
            connection.execute(insert(guide_versions), [_guide_row(record) for record in versions])
        _note_changes(connection, plan.changes)
        return plan.counts

    @in_transaction
    def save_draft(self, connection: Connection, record: GuideRecord) -> GuideRecord:
        """Stores a new draft version and returns it with its number; the published one stays public."""
        take_numbers(connection, CHANGES, 0)
        known = _public_versions(connection, {record.guide_id})
        newest = known[record.guide_id].newest_version if known else 0
        draft = replace(
            record, version=newest + 1, status=GuideStatus.DRAFT, updated_at=self._now(), change=0
        )
        connection.execute(insert(guide_versions).values(_guide_row(draft)))
        return draft

    @in_transaction
    def set_status(
        self, connection: Connection, guide_id: str, version: int, status: GuideStatus
    ) -> GuideRecord:
        """Moves a version to `status`. Raises NotFound. Publishing withdraws the version before it."""
        last = take_numbers(connection, CHANGES, 0)
        this_version = (guide_versions.c.guide_id == guide_id, guide_versions.c.version == version)
        row = (connection.execute(select(guide_versions).where(*this_version))).one_or_none()
        if row is None:
            raise NotFound(f"there is no version {version} of that guide")
        stored = _guide(row)
        if stored.status is status:
            return stored
        moved = replace(stored, status=status, updated_at=self._now())
        if GuideStatus.PUBLISHED in (status, stored.status):
            moved = replace(moved, change=last + 1)
            take_numbers(connection, CHANGES, 1)
            _note_changes(connection, [Change(moved.change, "guide", guide_id)])
        if status is GuideStatus.PUBLISHED:
            self._withdraw_published(connection, [guide_id])
        connection.execute(
            update(guide_versions)
            .where(*this_version)
            .values(status=status.value, updated_at=moved.updated_at, change=moved.change)
        )
        return moved

    async def guide(self, guide_id: str, version: int | None = None) -> GuideRecord | None:
        """That version, or the published one, or None."""
        wanted = _PUBLISHED if version is None else guide_versions.c.version == version
        rows = await self._database.read(
            select(guide_versions).where(guide_versions.c.guide_id == guide_id, wanted)
        )
        return _guide(rows[0]) if rows else None

    async def guides(self, guide_ids: Sequence[str]) -> Mapping[str, GuideRecord]:
        """The published versions of these guides; absent ones are left out."""
        found: dict[str, GuideRecord] = {}
        for ids in _batches(sorted(set(guide_ids))):
            query = select(guide_versions).where(guide_versions.c.guide_id.in_(ids), _PUBLISHED)
            found.update({row.guide_id: _guide(row) for row in await self._database.read(query)})
        return found

    async def published_versions(self, guide_ids: Sequence[str]) -> Mapping[str, int]:
        """Which version of each of these guides is published; the others are left out."""
        found: dict[str, int] = {}
        for ids in _batches(sorted(set(guide_ids))):
            query = select(guide_versions.c.guide_id, guide_versions.c.version)
            rows = await self._database.read(query.where(guide_versions.c.guide_id.in_(ids), _PUBLISHED))
            found.update({row.guide_id: row.version for row in rows})
        return found

    async def guides_of_code(self, code: str, limit: int = 50) -> Sequence[GuideRecord]:
        """Published guides with that basic, implementation or business code, in order of id."""
        if not code:
            return ()
        written = type_coerce(guide_versions.c.body, Words).contains(
            json.dumps(code, ensure_ascii=False), autoescape=True
        )
        query = select(guide_versions).where(_PUBLISHED, written).order_by(guide_versions.c.guide_id)
        found = map(_guide, await self._database.read(query))
        bearing = (record for record in found if code in map(record.body.get, _CODES))
        return tuple(islice(bearing, limit))

    async def versions(self, guide_id: str) -> Sequence[GuideRecord]:
        """All versions, newest first."""
        query = select(guide_versions).where(guide_versions.c.guide_id == guide_id)
        rows = await self._database.read(query.order_by(guide_versions.c.version.desc()))
        return tuple(_guide(row) for row in rows)

    async def published_guides(self) -> AsyncIterator[GuideRecord]:
        """All published guides, in order of id, streamed."""
        query = select(guide_versions).where(_PUBLISHED)
        async for row in self._stream(query, guide_versions.c.guide_id):
            yield _guide(row)

    async def list_guides(
        self, *, text: str = "", district: str = "", offset: int = 0, limit: int = 20
    ) -> tuple[Sequence[GuideRecord], int]:
        """A page of the published guides whose item names hold `text`, and how many there are."""
        wanted = [_PUBLISHED]
        if text:
            names = (guide_versions.c.main_item, guide_versions.c.business_item)
            wanted.append(or_(*(func.lower(name).contains(text.lower(), autoescape=True) for name in names)))
        if district:
            wanted.append(guide_versions.c.district == district)
        page = select(guide_versions).where(*wanted).order_by(guide_versions.c.guide_id)
        rows = await self._database.read(page.offset(offset).limit(limit))
        counted = await self._database.read(select(func.count()).select_from(guide_versions).where(*wanted))
        return tuple(_guide(row) for row in rows), counted[0][0]

    @in_transaction
    def put_documents(self, connection: Connection, records: Sequence[DocumentRecord]) -> PutCounts:
        """Adds or replaces documents and FAQ by id, in one transaction."""
        last = take_numbers(connection, CHANGES, 0)
        stored: dict[str, DocumentRecord] = {}
        for ids in _batches(sorted({record.document_id for record in records})):
            rows = connection.execute(select(documents).where(documents.c.document_id.in_(ids)))
            stored.update({row.document_id: _document(row) for row in rows})
        plan = plan_documents(records, stored, last_change=last)
        take_numbers(connection, CHANGES, plan.numbers_taken)
        for put in _batches(plan.put):
            connection.execute(upsert(connection, documents), [_columns(record) for record in put])
        _note_changes(connection, plan.changes)
        return plan.counts

    async def document(self, document_id: str) -> DocumentRecord | None:
        """That document or FAQ, or None."""
        rows = await self._database.read(select(documents).where(documents.c.document_id == document_id))
        return _document(rows[0]) if rows else None

    async def documents(self) -> AsyncIterator[DocumentRecord]:
        """All documents and FAQ that aren't withdrawn, in order of id, streamed."""
        query = select(documents).where(~documents.c.withdrawn)
        async for row in self._stream(query, documents.c.document_id):
            yield _document(row)

    async def changes_after(self, number: int, limit: int = 1000) -> Sequence[Change]:
        """The next entries of the change feed, oldest first."""
        query = select(changes).where(changes.c.number > number).order_by(changes.c.number).limit(limit)
        return tuple(Change(**row._mapping) for row in await self._database.read(query))

    async def last_change(self) -> int:
        """The newest change number; 0 for an empty store."""
        rows = await self._database.read(select(counters.c.value).where(counters.c.name == CHANGES))
        last: int = rows[0].value
        return last

    async def _stream(self, query: Select[Any], key: Column[str]) -> AsyncIterator[Row[Any]]:
        """The rows in order of `key`, a batch a query, so that a slow reader keeps nothing open."""
        page = query.order_by(key).limit(_BATCH)
        rows = await self._database.read(page)
        while rows:
            for row in rows:
                yield row
            rows = await self._database.read(page.where(key > rows[-1]._mapping[key]))

    def _withdraw_published(self, connection: Connection, guide_ids: Sequence[str]) -> None:
        connection.execute(
            update(guide_versions)
            .where(guide_versions.c.guide_id.in_(guide_ids), _PUBLISHED)
            .values(status=GuideStatus.WITHDRAWN.value, updated_at=self._now())
        )


def _public_versions(connection: Connection, guide_ids: Iterable[str]) -> dict[str, PublicVersion]:
    """The newest version and the published content of each of these guides that is stored."""
    found: dict[str, PublicVersion] = {}
    for ids in _batches(sorted(guide_ids)):
        rows = connection.execute(
            select(
                guide_versions.c.guide_id,
                func.max(guide_versions.c.version).label("newest"),
                func.max(case((_PUBLISHED, guide_versions.c.content_hash))).label("published_hash"),
            )
            .where(guide_versions.c.guide_id.in_(ids))
            .group_by(guide_versions.c.guide_id)
        )
        found.update({row.guide_id: PublicVersion(row.newest, row.published_hash) for row in rows})
    return found


def _note_changes(connection: Connection, noted: Sequence[Change]) -> None:
    for batch in _batches(noted):
        connection.execute(upsert(connection, changes), [_columns(change) for change in batch])


def _guide(row: Row[Any]) -> GuideRecord:
    return GuideRecord(**{**row._mapping, "status": GuideStatus(row.status)})


def _guide_row(record: GuideRecord) -> dict[str, Any]:
    return {**_columns(record), "status": record.status.value}


def _document(row: Row[Any]) -> DocumentRecord:
    return DocumentRecord(**row._mapping)


def _columns(record: GuideRecord | DocumentRecord | Change) -> dict[str, Any]:
    """The record's fields. Not `asdict`, which would copy the whole body."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
