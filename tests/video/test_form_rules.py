"""What is right in a field, in which form it is frozen, and what is told about the rest."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from video.form_rules import problem_of, written_form
from video.form_templates import FieldType, FormField

ID = "11010519491231002X"  # the example of GB 11643


def a_field(kind: FieldType, **more) -> FormField:
    return FormField("f", "此栏", kind, **more)


RIGHT = [
    (FieldType.ID_NUMBER, ID, ID),
    (FieldType.ID_NUMBER, " 110105 19491231 002x ", ID),
    (FieldType.ID_NUMBER, "１１０１０５１９４９１２３１００２Ｘ", ID),
    (FieldType.PHONE, "138 0000 0000", "13800000000"),
    (FieldType.PHONE, "+86 13800000000", "13800000000"),
    (FieldType.PHONE, "0431-88888888", "0431-88888888"),
    (FieldType.PHONE, "0431—88888888", "0431-88888888"),
    (FieldType.PHONE, "400-123-4567", "400-123-4567"),
    (FieldType.DATE, "2026-02-28", "2026-02-28"),
    (FieldType.DATE, "2024-02-29", "2024-02-29"),
    (FieldType.TEXT, "  张  三 ", "张 三"),
    (FieldType.LINES, "一 \r\n二\n", "一\n二"),
    (FieldType.CHOICE, "是", "是"),
]


@pytest.mark.parametrize(("kind", "typed", "written"), RIGHT)
def test_what_is_right_has_one_written_form(kind, typed, written):
    field = a_field(kind, choices=("是", "否"))

    assert problem_of(field, typed) == ""
    assert written_form(field, typed) == written


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        (FieldType.ID_NUMBER, ID[:-1], "身份证号是 18 位，现在是 17 位"),
        (FieldType.ID_NUMBER, "110105194912310021", "有一位不对"),
        (FieldType.ID_NUMBER, "110105194913310021", "出生日期"),
        (FieldType.ID_NUMBER, "11010519491231002Y", "最后一位可以是 X"),
        (FieldType.ID_NUMBER, "11010519491231002²", "有一位不对"),
        (FieldType.PHONE, "1380000000", "手机号是 11 位，现在是 10 位"),
        (FieldType.PHONE, "12800000000", "这个手机号不对"),
        (FieldType.PHONE, "88888888", "带区号"),
        (FieldType.DATE, "2026-02-29", "真实的日期"),
        (FieldType.DATE, "26-2-9", "真实的日期"),
        (FieldType.DATE, "0001-01-01", "真实的日期"),
        (FieldType.CHOICE, "也许", "从选项里选一个"),
        (FieldType.TEXT, "字" * 62, "减少 2 个字"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(kind, typed, told):
    assert told in problem_of(a_field(kind, choices=("是", "否")), typed)


@pytest.mark.parametrize("kind", FieldType)
@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_an_empty_field_is_wrong_only_where_it_is_required(kind, empty):
    assert problem_of(a_field(kind), empty) == ""
    assert problem_of(a_field(kind, required=True), empty) == "请填写此栏"


@given(st.sampled_from(FieldType), st.text(max_size=80))
@example(FieldType.DATE, "A´")
@example(FieldType.ID_NUMBER, "ΐ")
@example(FieldType.PHONE, "+86-+8613900000000")
def test_the_written_form_of_any_text_stays_as_it_is(kind, text):
    field = a_field(kind, choices=("是", "否"))
    written = written_form(field, text)

    assert written_form(field, written) == written
    assert problem_of(field, written) == problem_of(field, text)
