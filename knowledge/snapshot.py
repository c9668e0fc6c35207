"""The index as a reader sees it: immutable, made of parts, complete for one change number.

Owns which records and rows are in force, and the table of items. A change makes another snapshot
that shares all parts with the one before; whoever holds a snapshot keeps what it started with.
How snapshots get to disk is `knowledge.snapshot_folder`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SnapshotMismatch
from knowledge.entries import Field, split_item_key
from knowledge.index_part import EntryIds, FieldRows, GuideRef, IndexPart, Record, entry_numbers
from knowledge.keyword_index import KeywordCollection

SCHEMA = 1  # raise it when parts of an older release can't be read any more

Counts = Mapping[Field, NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class SnapshotParameters:
    """What a snapshot was built with, and from. One built otherwise can't be used, only built anew."""

    model_id: str
    dimension: int
    dictionary: str = ""  # a digest of the segmenter's own words
    database: str = ""  # the identity of the store; change numbers mean nothing in another one
    schema: int = SCHEMA

    def as_json(self) -> dict[str, Any]:
        """JSON values; the constructor takes them back."""
        return asdict(self)

    def require(self, found: "SnapshotParameters") -> None:
        """Returns if `found` equals these. Raises SnapshotMismatch naming what differs."""
        wanted, given = self.as_json(), found.as_json()
        different = [
            f"{name} 是 {given[name]!r}，应为 {wanted[name]!r}"
            for name in wanted
            if wanted[name] != given[name]
        ]
        if different:
            raise SnapshotMismatch(f"索引是用别的参数建的：{'；'.join(different)}")


@dataclass(frozen=True, slots=True)
class Item:
    """A matter that citizens can bring, with the guides that describe it, one for each district."""

    item_key: str
    main_item: str
    business_item: str
    aliases: tuple[str, ...]
    guides: tuple[GuideRef, ...]  # in order of guide id

    def guides_on(self, day: date) -> tuple[GuideRef, ...]:
        """The guides that the bot may answer from on `day`."""
        return tuple(guide for guide in self.guides if guide.answerable_on(day))

    def holds_on(self, day: date) -> bool:
        """Whether any of its guides may be answered from on `day`."""
        return any(guide.answerable_on(day) for guide in self.guides)

    def in_district(self, district: str, day: date) -> GuideRef | None:
        """The district's own guide that may be answered from on `day`, or None."""
        return next((guide for guide in self.guides_on(day) if guide.district == district), None)

    def districts(self, day: date) -> tuple[str, ...]:
        """The districts that have a guide for it on `day`."""
        return tuple(dict.fromkeys(guide.district for guide in self.guides_on(day)))


class FieldView:
    """One field of a snapshot: the rows of all parts, and which of them are in force."""

    def __init__(self, rows: Sequence[FieldRows], alive: Sequence[NDArray[np.bool_]]) -> None:
        self.rows = tuple(rows)
        self.alive = tuple(alive)
        self.keywords = KeywordCollection([r.keywords for r in self.rows], self.alive)

    @property
    def size(self) -> int:
        """How many rows are in force."""
        return sum(int(np.count_nonzero(mask)) for mask in self.alive)


