"""Puts a consultant together from its parts; the one function a server needs to call."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import date

from core.ports import Embedder, KnowledgeStore
from knowledge.consultation import GuideConsultant
from knowledge.lexicon_files import Lexicons
from knowledge.segment import Segmenter
from knowledge.snapshot import Snapshot
from knowledge.topic_model import TopicModel
from knowledge.views import Views


def make_consultant(
    *,
    snapshot: Callable[[], Snapshot],
    store: KnowledgeStore,
    embedder: Embedder,
    segmenter: Segmenter,
    lexicons: Lexicons,
    topics: TopicModel | None,
    executor: Executor,
    today: Callable[[], date],
    city: str = "",
) -> GuideConsultant:
    """A consultant over whatever snapshot `snapshot()` returns at the time of a question.

    `city` is the service's own city; empty, it is the one that the guides' districts lie in.
    Without a topic model items are found by their names only.
    """
    views = Views(
        store,
        lexicons.catalogue_builder(),
        lexicons.understanding(),
        lambda districts: lexicons.district_reader(districts, city),
        today,
    )
    return GuideConsultant(
        snapshot=snapshot,
        store=store,
        embedder=embedder,
        segmenter=segmenter,
        views=views,
        topics=topics,
        facets=lexicons.facets,
        executor=executor,
        today=today,
    )
