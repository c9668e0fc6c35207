"""What single cells say, as offices write them."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statuses import GuideStatus
from knowledge.guide import Necessity
from knowledge.importing import cells
from knowledge.importing.cells import Charge, Duration, UnreadableCell
from knowledge.importing.cleaning import clean_text

WORKING_DAYS = "个工作日"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("5", Duration(5)),
        ("５", Duration(5)),
        ("1个工作日", Duration(1, WORKING_DAYS)),
        ("10 工作日", Duration(10, WORKING_DAYS)),
        ("自受理之日起15个工作日内", Duration(15, WORKING_DAYS)),
        ("不超过二十个工作日。", Duration(20, WORKING_DAYS)),
        ("十五日", Duration(15, "日")),
        ("30天", Duration(30, "天")),
        ("3个自然日", Duration(3, "个自然日")),
        ("两小时", Duration(2, "小时")),
        ("一百二十日", Duration(120, "日")),
        ("即办", Duration(0, at_once=True)),
        ("当场办结", Duration(0, at_once=True)),
        ("立等可取", Duration(0, at_once=True)),
        ("当日办结", Duration(1, WORKING_DAYS)),
        ("0", Duration(0)),
        ("无", None),
        ("无法定时限", None),
        ("/", None),
    ],
)
def test_a_time_limit_is_read_however_it_is_written(cell, expected):
    assert cells.read_duration(clean_text(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("看情况", "看不懂"),
        ("法定20个工作日，承诺5个工作日", "几个时限"),
        ("0.5个工作日", "整数"),
        ("99999", "不合常理"),
        ("三三个工作日", "看不懂的数字"),
    ],
)
def test_a_time_limit_that_is_unclear_is_refused_with_a_reason(cell, reason):
    with pytest.raises(UnreadableCell, match=reason):
        cells.read_duration(clean_text(cell))


def test_a_header_may_name_the_unit():
    assert cells.unit_in("单位：自然日") == "个自然日"
    assert cells.unit_in("必填") == ""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("是", Charge(True)),
        ("收费", Charge(True)),
        ("否", Charge(False)),
        ("不收费", Charge(False)),
        ("免费。", Charge(False)),
        ("无", Charge(False)),
        ("0元", Charge(False)),
        ("工本费10元", Charge(True, "工本费10元")),
        ("首次免费；补领每证40元", Charge(True, "首次免费；补领每证40元")),
        ("免收登记费", Charge(False, "免收登记费")),
        ("按物价部门标准", Charge(True, "按物价部门标准")),
        ("请咨询窗口", Charge(None, "请咨询窗口")),
        ("", Charge(None)),
    ],
)
def test_a_fee_cell_keeps_its_own_words_where_they_say_more_than_yes_or_no(cell, expected):
    assert cells.read_charge(clean_text(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("是", True),
        ("支持", True),
        ("√", True),
        ("TRUE", True),
        ("否", False),
        ("×", False),
        ("/", None),
        ("", None),
    ],
)
def test_yes_and_no_have_many_forms(cell, expected):
    assert cells.read_yes_no(cell) is expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("1", 1), ("2份", 2), ("两份", 2), ("各一张", 1), ("3.0", 3), ("", None), ("无", None)],
)
def test_copies_are_counted(cell, expected):
    assert cells.read_copies(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026/1/31", date(2026, 1, 31)),
        ("2026年1月31日", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("2026-01-31 08:30", date(2026, 1, 31)),
        ("长期", None),
        ("", None),
    ],
)
def test_dates_are_read_in_the_usual_forms(cell, expected):
    assert cells.read_date(cell) == expected


@pytest.mark.parametrize("cell", ["2026-02-30", "去年", "31.1.2026"])
def test_a_day_that_does_not_exist_is_refused(cell):
    with pytest.raises(UnreadableCell):
        cells.read_date(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("必要", Necessity.REQUIRED),
        ("是", Necessity.REQUIRED),
        ("", Necessity.REQUIRED),
        ("非必要", Necessity.OPTIONAL),
        ("否", Necessity.OPTIONAL),
        ("可容缺", Necessity.DEFERRABLE),
    ],
)
def test_whether_a_material_must_be_brought(cell, expected):
    assert cells.read_necessity(cell) is expected


def test_a_status_outside_the_list_is_refused():
    assert cells.read_status("草稿") is GuideStatus.DRAFT
    assert cells.read_status("") is GuideStatus.PUBLISHED
    with pytest.raises(UnreadableCell):
        cells.read_status("大概")


@pytest.mark.parametrize(
    ("text", "number"),
    [("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("三百二十一", 321), ("〇", 0)],
)
def test_chinese_numerals_are_read(text, number):
    assert cells.chinese_number(text) == number


READERS = [
    cells.read_charge,
    cells.read_copies,
    cells.read_count,
    cells.read_date,
    cells.read_duration,
    cells.read_necessity,
    cells.read_status,
    cells.read_yes_no,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(
    text=st.text(max_size=60)
    | st.text(alphabet="0123456789.个工作日月天小时元一二十百是否无-/年", max_size=30)
)
def test_no_cell_makes_a_reader_fail_otherwise_than_by_refusing(reader, text):
    with suppress(UnreadableCell):
        reader(clean_text(text))
