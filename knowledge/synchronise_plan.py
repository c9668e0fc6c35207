"""What a change of the store means for the index; pure.

Each function looks at what the store holds now and what the index knew, and says what to do and
how to name it to staff.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.ports import DocumentRecord, GuideRecord
from knowledge.entries import SayingsLexicon
from knowledge.guide import Guide
from knowledge.index_part import Record
from knowledge.indexing import (
    Contribution,
    document_contribution,
    gone,
    guide_contribution,
    sayings_contribution,
)
from knowledge.snapshot import Snapshot


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


def plan_sayings(
    snapshot: Snapshot,
    contributions: Sequence[Contribution],
    lexicon: SayingsLexicon,
    *,
    keys: Iterable[str] | None = None,
) -> list[Contribution]:
    """The sayings of items that come with these contributions, and the end of those that go.

    `keys` are the items to look at; without them, those that the contributions touch. Where the
    lexicon itself has changed, all items must be looked at.
    """
    guides = {c.record.record_id: c.record for c in contributions if c.record.kind == "guide"}
    touched = {record.item for record in guides.values()}
    touched.update(old.item for guide_id in guides if (old := snapshot.records.get(("guide", guide_id))))
    planned = []
    for key in sorted(touched if keys is None else keys):
        if not key:
            continue
        item = snapshot.items().get(key)
        stays = any(ref.guide_id not in guides for ref in item.guides) if item else False
        comes = any(record.item == key and not record.gone for record in guides.values())
        known = snapshot.records.get(("sayings", key))
        if stays or comes:
            contribution = sayings_contribution(key, lexicon)
            says_something = bool(contribution.entries) or known is not None
            if says_something and contribution.record != known:
                planned.append(contribution)
        elif known is not None:
            planned.append(gone("sayings", key, "no guide of the item is left", item=key))
    return planned


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
