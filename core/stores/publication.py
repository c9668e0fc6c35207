"""What publishing a batch does to the versions that are stored; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.ports import Change, DocumentRecord, GuideRecord, PutCounts
from core.statuses import GuideStatus


@dataclass(frozen=True, slots=True)
class PublicVersion:
    """The number of a guide's newest version, and the content that is public, if any is."""

    newest_version: int = 0
    published_hash: str | None = None


@dataclass(frozen=True, slots=True)
class PublicationPlan:
    """What to write: first withdraw what is superseded, then insert, then note the changes.

    `numbers_taken` change numbers follow the last one in use.
    """

    counts: PutCounts
    superseded: Sequence[str]
    new_versions: Sequence[GuideRecord]
    changes: Sequence[Change]
    numbers_taken: int


def plan_publication(
    records: Sequence[GuideRecord],
    stored: Mapping[str, PublicVersion],
    *,
    last_change: int,
    now: datetime,
) -> PublicationPlan:
    """The plan for publishing `records` in their order, where a guide may come more than once."""
    known = dict(stored)
    added = changed = 0
    new_versions: list[GuideRecord] = []
    public_at: dict[str, int] = {}  # where in new_versions a guide's public version stands
    for record in records:
        before = known.get(record.guide_id, PublicVersion())
        if before.published_hash == record.content_hash:
            continue
        if before.published_hash is None:
            added += 1
        else:
            changed += 1
        if (earlier := public_at.get(record.guide_id)) is not None:
            new_versions[earlier] = replace(new_versions[earlier], status=GuideStatus.WITHDRAWN)
        public_at[record.guide_id] = len(new_versions)
        new_versions.append(
            replace(
                record,
                version=before.newest_version + 1,
                status=GuideStatus.PUBLISHED,
                updated_at=now,
                change=last_change + len(new_versions) + 1,
            )
        )
        known[record.guide_id] = PublicVersion(before.newest_version + 1, record.content_hash)
    public = [new_versions[position] for position in sorted(public_at.values())]
    return PublicationPlan(
        counts=PutCounts(added=added, changed=changed, unchanged=len(records) - added - changed),
        superseded=[r.guide_id for r in public if r.guide_id in stored],
        new_versions=new_versions,
        changes=[Change(record.change, "guide", record.guide_id) for record in public],
        numbers_taken=len(new_versions),
    )


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """Which documents to put in place of those with the same ids, and the changes to note."""

    counts: PutCounts
    put: Sequence[DocumentRecord]
    changes: Sequence[Change]
    numbers_taken: int


def plan_documents(
    records: Sequence[DocumentRecord], stored: Mapping[str, DocumentRecord], *, last_change: int
) -> DocumentPlan:
    """The plan for putting `records` in their order, where a document may come more than once."""
    known = dict(stored)
    added = changed = 0
    number = last_change
    put: dict[str, DocumentRecord] = {}
    noted: dict[tuple[str, str], int] = {}
    for record in records:
        before = known.get(record.document_id)
        if before is not None and replace(before, change=0) == replace(record, change=0):
            continue
        if before is None:
            added += 1
        else:
            changed += 1
        if before is not None and before.kind != record.kind:
            number += 1
            noted[before.kind, record.document_id] = number  # it is to be dropped under its old kind
        number += 1
        noted[record.kind, record.document_id] = number
        put[record.document_id] = known[record.document_id] = replace(record, change=number)
    return DocumentPlan(
        counts=PutCounts(added=added, changed=changed, unchanged=len(records) - added - changed),
        put=list(put.values()),
        changes=[Change(number, kind, record_id) for (kind, record_id), number in noted.items()],
        numbers_taken=number - last_change,
    )
