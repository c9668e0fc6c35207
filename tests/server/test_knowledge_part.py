"""What answers questions is opened with what there is, and what is lacking is made."""

import json
import shutil
from pathlib import Path

import pytest

from core.settings import Settings
from knowledge.lexicon_files import FOLDER, Lexicons
from server.knowledge_part import load_or_train_topics, own_topics_file, topics_file
from tests.fake_embedder import HashEmbedder

TOPICS = (
    {"topic": "lost-card", "names": ["居民身份证补领"], "says": ["身份证丢了", "身份证找不着了"]},
    {"topic": "permit", "names": ["居住证签注"], "says": ["居住证到期了", "居住证要续"]},
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"embedding_model": tmp_path / "models" / "embedding"})


@pytest.fixture
def lexicons(tmp_path: Path) -> Lexicons:
    """The shipped lexicons with two topics, which are learnt in a moment."""
    folder = tmp_path / "lexicon"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("says"))
    (folder / "says").mkdir()
    lines = (json.dumps(topic, ensure_ascii=False) for topic in TOPICS)
    (folder / "says" / "few.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "open.jsonl").write_text("", "utf-8")
    return Lexicons(is_word=lambda _word: False, folder=folder)


class TestTheTopicModel:
    def test_is_trained_once_where_there_is_none_and_kept_in_the_data_folder(self, settings, lexicons):
        made = load_or_train_topics(settings, lexicons, HashEmbedder())
        embedder = HashEmbedder()

        again = load_or_train_topics(settings, lexicons, embedder)

        assert set(again.topics) == set(made.topics) == {"lost-card", "permit"}
        assert embedder.embedded == []
        assert own_topics_file(settings).is_relative_to(settings.data)
        assert not topics_file(settings).parent.exists()

    def test_that_set_up_made_is_left_alone_when_another_embedder_needs_its_own(self, settings, lexicons):
        of_set_up = topics_file(settings)
        load_or_train_topics(settings, lexicons, HashEmbedder())
        of_set_up.parent.mkdir(parents=True)
        own_topics_file(settings).rename(of_set_up)
        before = of_set_up.read_bytes()

        other = load_or_train_topics(settings, lexicons, HashEmbedder(32, "another@1"))

        assert other.model_id == "another@1"
        assert of_set_up.read_bytes() == before
        assert load_or_train_topics(settings, lexicons, HashEmbedder()).model_id == HashEmbedder().model_id
