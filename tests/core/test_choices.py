"""Picking an offered choice: what picks, what doesn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.choices import match_choice
from core.messages import Choice

ITEMS = (
    Choice("居民身份证首次申领", "item:1"),
    Choice("居民身份证丢失补领", "item:2"),
    Choice("居民身份证到期换领", "item:3"),
)
DISTRICTS = (Choice("朝阳区", "district:朝阳区"), Choice("绿园区", "district:绿园区"))


@pytest.mark.parametrize(
    "text",
    [
        "item:2",
        "居民身份证丢失补领",
        "居民身份证 丢失补领。",
        "丢失补领",
        "补领",
        "我要补领",
        "补领的",
        "选补领吧",
        "就办丢失补领",
        "丢失补领那个",
        "2",
        "２",
        "②",
        "2.",
        "2、",
        "(2)",
        "「2」",
        "二",
        "二。",
        "第二",
        "第二个",
        "第2个",
        "第 2 个",
        "第二个吧",
        "第二种",
        "就第二种",
        "那就第二个吧",
        "我要第二个",
        "我选第二个，谢谢",
        "好的，第二个",
        "选2",
        "选二",
        "我选2",
        "选项2",
        "2号",
        "第二项就可以了",
        "嗯，第二条",
        "倒数第二个",
    ],
)
def test_a_short_reply_picks_the_second_of_three(text):
    assert match_choice(text, ITEMS) == ITEMS[1]


@pytest.mark.parametrize(
    "text", ["最后一个", "最后一种", "最后那个", "最后", "最下面那个", "倒数第一个", "3"]
)
def test_the_last_one_can_be_named(text):
    assert match_choice(text, ITEMS) == ITEMS[2]


@pytest.mark.parametrize("text", ["第一个", "头一个", "首个", "1", "一", "第一", "就第一种"])
def test_the_first_one_can_be_named(text):
    assert match_choice(text, ITEMS) == ITEMS[0]


@pytest.mark.parametrize(
    ("text", "position"),
    [("前者", 0), ("前面那个", 0), ("上面那个", 0), ("后者", 1), ("后一个", 1), ("下面那个", 1)],
)
def test_of_two_the_former_and_the_latter_can_be_named(text, position):
    assert match_choice(text, DISTRICTS) == DISTRICTS[position]
    assert match_choice(text, ITEMS) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。",
        "0",
        "4",
        "第四个",
        "第十个",
        "倒数第四个",
        "99",
        "2024",
        "领",  # one character is too little
        "身份证",  # stands in all of them
        "居民身份证",
        "两个",
        "2个",
        "不要第二个",
        "不是第二个",
        "第一个和第二个",
        "第二天能拿到吗",
        "居民身份证丢失补领要多少钱",
        "我想问一下居民身份证丢失补领在哪里办",
        "二手房怎么过户",
        "好的",
        "是的",
        "都可以",
        "都不是",
    ],
)
def test_anything_else_picks_nothing(text):
    assert match_choice(text, ITEMS) is None


def test_a_district_is_picked_by_a_part_of_its_name():
    assert match_choice("朝阳", DISTRICTS) == DISTRICTS[0]
    assert match_choice("我在绿园区", DISTRICTS) is None  # a sentence: for the dialogue to understand
    assert match_choice("绿园吧", DISTRICTS) == DISTRICTS[1]


def test_a_title_that_begins_like_filling_is_matched_whole():
    choices = (Choice("就业登记", "a"), Choice("办理进度", "b"), Choice("好的服务", "c"))

    assert match_choice("就业登记", choices) == choices[0]
    assert match_choice("办理进度", choices) == choices[1]
    assert match_choice("好的", choices) is None


def test_words_of_a_title_count_more_than_the_number_in_them():
    choices = (Choice("第二类残疾", "a"), Choice("第一类残疾", "b"))

    assert match_choice("第二类", choices) == choices[0]
    assert match_choice("2", choices) == choices[1]


def test_a_title_that_is_offered_twice_is_ambiguous_but_its_number_is_not():
    choices = (Choice("补领", "a"), Choice("补领", "b"))

    assert match_choice("补领", choices) is None
    assert match_choice("b", choices) == choices[1]
    assert match_choice("2", choices) == choices[1]


def test_numbers_over_ten_are_understood():
    choices = [Choice(f"选择{chr(0x4E00 + n)}{chr(0x5E00 + n)}", f"v{n}") for n in range(1, 26)]

    assert match_choice("第十个", choices) == choices[9]
    assert match_choice("十二", choices) == choices[11]
    assert match_choice("第二十一个", choices) == choices[20]
    assert match_choice("25", choices) == choices[24]


def test_without_choices_nothing_is_picked():
    assert match_choice("1", ()) is None


titles = st.text("身份证居住证社保卡补领换领首次申办12第一二个", min_size=1, max_size=12)
offers = st.lists(titles, min_size=1, max_size=12).map(
    lambda found: tuple(Choice(title, f"value:{n}") for n, title in enumerate(found))
)


@given(offers, st.text(max_size=40))
def test_whatever_is_said_only_an_offered_choice_comes_back(choices, text):
    assert match_choice(text, choices) in (None, *choices)


@given(offers)
def test_every_choice_can_be_picked_by_its_value(choices):
    for choice in choices:
        assert match_choice(choice.value, choices) == choice


@given(
    st.lists(st.text("身份证居住社保卡补换", min_size=2, max_size=9), min_size=1, max_size=12, unique=True)
)
def test_every_choice_can_be_picked_by_its_title_and_its_number(found):
    choices = tuple(Choice(title, f"value:{n}") for n, title in enumerate(found))

    for number, choice in enumerate(choices, start=1):
        assert match_choice(choice.title, choices) == choice
        assert match_choice(str(number), choices) == choice
        assert match_choice(f"第{number}个", choices) == choice


@given(offers, titles)
def test_a_long_sentence_around_a_title_picks_nothing(choices, title):
    sentence = f"我昨天去大厅问过{title}他们说要先在网上预约才行"

    assert match_choice(sentence, choices) is None
