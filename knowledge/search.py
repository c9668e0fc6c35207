"""Questions against a snapshot: candidates by vector and by keyword, with the evidence of each.

A `Retriever` is cheap and belongs to one snapshot; make one for each question, so that a change
in between can't mix two states of the index. Nothing here decides what the citizen is told.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from knowledge.entries import Field, Kind
from knowledge.fusion import Fused, fuse_document, fuse_item
from knowledge.segment import Segmenter
from knowledge.snapshot import FieldView, Item, Snapshot
from knowledge.vector_index import Vectors

# How many rows of a field are looked at, for each owner that may be returned: owners have several
# rows, and what one kind of evidence puts low another may put high.
_ROWS_FOR_AN_OWNER = 4


@dataclass(frozen=True, slots=True)
class ItemEvidence:
    """What speaks for an item, each kind of evidence by itself.

    The `dense_` values are cosines of the question with the item's nearest name, content and
    example; 0 where it has none. The `keyword` values are BM25 as a share of what a text would get
    that holds every word of the question: 0 to 1, comparable between questions. `example` is the
    wording of the nearest example.
    """

    item: Item
    dense_name: float = 0.0
    dense_full: float = 0.0
    dense_example: float = 0.0
    keyword_name: float = 0.0
    keyword_full: float = 0.0
    keyword_example: float = 0.0
    example: str = ""

    @property
    def item_key(self) -> str:
        """The key of the item."""
        return self.item.item_key

    @property
    def keyword(self) -> float:
        """The best of the keyword evidence."""
        return max(self.keyword_name, self.keyword_full, self.keyword_example)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: an item, an FAQ or a document, with its score and the evidence for it."""

    kind: Kind
    owner: str
    title: str
    text: str  # the passage nearest to the question
    score: float
    arithmetic: str
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that was not kept, and why."""

    hit: Hit
    reason: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was kept, best first, what was rejected, and how long each phase took."""

    kept: tuple[Hit, ...]
    rejected: tuple[Rejected, ...]
    timings_ms: Mapping[str, float]


@dataclass(slots=True)
class _Best:
    """The best evidence of one field for an owner."""

    dense: float = 0.0
    keyword: float = 0.0
    text: str = ""


