"""A small city whose guides and lexicon the linking tests share."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from core.ports import Question
from knowledge.desk import make_consultant
from knowledge.guide import Guide
from knowledge.indexing import PartBuilder, snapshot_in_memory
from knowledge.lexicon_files import FOLDER, Lexicons
from knowledge.segment import Segmenter
from knowledge.topic_training import train_topic_model
from tests.fake_embedder import HashEmbedder
from tests.fakes import InMemoryKnowledgeStore
from tests.knowledge.linking.small_city import TODAY, records_of, small_city

TOPIC_FILES = ("identity-card.jsonl", "residence-permit.jsonl", "disability.jsonl")


@pytest.fixture(scope="session")
def segmenter(dictionary_folder: Path) -> Segmenter:
    return Segmenter(cache_folder=dictionary_folder)


@pytest.fixture(scope="session")
def embedder() -> HashEmbedder:
    return HashEmbedder(dimension=64)


@pytest.fixture(scope="session")
def lexicons(tmp_path_factory, segmenter) -> Lexicons:
    folder: Path = tmp_path_factory.mktemp("lexicon")
    for file in FOLDER.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    (folder / "says").mkdir()
    for name in TOPIC_FILES:
        (folder / "says" / name).write_text(
            "\n".join(map(_shortened, _lines(FOLDER / "says" / name))), "utf-8"
        )
    others = (FOLDER / "says" / "other.jsonl").read_text("utf-8").splitlines()
    kept = [line for line in others if '"social-card"' in line or '"passport"' in line]
    (folder / "says" / "other.jsonl").write_text("\n".join(kept), "utf-8")
    known = {
        line.split('"topic": "')[1].split('"')[0] for f in (folder / "says").iterdir() for line in _lines(f)
    }
    opened = [line for line in _lines(FOLDER / "open.jsonl") if _topics_of(line) <= known]
    (folder / "open.jsonl").write_text("\n".join(opened), "utf-8")
    return Lexicons(is_word=segmenter.is_word, folder=folder)


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text("utf-8").splitlines() if line.strip()]


def _shortened(line: str) -> str:
    """The topic with as many sayings as a small city needs: training takes most of these tests' time."""
    topic = json.loads(line)
    return json.dumps({**topic, "says": topic["says"][:30]}, ensure_ascii=False)


def _topics_of(line: str) -> set[str]:
    return set(line.split("[")[1].split("]", maxsplit=1)[0].replace('"', "").split(", "))


@pytest.fixture(scope="session")
def topic_model(lexicons, embedder):
    return train_topic_model(lexicons, embedder)


class Desk:
    """Plays a citizen: keeps focus and offered choices from turn to turn."""

    def __init__(self, consultant) -> None:
        self._consultant = consultant
        self.focus: dict = {}
        self.last = None

    async def ask(self, text: str, *, intent: str = "", confidence: float = 0.0, district: str = ""):
        self.last = await self._consultant.consult(
            Question(text=text, intent=intent, confidence=confidence, focus=self.focus, district=district)
        )
        self.focus = dict(self.last.focus)
        return self.last

    async def pick(self, number: int):
        value = self.last.choices[number - 1].value
        self.last = await self._consultant.consult(Question(text=value, focus=self.focus, picked=value))
        self.focus = dict(self.last.focus)
        return self.last


@pytest.fixture
def make_desk(lexicons, topic_model, embedder, segmenter):
    """A desk over these guides; the store comes along so that a test can withdraw one."""

    async def make(guides: list[Guide] | None = None, today: date = TODAY) -> Desk:
        listed = small_city() if guides is None else guides
        store = InMemoryKnowledgeStore()
        await store.publish_guides(records_of(listed))
        published = [Guide.from_json(record.body) async for record in store.published_guides()]
        snapshot = snapshot_in_memory(PartBuilder(embedder, segmenter), published)
        consultant = make_consultant(
            snapshot=lambda: snapshot,
            store=store,
            embedder=embedder,
            segmenter=segmenter,
            lexicons=lexicons,
            topics=topic_model,
            executor=ThreadPoolExecutor(1),
            today=lambda: today,
        )
        desk = Desk(consultant)
        desk.store = store
        return desk

    return make


@pytest.fixture
async def desk(make_desk) -> Desk:
    return await make_desk()
