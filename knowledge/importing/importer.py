"""Guides out of a file of any supported kind: JSON, JSON Lines, CSV, XLSX.

The kind is told by the content where that is plain (a workbook is a ZIP archive) and by the file's
name otherwise. Nothing here raises for what a file holds: whatever can't be read is a rejection.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from knowledge.guide import Guide
from knowledge.importing.assemble import Assembler
from knowledge.importing.batch import ImportedBatch, Notice, Position, Rejection, excerpt
from knowledge.importing.canonical import is_canonical, read_canonical
from knowledge.importing.columns import Column
from knowledge.importing.delimited import read_delimited
from knowledge.importing.encoding import decode
from knowledge.importing.json_rows import rows_of
from knowledge.importing.json_values import JsonValue, read_json_values
from knowledge.importing.limits import DEFAULT_LIMITS, Limits
from knowledge.importing.tables import Record, Table, find_table
from knowledge.importing.workbook import UnreadableWorkbook, read_workbook

SUFFIXES = (".json", ".jsonl", ".csv", ".xlsx")
_WORKBOOK_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")


def read_guides(
    name: str, data: bytes, *, district: str = "", limits: Limits = DEFAULT_LIMITS
) -> ImportedBatch:
    """The guides of the file `name` with these bytes, and what was wrong with it.

    `district` is taken for rows of a file that names none.
    """
    reading = _Reading(name, district, limits)
    reading.read(data)
    return reading.batch()


class _Reading:
    """The reading of one file."""

    def __init__(self, name: str, district: str, limits: Limits) -> None:
        self._name = name
        self._district = district
        self._limits = limits
        self._assembler = Assembler(district)
        self._guides: dict[str, tuple[Guide, Position]] = {}
        self._unknown_keys: set[str] = set()

    def batch(self) -> ImportedBatch:
        """What was read so far."""
        assembled, withheld, derived = self._assembler.finish()
        guides = [guide for guide, _ in self._guides.values()]
        for guide in assembled:
            if guide.guide_id in self._guides:
                self._reject(
                    self._guides[guide.guide_id][1],
                    "编号在文件里出现了两次",
                    Column.GUIDE_ID.chinese,
                    guide.guide_id,
                )
            else:
                guides.append(guide)
        if not (guides or withheld or self._assembler.rejections):
            self._reject(Position(), "文件里没有指南")
        return ImportedBatch(
            name=self._name,
            guides=tuple(guides),
            rejections=tuple(self._assembler.rejections),
            notices=tuple(self._assembler.notices),
            withheld=tuple(withheld),
            derived_ids=frozenset(derived),
        )

    def read(self, data: bytes) -> None:
        """Reads the whole file."""
        if len(data) > self._limits.file_bytes:
            most = self._limits.file_bytes // 1024 // 1024
            self._reject(Position(), f"文件太大（超过 {most} MB），请拆开导入")
        elif data.startswith(_WORKBOOK_MARKS) or self._name.lower().endswith(".xlsx"):
            self._read_workbook(data)
        elif not (text := decode(data)).strip():
            self._reject(Position(), "文件是空的")
        elif self._is_json(text):
            lines = self._name.lower().endswith(".jsonl")
            self._read_json(read_json_values(text, lines=lines, limits=self._limits))
        else:
            self._read_table("", read_delimited(text, self._limits), alone=True)

    def _is_json(self, text: str) -> bool:
        suffix = next((suffix for suffix in SUFFIXES if self._name.lower().endswith(suffix)), "")
        return suffix in (".json", ".jsonl") or (not suffix and text.lstrip().startswith(("{", "[")))

    # --- tables ----------------------------------------------------------------------------------

    def _read_workbook(self, data: bytes) -> None:
        found = False
        try:
            for sheet in read_workbook(data, self._limits):
                if sheet.hidden:
                    self._notice(Position(sheet=sheet.name), "隐藏的工作表，没有读取")
                else:
                    found = self._read_table(sheet.name, sheet.records, alone=False) or found
        except UnreadableWorkbook as error:
            self._reject(Position(), str(error))
            self._assembler.cut_off()
            return
        if not found:
            self._reject_headless()

    def _read_table(self, sheet: str, records: Iterable[Record], *, alone: bool) -> bool:
        """Reads a table; says whether it was one of guides."""
        table = find_table(sheet, records, self._limits)
        if table is None:
            if alone:
                self._reject_headless()
            else:
                self._notice(Position(sheet=sheet), "没有认出的列，整个工作表没有读取")
            return False
        self._assembler.notices.extend(table.notices)
        if self._lacks_district(table):
            self._reject(
                Position(sheet=sheet),
                f"没有“{Column.DISTRICT.chinese}”列。请补上这一列，或者导入时指定区划（--district）",
            )
        else:
            self._assembler.add(table.rows)
        return True

    def _lacks_district(self, table: Table) -> bool:
        columns = {header.column for header in table.headers}
        return not self._district and not columns & {Column.DISTRICT, Column.GUIDE_ID}

    def _reject_headless(self) -> None:
        names = "、".join(
            f"“{column.chinese}”" for column in (Column.DISTRICT, Column.MAIN_ITEM, Column.MATERIAL)
        )
        self._reject(Position(), f"没有找到表头。表头里要有{names}这样的列名")

    # --- JSON ------------------------------------------------------------------------------------

    def _read_json(self, values: Iterable[JsonValue]) -> None:
        for item in values:
            if item.problem:
                self._reject(item.position, item.problem)
            elif not isinstance(item.value, dict):
                self._reject(item.position, "应是一个对象（{…}）", value=str(item.value)[:100])
            elif is_canonical(item.value):
                self._take_canonical(item.value, item.position)
            else:
                self._take_foreign(item.value, item.position)

    def _take_foreign(self, record: Mapping[str, Any], position: Position) -> None:
        rows, notices = rows_of(record, position, self._limits)
        for notice in notices:  # once for the file, as for a column of a table
            if notice.column not in self._unknown_keys:
                self._unknown_keys.add(notice.column)
                self._assembler.notices.append(notice)
        self._assembler.add(rows)

    def _take_canonical(self, record: Mapping[str, Any], position: Position) -> None:
        guide, (element, reason) = read_canonical(record, self._limits)
        if guide is None:
            self._reject(position, reason, element)
            return
        first, first_position = self._guides.setdefault(guide.guide_id, (guide, position))
        if first != guide:
            column = Column.GUIDE_ID.chinese
            self._reject(position, f"编号和{first_position}重复，内容却不同", column, guide.guide_id)

    def _reject(self, position: Position, reason: str, column: str = "", value: str = "") -> None:
        readable = value.encode("utf-8", "replace").decode()
        self._assembler.rejections.append(Rejection(position, column, excerpt(readable), reason))

    def _notice(self, position: Position, reason: str) -> None:
        self._assembler.notices.append(Notice(position, "", "", reason))
