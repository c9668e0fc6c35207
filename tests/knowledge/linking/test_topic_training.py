"""The topic model's file: trained when the lexicon asks for it, and never lost to a failed training."""

import pytest

from knowledge.topic_model import TopicModel
from knowledge.topic_training import train_to_file

pytestmark = pytest.mark.slow


class FailingEmbedder:
    """The model of the fake embedder, on a machine that runs out of memory."""

    def __init__(self, embedder) -> None:
        self.model_id = embedder.model_id

    def embed_queries(self, texts):
        raise MemoryError


@pytest.fixture
def path(tmp_path, topic_model):
    path = tmp_path / "linker" / "topics.npz"
    topic_model.save(path)
    return path


@pytest.fixture
def trained_at_once(monkeypatch, topic_model):
    """Training gives the model that the tests trained already: what becomes of its file is meant here."""
    monkeypatch.setattr("knowledge.topic_training.train_topic_model", lambda *_: topic_model)


def test_an_unchanged_lexicon_needs_no_training(path, lexicons, embedder):
    before = path.stat()

    assert train_to_file(path, lexicons, FailingEmbedder(embedder)) is False
    assert path.stat() == before


@pytest.mark.usefixtures("trained_at_once")
def test_a_forced_training_replaces_the_model(path, lexicons, embedder):
    before = path.stat().st_ino

    assert train_to_file(path, lexicons, embedder, force=True) is True
    assert path.stat().st_ino != before
    assert TopicModel.load(path, model_id=embedder.model_id).topics


def test_a_failed_training_leaves_the_old_model(path, lexicons, embedder):
    content = path.read_bytes()

    with pytest.raises(MemoryError):
        train_to_file(path, lexicons, FailingEmbedder(embedder), force=True)

    assert path.read_bytes() == content
    assert TopicModel.load(path, model_id=embedder.model_id).topics


@pytest.mark.usefixtures("trained_at_once")
def test_a_disk_that_is_full_leaves_the_old_model(path, lexicons, embedder, monkeypatch):
    content = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("knowledge.topic_model.np.savez", full)
    with pytest.raises(OSError, match="No space"):
        train_to_file(path, lexicons, embedder, force=True)

    assert path.read_bytes() == content
