"""Passages end where sentences end, and lose nothing."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunking import CHUNK_CHARACTERS, WHOLE_CHARACTERS, chunk_text, whole_text

SENTENCE = "申请人应当持本人居民身份证到户籍所在地公安派出所提出申请。"


def without_space(text: str) -> str:
    return "".join(text.split())


def test_a_short_text_is_one_passage():
    assert chunk_text(SENTENCE) == (SENTENCE,)


def test_a_blank_text_has_no_passage():
    assert chunk_text(" \n　") == ()


def test_passages_end_with_a_sentence_and_stay_near_the_size():
    passages = chunk_text(SENTENCE * 20)
    assert len(passages) > 1
    assert all(passage.endswith("。") for passage in passages)
    assert all(len(passage) <= CHUNK_CHARACTERS + len(SENTENCE) for passage in passages)


def test_closing_quotes_stay_with_their_sentence():
    assert chunk_text("他说：“请带身份证。”" * 2, size=11) == ("他说：“请带身份证。”", "他说：“请带身份证。”")


def test_a_sentence_that_is_too_long_is_cut_at_its_commas():
    passages = chunk_text("提供身份证、" * 100)
    assert all(passage.endswith("、") and len(passage) <= CHUNK_CHARACTERS for passage in passages)


def test_a_short_rest_joins_the_passage_before_it():
    passages = chunk_text("字" * 149 + "。" + "完。")
    assert passages == ("字" * 149 + "。完。",)


@given(st.text(alphabet="申请人，。；！\n a1", max_size=600), st.integers(1, 200))
def test_nothing_but_white_space_is_lost(text, size):
    assert without_space("".join(chunk_text(text, size))) == without_space(text)


def test_the_whole_begins_with_the_title_and_is_bounded():
    whole = whole_text("办理指南", SENTENCE * 50)
    assert whole.startswith("办理指南\n申请人")
    assert len(whole) == WHOLE_CHARACTERS
