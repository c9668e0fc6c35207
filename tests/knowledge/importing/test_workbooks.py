"""XLSX files: merged cells, several sheets, numbers and dates, and hostile ones."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from knowledge.guide import Material
from knowledge.importing.importer import read_guides
from knowledge.importing.limits import Limits


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_of(*rows: tuple) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book


def read(book: Workbook, **options):
    return read_guides("表.xlsx", saved(book), **options)


def test_titles_above_the_header_and_empty_rows_are_passed_over():
    batch = read(
        sheet_of(("云山市办事指南汇总",), (), ("区划", "事项", "材料名称"), (), ("河东区", "甲", "身份证"))
    )
    assert batch.rejections == ()
    assert batch.guides[0].situations[0].materials == (Material("身份证"),)


def test_merged_cells_count_for_every_row_that_they_cover():
    book = sheet_of(
        ("区划", "事项", "情形", "材料名称"),
        ("河东区", "甲", "首次", "身份证"),
        (None, None, None, "照片"),
        (None, None, "补办", "身份证"),
        ("河西区", "甲", "首次", "身份证"),
    )
    for merged in ("A2:A4", "B2:B4", "C2:C3"):
        book.active.merge_cells(merged)
    batch = read(book)
    assert batch.rejections == ()
    first, second = batch.guides
    assert [(s.name, [m.name for m in s.materials]) for s in first.situations] == [
        ("首次", ["身份证", "照片"]),
        ("补办", ["身份证"]),
    ]
    assert second.district == "河西区"


def test_an_empty_cell_that_is_not_merged_is_not_filled():
    batch = read(sheet_of(("区划", "事项"), ("河东区", "甲"), (None, "乙")))
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [(3, "区划")]


def test_sheets_are_put_together_by_the_id():
    book = sheet_of(("编号", "区划", "事项", "是否收费"), ("YS-1", "河东区", "甲", "否"))
    materials = book.create_sheet("材料")
    materials.append(("编号", "材料名称"))
    materials.append(("YS-1", "身份证"))
    [guide] = read(book).guides
    assert guide.fee.charged is False
    assert guide.situations[0].materials == (Material("身份证"),)


def test_a_sheet_of_something_else_and_a_hidden_one_are_reported():
    book = sheet_of(("区划", "事项"), ("河东区", "甲"))
    book.create_sheet("说明").append(("填表人", "小李"))
    hidden = book.create_sheet("旧表")
    hidden.append(("区划", "事项"))
    hidden.append(("河东区", "旧事项"))
    hidden.sheet_state = "hidden"
    batch = read(book)
    assert [guide.main_item for guide in batch.guides] == ["甲"]
    assert [notice.position.sheet for notice in batch.notices] == ["说明", "旧表"]


def test_a_rejection_names_the_sheet_and_the_row_as_excel_counts_it():
    book = sheet_of(("汇总",), ("区划", "事项", "承诺时限"), ("河东区", "甲", "待定吧"))
    book.active.title = "公安"
    assert str(read(book).rejections[0]).startswith("工作表“公安”第 3 行“承诺时限”列：")


def test_numbers_dates_and_ticks_are_read_as_an_editor_sees_them():
    book = sheet_of(
        ("区划", "事项", "承诺时限", "份数", "材料名称", "咨询电话", "生效日期", "免提交"),
        ("河东区", "甲", 5, 2.0, "身份证", 80000001, datetime(2026, 1, 31), True),
    )
    [guide] = read(book).guides
    assert guide.time_limit.promised_days == 5
    assert guide.situations[0].materials == (Material("身份证", copies=2, exempt=True),)
    assert guide.phones[0].number == "80000001"
    assert guide.valid_from == date(2026, 1, 31)


def test_a_formula_that_failed_rejects_its_row():
    batch = read(sheet_of(("区划", "事项", "是否收费"), ("河东区", "甲", "#N/A"), ("河东区", "乙", "否")))
    assert [guide.main_item for guide in batch.guides] == ["乙"]
    assert [(rejection.row, rejection.column) for rejection in batch.rejections] == [(2, "是否收费")]


def test_a_workbook_is_known_by_its_content_whatever_its_name():
    batch = read_guides("表.csv", saved(sheet_of(("区划", "事项"), ("河东区", "甲"))))
    assert len(batch.guides) == 1


# --- broken and hostile -------------------------------------------------------------------------


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_part(data: bytes, name: str, change) -> bytes:
    """The workbook with one part replaced by `change(part)`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def only_reason(data: bytes, **options) -> str:
    batch = read_guides("表.xlsx", data, **options)
    assert batch.guides == ()
    [rejection] = batch.rejections
    assert rejection.row == 0
    return rejection.reason


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 not a zip", b"", zipped(**{"a.txt": b"x"}), zipped(**{"xl/workbook.xml": b"<a/>"})]
)
def test_what_is_no_workbook_is_rejected_as_a_whole(data):
    assert only_reason(data)


def test_the_old_format_is_named():
    assert ".xls" in only_reason(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked():
    data = saved(sheet_of(("区划", "事项"), ("河东区", "甲")))
    bomb = with_part(data, SHEET, lambda part: part + b" " * 5_000_000)
    assert len(bomb) < 50_000
    assert "太大" in only_reason(bomb, limits=Limits(unpacked_bytes=1_000_000))


def test_a_part_with_a_document_type_is_refused():
    data = saved(sheet_of(("区划", "事项"), ("河东区", "甲")))
    entities = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]>'
    assert "DOCTYPE" in only_reason(with_part(data, SHEET, lambda part: entities + part))


def test_a_row_far_down_does_not_keep_the_reader_busy():
    data = saved(sheet_of(("区划", "事项"), ("河东区", "甲"), ("河东区", "乙")))
    far = with_part(data, SHEET, lambda part: part.replace(b'r="3"', b'r="999999999"'))
    batch = read_guides("表.xlsx", far, limits=Limits(rows=1000))
    assert [guide.main_item for guide in batch.guides] == ["甲"]


def test_too_many_rows_keep_the_whole_file_out():
    book = sheet_of(("区划", "事项"), *(("河东区", f"事项{n}") for n in range(30)))
    batch = read(book, limits=Limits(rows=20))
    assert batch.guides == ()
    assert "超过 20 行" in batch.rejections[0].reason


def test_a_sheet_cut_short_keeps_the_whole_file_out():
    data = saved(sheet_of(("区划", "事项"), *(("河东区", f"事项{n}") for n in range(50))))
    assert "损坏" in only_reason(with_part(data, SHEET, lambda part: part[: len(part) // 2]))
