"""Questions against a snapshot: candidates by vector and by keyword, with the evidence of each.

A `Retriever` is cheap and belongs to one snapshot; make one for each question, so that a change
in between can't mix two states of the index. Nothing here decides what the citizen is told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from knowledge.entries import Field, Kind
from knowledge.evidence import Evidence, Phases, gather_evidence
from knowledge.fusion import FusionWeights, fuse_document, fuse_item, item_score
from knowledge.segment import Segmenter
from knowledge.snapshot import Item, Snapshot
from knowledge.vector_index import Vectors


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


class Retriever:
    """Searches one snapshot."""

    def __init__(
        self, snapshot: Snapshot, segmenter: Segmenter, weights: FusionWeights | None = None
    ) -> None:
        self.snapshot = snapshot
        self._segmenter = segmenter
        self._weights = weights or FusionWeights()

    def item_evidence(
        self, text: str, vector: Vectors, *, today: date, limit: int = 60
    ) -> list[ItemEvidence]:
        """The items that any kind of evidence speaks for, strongest first, at most `limit`.

        Candidates come from vectors and from keywords; every candidate then gets all its exact
        dense values. Items without a guide that holds `today` are left out.
        """
        terms = self._segmenter.terms(text)
        items = self.snapshot.items()
        ranked = []
        found = gather_evidence(self.snapshot, _ITEM_FIELDS, terms, vector, limit=limit, phases=Phases())
        for key, best in found.items():
            item = items.get(key)
            if item is not None and item.holds_on(today):
                name, full, example = (best.get(f, _NOTHING) for f in _ITEM_FIELDS)
                keyword = max(name.keyword, full.keyword, example.keyword)
                score = item_score(name.dense, full.dense, example.dense, keyword)
                ranked.append((-score, key, item, name, full, example))
        ranked.sort(key=lambda ranking: ranking[:2])
        return [
            ItemEvidence(
                item,
                name.dense, full.dense, example.dense,
                name.keyword, full.keyword, example.keyword,
                example.text,
            )
            for _, _, item, name, full, example in ranked[:limit]
        ]  # fmt: skip

    def search(
        self, text: str, vector: Vectors, *, kinds: Collection[Kind], today: date, limit: int = 10
    ) -> SearchResult:
        """The best of these kinds together, with those that didn't make it and the reasons.

        Asking for items includes what their examples find.
        """
        phases = Phases()
        terms = self._segmenter.terms(text)
        phases.end("segment")
        hits: list[Hit] = []
        rejected: list[Rejected] = []
        if Kind.ITEM in kinds or Kind.EXAMPLE in kinds:
            found, not_valid = self._search_items(terms, vector, today, limit, phases)
            hits.extend(found)
            rejected.extend(not_valid)
        for kind in (k for k in _TEXT_FIELDS if k in kinds):
            hits.extend(self._search_texts(kind, terms, vector, limit, phases))
        hits.sort(key=lambda hit: (-hit.score, hit.owner))
        rejected.extend(Rejected(hit, f"没有排进前 {limit} 名") for hit in hits[limit:])
        phases.end("rank")
        return SearchResult(tuple(hits[:limit]), tuple(rejected), phases.timings_ms)

    def _search_items(
        self, terms: Sequence[str], vector: Vectors, today: date, limit: int, phases: Phases
    ) -> tuple[list[Hit], list[Rejected]]:
        items = self.snapshot.items()
        hits: list[Hit] = []
        rejected: list[Rejected] = []
        found = gather_evidence(self.snapshot, _ITEM_FIELDS, terms, vector, limit=limit, phases=phases)
        for key, best in found.items():
            name, full, example = (best.get(f, _NOTHING) for f in _ITEM_FIELDS)
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
            if item.holds_on(today):
                hits.append(hit)
            else:
                rejected.append(Rejected(hit, f"{today.isoformat()} 没有有效的指南"))
        return hits, rejected

    def _search_texts(
        self, kind: Kind, terms: Sequence[str], vector: Vectors, limit: int, phases: Phases
    ) -> Iterable[Hit]:
        whole_field, chunk_field, *question_field = fields = _TEXT_FIELDS[kind]
        found = gather_evidence(self.snapshot, fields, terms, vector, limit=max(limit, 50), phases=phases)
        for owner, best in found.items():
            whole, chunk = best[whole_field], best.get(chunk_field)
            keywords = whole.keyword
            question = best[question_field[0]].dense if question_field else 0.0
            fused = fuse_document(
                max(whole.dense, question), chunk.dense if chunk else None, keywords, self._weights
            )
            values = {"whole": whole.dense, "keywords": keywords}
            if chunk:
                values["passage"] = chunk.dense
            if question:
                values["question"] = question
            yield Hit(
                kind,
                owner,
                whole.title,
                chunk.text if chunk else whole.text,
                fused.score,
                fused.arithmetic,
                values,
            )


_NOTHING = Evidence()
_ITEM_FIELDS = (Field.ITEM_NAME, Field.ITEM_FULL, Field.EXAMPLE)
_TEXT_FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.DOCUMENT: (Field.DOCUMENT_WHOLE, Field.DOCUMENT_CHUNK),
    Kind.FAQ: (Field.FAQ_WHOLE, Field.FAQ_CHUNK, Field.FAQ_QUESTION),
}
