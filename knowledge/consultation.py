"""Answers a question from published guides, asks back, or declines: one turn of knowledge.

`GuideConsultant` implements `core.ports.Consultant`. It holds what all turns share: the index, the
store, the models. A turn itself is `knowledge.turn`. No state of conversations is kept here: the
focus comes with the question and goes back with the outcome.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import date

from core.ports import Consultation, DocumentRecord, Embedder, KnowledgeStore, Question
from knowledge.catalogue import CatalogueItem
from knowledge.district_names import district_named
from knowledge.facets import FacetReader
from knowledge.guide import Guide
from knowledge.question_vectors import QuestionVectors
from knowledge.search import Retriever
from knowledge.segment import Segmenter
from knowledge.snapshot import Snapshot
from knowledge.topic_model import TopicModel, Vectors
from knowledge.turn import Turn
from knowledge.understanding import Reading
from knowledge.views import GuideCache, View, Views


class GuideConsultant:
    """Implements core.ports.Consultant over an index snapshot and the guide store."""

    def __init__(
        self,
        *,
        snapshot: Callable[[], Snapshot],
        store: KnowledgeStore,
        embedder: Embedder,
        segmenter: Segmenter,
        views: Views,
        topics: TopicModel | None,
        facets: FacetReader,
        executor: Executor,
        today: Callable[[], date],
    ) -> None:
        self._facets = facets
        self._snapshot, self._store = snapshot, store
        self._vectors = QuestionVectors(embedder, executor)
        self._segmenter, self._views, self._topics = segmenter, views, topics
        self._today = today
        self._guides = GuideCache(store)

    async def consult(self, question: Question) -> Consultation:
        """The outcome for this question. Raises SnapshotUnavailable when no index is loaded."""
        view = await self._views.of(self._snapshot())
        return await Turn(self, view, question).run()

    async def district(self, name: str) -> str:
        """The district of the guides that this name means, as they write it; empty if there is none.

        Raises SnapshotUnavailable when no index is loaded.
        """
        view = await self._views.of(self._snapshot())
        return district_named(name, view.understanding.districts)

    async def vector(self, text: str) -> Vectors:
        """The question's vector, computed off the event loop."""
        return await self._vectors.of(text)

    async def guides(self, wanted: Sequence[tuple[str, int]]) -> dict[str, Guide]:
        """Those guides that may be answered from today, in the version that is published now.

        That may be a later one than the index knows, which is what `wanted` names.
        """
        today = self._today()
        found = await self._guides.fetch([guide_id for guide_id, _ in wanted])
        return {guide_id: guide for guide_id, guide in found.items() if guide.answerable_on(today)}

    def probabilities(self, reading: Reading, vector: Vectors) -> dict[str, float]:
        """The topic model's view of the question; empty without a model."""
        if self._topics is None:
            return {}
        return self._topics.probabilities(reading.matter, vector, reading.facets.meant)

    def states(self, item: CatalogueItem, facet: str) -> bool:
        """Whether the item's own name states the facet."""
        return facet in self._facets.of_name(f"{item.main}|{item.business}")

    def label(self, facet: str, value: str) -> str:
        """What a citizen reads for that value of the facet."""
        return self._facets.label(facet, value)

    @property
    def today(self) -> date:
        """The day on which guides must hold."""
        return self._today()

    def retriever(self, view: View) -> Retriever:
        """A retriever of the view's snapshot."""
        return Retriever(view.snapshot, self._segmenter)

    async def document(self, document_id: str) -> DocumentRecord | None:
        """The stored document or FAQ."""
        return await self._store.document(document_id)