@dataclass(frozen=True, eq=False)
class Merge:
    """A part that stands for several, and which of their rows it kept."""

    part: IndexPart
    sources: tuple[IndexPart, ...]
    kept: tuple[Mapping[Field, NDArray[np.bool_]], ...]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The index for one change number. Everything in it is in force, except what a date rules out."""

    parameters: SnapshotParameters
    number: int = 0
    change: int = 0
    parts: tuple[IndexPart, ...] = ()
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    _counts: tuple[Counts, ...] = ()  # for each part and row, how many records use it
    _items: Mapping[str, Item] = field(default_factory=dict)

    @classmethod
    def of(
        cls, parameters: SnapshotParameters, parts: Iterable[IndexPart], *, number: int = 0, change: int = 0
    ) -> "Snapshot":
        """The snapshot that these parts make, the oldest first."""
        snapshot = cls(parameters)
        for part in parts:
            snapshot = snapshot.with_part(part)
        return replace(snapshot, number=number, change=change)

    def items(self) -> Mapping[str, Item]:
        """All items by key. Whether a guide of an item holds today is asked of the item."""
        return self._items

    def with_part(self, part: IndexPart, *, number: int = 0, change: int = 0) -> "Snapshot":
        """The snapshot after what `part` brings.

        Raises ValueError if its records need rows that neither it nor any part before it holds.
        """
        parts = (*self.parts, part)
        empty: Counts = {name: np.zeros(rows.size, np.int32) for name, rows in part.fields.items()}
        counts = (*({name: c.copy() for name, c in known.items()} for known in self._counts), empty)
        records = dict(self.records)
        before: list[Record] = []
        for record in part.records:
            if (old := records.get(record.key)) is not None:
                before.append(old)
            if record.gone:
                records.pop(record.key, None)
            else:
                records[record.key] = record
        _count(parts, counts, (entry for record in part.records for entry in record.entries), 1)
        _count(parts, counts, (entry for record in before for entry in record.entries), -1)
        items = _updated_items(self._items, records, before, part.records)
        return replace(
            self, number=number, change=change, parts=parts, records=records, _counts=counts, _items=items
        )

    def with_merge(self, merge: "Merge", *, number: int) -> "Snapshot":
        """The same snapshot with the merged part in place of its sources.

        Raises ValueError if the sources aren't parts of this snapshot side by side, or if a row
        that the merge left out has come into force since.
        """
        start = next((n for n, part in enumerate(self.parts) if part is merge.sources[0]), len(self.parts))
        end = start + len(merge.sources)
        if not all(a is b for a, b in zip(self.parts[start:end], merge.sources, strict=False)) or end > len(
            self.parts
        ):
            raise ValueError("what was merged are no longer parts of the snapshot")
        counts: dict[Field, NDArray[np.int32]] = {}
        for name in merge.part.fields:
            taken = []
            for counted, kept in zip(self._counts[start:end], merge.kept, strict=True):
                if name in kept:
                    taken.append(counted[name][kept[name]])
            counts[name] = np.concatenate(taken)
        in_force = sum(
            int(np.count_nonzero(c)) for counted in self._counts[start:end] for c in counted.values()
        )
        if in_force != sum(int(np.count_nonzero(c)) for c in counts.values()):
            raise ValueError("a row that was left out of the merge is in force again")
        return replace(
            self,
            number=number,
            parts=(*self.parts[:start], merge.part, *self.parts[end:]),
            _counts=(*self._counts[:start], counts, *self._counts[end:]),
        )

    def view(self, name: Field) -> FieldView:
        """The field's rows of all parts."""
        return self._views[name]

    @cached_property
    def _views(self) -> Mapping[Field, FieldView]:
        views = {}
        for name in Field:
            held = [
                (part.fields[name], counts[name] > 0)
                for part, counts in zip(self.parts, self._counts, strict=True)
                if name in part.fields
            ]
            views[name] = FieldView([rows for rows, _ in held], [alive for _, alive in held])
        return views

    def alive(self, part: int, name: Field) -> NDArray[np.bool_]:
        """Which rows of the field in that part are in force."""
        return self._counts[part][name] > 0

    def missing(self, entry_ids: Sequence[str]) -> set[str]:
        """Those of the entries for which no part has a row, in force or not."""
        ids = entry_numbers(entry_ids)
        found = np.zeros(len(ids), np.bool_)
        for part in self.parts:
            for rows in part.fields.values():
                found |= rows.locate(ids)[1]
        return {entry_id for entry_id, here in zip(entry_ids, found, strict=True) if not here}


def _count(parts: Sequence[IndexPart], counts: Sequence[Counts], entry_ids: Iterable[str], by: int) -> None:
    ids: EntryIds = entry_numbers(entry_ids)
    if not len(ids):
        return
    found = np.zeros(len(ids), np.bool_)
    for part, counted in zip(parts, counts, strict=True):
        for name, rows in part.fields.items():
            places, here = rows.locate(ids)
            np.add.at(counted[name], places[here], by)
            found |= here
    if not found.all():
        raise ValueError(f"{np.count_nonzero(~found)} entries have no row in any part")


def _updated_items(
    items: Mapping[str, Item],
    records: Mapping[tuple[str, str], Record],
    before: Sequence[Record],
    after: Sequence[Record],
) -> Mapping[str, Item]:
    """The table of items after the records `before` were replaced by those `after`."""
    guides: dict[str, dict[str, GuideRef]] = {}
    for record in (*before, *after):
        if record.item and record.item not in guides:
            known = items.get(record.item)
            guides[record.item] = {guide.guide_id: guide for guide in known.guides} if known else {}
    for record in before:
        if record.guide is not None:
            guides[record.item].pop(record.record_id, None)
    for record in after:
        if record.guide is not None and not record.gone:
            guides[record.item][record.record_id] = record.guide
    updated = dict(items)
    for key, held in guides.items():
        if not held:
            updated.pop(key, None)
            continue
        main_item, business_item = split_item_key(key)
        told = (records[("guide", guide_id)] for guide_id in held)
        aliases = dict.fromkeys(alias for record in told for alias in record.aliases)
        ordered = tuple(held[guide_id] for guide_id in sorted(held))
        updated[key] = Item(key, main_item, business_item, tuple(aliases), ordered)
    return updated