class Retriever:
    """Searches one snapshot."""

    def __init__(self, snapshot: Snapshot, segmenter: Segmenter) -> None:
        self.snapshot = snapshot
        self._segmenter = segmenter

    def item_evidence(
        self, text: str, vector: Vectors, *, today: date, limit: int = 60
    ) -> list[ItemEvidence]:
        """The items that any kind of evidence speaks for, strongest first, at most `limit`.

        Candidates come from vectors and from keywords; every candidate then gets all its exact
        dense values. Items without a guide that holds `today` are left out.
        """
        fields = (Field.ITEM_NAME, Field.ITEM_FULL, Field.EXAMPLE)
        evidence = self._evidence(fields, self._segmenter.terms(text), vector, limit)
        items = self.snapshot.items()
        found = []
        for key, best in evidence.items():
            item = items.get(key)
            if item is None or not item.guides_on(today):
                continue
            name, full, example = (best.get(f, _NOTHING) for f in fields)
            found.append(
                ItemEvidence(
                    item,
                    name.dense, full.dense, example.dense,
                    name.keyword, full.keyword, example.keyword,
                    example.text,
                )
            )  # fmt: skip
        found.sort(key=lambda e: (-_fuse_evidence(e).score, e.item_key))
        return found[:limit]

    def search(
        self, text: str, vector: Vectors, *, kinds: Collection[Kind], today: date, limit: int = 10
    ) -> SearchResult:
        """The best of these kinds together, with those that didn't make it and the reasons.

        Asking for items includes what their examples find.
        """
        started = time.perf_counter()
        terms = self._segmenter.terms(text)
        segmented = time.perf_counter()
        hits: list[Hit] = []
        rejected: list[Rejected] = []
        if Kind.ITEM in kinds or Kind.EXAMPLE in kinds:
            found, not_valid = self._search_items(terms, vector, today, limit)
            hits.extend(found)
            rejected.extend(not_valid)
        for kind, fields in _TEXT_FIELDS.items():
            if kind in kinds:
                hits.extend(self._search_texts(kind, fields, terms, vector, limit))
        hits.sort(key=lambda hit: (-hit.score, hit.owner))
        rejected.extend(Rejected(hit, f"not among the best {limit}") for hit in hits[limit:])
        done = time.perf_counter()
        timings = {"segment": (segmented - started) * 1000, "search": (done - segmented) * 1000}
        return SearchResult(tuple(hits[:limit]), tuple(rejected), timings)

    def _search_items(
        self, terms: Sequence[str], vector: Vectors, today: date, limit: int
    ) -> tuple[list[Hit], list[Rejected]]:
        fields = (Field.ITEM_NAME, Field.ITEM_FULL, Field.EXAMPLE)
        items = self.snapshot.items()
        hits: list[Hit] = []
        rejected: list[Rejected] = []
        for key, best in self._evidence(fields, terms, vector, limit).items():
            name, full, example = (best.get(f, _NOTHING) for f in fields)
            keyword = max(name.keyword, full.keyword, example.keyword)
            fused = fuse_item(name.dense, full.dense, example.dense, keyword)
            values = {
                "name": name.dense,
                "content": full.dense,
                "example": example.dense,
                "keywords": keyword,
            }
            item = items[key]
            hit = Hit(
                Kind.ITEM, key, item.main_item, full.text or name.text, fused.score, fused.arithmetic, values
            )
            if item.guides_on(today):
                hits.append(hit)
            else:
                rejected.append(Rejected(hit, f"no guide of it holds on {today.isoformat()}"))
        return hits, rejected

    def _search_texts(
        self, kind: Kind, fields: Sequence[Field], terms: Sequence[str], vector: Vectors, limit: int
    ) -> Iterable[Hit]:
        whole_field, chunk_field, *question_field = fields
        found = self._evidence(fields, terms, vector, max(limit, 50))
        top = max((best[whole_field].keyword for best in found.values() if whole_field in best), default=0.0)
        for owner, best in found.items():
            whole, chunk = best[whole_field], best.get(chunk_field)
            keywords = whole.keyword / top if top else 0.0
            question = best[question_field[0]].dense if question_field else 0.0
            fused = fuse_document(max(whole.dense, question), chunk.dense if chunk else None, keywords)
            values = {"whole": whole.dense, "keywords": keywords}
            if chunk:
                values["passage"] = chunk.dense
            if question:
                values["question"] = question
            yield Hit(
                kind, owner, "", chunk.text if chunk else whole.text, fused.score, fused.arithmetic, values
            )

    def _evidence(
        self, fields: Sequence[Field], terms: Sequence[str], vector: Vectors, limit: int
    ) -> dict[str, dict[Field, _Best]]:
        """For each owner that any of the fields found: the best evidence of each field."""
        keyword: dict[Field, dict[str, float]] = {}
        owners: dict[str, None] = {}
        for name in fields:
            view = self.snapshot.view(name)
            for rows, alive in zip(view.rows, view.alive, strict=True):
                near, _ = rows.vectors.search(vector, alive, limit * _ROWS_FOR_AN_OWNER)
                owners.update(dict.fromkeys(rows.owner(row) for row in near))
            keyword[name] = _keyword_scores(view, terms, limit * _ROWS_FOR_AN_OWNER)
            owners.update(dict.fromkeys(keyword[name]))
        found: dict[str, dict[Field, _Best]] = {owner: {} for owner in owners}
        for name in fields:
            self._exact(name, vector, found)
            for owner, score in keyword[name].items():
                if name in found[owner]:
                    found[owner][name].keyword = score
        return found

    def _exact(self, name: Field, vector: Vectors, found: dict[str, dict[Field, _Best]]) -> None:
        view = self.snapshot.view(name)
        for rows, alive in zip(view.rows, view.alive, strict=True):
            for owner, best in found.items():
                mine = rows.rows_of(owner)
                mine = mine[alive[mine]]
                if not len(mine):
                    continue
                scores = rows.vectors.scores_of(mine, vector)
                at = int(np.argmax(scores))
                if name not in best or scores[at] > best[name].dense:
                    best[name] = _Best(float(scores[at]), 0.0, rows.texts[int(mine[at])])


_NOTHING = _Best()
_TEXT_FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.DOCUMENT: (Field.DOCUMENT_WHOLE, Field.DOCUMENT_CHUNK),
    Kind.FAQ: (Field.FAQ_WHOLE, Field.FAQ_CHUNK, Field.FAQ_QUESTION),
}


def _keyword_scores(view: FieldView, terms: Sequence[str], limit: int) -> dict[str, float]:
    """For each owner found by keywords its best share of the ideal score."""
    hits = view.keywords.search(terms, limit)
    scores: dict[str, float] = {}
    for part, row, score in zip(hits.parts.tolist(), hits.rows.tolist(), hits.scores.tolist(), strict=True):
        scores.setdefault(view.rows[part].owner(row), score / hits.ideal)
    return scores


def _fuse_evidence(e: ItemEvidence) -> Fused:
    return fuse_item(e.dense_name, e.dense_full, e.dense_example, e.keyword)
