"""An immutable part of the index: rows of each field, and the records they belong to.

A snapshot is a list of parts. A part holds what one change brought; records in it replace those of
the same key in the parts before it, and rows are reached only through records. So nothing in a
part is ever changed, and nothing has to be deleted from it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.entries import Field, IndexEntry
from knowledge.keyword_index import KeywordPart, build_part
from knowledge.vector_index import VectorIndex, Vectors

EntryIds = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class GuideRef:
    """Which guide version stands for an item in a district, and when it holds."""

    guide_id: str
    version: int
    district: str
    valid_from: date | None = None
    valid_until: date | None = None

    def answerable_on(self, day: date) -> bool:
        """Whether the bot may answer from it on `day`; published it is, or it wouldn't be here."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What a guide, an FAQ or a document contributes to the index.

    `kind` is guide, faq or document. `gone` says why a record that was in the index is no longer;
    it is empty for one that is. Guides carry their item, their reference and the item's other names.
    """

    kind: str
    record_id: str
    entries: tuple[str, ...] = ()
    gone: str = ""
    item: str = ""
    guide: GuideRef | None = None
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells records apart."""
        return (self.kind, self.record_id)


class Texts:
    """A column of texts, decoded one by one when asked for."""

    def __init__(self, blob: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self.blob = blob
        self.ends = ends

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """The column of these texts."""
        encoded = [text.encode() for text in texts]
        ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> str:
        start = int(self.ends[row - 1]) if row else 0
        return self.blob[start : int(self.ends[row])].tobytes().decode()


@dataclass(frozen=True, eq=False)
class FieldRows:
    """The rows of one field: each an entry with its vector, and its keywords."""

    ids: EntryIds
    text_digests: NDArray[np.uint64]
    owners: tuple[str, ...]  # distinct
    owner_of_row: NDArray[np.int32]  # position in `owners`
    titles: Texts
    texts: Texts
    vectors: VectorIndex
    keywords: KeywordPart

    @property
    def size(self) -> int:
        """How many rows."""
        return len(self.ids)

    @classmethod
    def build(
        cls, entries: Sequence[IndexEntry], vectors: Vectors, terms_of: Callable[[str], Sequence[str]]
    ) -> "FieldRows":
        """The rows of these entries of one field, with the vectors of their texts."""
        owners = {owner: n for n, owner in enumerate(dict.fromkeys(entry.owner for entry in entries))}
        return cls(
            ids=entry_numbers(entry.entry_id for entry in entries),
            text_digests=np.array([text_digest(entry.text) for entry in entries], np.uint64),
            owners=tuple(owners),
            owner_of_row=np.array([owners[entry.owner] for entry in entries], np.int32),
            titles=Texts.of([entry.title for entry in entries]),
            texts=Texts.of([entry.text for entry in entries]),
            vectors=VectorIndex.build(vectors),
            keywords=build_part([entry.keywords for entry in entries], terms_of),
        )

    def locate(self, ids: EntryIds) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """For each id its row, and whether it is here at all."""
        return _find(self.ids, self._by_id, ids)

    def locate_texts(self, digests: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """For each text digest a row with that text, and whether there is one."""
        return _find(self.text_digests, self._by_text, digests)

    def owner(self, row: int) -> str:
        """What a hit on the row finds."""
        return self.owners[int(self.owner_of_row[row])]

    def rows_of_all(self, owners: Sequence[str]) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64]]:
        """Which of the owners have rows here, where the rows of each start, and the rows.

        Rows that are hidden are among them.
        """
        known = [
            (n, number)
            for n, owner in enumerate(owners)
            if (number := self._number_of_owner.get(owner)) is not None
        ]
        numbers = np.array([number for _, number in known], np.int64)
        starts, ends = self._owner_starts[numbers], self._owner_starts[numbers + 1]
        counts = ends - starts
        offsets = np.cumsum(counts) - counts
        flat = np.repeat(starts - offsets, counts) + np.arange(int(counts.sum()))
        return [n for n, _ in known], offsets, self._by_owner[flat]

    @cached_property
    def _by_id(self) -> NDArray[np.int64]:
        return np.argsort(self.ids, kind="stable")

    @cached_property
    def _by_text(self) -> NDArray[np.int64]:
        return np.argsort(self.text_digests, kind="stable")

    @cached_property
    def _number_of_owner(self) -> dict[str, int]:
        return {owner: number for number, owner in enumerate(self.owners)}

    @cached_property
    def _by_owner(self) -> NDArray[np.int64]:
        return np.argsort(self.owner_of_row, kind="stable")

    @cached_property
    def _owner_starts(self) -> NDArray[np.int64]:
        return np.searchsorted(self.owner_of_row[self._by_owner], np.arange(len(self.owners) + 1))


@dataclass(frozen=True, eq=False)
class IndexPart:
    """Rows of some fields and the records that a change brought, under a name of their own."""

    name: str
    fields: Mapping[Field, FieldRows] = field(default_factory=dict)
    records: tuple[Record, ...] = ()

    @property
    def size(self) -> int:
        """How many rows, all fields together, and records: what a merge would have to copy."""
        return sum(rows.size for rows in self.fields.values()) + len(self.records)


def entry_numbers(entry_ids: Any) -> EntryIds:
    """Entry ids as the 64-bit numbers that rows are found by."""
    return np.array([int(entry_id, 16) for entry_id in entry_ids], np.uint64)


def text_digest(text: str) -> int:
    """A 64-bit digest of what was embedded: equal texts have equal vectors."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _find(
    values: NDArray[np.uint64], order: NDArray[np.int64], wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if not len(values):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(values, wanted, sorter=order), len(values) - 1)
    rows = order[place]
    return rows, values[rows] == wanted
