"""The use case of an import: batches of guides, documents and FAQ into the store.

All of a file goes in or, where something was rejected and the operator didn't ask to keep going,
nothing of any file. Importing the same file again changes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from core.ports import GuideRecord, KnowledgeStore
from core.statuses import GuideStatus
from knowledge.guide import Guide
from knowledge.importing.batch import ImportedBatch, Position, Rejection, excerpt
from knowledge.importing.documents import DocumentBatch, read_documents, read_faq_pairs
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import DEFAULT_LIMITS, Limits
from knowledge.importing.report import ImportOutcome, ImportReport
from knowledge.importing.samples import (
    has_real_guides,
    is_real,
    withdraw_samples,
    without_sample_documents,
    without_samples,
)

_IMPORTABLE = frozenset({GuideStatus.PUBLISHED, GuideStatus.WITHDRAWN})
_Identity = tuple[str, str, str]


class DocumentReader(Protocol):
    """Reads a file of documents or of FAQ."""

    def __call__(self, name: str, data: bytes, *, limits: Limits) -> DocumentBatch:
        """What the file `name` with these bytes holds."""


def as_record(guide: Guide) -> GuideRecord:
    """The guide as the store keeps it."""
    return GuideRecord(
        guide_id=guide.guide_id,
        version=guide.version,
        status=guide.status,
        district=guide.district,
        main_item=guide.main_item,
        business_item=guide.business_item,
        body=guide.as_json(),
        content_hash=guide.content_hash(),
        valid_from=guide.valid_from,
        valid_until=guide.valid_until,
    )


async def import_guides(
    store: KnowledgeStore, batches: Sequence[ImportedBatch], *, keep_going: bool = False
) -> ImportOutcome:
    """Publishes the guides of the batches, in order; nothing at all if anything was rejected.

    With `keep_going` what wasn't rejected is published. Guides whose ids were derived take the id
    under which the store already knows the same item in the same district.
    """
    batches = [_without_unpublishable(batch) for batch in batches]
    if not keep_going and any(batch.rejections for batch in batches):
        return ImportOutcome(tuple(_report(batch) for batch in batches), keep_going)
    real = any(is_real(guide) for batch in batches for guide in batch.guides)
    if real or await has_real_guides(store):
        batches = [without_samples(batch) for batch in batches]
    if any(batch.derived_ids for batch in batches):
        known = await _known_identities(store)
        batches = [_with_known_ids(batch, known) for batch in batches]
    reports = tuple([await _store(store, batch) for batch in batches])
    return ImportOutcome(reports, keep_going, await withdraw_samples(store) if real else 0)


async def import_documents(
    store: KnowledgeStore, batches: Sequence[DocumentBatch], *, keep_going: bool = False
) -> ImportOutcome:
    """Stores the documents or FAQ of the batches; nothing at all if anything was rejected."""
    keep_out = not keep_going and any(batch.rejections for batch in batches)
    if await has_real_guides(store):
        batches = [without_sample_documents(batch) for batch in batches]
    reports: list[ImportReport] = []
    for batch in batches:
        report = ImportReport(
            batch.name, "篇", rejections=batch.rejections, notices=batch.notices, stored=not keep_out
        )
        if not keep_out:
            counts = await store.put_documents(batch.records)
            report = replace(report, added=counts.added, changed=counts.changed, unchanged=counts.unchanged)
        reports.append(report)
    return ImportOutcome(tuple(reports), keep_going)


async def run_guides_import(
    store: KnowledgeStore,
    paths: Sequence[Path],
    *,
    keep_going: bool = False,
    district: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> ImportOutcome:
    """Reads these files and imports their guides: what `bangban guides import` does."""

    def read(path: Path) -> ImportedBatch:
        data, problem = _bytes_of(path, limits)
        if problem is not None:
            return ImportedBatch(path.name, rejections=(problem,))
        return read_guides(path.name, data, district=district, limits=limits)

    batches = [await asyncio.to_thread(read, path) for path in paths]
    return await import_guides(store, batches, keep_going=keep_going)


async def run_documents_import(
    store: KnowledgeStore, paths: Sequence[Path], *, keep_going: bool = False, limits: Limits = DEFAULT_LIMITS
) -> ImportOutcome:
    """Reads these files and imports their documents: what `bangban documents import` does."""
    return await _run_documents_import(store, paths, read_documents, keep_going, limits)


async def run_faq_import(
    store: KnowledgeStore, paths: Sequence[Path], *, keep_going: bool = False, limits: Limits = DEFAULT_LIMITS
) -> ImportOutcome:
    """Reads these files and imports their FAQ: what `bangban faq import` does."""
    return await _run_documents_import(store, paths, read_faq_pairs, keep_going, limits)


async def _run_documents_import(
    store: KnowledgeStore,
    paths: Sequence[Path],
    read_entries: DocumentReader,
    keep_going: bool,
    limits: Limits,
) -> ImportOutcome:
    def read(path: Path) -> DocumentBatch:
        data, problem = _bytes_of(path, limits)
        if problem is not None:
            return DocumentBatch(path.name, rejections=(problem,))
        return read_entries(path.name, data, limits=limits)

    batches = [await asyncio.to_thread(read, path) for path in paths]
    return await import_documents(store, batches, keep_going=keep_going)


def _bytes_of(path: Path, limits: Limits) -> tuple[bytes, Rejection | None]:
    """The file's bytes, or why they can't be had. A file over the limit isn't even read."""
    try:
        if path.stat().st_size > limits.file_bytes:
            return b"", _rejection(f"文件太大（超过 {limits.file_bytes // 1024 // 1024} MB），请拆开导入")
        return path.read_bytes(), None
    except FileNotFoundError:
        return b"", _rejection("找不到这个文件")
    except OSError:
        return b"", _rejection("读不了这个文件")


