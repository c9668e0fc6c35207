"""A fact counts as said however it is written, and only then."""

import pytest

from server.evaluation.matching import forbidden_in, numerals, says, says_all


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        ("0431-84220113", "电话：0431—8422 0113。"),
        ("户口簿", "需要带《户口簿》原件"),
        ("A座３楼", "a座3楼大厅"),
        ({"any": ["户口簿", "户口本"]}, "带上户口本"),
        ({"number": 7}, "7个工作日内办结"),
        ({"number": 7}, "七个工作日"),
        ({"number": 20}, "二十天"),
        ({"number": 15}, "承诺办结时限：15"),
        ({"number": 1}, "当场办结"),
        ({"number": 2}, "两天"),
        ({"time": "16:30"}, "下午4点半下班"),
        ({"time": "16:30"}, "08：30—16：30"),
        ({"time": "9:00"}, "早上九点开门"),
        ({"time": "8:45"}, "8点45分开始"),
        ({"fee": "否"}, "这项业务不收费。"),
        ({"fee": "否"}, "不用交钱"),
        ({"fee": "否"}, "是否收费：否"),
        ({"fee": "是"}, "工本费20元"),
        ({"fee": "是"}, "需要收费"),
    ],
)
def test_said(fact, text):
    assert says(fact, text)


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        ("户口簿", "户口 迁移"),
        ({"any": ["户口簿", "户口本"]}, "身份证"),
        ({"number": 7}, "17个工作日"),
        ({"number": 7}, "7月起"),
        ({"number": 2}, "十二个工作日"),
        ({"number": 3}, "2026年3日期"),
        ({"time": "16:30"}, "16:00"),
        ({"time": "9:00"}, "九点半"),
        ({"fee": "否"}, "工本费20元"),
        ({"fee": "否"}, "要不要钱？"),
        ({"fee": "是"}, "免费"),
        ({"fee": "是"}, "收费吗？"),
        ({"fee": "是"}, "不收任何费用"),
    ],
)
def test_not_said(fact, text):
    assert not says(fact, text)


def test_an_unknown_kind_of_fact_is_an_error_not_a_miss():
    with pytest.raises(ValueError, match="colour"):
        says({"colour": "red"}, "红")


@pytest.mark.parametrize(
    ("mode", "least", "expected"), [("all", None, False), ("any", None, True), ("at_least_k", 2, True)]
)
def test_modes(mode, least, expected):
    assert says_all(["身份证", "户口簿", "照片"], mode, "带身份证和照片", least) is expected


def test_nothing_to_say_is_said_in_every_mode():
    assert says_all([], "all", "")
    assert says_all([], "any", "")


def test_forbidden_strings_keep_their_punctuation_but_bare_numbers_do_not():
    assert forbidden_in(["所需材料："], "所需材料:身份证") == ["所需材料："]
    assert forbidden_in(["所需材料："], "所需材料有身份证") == []
    assert forbidden_in(["0431-83232199"], "0431 8323 2199") == ["0431-83232199"]


@pytest.mark.parametrize(
    ("number", "written"),
    [(2, ["二", "两"]), (10, ["十", "一十"]), (13, ["十三", "一十三"]), (25, ["二十五"])],
)
def test_numerals(number, written):
    assert numerals(number) == written
