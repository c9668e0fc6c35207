"""The one written form of citizens' words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import normalise, simplify


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("  身份证  丢了\n怎么办 ", "身份证 丢了 怎么办"),
        ("ＡＢＣ１２３", "ABC123"),
        ("２", "2"),
        ("①", "1"),
        ("/restart", "restart"),
        ("／pick{}", "pick{}"),
        (" / /restart", "restart"),
        ("\u200b你\u200d好\ufeff", "你好"),
        ("你\x00好\x07", "你好"),
        ("你好\ud83d", "你好"),
        ("身\ufe0f份\U000e0100证", "身份证"),
        ("\u3164\u2800", ""),
        ("12/31", "12/31"),
        ("我的身份證丟了，怎麼補辦？", "我的身份证丢了,怎么补办?"),
        ("身分證", "身份证"),
        ("臺灣居民居住證", "台湾居民居住证"),
        ("戶籍遷入", "户籍迁入"),
        ("以後", "以后"),
        ("甚麼時候", "什么时候"),
        ("妳好", "你好"),
        ("我帶著戶口本", "我带着户口本"),
        ("衣服乾了嗎", "衣服干了吗"),
        ("藉口說", "借口说"),
    ],
)
def test_equal_words_get_one_form(typed, written):
    assert normalise(typed) == written


@pytest.mark.parametrize(
    "text",
    [
        "乾安县社保卡",
        "乾县",
        "乾隆",
        "著作权登记",
        "原著",
        "显著位置",
        "魏徵",
        "狼藉",
        "瞭望塔",
        "后来皇后里程公里面条",
        "单身分户",
        "余先生",
        "覆盖",
        "什么么",
        "朝阳区干部",
    ],
)
def test_simplified_words_stay_as_they_are(text):
    assert simplify(text) == text


def test_names_stay_in_a_traditional_sentence_too():
    assert normalise("乾安縣的社保卡") == "乾安县的社保卡"


def test_a_long_text_is_cut():
    assert normalise("好" * 600) == "好" * 500
    assert normalise("你好 " * 3, limit=3) == "你好"


def test_a_compatibility_character_cannot_stretch_the_text_over_the_limit():
    assert len(normalise("\ufdfa" * 500)) <= 500


texts = st.text(
    st.characters() | st.sampled_from("身份證補辦乾安縣著徵藉於後麼甚 /／１\u200b\u3000\ufe0f"), max_size=60
)


@given(texts)
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)

    assert normalise(once) == once


@given(texts, st.integers(1, 80))
def test_the_result_is_clean(text, limit):
    result = normalise(text, limit)

    assert len(result) <= limit
    assert result == result.strip()
    assert not result.startswith("/")
    assert not {unicodedata.category(character) for character in result} & {"Cc", "Cf", "Cs", "Co"}
    result.encode()  # no lone surrogate
