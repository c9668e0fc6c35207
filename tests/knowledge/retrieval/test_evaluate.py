"""Measures equal the textbook, files are read with care, and the service's own search is measured."""

import json
import math

import pytest

from core.errors import InvalidInput
from knowledge.evaluate import Measures, RetrievalPaths, read_qrels, read_rows, run_evaluate_retrieval

CORPUS = [
    {"id": 1, "text": "居民身份证丢失后，应当到派出所申请补领。"},
    {"id": 2, "text": "居住证每年签注一次，逾期的使用功能中止。"},
    {"id": 3, "text": "结婚登记应当由双方亲自到婚姻登记机关办理。"},
]
QUERIES = [
    {"id": "q1", "text": "身份证丢失怎么补领"},
    {"id": "q2", "text": "居住证签注"},
    {"id": "q3", "text": "无人问"},
]


@pytest.fixture
def paths(tmp_path) -> RetrievalPaths:
    def write(name: str, rows: list[dict]) -> None:
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (tmp_path / name).write_text(text + "\n", "utf-8")

    write("corpus.jsonl", CORPUS)
    write("queries.jsonl", QUERIES)
    (tmp_path / "qrels.tsv").write_text("query_id\tcorpus_id\nq1\t1\nq2\t2\n", "utf-8")
    return RetrievalPaths(tmp_path / "corpus.jsonl", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv")


class TestMeasures:
    def test_a_right_first_place_is_full_marks(self):
        assert Measures.of(["a", "b"], frozenset("a")) == Measures(1, 1, 1, 1, 1, 1)

    def test_lower_places_count_less(self):
        found = Measures.of(["x", "y", "a"], frozenset("a"))
        assert found.ndcg_at_10 == pytest.approx(1 / math.log2(4))
        assert (found.mrr_at_10, found.hit_at_1, found.recall_at_5) == (pytest.approx(1 / 3), 0, 1)

    def test_several_relevant_texts_share_the_ideal(self):
        found = Measures.of(["a", "x", "b"], frozenset("ab"))
        assert found.ndcg_at_10 == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))

    def test_places_beyond_the_depth_count_only_for_deeper_recall(self):
        ranking = [f"x{n}" for n in range(10)] + ["a"]
        assert Measures.of(ranking, frozenset("a")) == Measures(0, 0, 0, 0, 0, 1)

    def test_averages_are_means(self):
        both = Measures.average([Measures(1, 1, 1, 1, 1, 1), Measures(0, 0, 0, 0, 0, 1)])
        assert both == Measures(0.5, 0.5, 0.5, 0.5, 0.5, 1)


class TestReading:
    def test_ids_are_strings_whatever_they_were(self, paths):
        assert [row["id"] for row in read_rows(paths.corpus)] == ["1", "2", "3"]

    @pytest.mark.parametrize("line", ['{"id": 1}', "[]", "{", "3"])
    def test_a_row_that_is_none_is_named(self, tmp_path, line):
        path = tmp_path / "corpus.jsonl"
        path.write_text(json.dumps(CORPUS[0]) + "\n" + line, "utf-8")
        with pytest.raises(InvalidInput, match=r"corpus\.jsonl, line 2"):
            list(read_rows(path))

    @pytest.mark.parametrize(
        "text",
        [
            "q1\t1\nq2\t2\n",
            "query_id\tcorpus_id\nq1\t1\nq2\t2",
            "query-id\tcorpus-id\tscore\nq1\t1\t1\nq2\t2\t3\nq2\t3\t0\n",
            "q1 0 1 1\nq2 0 2 2\n",
            "\ufeffq1\t1\r\n\r\nq2\t2\r\n",
        ],
    )
    def test_headers_grades_and_the_form_of_trec_are_understood(self, tmp_path, text):
        path = tmp_path / "qrels.tsv"
        path.write_bytes(text.encode())
        known = {"q1", "q2", "1", "2", "3"}
        assert read_qrels(path, known) == {"q1": frozenset("1"), "q2": frozenset("2")}

    def test_a_relevant_text_that_the_corpus_lacks_counts_as_not_found(self, tmp_path):
        path = tmp_path / "qrels.tsv"
        path.write_text("q1\t1\nq1\t99\n", "utf-8")
        assert read_qrels(path, {"q1", "1"}) == {"q1": frozenset({"1", "99"})}

    def test_a_relevance_that_is_no_number_is_named(self, tmp_path):
        path = tmp_path / "qrels.tsv"
        path.write_text("q1\t1\t1\nq1\t2\tyes\n", "utf-8")
        with pytest.raises(InvalidInput, match=r"line 2: 'yes'"):
            read_qrels(path, {"q1"})

    def test_a_missing_file_is_named(self, paths, tmp_path, embedder, segmenter):
        missing = RetrievalPaths(tmp_path / "none.jsonl", paths.queries, paths.qrels)
        with pytest.raises(InvalidInput, match=r"none\.jsonl"):
            run_evaluate_retrieval(missing, embedder, segmenter)


def test_the_search_of_the_service_is_measured(paths, embedder, segmenter):
    figures = run_evaluate_retrieval(paths, embedder, segmenter)
    assert figures.measures == Measures(1, 1, 1, 1, 1, 1)
    assert (figures.queries, figures.texts) == (2, 3)
    assert figures.as_json()["ndcg_at_10"] == 1
    assert "nDCG@10" in figures.table()


def test_without_judgements_there_is_nothing_to_measure(paths, embedder, segmenter):
    paths.qrels.write_text("", "utf-8")
    with pytest.raises(InvalidInput, match="no query"):
        run_evaluate_retrieval(paths, embedder, segmenter)
