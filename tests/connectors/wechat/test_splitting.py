"""Texts are cut where a reader would, never over the limit, never inside a character or a link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.splitting import BETWEEN, LEAST_BYTES, fitting, join, size, split

LINK = '<a href="https://bangban.example/wechat/main/enter/Zm9v">查看全部</a>'
URL = "https://bangban.example/wechat/main/enter/Zm9v?a=1&b=2"
FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇨🇳"


def without_space(text):
    return re.sub(r"\s", "", text)


class TestWhereItIsCut:
    @pytest.mark.parametrize("text", ["", " ", "\n\n"])
    def test_nothing_is_no_message(self, text):
        assert split(text, 100) == ()

    def test_what_fits_stays_one_message(self):
        assert split("社保卡" * 10, 90) == ("社保卡" * 10,)

    def test_between_paragraphs_first(self):
        assert split("第一段。还有一句。\n\n第二段，很长很长。", 50) == (
            "第一段。还有一句。",
            "第二段，很长很长。",
        )

    def test_then_between_lines(self):
        assert split("带身份证。\n带户口簿。\n带照片。", 36) == ("带身份证。\n带户口簿。", "带照片。")

    def test_then_at_the_end_of_a_sentence_with_its_quotation_mark(self):
        assert split("他说：「可以办。」然后我们去窗口领表", 36) == (
            "他说：「可以办。」",
            "然后我们去窗口领表",
        )

    def test_then_at_a_comma(self):
        assert split("带上身份证和户口簿，到一楼大厅取号排队办理", 36) == (
            "带上身份证和户口簿，",
            "到一楼大厅取号排队办理",
        )

    def test_then_at_a_space(self):
        assert split("bring your identity card", 14) == ("bring your", "identity card")

    def test_then_between_any_two_characters(self):
        assert split("社" * 7, 10) == ("社社社", "社社社", "社")

    def test_a_full_stop_in_a_number_is_no_end(self):
        assert split("费用 12.50 元整", 12) == ("费用", "12.50 元整")

    def test_not_so_early_that_hardly_anything_is_sent(self):
        assert split("好。" + "社" * 30, 60)[0] == "好。" + "社" * 18


class TestWhatIsNeverCut:
    @pytest.mark.parametrize(
        "whole", [LINK, URL, FAMILY, FLAG, "e\u0301", "👍🏽", "1\ufe0f\u20e3", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
    )
    @pytest.mark.parametrize("before", range(40))
    def test_a_link_or_a_character(self, whole, before):
        text = "a" * before + " " + whole + " " + "b" * 40

        assert sum(whole in piece for piece in split(text, size(whole) + 5)) == 1

    def test_two_flags_are_two_characters(self):
        assert split(FLAG * 3, size(FLAG)) == (FLAG,) * 3

    def test_only_a_link_that_alone_is_too_long(self):
        assert "".join(split(LINK, 40)) == without_space(LINK).replace("<ahref", "<a href")

    def test_only_a_character_that_alone_is_too_long(self):
        assert "".join(split("e" + "\u0301" * 30, 10)) == "e" + "\u0301" * 30


pieces = st.sampled_from(
    [
        "社",
        "保卡。",
        "，",
        "\n",
        "\n\n",
        " ",
        "a",
        "word ",
        "」",
        "😀",
        FAMILY,
        FLAG,
        LINK,
        URL + " ",
        "e\u0301",
        "！",
    ]
)
texts = st.lists(pieces, max_size=60).map("".join) | st.text(max_size=120)


@given(texts, st.integers(LEAST_BYTES, 200))
def test_no_piece_is_over_the_limit_or_empty_and_nothing_is_lost(text, most_bytes):
    parts = split(text, most_bytes)

    assert all(0 < size(part) <= most_bytes for part in parts)
    assert all(part.strip() for part in parts)
    assert without_space("".join(parts)) == without_space(text)


@given(st.lists(pieces, max_size=60).map("".join), st.integers(size(LINK), 200))
def test_no_link_is_cut(text, most_bytes):
    parts = split(text, most_bytes)

    assert sum(part.count(LINK) for part in parts) == text.count(LINK)
    assert sum(part.count(URL) for part in parts) == text.count(URL)


@given(texts, st.integers(LEAST_BYTES, 200))
def test_what_was_split_is_not_split_again(text, most_bytes):
    for part in split(text, most_bytes):
        assert split(part, most_bytes) == (part,)


@pytest.mark.parametrize("most_bytes", [3, 0, -1])
def test_a_limit_that_no_character_keeps_is_none(most_bytes):
    with pytest.raises(ValueError, match="bytes"):
        split("社", most_bytes)


class TestJoining:
    def test_texts_that_wait_go_together(self):
        assert join(["一", "二", "三"], 100) == (f"一{BETWEEN}二{BETWEEN}三", 3)

    def test_as_many_of_the_first_as_fit(self):
        assert join(["一", "二", "三"], 8) == (f"一{BETWEEN}二", 2)
        assert join(["一", "二", "三"], 7) == ("一", 1)
        assert join(["一" * 3, "二"], 8) == ("", 0)
        assert join([], 8) == ("", 0)

    def test_what_comes_behind_needs_room_too(self):
        assert join(["一", "二", "三"], 16, behind="完") == (f"一{BETWEEN}二{BETWEEN}完", 2)
        assert join(["一", "二", "三"], 18, behind="完") == (f"一{BETWEEN}二{BETWEEN}三{BETWEEN}完", 3)
        assert join(["一"], 7, behind="完") == ("完", 0)
        assert fitting(["一"], 7, behind="完") == 0

    @given(
        st.lists(st.text(min_size=1, max_size=10), max_size=12),
        st.integers(40, 120),
        st.sampled_from(["", "还有 2 条"]),
    )
    def test_no_text_is_lost_or_moved_and_no_more_would_fit(self, texts, most_bytes, behind):
        rest = list(texts)
        while rest:
            text, taken = join(rest, most_bytes, behind=behind)

            assert size(text) <= most_bytes
            assert text == BETWEEN.join([*rest[:taken], *([behind] if behind else [])])
            assert taken == len(rest) or size(text) + size(BETWEEN) + size(rest[taken]) > most_bytes
            assert taken, "each of these texts fits by itself"
            del rest[:taken]
