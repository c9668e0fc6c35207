"""Fewer, larger parts: what keeps a question as fast after a thousand changes as after one.

Nothing is embedded and no text is segmented again. Rows that no record uses are left out, and so
are records that later ones replaced.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.entries import Field
from knowledge.index_part import FieldRows, IndexPart, Record, Texts
from knowledge.keyword_index import merge_parts as merge_keywords
from knowledge.snapshot import Merge, Snapshot
from knowledge.vector_index import VectorIndex

# A part is merged with those after it once they together have a quarter of its size, so that each
# row is copied a few times in its life and the number of parts stays logarithmic.
_RATIO = 4


def parts_to_merge(sizes: Sequence[int], most: int | None = None) -> int:
    """How many of the newest parts to merge into one; 1 or less means none.

    `most` bounds the rows of the result, so that a caller who is waited for takes on small merges
    only.
    """
    total, count = 0, 0
    for size in reversed(sizes):
        if count and size > _RATIO * total:
            break
        if most is not None and count and total + size > most:
            break
        total += size
        count += 1
    return count


def merge_newest(snapshot: Snapshot, count: int, name: str) -> Merge:
    """Merges the newest `count` parts into one called `name`. Takes seconds for 100,000 rows."""
    first = len(snapshot.parts) - count
    sources = snapshot.parts[first:]
    kept = tuple(
        {field: snapshot.alive(first + n, field) for field in part.fields} for n, part in enumerate(sources)
    )
    fields: dict[Field, FieldRows] = {}
    for field in Field:
        held = [
            (part.fields[field], mask[field])
            for part, mask in zip(sources, kept, strict=True)
            if field in part.fields
        ]
        if held:
            fields[field] = _merge_rows([rows for rows, _ in held], [mask for _, mask in held])
    return Merge(IndexPart(name, fields, _merge_records(sources, is_first=first == 0)), sources, kept)


def _merge_rows(parts: Sequence[FieldRows], kept: Sequence[NDArray[np.bool_]]) -> FieldRows:
    chosen = [np.flatnonzero(mask) for mask in kept]
    owners: dict[str, int] = {}
    owner_of_row: list[int] = []
    for rows, numbers in zip(parts, chosen, strict=True):
        owner_of_row.extend(owners.setdefault(rows.owner(n), len(owners)) for n in numbers.tolist())
    vectors = np.concatenate(
        [rows.vectors.vectors[numbers] for rows, numbers in zip(parts, chosen, strict=True)]
    )
    return FieldRows(
        ids=np.concatenate([rows.ids[numbers] for rows, numbers in zip(parts, chosen, strict=True)]),
        text_digests=np.concatenate([rows.text_digests[n] for rows, n in zip(parts, chosen, strict=True)]),
        owners=tuple(owners),
        owner_of_row=np.array(owner_of_row, np.int32),
        titles=Texts.of(
            [rows.titles[n] for rows, ns in zip(parts, chosen, strict=True) for n in ns.tolist()]
        ),
        texts=Texts.of([rows.texts[n] for rows, ns in zip(parts, chosen, strict=True) for n in ns.tolist()]),
        vectors=VectorIndex.build(vectors),
        keywords=merge_keywords([rows.keywords for rows in parts], kept),
    )


def _merge_records(parts: Sequence[IndexPart], *, is_first: bool) -> tuple[Record, ...]:
    """The last record of each key. That one is gone must be remembered while an older part has it."""
    last = {record.key: record for part in parts for record in part.records}
    return tuple(record for record in last.values() if not (is_first and record.gone))
