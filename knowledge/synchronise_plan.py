"""What a change of the store means for the index; pure.

Each function looks at what the store holds now and what the index knew, and says what to do and
how to name it to staff.
"""

from dataclasses import dataclass
from datetime import date

from core.ports import DocumentRecord, GuideRecord
from knowledge.guide import Guide
from knowledge.index_part import Record
from knowledge.indexing import (
    Contribution,
    document_contribution,
    gone,
    guide_contribution,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a changed record: indexed, unchanged, removed or skipped, and why."""

    kind: str
    record_id: str
    action: str
    reason: str = ""


Planned = tuple[Contribution | None, Outcome]


def plan_guide(
    guide_id: str,
    published: GuideRecord | None,
    known: Record | None,
    newest: GuideRecord | None,
    today: date,
) -> Planned:
    """What a changed guide brings. `newest` is its newest version where none is published."""
    if published is None:
        return _drop("guide", guide_id, known, "is unknown" if newest is None else f"is {_said(newest)}")
    try:
        guide = Guide.from_json(published.body)
    except ValueError as error:
        return _drop("guide", guide_id, known, f"can't be read: {error}")
    if guide.valid_until is not None and guide.valid_until < today:
        return _drop("guide", guide_id, known, f"expired on {guide.valid_until.isoformat()}")
    # The version that counts is the store's: the body was written before it was given one.
    contribution = guide_contribution(guide, version=published.version)
    later = guide.valid_from is not None and guide.valid_from > today
    return _take(contribution, known, f"holds from {guide.valid_from}" if later else "")


def plan_document(
    kind: str, document_id: str, document: DocumentRecord | None, known: Record | None
) -> Planned:
    """What a changed document or FAQ brings."""
    if document is None or document.withdrawn:
        return _drop(kind, document_id, known, "is unknown" if document is None else "is withdrawn")
    contribution = document_contribution(document)
    if not contribution.entries:
        return _drop(kind, document_id, known, "holds no text")
    return _take(contribution, known, "")


def _take(contribution: Contribution, known: Record | None, reason: str) -> Planned:
    record = contribution.record
    if record == known:
        return None, Outcome(record.kind, record.record_id, "unchanged", reason)
    return contribution, Outcome(record.kind, record.record_id, "indexed", reason)


def _drop(kind: str, record_id: str, known: Record | None, reason: str) -> Planned:
    if known is None:
        return None, Outcome(kind, record_id, "skipped", reason)
    return gone(kind, record_id, reason, item=known.item), Outcome(kind, record_id, "removed", reason)


def _said(record: GuideRecord) -> str:
    return {"draft": "a draft", "in_review": "in review"}.get(record.status.value, record.status.value)
