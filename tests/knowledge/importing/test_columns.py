"""Columns are known by many names, and by no name that means two things."""

import pytest

from knowledge.importing.columns import NAMES, Column, normalise_header, read_headers, recognise


@pytest.mark.parametrize(
    ("words", "column"),
    [
        ("区划名称", Column.DISTRICT),
        ("所属区划", Column.DISTRICT),
        ("region", Column.DISTRICT),
        ("*主项名称", Column.MAIN_ITEM),
        ("Main Item", Column.MAIN_ITEM),
        ("业务办理项名称：", Column.BUSINESS_ITEM),
        ("情形", Column.SITUATION),
        ("Scenario", Column.SITUATION),
        ("材料名称", Column.MATERIAL),
        ("材料 名称", Column.MATERIAL),
        ("份数", Column.MATERIAL_COPIES),
        ("必要性", Column.MATERIAL_NECESSITY),
        ("承诺办结时限（工作日）", Column.PROMISED_DAYS),
        ("promise_days", Column.PROMISED_DAYS),
        ("法定办结时限", Column.STATUTORY_DAYS),
        ("是否收费", Column.FEE_CHARGED),
        ("fee.standard", Column.FEE_STANDARD),
        ("咨询方式", Column.PHONES),
        ("办理地点", Column.PLACES),
        ("办理时间", Column.HOURS),
        ("某种别的列", None),
    ],
)
def test_a_column_is_recognised_by_its_name(words, column):
    assert recognise(words)[0] is column


@pytest.mark.parametrize("column", Column)
def test_every_element_has_a_chinese_name_and_its_canonical_one(column):
    assert recognise(column.chinese)[0] is column
    assert recognise(column.value)[0] is column


def test_no_name_stands_for_two_elements():
    owners: dict[str, set[Column]] = {}
    for column, words in NAMES.items():
        for word in (column.value, *words.split()):
            owners.setdefault(normalise_header(word), set()).add(column)
    assert {name for name, columns in owners.items() if len(columns) > 1} == set()


def test_the_note_in_brackets_comes_along():
    assert recognise("别名（每行一个）") == (Column.ALIASES, "每行一个")


def test_beside_a_main_item_the_item_name_is_the_business_item():
    headers = read_headers(("主项名称", "事项名称", "区划"))
    assert [header.column for header in headers] == [Column.MAIN_ITEM, Column.BUSINESS_ITEM, Column.DISTRICT]


def test_alone_the_item_name_is_the_main_item():
    assert [header.column for header in read_headers(("事项名称", "区划"))] == [
        Column.MAIN_ITEM,
        Column.DISTRICT,
    ]
