"""Guides as an XLSX workbook: a sheet for what is single, one for each kind of list.

Every row starts with the guide's id, by which an import puts the sheets together again. The list
sheets use the columns for exactly one value (`Column.PLACE_ADDRESS`, `Column.MATERIAL_ORDINAL` …),
so that nothing in them is taken apart.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, NamedStyle
from openpyxl.utils import get_column_letter

from core.statuses import GuideStatus
from knowledge.guide import Guide, Material, Necessity, Phone, TimeLimit
from knowledge.importing.columns import Column
from knowledge.importing.tables import ONE_A_LINE

C = Column
EXCEL_CELL = 32_767

_IDENTITY = (C.GUIDE_ID, C.DISTRICT, C.MAIN_ITEM, C.BUSINESS_ITEM)
_LISTS = frozenset({C.PARENTS, C.ALIASES, C.AUDIENCES, C.PACKAGES})
_NECESSITY = {
    Necessity.REQUIRED: "必要",
    Necessity.OPTIONAL: "非必要",
    Necessity.DEFERRABLE: "容缺后补",
}
_STATUS = {
    GuideStatus.PUBLISHED: "已发布",
    GuideStatus.WITHDRAWN: "已撤回",
    GuideStatus.DRAFT: "草稿",
    GuideStatus.IN_REVIEW: "审核中",
}
_TEXT, _HEADING = "指南文字", "指南表头"
_DEFAULT_UNIT = TimeLimit().unit

Cells = Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    columns: tuple[Column, ...]
    rows: list[Cells]


def as_workbook(guides: Iterable[Guide]) -> bytes:
    """The guides as the bytes of an XLSX file. Raises ValueError for a text too long for a cell."""
    sheets: dict[str, list[Cells]] = {}
    for guide in guides:
        identity = _identity(guide)
        for name, cells in _rows(guide):
            sheets.setdefault(name, []).append({**identity, **cells})
    book = Workbook(write_only=True)
    _add_styles(book)
    for name in (_GUIDES, _MATERIALS, _PLACES, _PHONES, _STEPS, _LAWS, _QUESTIONS):
        rows = sheets.get(name, [])
        if rows or name == _GUIDES:
            _write(book, _Sheet(name, _columns(rows), rows))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


_GUIDES, _MATERIALS, _PLACES, _PHONES = "指南", "情形和材料", "办理地点", "电话"
_STEPS, _LAWS, _QUESTIONS = "办理流程", "设定依据", "常见问题"


def _columns(rows: Sequence[Cells]) -> tuple[Column, ...]:
    """The identity, then the columns that any row fills, in the order of the elements."""
    used = {column for cells in rows for column, text in cells.items() if text}
    return (*_IDENTITY, *(column for column in Column if column in used and column not in _IDENTITY))


def _write(book: Workbook, sheet: _Sheet) -> None:
    page = book.create_sheet(sheet.name)
    page.freeze_panes = "A2"
    for index, column in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(index)].width = _width(column)
    page.append([_cell(page, _heading(column), _HEADING) for column in sheet.columns])
    for cells in sheet.rows:
        page.append([_cell(page, cells.get(column, ""), _TEXT) for column in sheet.columns])


def _heading(column: Column) -> str:
    return f"{column.chinese}（{ONE_A_LINE}）" if column in _LISTS else column.chinese


def _width(column: Column) -> int:
    return 40 if column in (C.CONDITIONS, C.HOURS, C.PLACE_ADDRESS, C.MATERIAL, C.FAQ_ANSWER) else 18


def _cell(page: Any, text: str, style: str) -> Any:
    if not text:
        return None
    if len(text) > EXCEL_CELL:
        raise ValueError("a text is too long for a cell of a workbook; export to JSON Lines instead")
    cell = WriteOnlyCell(page, value=text)
    cell.data_type = "s"  # whatever it begins with, a text is no formula
    cell.style = style
    return cell


def _add_styles(book: Workbook) -> None:
    """Named styles, since setting each cell's parts takes ten times as long."""
    for name in (_TEXT, _HEADING):
        style = NamedStyle(name)
        style.number_format = "@"  # a telephone number keeps its zeros when it is edited
        style.alignment = Alignment(wrap_text=True, vertical="top")
        style.font = Font(bold=name == _HEADING)
        book.add_named_style(style)


def _identity(guide: Guide) -> Cells:
    return {
        C.GUIDE_ID: guide.guide_id,
        C.DISTRICT: guide.district,
        C.MAIN_ITEM: guide.main_item,
        C.BUSINESS_ITEM: guide.business_item,
    }


