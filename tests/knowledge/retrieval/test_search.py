"""What a question finds, with evidence, arithmetic and reasons."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.ports import DocumentRecord
from knowledge.entries import Kind
from knowledge.fusion import fuse_document, fuse_item, item_score
from knowledge.guide import Faq
from knowledge.indexing import snapshot_in_memory
from knowledge.search import Retriever
from tests.knowledge.retrieval.material import GUIDES, document

TODAY = date(2026, 11, 22)
ASKED = (
    replace(GUIDES[0], faq=(Faq("钱包让人顺走了证件没了", "可以补领。"),)),
    *GUIDES[1:3],
    replace(GUIDES[3], faq=(Faq("眼神不中用想办个证", "先到医院评定。"),)),
)
LONG = "".join(f"第{n}条，流动人口应当依法申领居住证，并按规定办理签注手续。" for n in range(1, 12))
DOCUMENTS = (
    document("d-1", "居住证办法", LONG),
    document("d-2", "婚姻登记条例", "结婚登记由双方亲自办理，离婚登记也是。"),
    document("f-1", "残疾人证收费吗？", "不收费。", kind="faq"),
)


@pytest.fixture
def make(builder, segmenter):
    def retriever(guides=ASKED, documents: tuple[DocumentRecord, ...] = DOCUMENTS) -> Retriever:
        return Retriever(snapshot_in_memory(builder, guides, documents), segmenter)

    return retriever


@pytest.fixture
def ask(embedder):
    def evidence(retriever: Retriever, text: str, **more):
        return retriever.item_evidence(text, embedder.embed_queries([text])[0], today=TODAY, **more)

    return evidence


@pytest.fixture
def search(embedder):
    def found(retriever: Retriever, text: str, *kinds: Kind, **more):
        return retriever.search(text, embedder.embed_queries([text])[0], kinds=kinds, today=TODAY, **more)

    return found


class TestItems:
    def test_the_item_that_was_named_comes_first(self, make, ask):
        assert ask(make(), "居住证签注怎么办")[0].item_key == "居住证签注|"

    def test_an_item_is_found_by_how_people_ask_for_it(self, make, ask):
        first = ask(make(), "钱包让人顺走了证件没了")[0]
        assert first.item_key == "居民身份证补领|"
        assert first.example == "钱包让人顺走了证件没了"
        assert first.dense_example == pytest.approx(1, abs=1e-5)

    def test_every_candidate_has_its_exact_vector_scores(self, make, ask, embedder):
        question = "身份证丢了"
        vector = embedder.embed_queries([question])[0]
        for found in ask(make(), question):
            name = embedder.embed_passages([found.item.main_item])[0]
            if not found.item.business_item:
                assert found.dense_name == pytest.approx(float(np.dot(vector, name)), abs=1e-5)
            assert found.dense_full != 0

    def test_the_nearest_of_several_districts_contents_counts(self, make, ask, embedder):
        question = "身份证遗失，本人到派出所申请。"
        found = next(e for e in ask(make(), question) if e.item_key == "居民身份证补领|")
        texts = [f"居民身份证补领\n{g.conditions}\n居民户口簿" for g in GUIDES[:2]]
        scores = embedder.embed_passages(texts) @ embedder.embed_queries([question])[0]
        assert found.dense_full == pytest.approx(float(max(scores)), abs=1e-5)

    def test_an_item_without_examples_has_none(self, make, ask):
        found = next(e for e in ask(make(), "居住证签注") if e.item_key == "居住证签注|")
        assert (found.dense_example, found.keyword_example, found.example) == (0, 0, "")

    def test_keyword_evidence_is_a_share_of_the_ideal(self, make, ask):
        found = ask(make(), "居住证签注")[0]
        assert 0 < found.keyword_name <= 1
        assert found.keyword == max(found.keyword_name, found.keyword_full, found.keyword_example)

    def test_the_limit_is_kept(self, make, ask):
        assert len(ask(make(), "办证", limit=2)) == 2

    def test_an_item_that_holds_no_longer_is_not_found_though_nothing_changed(self, make, ask):
        ending = replace(GUIDES[2], valid_until=date(2026, 11, 21))
        assert "居住证签注|" not in {e.item_key for e in ask(make((ending, GUIDES[3])), "居住证签注")}

    def test_an_empty_index_finds_nothing(self, make, ask):
        assert ask(make((), ()), "居住证签注") == []


class TestSearch:
    def test_documents_come_with_the_nearest_passage_and_the_arithmetic(self, make, search):
        first = search(make(), "流动人口申领居住证", Kind.DOCUMENT).kept[0]
        assert (first.kind, first.owner, first.title) == (Kind.DOCUMENT, "d-1", "居住证办法")
        assert first.text.startswith("居住证办法\n第")
        assert first.arithmetic.endswith(f"= {first.score:.3f}")
        assert "段落" in first.arithmetic

    def test_a_faq_is_found_by_its_question(self, make, search):
        first = search(make(), "残疾人证收费吗", Kind.FAQ).kept[0]
        assert (first.kind, first.owner, first.title) == (Kind.FAQ, "f-1", "残疾人证收费吗？")

    def test_only_the_kinds_asked_for_are_found(self, make, search):
        found = search(make(), "居住证", Kind.ITEM, Kind.FAQ)
        assert {hit.kind for hit in found.kept} <= {Kind.ITEM, Kind.FAQ}

    def test_what_didnt_make_it_is_listed_with_the_reason(self, make, search):
        found = search(make(), "居住证", Kind.DOCUMENT, limit=1)
        assert len(found.kept) == 1
        assert [(r.hit.owner, r.reason) for r in found.rejected] == [("d-2", "没有排进前 1 名")]

    def test_an_item_that_doesnt_hold_is_rejected_for_it(self, make, search):
        later = replace(GUIDES[2], valid_from=date(2027, 1, 1))
        found = search(make((later, GUIDES[3])), "居住证签注", Kind.ITEM)
        assert ("居住证签注|", "2026-11-22 没有有效的指南") in [
            (r.hit.owner, r.reason) for r in found.rejected
        ]

    def test_each_phase_is_timed(self, make, search):
        phases = search(make(), "居住证", Kind.ITEM, Kind.DOCUMENT).timings_ms
        assert set(phases) == {"segment", "view", "keywords", "nearest", "exact scores", "rank"}


class TestFusion:
    def test_the_arithmetic_adds_up(self):
        fused = fuse_document(0.8, 0.9, 0.5)
        assert fused.score == pytest.approx(0.6 * 0.8 + 0.4 * 0.9 + 0.05 * 0.5)
        assert fused.arithmetic == "0.800 全文·0.6 + 0.900 段落·0.4 + 0.05·0.50 关键词 = 0.865"

    def test_a_document_of_one_passage_has_only_its_whole(self):
        assert fuse_document(0.8, None, 0.0).score == pytest.approx(0.8)

    def test_an_item_scores_by_its_nearest_of_name_and_example(self):
        assert item_score(0.7, 0.8, 0.9, 0) == pytest.approx(0.85)
        assert item_score(0.9, 0.8, 0.7, 0) == pytest.approx(0.85)
        assert "0.900 例句·0.5" in fuse_item(0.7, 0.8, 0.9, 0).arithmetic
