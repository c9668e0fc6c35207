"""Makes index parts: what a changed guide, FAQ or document contributes, embedded.

Embedding is what costs here, so a text that some row already holds a vector of is never embedded
again, and an entry that a row already stands for brings no row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.ports import DocumentRecord, Embedder
from knowledge.entries import (
    IndexEntry,
    document_entries,
    entries_by_field,
    faq_entries,
    guide_entries,
    item_key,
)
from knowledge.guide import Guide
from knowledge.index_part import FieldRows, GuideRef, IndexPart, Record, text_digest
from knowledge.segment import Segmenter
from knowledge.snapshot import Snapshot, SnapshotParameters
from knowledge.vector_index import Vectors


@dataclass(frozen=True, slots=True)
class Contribution:
    """A record with the entries it needs."""

    record: Record
    entries: tuple[IndexEntry, ...] = ()

    @classmethod
    def of(cls, record: Record, entries: Sequence[IndexEntry]) -> "Contribution":
        """The record, made to refer to these entries."""
        ids = tuple(entry.entry_id for entry in entries)
        named = Record(
            record.kind, record.record_id, ids, item=record.item, guide=record.guide, aliases=record.aliases
        )
        return cls(named, tuple(entries))


def guide_contribution(guide: Guide, *, version: int | None = None) -> Contribution:
    """What a published guide brings, under the store's `version` number where that is known."""
    ref = GuideRef(
        guide.guide_id, version or guide.version, guide.district, guide.valid_from, guide.valid_until
    )
    key = item_key(guide.main_item, guide.business_item)
    record = Record("guide", guide.guide_id, item=key, guide=ref, aliases=guide.aliases)
    return Contribution.of(record, guide_entries(guide))


def document_contribution(document: DocumentRecord) -> Contribution:
    """What a document or an FAQ brings."""
    entries_of = faq_entries if document.kind == "faq" else document_entries
    record = Record(document.kind, document.document_id)
    return Contribution.of(record, entries_of(document.document_id, document.title, document.text))


def gone(kind: str, record_id: str, reason: str, *, item: str = "") -> Contribution:
    """Takes the record out of the index."""
    return Contribution(Record(kind, record_id, gone=reason, item=item))


class PartBuilder:
    """Embeds and segments what is new into a part. Blocks; call it off the event loop."""

    def __init__(self, embedder: Embedder, segmenter: Segmenter) -> None:
        self._embedder = embedder
        self._segmenter = segmenter

    @property
    def parameters(self) -> SnapshotParameters:
        """What every snapshot of its parts is built with."""
        return SnapshotParameters(
            self._embedder.model_id, self._embedder.dimension, self._segmenter.dictionary_digest
        )

    def build(self, name: str, contributions: Iterable[Contribution], base: Snapshot) -> IndexPart:
        """The part that brings these contributions to `base`."""
        held = tuple(contributions)
        entries = {entry.entry_id: entry for contribution in held for entry in contribution.entries}
        new = base.missing(tuple(entries))
        fields = {
            field: FieldRows.build(some, self._vectors(some, base), self._segmenter.terms)
            for field, some in entries_by_field(
                [entries[entry_id] for entry_id in entries if entry_id in new]
            ).items()
        }
        return IndexPart(name, fields, tuple(contribution.record for contribution in held))

    def _vectors(self, entries: Sequence[IndexEntry], base: Snapshot) -> Vectors:
        """The vectors of the entries' texts, taken from `base` where it has them."""
        digests = np.array([text_digest(entry.text) for entry in entries], np.uint64)
        vectors = np.zeros((len(entries), self._embedder.dimension), np.float32)
        known = np.zeros(len(entries), np.bool_)
        for part in base.parts:
            for rows in part.fields.values():
                places, here = rows.locate_texts(digests)
                vectors[here] = rows.vectors.vectors[places[here]]
                known |= here
        texts = dict.fromkeys(entry.text for entry, have in zip(entries, known, strict=True) if not have)
        if texts:
            embedded = dict(zip(texts, self._embedder.embed_passages(list(texts)), strict=True))
            for row in np.flatnonzero(~known).tolist():
                vectors[row] = embedded[entries[row].text]
        return vectors


def snapshot_in_memory(
    builder: PartBuilder,
    guides: Iterable[Guide] = (),
    documents: Iterable[DocumentRecord] = (),
) -> Snapshot:
    """A snapshot of these alone, on no disk: for evaluation and tests."""
    contributions = [guide_contribution(guide) for guide in guides]
    contributions.extend(document_contribution(document) for document in documents)
    empty = Snapshot(builder.parameters)
    return empty.with_part(builder.build("memory", contributions, empty))