def _rows(guide: Guide) -> Iterator[tuple[str, Cells]]:
    yield _GUIDES, _single(guide)
    for situation in guide.situations:
        head = {C.SITUATION: situation.name, C.SITUATION_DESCRIPTION: situation.description}
        if not situation.materials:
            yield _MATERIALS, {**head, C.MATERIAL: "无需材料"}
        for ordinal, material in enumerate(situation.materials, start=1):
            yield _MATERIALS, {**head, **_material(material, ordinal)}
    for place in guide.places:
        yield _PLACES, {
            C.PLACE_ADDRESS: place.address, C.PLACE_NAME: place.name, C.PLACE_WINDOW: place.window,
            C.PLACE_PHONE: place.phone, C.PLACE_HOURS: place.hours, C.PLACE_MAP_POINT: place.map_point,
        }  # fmt: skip
    yield from _phones(guide)
    for step in guide.process:
        yield _STEPS, {
            C.STEP_NAME: step.name, C.STEP_DESCRIPTION: step.description, C.STEP_DURATION: step.duration,
        }  # fmt: skip
    for basis in guide.legal_basis:
        yield _LAWS, {
            C.BASIS_TITLE: basis.title, C.BASIS_ARTICLE: basis.article, C.BASIS_URL: basis.url,
            C.BASIS_EFFECTIVE_FROM: _day(basis.effective_from), C.BASIS_REPEALED_ON: _day(basis.repealed_on),
        }  # fmt: skip
    for pair in guide.faq:
        yield _QUESTIONS, {C.FAQ_QUESTION: pair.question, C.FAQ_ANSWER: pair.answer}


def _phones(guide: Guide) -> Iterator[tuple[str, Cells]]:
    def cells(number: Column, label: Column, phone: Phone) -> Cells:
        return {number: phone.number, label: phone.label}

    for phone in guide.phones:
        yield _PHONES, cells(C.PHONE_NUMBER, C.PHONE_LABEL, phone)
    for phone in guide.complaint_phones:
        yield _PHONES, cells(C.COMPLAINT_NUMBER, C.COMPLAINT_LABEL, phone)


def _material(material: Material, ordinal: int) -> Cells:
    return {
        C.MATERIAL_ORDINAL: str(ordinal),
        C.MATERIAL: material.name,
        C.MATERIAL_FORM: material.form,
        C.MATERIAL_MEDIUM: material.medium,
        C.MATERIAL_COPIES: _number(material.copies),
        C.MATERIAL_NECESSITY: _NECESSITY[material.necessity],
        C.MATERIAL_SOURCE: material.source,
        C.MATERIAL_SAMPLE: material.sample_url,
        C.MATERIAL_BLANK_FORM: material.blank_form_url,
        C.MATERIAL_NOTE: material.note,
        C.MATERIAL_EXEMPT: "是" if material.exempt else "",
    }


def _single(guide: Guide) -> Cells:
    limit, fee, online, result = guide.time_limit, guide.fee, guide.online, guide.result
    return {
        C.PARENTS: "\n".join(guide.parents),
        C.ALIASES: "\n".join(guide.aliases),
        C.BASIC_CODE: guide.basic_code,
        C.IMPLEMENTATION_CODE: guide.implementation_code,
        C.BUSINESS_CODE: guide.business_code,
        C.ITEM_TYPE: guide.item_type,
        C.LEVEL: guide.level,
        C.AUTHORITY: guide.authority,
        C.AUDIENCES: "\n".join(guide.audiences),
        C.CONDITIONS: guide.conditions,
        C.COMMITMENT: guide.commitment,
        C.DEFERRAL: guide.deferral,
        C.PROMISED_DAYS: _number(limit.promised_days),
        C.STATUTORY_DAYS: _number(limit.statutory_days),
        C.TIME_UNIT: "" if limit.unit == _DEFAULT_UNIT else limit.unit,
        C.HANDLING: limit.handling,
        C.FEE_CHARGED: _yes_no(fee.charged),
        C.FEE_STANDARD: fee.standard,
        C.FEE_BASIS: fee.basis,
        C.FEE_REDUCTIONS: fee.reductions,
        C.ONLINE_FULLY: _yes_no(online.fully),
        C.ONLINE_DEPTH: online.depth,
        C.ONLINE_URL: online.url,
        C.ONLINE_VISITS: _number(online.visits),
        C.ONLINE_APPOINTMENT: online.appointment,
        C.ONLINE_COURIER: online.courier,
        C.ONLINE_CROSS_REGION: online.cross_region,
        C.HOURS: guide.hours,
        C.RESULT_NAME: result.name,
        C.RESULT_SAMPLE: result.sample_url,
        C.RESULT_VALIDITY: result.validity,
        C.PACKAGES: "\n".join(guide.packages),
        C.URL: guide.url,
        C.OWNER_DEPARTMENT: guide.owner_department,
        C.REVIEWER: guide.reviewer,
        C.LAST_CHECKED: _day(guide.last_checked),
        C.VALID_FROM: _day(guide.valid_from),
        C.VALID_UNTIL: _day(guide.valid_until),
        C.STATUS: "" if guide.status is GuideStatus.PUBLISHED else _STATUS[guide.status],
        C.VERSION: "" if guide.version == 1 else str(guide.version),
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "是" if value else "否"


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()
