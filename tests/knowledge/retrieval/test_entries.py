"""What guides, FAQ and documents contribute to the index."""

from knowledge.entries import (
    Field,
    Kind,
    document_entries,
    faq_entries,
    guide_entries,
    item_key,
    split_item_key,
)
from knowledge.guide import Faq
from tests.knowledge.retrieval.material import GUIDES, guide


def texts_of(entries, field):
    return [entry.text for entry in entries if entry.field is field]


def test_a_guide_is_found_by_its_names_and_by_its_content():
    name, full = guide_entries(GUIDES[3])
    assert (name.field, name.text) == (Field.ITEM_NAME, "残疾人证新办，户籍地申请，办残疾证")
    assert full.field is Field.ITEM_FULL
    assert full.text == "残疾人证新办，户籍地申请，办残疾证\n申请表、照片"


def test_guides_of_several_districts_share_the_entries_whose_text_is_equal():
    first, second = guide_entries(GUIDES[0]), guide_entries(GUIDES[1])
    assert {entry.owner for entry in (*first, *second)} == {"居民身份证补领|"}
    assert first[0] == second[0]  # the names
    assert first[1] != second[1]  # the conditions differ


def test_the_questions_of_a_guide_are_examples_of_its_item():
    asked = guide("g", "南关区", "居住证签注", faq=(Faq("签注要多久？", "当天。"), Faq(" ", "？")))
    assert texts_of(guide_entries(asked), Field.EXAMPLE) == ["签注要多久？"]


def test_an_item_key_can_be_taken_apart():
    assert split_item_key(item_key("户口注销", "死亡注销户口")) == ("户口注销", "死亡注销户口")
    assert split_item_key(item_key("居住证签注", "")) == ("居住证签注", "")


def test_a_long_document_is_found_by_its_whole_and_by_passages_under_its_title():
    text = "".join(f"第{n}条，申请人应当持本人居民身份证提出申请，并如实填写申请表。" for n in range(20))
    entries = document_entries("d", "办法", text)
    whole, *passages = entries
    assert (whole.field, whole.kind) == (Field.DOCUMENT_WHOLE, Kind.DOCUMENT)
    assert len(passages) > 1
    assert all(p.field is Field.DOCUMENT_CHUNK and p.text.startswith("办法\n") for p in passages)


def test_only_the_whole_of_a_document_is_read_for_keywords():
    whole, *passages = document_entries("d", "", "第一句话说得很长很长。" * 40)
    assert whole.keywords.count("第一句") == 40
    assert not any(passage.keywords for passage in passages)


def test_a_short_document_is_one_entry_and_an_empty_one_none():
    assert [entry.text for entry in document_entries("d", "", "很短。")] == ["很短。"]
    assert document_entries("d", "", " \n") == ()


def test_a_faq_is_found_by_its_question_too():
    entries = faq_entries("f", "学费多少？", "不收费。")
    assert texts_of(entries, Field.FAQ_QUESTION) == ["学费多少？"]
    assert texts_of(entries, Field.FAQ_WHOLE) == ["学费多少？\n不收费。"]


def test_equal_content_gives_equal_ids_and_other_content_others():
    assert guide_entries(GUIDES[0]) == guide_entries(GUIDES[0])
    ids = [entry.entry_id for g in GUIDES for entry in guide_entries(g)]
    assert len(set(ids)) == len(ids) - 1  # the names that two districts share