def _rejection(reason: str) -> Rejection:
    return Rejection(Position(), "", "", reason)


def _without_unpublishable(batch: ImportedBatch) -> ImportedBatch:
    """The batch without drafts: those belong on the editor's page, not in an import."""
    kept = tuple(guide for guide in batch.guides if guide.status in _IMPORTABLE)
    if len(kept) == len(batch.guides):
        return batch
    refused = tuple(
        Rejection(
            Position(), "", excerpt(f"{guide.district} · {guide.title}"), "草稿和审核中的指南不能用导入来发布"
        )
        for guide in batch.guides
        if guide.status not in _IMPORTABLE
    )
    return replace(batch, guides=kept, rejections=batch.rejections + refused)


@dataclass(frozen=True, slots=True)
class _Known:
    """Published guides of one item in districts of one name."""

    ids: tuple[tuple[tuple[str, ...], str], ...] = ()  # districts above, guide id

    def id_for(self, parents: tuple[str, ...]) -> str | None:
        """The one guide whose districts above don't contradict these, or None."""
        fitting = [guide_id for above, guide_id in self.ids if not above or not parents or above == parents]
        return fitting[0] if len(fitting) == 1 else None


async def _known_identities(store: KnowledgeStore) -> dict[_Identity, _Known]:
    known: dict[_Identity, _Known] = {}
    async for record in store.published_guides():
        identity = _identity(record.district, record.main_item, record.business_item)
        above = tuple(record.body.get("parents", ()))
        known[identity] = _Known((*known.get(identity, _Known()).ids, (above, record.guide_id)))
    return known


def _with_known_ids(batch: ImportedBatch, known: Mapping[_Identity, _Known]) -> ImportedBatch:
    taken = {guide.guide_id for guide in batch.guides}
    guides: list[Guide] = []
    for guide in batch.guides:
        guide_id = guide.guide_id
        if guide_id in batch.derived_ids:
            identity = _identity(guide.district, guide.main_item, guide.business_item)
            known_id = known.get(identity, _Known()).id_for(guide.parents)
            if known_id is not None and known_id not in taken:
                guide_id = known_id
        taken.add(guide_id)
        guides.append(replace(guide, guide_id=guide_id))
    return replace(batch, guides=tuple(guides))


def _identity(district: str, main_item: str, business_item: str) -> _Identity:
    """What makes two guides the same. 「甲」 under itself is 「甲」 without sub-item."""
    return district, main_item, "" if business_item == main_item else business_item


def _report(batch: ImportedBatch) -> ImportReport:
    return ImportReport(
        batch.name, rejections=batch.rejections, notices=batch.notices, withheld=batch.withheld, stored=False
    )


async def _store(store: KnowledgeStore, batch: ImportedBatch) -> ImportReport:
    published = [as_record(guide) for guide in batch.guides if guide.status is GuideStatus.PUBLISHED]
    counts = await store.publish_guides(published)
    withdrawn = 0
    for guide in batch.guides:
        if guide.status is GuideStatus.WITHDRAWN:
            public = await store.guide(guide.guide_id)
            if public is not None:
                await store.set_status(guide.guide_id, public.version, GuideStatus.WITHDRAWN)
                withdrawn += 1
    return replace(
        _report(batch),
        added=counts.added,
        changed=counts.changed,
        unchanged=counts.unchanged,
        withdrawn=withdrawn,
        stored=True,
    )
