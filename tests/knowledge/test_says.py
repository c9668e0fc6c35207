"""The lexicon of how citizens ask is data that decides answers, so it is tested like code."""

import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.statuses import Aspect

SAYS = Path(__file__).parents[2] / "knowledge" / "lexicon" / "says"
BENCH = Path(__file__).parents[2] / "bench" / "questions"
FILES = sorted(SAYS.glob("*.jsonl"))

FIELDS = {"topic": str, "names": list, "aliases": list, "says": list}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# An identity number, a telephone number or a bank card has at least seven digits in a row.
LONG_NUMBER = re.compile(r"\d[\d\s-]{5,}\d")


def topics() -> list[dict[str, Any]]:
    return [json.loads(line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]


def squeezed(text: str) -> str:
    """What is left when two writers differ only in width, case, spaces and punctuation."""
    kept = (sign for sign in unicodedata.normalize("NFKC", text).lower() if sign.isalnum())
    return "".join(kept)


def repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(map(squeezed, texts)).items() if times > 1]


def bench_texts() -> set[str]:
    linking = (BENCH / "linking.jsonl").read_text(encoding="utf-8").splitlines()
    dialogues = (BENCH / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {squeezed(json.loads(line)["text"]) for line in linking}
    return texts | {squeezed(turn["user"]) for line in dialogues for turn in json.loads(line)["turns"]}


def test_there_is_a_file_for_every_domain() -> None:
    assert {path.stem for path in FILES} >= {
        "disability",
        "employers",
        "household",
        "identity-card",
        "medical",
        "other",
        "pension",
        "residence-permit",
        "unemployment",
        "work-injury",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_line_is_a_topic_with_names_aliases_and_utterances(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        topic = json.loads(line)

        assert {field: type(value) for field, value in topic.items()} == FIELDS, line
        assert SLUG.fullmatch(topic["topic"]), topic["topic"]
        for field in ("names", "aliases", "says"):
            assert topic[field], f"{topic['topic']} has no {field}"
            assert all(isinstance(text, str) and text == text.strip() for text in topic[field]), topic[
                "topic"
            ]


def test_topics_are_unique() -> None:
    assert repeated([topic["topic"] for topic in topics()]) == []


def test_no_official_name_belongs_to_two_topics() -> None:
    names = [name for topic in topics() for name in set(topic["names"])]

    # A name is compared with its separator: 「主项|业务项」 may share every letter with a plain name.
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_no_short_name_belongs_to_two_topics() -> None:
    assert repeated([alias for topic in topics() for alias in topic["aliases"]]) == []


def test_no_utterance_is_said_for_two_topics_or_twice() -> None:
    assert repeated([text for topic in topics() for text in topic["says"]]) == []


def test_short_names_are_short() -> None:
    for topic in topics():
        assert all(2 <= len(alias) <= 12 for alias in topic["aliases"]), topic["topic"]


def test_utterances_have_the_length_of_speech() -> None:
    for topic in topics():
        assert all(2 <= len(text) <= 60 for text in topic["says"]), topic["topic"]


def test_every_topic_has_enough_utterances_to_learn_from() -> None:
    assert [topic["topic"] for topic in topics() if len(topic["says"]) < 10] == []


def test_the_lexicon_holds_no_personal_numbers() -> None:
    for topic in topics():
        texts = [*topic["names"], *topic["aliases"], *topic["says"]]
        assert [text for text in texts if LONG_NUMBER.search(text)] == []


def test_the_development_questions_are_none_of_the_utterances_they_measure() -> None:
    said = {squeezed(text) for topic in topics() for text in [*topic["says"], *topic["aliases"]]}

    assert said & bench_texts() == set()


def test_every_development_question_names_items_that_the_lexicon_knows() -> None:
    known = {name for topic in topics() for name in topic["names"]}
    lines = (BENCH / "linking.jsonl").read_text(encoding="utf-8").splitlines()

    for question in map(json.loads, lines):
        assert set(question["items_ok"]) <= known, question["text"]
        assert (question["item"] is not None) == (question["kind"] == "answer"), question["text"]
        assert question["item"] is None or question["item"] in question["items_ok"], question["text"]


def test_every_development_question_asks_for_known_aspects() -> None:
    linking = (BENCH / "linking.jsonl").read_text(encoding="utf-8").splitlines()
    dialogues = (BENCH / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    turns = [turn for line in dialogues for turn in json.loads(line)["turns"]]

    for question in [*map(json.loads, linking), *turns]:
        assert set(question["aspects"]) <= set(Aspect), question
