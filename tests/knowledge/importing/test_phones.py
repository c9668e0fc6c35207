"""Telephone numbers out of messy cells. All numbers are made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.guide import Phone
from knowledge.importing.cleaning import clean_text
from knowledge.importing.phones import read_phones


def numbers(cell: str) -> list[tuple[str, str]]:
    return [(phone.number, phone.label) for phone in read_phones(clean_text(cell)).phones]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0431-80000001", [("0431-80000001", "")]),
        ("0431—80000001", [("0431—80000001", "")]),
        ("０４３１－８００００００１", [("0431－80000001", "")]),
        ("0431- 80000001", [("0431-80000001", "")]),
        ("(010)60000001", [("(010)60000001", "")]),
        ("043180000001", [("043180000001", "")]),
        ("12345", [("12345", "")]),
        ("咨询电话：12333", [("12333", "")]),
        ("0431-12393", [("0431-12393", "")]),
        ("400-810-0000", [("400-810-0000", "")]),
        ("13800000000", [("13800000000", "")]),
        ("80000001转8001", [("80000001转8001", "")]),
        ("0431-80000001-802", [("0431-80000001-802", "")]),
        ("0431-80000001/80000002", [("0431-80000001", ""), ("80000002", "")]),
        ("0431-80000001、0431-80000002", [("0431-80000001", ""), ("0431-80000002", "")]),
        ("0431-80000001-0431-80000002", [("0431-80000001", ""), ("0431-80000002", "")]),
        (
            "柳荫派出所：0431-80000001民生派出所：0431-80000002",
            [("0431-80000001", "柳荫派出所"), ("0431-80000002", "民生派出所")],
        ),
        (
            "0431-80000001（柳荫）；0431-80000002 (民生)",
            [("0431-80000001", "柳荫"), ("0431-80000002", "民生")],
        ),
        (
            "1.河东街道0431-80000001\n2.河  西街道0431-80000002",
            [("0431-80000001", "河东街道"), ("0431-80000002", "河西街道")],
        ),
        ("户籍大厅电话:0431-80000001。", [("0431-80000001", "户籍大厅")]),
        ("0431-80000001；0431-80000001", [("0431-80000001", "")]),
        ("无", []),
    ],
)
def test_each_number_is_kept_as_written_with_whose_it_is(cell, expected):
    assert numbers(cell) == expected


@pytest.mark.parametrize(
    "cell", ["请到民生路1181号二楼咨询", "工作日9:00-16:30", "地铁2号线", "每年12月31日前"]
)
def test_numbers_of_houses_times_and_dates_are_no_telephones(cell):
    assert numbers(cell) == []


def test_a_masked_number_is_counted_and_dropped_with_its_name():
    found = read_phones("王科长：[手机号]；0431-80000001（大厅）")
    assert found.phones == (Phone("0431-80000001", "大厅"),)
    assert found.masked == 1
    assert "王科长" not in found.leftover


def test_words_that_belong_to_no_number_are_given_back():
    found = read_phones("窗口咨询：民生路8号；电话咨询：0431-80000001")
    assert [phone.number for phone in found.phones] == ["0431-80000001"]
    assert "民生路8号" in found.leftover


def test_phrases_around_a_number_are_no_leftover():
    assert read_phones("请拨打12345咨询").leftover == ""


@given(
    st.text(max_size=200) | st.text(alphabet="0123456789-—－（）()转、；: \n电话[手机号]甲乙", max_size=80)
)
def test_any_cell_gives_numbers_with_digits(text):
    found = read_phones(clean_text(text))
    assert all(any(sign.isdigit() for sign in phone.number) for phone in found.phones)
    assert not any(" " in phone.number or "\n" in phone.number for phone in found.phones)
