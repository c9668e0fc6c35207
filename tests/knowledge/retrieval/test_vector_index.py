"""Nearest vectors, exactly and through lists."""

import numpy as np
import pytest

from knowledge.vector_index import SMALLEST_FOR_LISTS, VectorIndex, VectorParameters


def clustered(size: int, dimension: int = 32, centres: int = 60) -> np.ndarray:
    """Normalised vectors around some centres, as texts of a few topics give."""
    draw = np.random.default_rng(3)
    middle = draw.normal(size=(centres, dimension))
    vectors = middle[draw.integers(centres, size=size)] + 0.4 * draw.normal(size=(size, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def exact_best(vectors: np.ndarray, vector: np.ndarray, limit: int) -> list[int]:
    return np.argsort(-(vectors @ vector), kind="stable")[:limit].tolist()


def all_of(vectors: np.ndarray) -> np.ndarray:
    return np.ones(len(vectors), bool)


def test_size_chooses_between_exact_and_lists():
    assert VectorParameters.for_size(SMALLEST_FOR_LISTS - 1).kind == "exact"
    assert VectorParameters.for_size(SMALLEST_FOR_LISTS).kind == "lists"


def test_a_small_index_is_exact():
    vectors = clustered(500)
    rows, scores = VectorIndex.build(vectors).search(vectors[7], all_of(vectors), 10)
    assert rows.tolist() == exact_best(vectors, vectors[7], 10)
    np.testing.assert_allclose(scores, vectors[rows] @ vectors[7], rtol=1e-5)


def test_hidden_rows_are_never_found():
    for size in (500, 4000):
        vectors = clustered(size)
        parameters = VectorParameters("exact") if size == 500 else VectorParameters("lists", 40, 8)
        alive = all_of(vectors)
        alive[exact_best(vectors, vectors[7], 3)] = False
        rows, _ = VectorIndex.build(vectors, parameters).search(vectors[7], alive, 5)
        assert alive[rows].all()
        assert len(rows) == 5


def test_fewer_rows_than_asked_for_are_all_found():
    vectors = clustered(3)
    rows, _ = VectorIndex.build(vectors).search(vectors[0], all_of(vectors), 10)
    assert sorted(rows.tolist()) == [0, 1, 2]


def test_lists_find_nearly_all_of_the_nearest_with_exact_scores():
    vectors = clustered(6000)
    index = VectorIndex.build(vectors, VectorParameters("lists", lists=60, probes=12))
    questions = clustered(40)
    found = 0
    for question in questions:
        rows, scores = index.search(question, all_of(vectors), 10)
        np.testing.assert_allclose(scores, vectors[rows] @ question, rtol=1e-4, atol=1e-5)
        found += len(set(rows.tolist()) & set(exact_best(vectors, question, 10)))
    assert found / 400 > 0.95


@pytest.mark.parametrize("parameters", [VectorParameters("exact"), VectorParameters("lists", 30, 10)])
def test_a_saved_index_answers_as_before(tmp_path, parameters):
    vectors = clustered(3000)
    index = VectorIndex.build(vectors, parameters)
    index.save_lists(tmp_path / "lists")
    again = VectorIndex.open(vectors, VectorParameters(**parameters.as_json()), tmp_path / "lists")
    for question in clustered(5):
        assert (
            again.search(question, all_of(vectors), 8)[0].tolist()
            == index.search(question, all_of(vectors), 8)[0].tolist()
        )
