"""Trains the topic model from the lexicon: `bangban train linker`.

Sentences are the lexicon's sayings, colloquial names and official names. Bare names that several
topics share (「身份证」) are samples of all of them, so that the model learns to be undecided there.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.errors import SnapshotMismatch
from core.ports import Embedder
from knowledge.facets import FacetReader
from knowledge.lexicon_files import Lexicons
from knowledge.topic_model import Sample, TopicModel, fingerprint_of, train


def training_samples(lexicons: Lexicons) -> list[Sample]:
    """One sample a sentence, places taken out; a sentence of several topics is one open sample."""
    understanding = lexicons.understanding()
    owners: dict[str, set[str]] = {}

    def add(sentence: str, topics: Iterable[str]) -> None:
        owners.setdefault(understanding.read(sentence).matter.strip(), set()).update(topics)

    for topic in lexicons.topics:
        for sentence in (*topic.says, *topic.aliases, *(n.replace("|", " ").strip() for n in topic.names)):
            add(sentence, [topic.topic])
    for saying in lexicons.open_sayings:
        add(saying.says, saying.topics)
    return [Sample(text, tuple(sorted(found))) for text, found in sorted(owners.items()) if text]


def facet_names(facets: FacetReader) -> list[str]:
    """`facet=value` of every facet, in order."""
    return [f"{facet.name}={value.value}" for facet in facets.facets for value in facet.values]


def train_topic_model(lexicons: Lexicons, embedder: Embedder) -> TopicModel:
    """A model of these lexicons. Takes two to three minutes on two cores."""
    samples = training_samples(lexicons)
    vectors = np.asarray(embedder.embed_queries([s.text for s in samples]), dtype=np.float32)
    read = [lexicons.facets.of_speech(s.text).meant for s in samples]
    return train(samples, vectors, read, facet_names(lexicons.facets), model_id=embedder.model_id)


def train_to_file(path: Path, lexicons: Lexicons, embedder: Embedder, *, force: bool = False) -> bool:
    """Makes `path` the model of these lexicons; False if it was that already and nothing is forced.

    Until the new model is whole, and when training fails, the old one stays.
    """
    if not force:
        with contextlib.suppress(FileNotFoundError, SnapshotMismatch):
            current = TopicModel.load(path, model_id=embedder.model_id)
            if current.fingerprint == training_fingerprint(lexicons):
                return False
    train_topic_model(lexicons, embedder).save(path)
    return True


def training_fingerprint(lexicons: Lexicons) -> str:
    """Equal to the model's `fingerprint` when the lexicons haven't changed since it was trained."""
    return fingerprint_of(training_samples(lexicons))
