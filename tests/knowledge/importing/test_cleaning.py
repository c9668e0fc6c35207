"""What cleaning takes off a cell and what it leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.importing.cleaning import (
    clean_text,
    find_masks,
    is_absent,
    is_broken,
    says_no_materials,
    says_no_situation,
    split_entries,
    split_words,
    without_list_mark,
)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  甲\u3000乙 ", "甲 乙"),
        ("甲\r\n\r\n 乙\u2028丙", "甲\n乙\n丙"),
        ("１２３号", "123号"),
        ("Ａ区２栋", "Ａ区2栋"),
        ("\ufeff甲\u200b乙\x00", "甲乙"),
        ('"甲\n乙"', "甲\n乙"),
        ("“甲”和“乙”", "“甲”和“乙”"),
        ("甲，乙；丙。", "甲，乙；丙。"),
    ],
)
def test_only_typing_leftovers_are_taken_off(raw, clean):
    assert clean_text(raw) == clean


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once


@given(st.text())
def test_cleaned_text_has_no_control_signs_but_line_breaks(text):
    assert all(sign == "\n" or ord(sign) >= 32 for sign in clean_text(text))


@pytest.mark.parametrize("text", ["", "无", "暂无", "/", "——", "N/A", "不涉及"])
def test_many_words_say_nothing(text):
    assert is_absent(text)


@pytest.mark.parametrize("text", ["0", "无房证明", "否", "免费"])
def test_words_that_say_something_are_kept(text):
    assert not is_absent(text)


@pytest.mark.parametrize("text", ["无需材料", "无需提交材料", "无需提供任何材料", "不需要材料", "无"])
def test_no_materials_has_many_forms(text):
    assert says_no_materials(text)


@pytest.mark.parametrize("text", ["无犯罪记录证明材料", "无房证明", "免疫接种证", "身份证"])
def test_materials_whose_name_begins_with_none_are_materials(text):
    assert not says_no_materials(text)


def test_no_situation_has_several_forms():
    assert says_no_situation("无情形")
    assert says_no_situation("")
    assert not says_no_situation("无监护人的未成年人")


@pytest.mark.parametrize("text", ["[手机号]", "【联系电话】", "138****5678", "130xxxx0000", "********"])
def test_masked_values_are_found(text):
    assert find_masks(f"联系{text}")


@pytest.mark.parametrize("text", ["0431-88776655", "（手续齐全）", "4寸×6寸照片", "1×2"])
def test_ordinary_texts_are_no_masks(text):
    assert not find_masks(text)


def test_lost_characters_are_noticed():
    assert is_broken("身份\ufffd")
    assert is_broken("身份\ud800")
    assert not is_broken("身份证")


@pytest.mark.parametrize(
    ("entry", "bare"),
    [
        ("1.身份证", "身份证"),
        ("2、户口簿", "户口簿"),
        ("（3）照片", "照片"),
        ("（二）照片", "照片"),
        ("①申请表", "申请表"),
        ("三、合同", "合同"),
        (".大厅", "大厅"),
        ("· 证明", "证明"),
        ("3.5公里处", "3.5公里处"),
        ("2寸照片", "2寸照片"),
        ("12345热线", "12345热线"),
        ("-1层", "-1层"),
    ],
)
def test_list_marks_are_told_from_numbers_that_belong_to_the_text(entry, bare):
    assert without_list_mark(entry) == bare


@pytest.mark.parametrize(
    ("cell", "entries"),
    [
        ("身份证\n户口簿", ("身份证", "户口簿")),
        ("1.身份证 2.户口簿 3.照片2张", ("身份证", "户口簿", "照片2张")),
        ("①身份证②户口簿", ("身份证", "户口簿")),
        ("身份证；户口簿；", ("身份证", "户口簿")),
        ("学历证书、学位证书", ("学历证书、学位证书",)),
        ("授权书（本人签字；单位盖章）；执照", ("授权书（本人签字；单位盖章）", "执照")),
        ("身份证\n身份证", ("身份证",)),
        ("B座3、4楼窗口", ("B座3、4楼窗口",)),
        ("2.5寸照片", ("2.5寸照片",)),
    ],
)
def test_a_cell_that_lists_things_is_divided_where_it_means_to_be(cell, entries):
    assert split_entries(cell) == entries


def test_names_are_divided_by_commas_too():
    assert split_words("自然人、企业法人，无") == ("自然人", "企业法人")


@given(st.text(max_size=200) | st.text(alphabet="1２.、①（）(;；\n 甲乙", max_size=60))
def test_no_text_breaks_the_dividing(text):
    cleaned = clean_text(text)
    assert all(entry for entry in split_entries(cleaned))
    split_words(cleaned)
