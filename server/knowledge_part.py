"""Opens what answers questions: model, lexicons, index, and the consultant over them."""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import structlog

from core.clock import local_today, utc_now
from core.errors import SnapshotMismatch
from core.ports import Embedder, KnowledgeStore
from core.settings import Settings
from knowledge.consultation import GuideConsultant
from knowledge.desk import make_consultant
from knowledge.embedding import SentenceTransformerEmbedder
from knowledge.indexing import PartBuilder
from knowledge.lexicon_files import Lexicons
from knowledge.search import Retriever
from knowledge.segment import Segmenter
from knowledge.synchronise import Synchroniser
from knowledge.topic_model import TopicModel
from knowledge.topic_training import train_to_file

log = structlog.get_logger(__name__)


class KnowledgePart:
    """The open parts; `close` ends them."""

    def __init__(
        self,
        consultant: GuideConsultant,
        synchroniser: Synchroniser,
        embedder: Embedder,
        segmenter: Segmenter,
        executor: Executor,
    ) -> None:
        self.consultant = consultant
        self.synchroniser = synchroniser
        self.embedder = embedder
        self._segmenter = segmenter
        self._executor = executor

    def retriever(self) -> Retriever:
        """A retriever of the snapshot in force. Raises SnapshotUnavailable."""
        return Retriever(self.synchroniser.snapshot, self._segmenter)

    async def close(self) -> None:
        """Lets go of the index; what is being computed is waited for."""
        await self.synchroniser.close()
        self._executor.shutdown(cancel_futures=True)


async def open_knowledge(
    settings: Settings, store: KnowledgeStore, embedder: Embedder | None = None
) -> KnowledgePart:
    """Loads the models; the caller starts `synchroniser.follow`, which opens or builds the index.

    Raises ConfigurationError when there is no model.
    """
    return await asyncio.to_thread(_build, settings, store, embedder or make_embedder(settings))


def _build(settings: Settings, store: KnowledgeStore, embedder: Embedder) -> KnowledgePart:
    segmenter = make_segmenter(settings)
    lexicons = make_lexicons(settings, segmenter)
    executor = ThreadPoolExecutor(1, thread_name_prefix="embed-question")
    synchroniser = Synchroniser(
        store,
        PartBuilder(embedder, segmenter),
        index_folder(settings),
        today=today,
    )
    consultant = make_consultant(
        snapshot=lambda: synchroniser.snapshot,
        store=store,
        embedder=embedder,
        segmenter=segmenter,
        lexicons=lexicons,
        topics=load_or_train_topics(settings, lexicons, embedder),
        executor=executor,
        today=today,
        city=settings.city,
    )
    embedder.embed_queries(["热身"])  # the first use loads the model, which takes seconds
    return KnowledgePart(consultant, synchroniser, embedder, segmenter, executor)


def today() -> date:
    """The day by which guides come into force and expire."""
    return local_today(utc_now())


def index_folder(settings: Settings) -> Path:
    """Where the snapshots of the index are."""
    return settings.data / "index"


def make_embedder(settings: Settings) -> SentenceTransformerEmbedder:
    """The embedding model of the settings. Blocks for seconds."""
    return SentenceTransformerEmbedder(settings.embedding_model)


def make_segmenter(settings: Settings) -> Segmenter:
    """The segmenter, with jieba's cache in our own folder and not in the shared temporary one."""
    return Segmenter(cache_folder=settings.data / "cache")


def make_lexicons(settings: Settings, segmenter: Segmenter) -> Lexicons:
    """The shipped lexicons, with the city's own sayings of the settings."""
    return Lexicons(is_word=segmenter.is_word, own=Path(settings.lexicon) if settings.lexicon else None)


def topics_file(settings: Settings) -> Path:
    """Where set-up and `bangban train linker` put the topic model: beside the embedding model."""
    return settings.embedding_model.parent / "linker" / "topics.npz"


def own_topics_file(settings: Settings) -> Path:
    """Where the service puts the one it trains itself: in service, nothing else need be writable."""
    return settings.data / "linker" / "topics.npz"


def load_or_train_topics(settings: Settings, lexicons: Lexicons, embedder: Embedder) -> TopicModel:
    """The topic model, trained when there is none for this embedder. Blocks; training takes minutes."""
    for path in (topics_file(settings), own_topics_file(settings)):
        try:
            return TopicModel.load(path, model_id=embedder.model_id)
        except (FileNotFoundError, SnapshotMismatch) as error:
            log.info("linker_not_usable", path=str(path), reason=type(error).__name__)
    log.info("linker_training")
    train_to_file(own_topics_file(settings), lexicons, embedder)
    return TopicModel.load(own_topics_file(settings), model_id=embedder.model_id)
