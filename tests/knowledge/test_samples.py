"""The sample guides are complete enough to try Bangban with, and marked as samples."""

import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from knowledge import guide as guide_module
from knowledge.guide import Guide, Necessity
from knowledge.importing.documents import read_documents, read_faq_pairs
from knowledge.importing.importer import read_guides
from knowledge.importing.publication import run_guides_import
from knowledge.importing.samples import SAMPLE_PREFIX
from knowledge.linting import lint_all
from tests.fakes import InMemoryKnowledgeStore

SAMPLES = Path(guide_module.__file__).parent / "samples"
FILES = sorted((SAMPLES / "guides").glob("*.json"))
BATCHES = [read_guides(path.name, path.read_bytes()) for path in FILES]
GUIDES = [guide for batch in BATCHES for guide in batch.guides]


def by_item() -> dict[tuple[str, str], list[Guide]]:
    items: dict[tuple[str, str], list[Guide]] = defaultdict(list)
    for guide in GUIDES:
        items[guide.main_item, guide.business_item].append(guide)
    return items


def test_all_samples_import_without_any_remark():
    assert [remark for batch in BATCHES for remark in (*batch.rejections, *batch.notices)] == []


def test_lint_finds_nothing():
    assert lint_all(GUIDES, today=date(2026, 11, 22)) == {}


def test_there_are_forty_items_each_in_three_districts():
    items = by_item()
    assert len(items) >= 40
    assert {item: len(guides) for item, guides in items.items() if len(guides) < 3} == {}


@pytest.mark.parametrize(
    "word",
    ["身份证", "户口", "居住证", "残疾", "社会保障卡", "失业保险金", "医疗保险", "异地居住就医", "公积金",
     "结婚", "离婚", "个体工商户", "公司设立",
     "食品经营", "不动产", "护照", "港澳", "驾驶证", "入学", "养老保险"],
)  # fmt: skip
def test_the_fields_of_life_are_there(word):
    assert any(word in f"{main}{business}" for main, business in by_item())


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.guide_id)
def test_each_guide_answers_every_aspect(guide):
    assert guide.guide_id.startswith(SAMPLE_PREFIX)
    assert guide.aliases
    assert guide.conditions
    assert guide.situations
    assert all(situation.materials for situation in guide.situations)
    assert guide.time_limit.promised_days is not None
    assert guide.fee.charged is not None
    assert guide.process
    assert guide.online.visits is not None
    assert guide.places
    assert guide.hours
    assert guide.phones
    assert guide.result.name
    assert guide.legal_basis
    assert len(guide.faq) >= 2


def test_many_items_have_several_situations_with_materials_of_their_own():
    several = [guides[0] for guides in by_item().values() if len(guides[0].situations) > 1]
    assert len(several) >= 25
    for guide in several:
        lists = [situation.materials for situation in guide.situations]
        assert len(set(lists)) > 1, guide.guide_id


def test_optional_deferrable_and_exempt_materials_are_shown():
    materials = [m for guide in GUIDES for situation in guide.situations for m in situation.materials]
    assert {material.necessity for material in materials} == set(Necessity)
    assert any(material.exempt for material in materials)


def test_districts_differ_where_reality_does():
    addresses = {guide.district: guide.places[0].address for guide in GUIDES}
    assert len(set(addresses.values())) == len(addresses) == 5
    assert any(len({g.time_limit.promised_days for g in guides}) > 1 for guides in by_item().values())


def test_the_first_question_of_the_readme_has_two_items_to_choose_from():
    lost = [item for item in by_item() if item[0] == "丢失补领身份证"]
    assert sorted(business for _, business in lost) == ["丢失异地补领居民身份证", "丢失补领居民身份证"]
    for guides in (by_item()[item] for item in lost):
        assert all("40元" in guide.fee.standard for guide in guides)


async def test_they_go_into_a_store_and_again_without_change():
    store = InMemoryKnowledgeStore()
    assert (await run_guides_import(store, FILES)).added == len(GUIDES)
    outcome = await run_guides_import(store, FILES)
    assert (outcome.unchanged, outcome.exit_code) == (len(GUIDES), 0)


def test_faq_and_documents_import_without_any_remark():
    faq = read_faq_pairs("faq.jsonl", (SAMPLES / "faq.jsonl").read_bytes())
    documents = read_documents("documents.jsonl", (SAMPLES / "documents.jsonl").read_bytes())
    for batch, least in ((faq, 25), (documents, 8)):
        assert (batch.rejections, batch.notices) == ((), ())
        assert len(batch.records) >= least
        assert all(record.document_id.startswith(SAMPLE_PREFIX) for record in batch.records)


def test_no_personal_number_stands_in_the_samples():
    texts = [
        path.read_text(encoding="utf-8")
        for path in (*FILES, SAMPLES / "faq.jsonl", SAMPLES / "documents.jsonl")
    ]
    assert [
        number for text in texts for number in re.findall(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dX])(?!\d)", text)
    ] == []
