"""BM25 equals the textbook formula, however the collection is cut into parts."""

import math
import random
from collections import Counter

import numpy as np
import pytest

from knowledge import keyword_index
from knowledge.keyword_index import Bm25, KeywordCollection, KeywordPart, build_part, merge_parts

TEXTS = [
    "身份证 丢失 补领 派出所",
    "身份证 到期 换领",
    "居住证 丢失 补领 身份证 身份证",
    "残疾人证 新办",
    "户口 迁移 派出所 派出所 派出所",
]
QUESTION = ["身份证", "丢失", "派出所", "没有的词"]


def textbook_bm25(texts: list[list[str]], question: list[str], k1: float, b: float) -> list[float]:
    """The formula as it stands in the literature, one text after another."""
    average = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for term in set(question):
            holding = sum(term in other for other in texts)
            idf = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            damping = counts[term] + k1 * (1 - b + b * len(text) / average)
            score += idf * counts[term] * (k1 + 1) / damping
        scores.append(score)
    return scores


def collection(*parts: KeywordPart, parameters: Bm25 | None = None) -> KeywordCollection:
    return KeywordCollection(parts, [np.ones(part.size, bool) for part in parts], parameters)


def found(index: KeywordCollection, question: list[str], limit: int = 10) -> dict[tuple[int, int], float]:
    hits = index.search(question, limit)
    rows = zip(hits.parts.tolist(), hits.rows.tolist(), strict=True)
    return dict(zip(rows, hits.scores.tolist(), strict=True))


@pytest.mark.parametrize("parameters", [Bm25(), Bm25(k1=0.5, b=0.0), Bm25(k1=2.0, b=1.0)])
def test_scores_equal_the_textbook_formula(parameters):
    scores = found(collection(build_part(TEXTS, str.split), parameters=parameters), QUESTION)
    expected = textbook_bm25([text.split() for text in TEXTS], QUESTION, parameters.k1, parameters.b)
    assert {row: score for row, score in enumerate(expected) if score} == pytest.approx(
        {row: score for (_, row), score in scores.items()}, rel=1e-5
    )


def test_the_best_come_first():
    hits = collection(build_part(TEXTS, str.split)).search(QUESTION, 10)
    assert hits.scores.tolist() == sorted(hits.scores.tolist(), reverse=True)
    assert hits.rows[0] == 0


def test_cutting_the_collection_into_parts_changes_no_score():
    whole = found(collection(build_part(TEXTS, str.split)), QUESTION)
    parts = collection(build_part(TEXTS[:2], str.split), build_part(TEXTS[2:], str.split))
    moved = {(0, row + 2 * part): score for (part, row), score in found(parts, QUESTION).items()}
    assert moved == pytest.approx(whole)


def test_hidden_rows_are_not_found():
    part = build_part(TEXTS, str.split)
    alive = np.array([False, True, True, True, True])
    assert (0, 0) not in found(KeywordCollection([part], [alive]), QUESTION)


def test_a_merge_drops_rows_and_equals_a_part_built_of_what_is_left():
    first, second = build_part(TEXTS[:3], str.split), build_part(TEXTS[3:], str.split)
    merged = merge_parts([first, second], [np.array([True, False, True]), np.array([False, True])])
    rebuilt = build_part([TEXTS[0], TEXTS[2], TEXTS[4]], str.split)
    assert found(collection(merged), QUESTION) == pytest.approx(found(collection(rebuilt), QUESTION))
    for name, array in rebuilt.arrays().items():
        np.testing.assert_array_equal(merged.arrays()[name], array, err_msg=name)


def test_a_row_without_keywords_is_never_found_and_doesnt_count():
    with_empty = collection(build_part([*TEXTS, "", ""], str.split))
    assert found(with_empty, QUESTION) == pytest.approx(
        found(collection(build_part(TEXTS, str.split)), QUESTION)
    )


def test_an_empty_collection_and_an_unknown_word_find_nothing():
    assert found(KeywordCollection([], []), QUESTION) == {}
    assert found(collection(build_part(TEXTS, str.split)), ["没有的词"]) == {}


def test_no_score_is_above_the_ideal():
    hits = collection(build_part(TEXTS, str.split)).search(QUESTION, 10)
    assert 0 < hits.scores[0] < hits.ideal


def test_arrays_give_the_part_back():
    part = build_part(TEXTS, str.split)
    again = KeywordPart.from_arrays(part.arrays())
    assert found(collection(again), QUESTION) == found(collection(part), QUESTION)


def test_summing_only_rare_terms_still_finds_the_best(monkeypatch):
    """With a budget of a few postings the first places stay those of the full sum."""
    draw = random.Random(7)
    words = [f"w{n}" for n in range(300)]
    frequency = [1 / (n + 1) for n in range(300)]
    texts = [" ".join(draw.choices(words, frequency, k=30)) for _ in range(2000)]
    part = build_part(texts, str.split)
    question = ["w1", "w3", "w80", "w120", "w200"]
    exact = collection(part).search(question, 10)
    monkeypatch.setattr(keyword_index, "POSTINGS_SUMMED", 400)
    bounded = collection(part).search(question, 10)
    assert bounded.rows[:5].tolist() == exact.rows[:5].tolist()
    np.testing.assert_allclose(bounded.scores[:5], exact.scores[:5], rtol=1e-5)
