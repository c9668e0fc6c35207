"""A foreign JSON object as rows, so that it is assembled like the rows of a table.

Keys are recognised like column names. Lists of objects (situations, materials, places, phones,
steps, laws, questions) become a row for each entry; objects (`fee`, `time_limit`) lend their name to
their keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.importing.batch import Notice, Position, excerpt
from knowledge.importing.cleaning import clean_text
from knowledge.importing.columns import Column, Header, recognise
from knowledge.importing.limits import Limits
from knowledge.importing.tables import ONE_A_LINE, Problem, Row, text_problem
from knowledge.importing.workbook import as_text

_IDENTITY = (Column.GUIDE_ID, Column.DISTRICT, Column.PARENTS, Column.MAIN_ITEM, Column.BUSINESS_ITEM)
_WORD_LISTS = frozenset({Column.ALIASES, Column.AUDIENCES, Column.PACKAGES, Column.PARENTS})

# The lists whose entries may be objects, and where the keys of these stand in the canonical JSON.
_GROUPS = {
    Column.SITUATION: "situations",
    Column.MATERIAL: "situations.materials",
    Column.PLACES: "places",
    Column.PHONES: "phones",
    Column.COMPLAINT_PHONES: "complaint_phones",
    Column.PROCESS: "process",
    Column.LEGAL_BASIS: "legal_basis",
    Column.FAQ: "faq",
}
# Short keys that mean something only inside such a list.
_SHORT_KEYS = {
    "名称": ("name", "label", "title"),
    "name": ("label", "title"),
    "标题": ("title",),
    "说明": ("description", "note"),
    "描述": ("description",),
    "号码": ("number",),
    "电话": ("number", "phone"),
    "phone": ("number",),
    "地址": ("address",),
    "窗口": ("window",),
    "时间": ("hours", "duration"),
    "时限": ("duration",),
    "条款": ("article",),
    "链接": ("url",),
    "问": ("question",),
    "q": ("question",),
    "答": ("answer",),
    "a": ("answer",),
}


def rows_of(record: Mapping[str, Any], position: Position, limits: Limits) -> tuple[list[Row], list[Notice]]:
    """The rows that say what the object says, and a notice for each key that wasn't understood."""
    reading = _Reading(position, limits)
    children = reading.read_object(record)
    identity = {column: reading.cells[column] for column in _IDENTITY if column in reading.cells}
    rows = [Row(position, reading.cells, reading.headers, reading.problem)]
    rows.extend(Row(position, {**identity, **cells}, {}, reading.problem) for cells in children if cells)
    return rows, reading.notices


@dataclass(slots=True)
class _Reading:
    """The cells read so far from one object."""

    position: Position
    limits: Limits
    cells: dict[Column, str] = field(default_factory=dict)
    headers: dict[Column, Header] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    problem: Problem | None = None

    def read_object(self, record: Mapping[str, Any]) -> list[dict[Column, str]]:
        """Reads the object's own values into `cells`; returns the cells of each entry of its lists."""
        children: list[dict[Column, str]] = []
        for key, value in record.items():
            column, _ = recognise(key)
            if isinstance(value, dict):
                self._read_named(key, value)
            elif value in (None, [], ""):
                continue
            elif column is None:
                self._unknown(key)
            elif isinstance(value, list):
                children.extend(self._read_list(key, column, value))
            else:
                self._put(self.cells, column, key, as_text(value))
        return children

    def _read_named(self, key: str, value: Mapping[str, Any]) -> None:
        for inner, content in value.items():
            column, _ = recognise(f"{key}.{inner}")
            if column is None:
                column, _ = recognise(inner)
            if column is None or isinstance(content, (list, dict)):
                self._unknown(f"{key}.{inner}")
            elif content is not None:
                self._put(self.cells, column, f"{key}.{inner}", as_text(content))

    def _read_list(self, key: str, column: Column, entries: list[Any]) -> list[dict[Column, str]]:
        if not any(isinstance(entry, (list, dict)) for entry in entries):
            texts = [as_text(entry) for entry in entries]
            if column is Column.MATERIAL:
                return [self._cells({Column.MATERIAL: text}, key) for text in texts]
            if column is Column.SITUATION:
                return [self._cells({Column.SITUATION: text}, key) for text in texts]
            note = ONE_A_LINE if column in _WORD_LISTS else ""
            self.headers[column] = Header(0, key, column, note)
            flat = [" ".join(text.split("\n")) for text in texts] if note else texts
            self._put(self.cells, column, key, ("\n" if note else "；\n").join(flat))
            return []
        group = _GROUPS.get(column)
        if group is None:
            self._unknown(key)
            return []
        children: list[dict[Column, str]] = []
        for entry in entries:
            if isinstance(entry, dict):
                children.extend(self._entry(key, column, group, entry))
            elif isinstance(entry, list):
                self._unknown(key)
            elif entry is not None:
                children.append(self._cells({column: as_text(entry)}, key))
        return children

    def _entry(
        self, key: str, group_column: Column, group: str, entry: Mapping[str, Any]
    ) -> list[dict[Column, str]]:
        own: dict[Column, str] = {}
        inner: list[dict[Column, str]] = []
        for inner_key, value in entry.items():
            column = _inside(group, inner_key)
            if column is None:
                self._unknown(f"{key}.{inner_key}")
            elif isinstance(value, list) and column is Column.MATERIAL:
                inner.extend(self._read_list(f"{key}.{inner_key}", column, value))
            elif isinstance(value, (list, dict)):
                self._unknown(f"{key}.{inner_key}")
            elif value is not None:
                self._put(own, column, inner_key, as_text(value))
        if group_column is Column.MATERIAL and own:
            own[Column.MATERIAL_ORDINAL] = "1"  # an object is one material, whatever its name looks like
        return [{**own, **cells} for cells in inner] if inner else [own]

    def _cells(self, texts: Mapping[Column, str], key: str) -> dict[Column, str]:
        cells: dict[Column, str] = {}
        for column, text in texts.items():
            self._put(cells, column, key, text)
        return cells

    def _put(self, cells: dict[Column, str], column: Column, key: str, text: str) -> None:
        cleaned = clean_text(text)
        if (reason := text_problem(cleaned, self.limits)) is not None and self.problem is None:
            self.problem = Problem(reason, key, excerpt(cleaned.encode("utf-8", "replace").decode()))
        if cleaned:
            cells[column] = cleaned
            self.headers.setdefault(column, Header(0, key, column))

    def _unknown(self, key: str) -> None:
        name = key.encode("utf-8", "replace").decode()
        self.notices.append(Notice(self.position, excerpt(name), "", "不认识的内容，没有导入"))


def _inside(group: str, key: str) -> Column | None:
    """The column that a key means inside a list of that group, or None."""
    for leaf in (key, *_SHORT_KEYS.get(key.casefold(), ())):
        column, _ = recognise(f"{group}.{leaf}")
        if column is not None:
            return column
    column, _ = recognise(key)
    return column if column is not None and column.value.startswith(group) else None
