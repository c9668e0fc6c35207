"""Records of an XLSX workbook, sheet by sheet, within bounds. The only reader of openpyxl.

A workbook is a ZIP archive of XML: its declared sizes are checked before anything is unpacked, and
parts with a document type declaration are refused, since spreadsheets have none and only attacks
on XML parsers do.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

from knowledge.importing.limits import Limits
from knowledge.importing.tables import Record

_OLE = b"\xd0\xcf\x11\xe0"
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"})
_MERGE = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]{0,200}?\bref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']"
)
_MOST_MERGES = 200_000
_CHUNK = 1 << 20
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class UnreadableWorkbook(ValueError):
    """The file is no workbook that can be read; the message is for the editor."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook. `records` may be read once and raises UnreadableWorkbook."""

    name: str
    records: Iterator[Record]
    hidden: bool = False


def read_workbook(data: bytes, limits: Limits) -> Iterator[Sheet]:
    """The sheets of the workbook, in order; merged cells are filled downwards.

    Raises UnreadableWorkbook, also while it is iterated.
    """
    if data.startswith(_OLE):
        raise UnreadableWorkbook("这是旧版 .xls 或加了密码的工作簿，请另存为不加密的 .xlsx 再导入")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive, limits)
            merges = _merged_ranges(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that we don't read anyway
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except UnreadableWorkbook:
        raise
    except Exception as error:
        # A broken workbook makes openpyxl raise whatever its parsing stumbled on, of no common class.
        raise UnreadableWorkbook("打不开这个工作簿，文件可能已损坏") from error
    for sheet in book.worksheets[: limits.sheets]:
        records = _records(sheet, merges.get(sheet.title, {}), limits)
        yield Sheet(sheet.title, records, sheet.sheet_state != "visible")


def _check_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    if len(parts) > limits.parts or sum(part.file_size for part in parts) > limits.unpacked_bytes:
        raise UnreadableWorkbook("工作簿展开后太大，请拆成几个文件")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(2_048).upper():
                    raise UnreadableWorkbook("工作簿里有不该有的内容（DOCTYPE），没有读取")


Merges = dict[int, list[tuple[int, int]]]  # first row -> (column index, last row)


def _merged_ranges(archive: zipfile.ZipFile) -> dict[str, Merges]:
    """The merged ranges of each sheet, which openpyxl leaves out when it reads row by row."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - no DOCTYPE, see _check_parts
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    names = set(archive.namelist())
    found: dict[str, Merges] = {}
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - as above
    for sheet in workbook.iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in names:
            found[sheet.get("name", "")] = _merges_of(archive, path)
    return found


def _merges_of(archive: zipfile.ZipFile, path: str) -> Merges:
    merges: Merges = {}
    count = 0
    tail = b""
    with archive.open(path) as stream:
        while (chunk := stream.read(_CHUNK)) and count < _MOST_MERGES:
            window = tail + chunk
            end = 0
            for match in _MERGE.finditer(window):
                count += 1
                end = match.end()
                first_column, first_row, _, last_row = range_boundaries(match[1].decode())
                if isinstance(last_row, int) and isinstance(first_row, int) and isinstance(first_column, int):
                    merges.setdefault(first_row, []).append((first_column - 1, last_row))
            tail = window[max(end, len(window) - 300) :]
    return merges


def _records(sheet: Any, merges: Merges, limits: Limits) -> Iterator[Record]:
    filling: dict[int, tuple[int, str]] = {}  # column index -> (last row, text)
    rows = sheet.iter_rows(max_row=limits.rows + 1, max_col=limits.columns, values_only=True)
    number = 0
    while True:
        number += 1
        try:
            values = next(rows)
        except StopIteration:
            return
        except Exception as error:  # as above: any class, and nothing more can be read
            raise UnreadableWorkbook(f"第 {number} 行起读不下去，文件可能已损坏") from error
        if number > limits.rows:
            if any(value is not None for value in values):
                yield Record(number, problem=f"工作表超过 {limits.rows} 行，请拆开导入", cut_off=True)
                return
            continue
        if not filling and number not in merges and not any(value is not None for value in values):
            continue
        cells = [as_text(value) for value in values]
        _fill_merged(cells, number, merges, filling)
        at = next((index for index, cell in enumerate(cells) if cell in _ERRORS), -1)
        yield Record(number, tuple(cells), "单元格的公式出错" if at >= 0 else "", at)


def _fill_merged(cells: list[str], number: int, merges: Merges, filling: dict[int, tuple[int, str]]) -> None:
    for column, last_row in merges.get(number, ()):
        if column < len(cells) and last_row > number:
            filling[column] = (last_row, cells[column])
    for column, (last_row, text) in list(filling.items()):
        cells[column] = cells[column] or text
        if last_row <= number:
            del filling[column]


def as_text(value: object) -> str:
    """A cell's value as an editor would write it."""
    match value:
        case None:
            text = ""
        case bool():
            text = "是" if value else "否"
        case float():
            text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            text = value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case time():
            text = value.isoformat("minutes")
        case _:
            text = str(value)
    return text
