"""What the cells of one row say about its guide, taken over into the guide's draft."""

from collections.abc import Callable, Sequence
from typing import Any

from knowledge.guide import Faq, LegalBasis, Material, Necessity, Phone, Place, ProcessStep
from knowledge.importing.batch import Position
from knowledge.importing.cells import (
    UnreadableCell,
    read_copies,
    read_date,
    read_necessity,
    read_yes_no,
    reads_as_medium,
)
from knowledge.importing.cleaning import (
    find_masks,
    is_absent,
    on_one_line,
    says_no_materials,
    says_no_situation,
    split_entries,
    split_words,
)
from knowledge.importing.columns import Column
from knowledge.importing.draft import SINGLE, Draft, SituationDraft, UnreadableRow
from knowledge.importing.listings import read_faq, read_legal_bases, read_steps
from knowledge.importing.phones import read_phones
from knowledge.importing.places import read_places
from knowledge.importing.tables import ONE_A_LINE, Row

# Tells the editor of something that was left out: where, which column, its words, why.
Notify = Callable[[Position, Column, str, str], None]

C = Column
_SINGLE = frozenset(SINGLE)
_PLACE_PARTS = (
    C.PLACE_ADDRESS,
    C.PLACE_NAME,
    C.PLACE_WINDOW,
    C.PLACE_PHONE,
    C.PLACE_HOURS,
    C.PLACE_MAP_POINT,
)
_PHONE_COLUMNS = (C.PHONES, C.PHONE_NUMBER, C.PHONE_LABEL)
_COMPLAINT_COLUMNS = (C.COMPLAINT_PHONES, C.COMPLAINT_NUMBER, C.COMPLAINT_LABEL)


def take_over(draft: Draft, row: Row, notice: Notify) -> None:
    """Takes the whole row over. Raises UnreadableRow for a cell that can't be read or contradicts."""
    cells = row.cells
    for column in cells:
        if column in _SINGLE:
            draft.state(column, row)
    if C.FEE_CHARGED in cells:
        _check_charge(draft, row, notice)
    if C.SITUATION in cells or C.MATERIAL in cells:
        _take_materials(draft, row, notice)
    if C.PLACES in cells or any(column in cells for column in _PLACE_PARTS):
        _take_places(draft, row, notice)
    _take_phones(row, notice, _PHONE_COLUMNS, draft.phones)
    _take_phones(row, notice, _COMPLAINT_COLUMNS, draft.complaint_phones)
    word_lists = {C.ALIASES: draft.aliases, C.AUDIENCES: draft.audiences, C.PACKAGES: draft.packages}
    for column, words in word_lists.items():
        if column in cells:
            words.update(dict.fromkeys(words_of(row, column)))
    _take_listings(draft, row, notice)


def _check_charge(draft: Draft, row: Row, notice: Notify) -> None:
    charge = draft.single[C.FEE_CHARGED].value
    if charge.charged is None and charge.words:
        notice(row.position, C.FEE_CHARGED, charge.words, "看不出是否收费，照原文放进了收费标准")


def _take_materials(draft: Draft, row: Row, notice: Notify) -> None:
    cells = row.cells
    name = on_one_line(cells.get(C.SITUATION, ""))
    name = "" if says_no_situation(name) else name
    situation = draft.situations.setdefault(name, SituationDraft())
    situation.description = situation.description or cells.get(C.SITUATION_DESCRIPTION, "")
    text = cells.get(C.MATERIAL, "")
    exact = C.MATERIAL_ORDINAL in cells
    if says_no_materials(text):
        return
    for entry in (text,) if exact else split_entries(text) or (text,):
        if not says_no_materials(entry):
            situation.materials.setdefault(_material(row, notice, entry, exact=exact))


def _material(row: Row, notice: Notify, name: str, *, exact: bool) -> Material:
    cells = row.cells
    form, medium, note = (
        cells.get(column, "") for column in (C.MATERIAL_FORM, C.MATERIAL_MEDIUM, C.MATERIAL_NOTE)
    )
    if form and not medium and not exact and reads_as_medium(form):
        form, medium = "", form
    copies = None
    if C.MATERIAL_COPIES in cells:
        try:
            copies = read_copies(cells[C.MATERIAL_COPIES])
        except UnreadableCell:
            notice(
                row.position, C.MATERIAL_COPIES, cells[C.MATERIAL_COPIES], "不是数字，照原文放进了材料说明"
            )
            note = "；".join(part for part in (note, f"份数：{cells[C.MATERIAL_COPIES]}") if part)
    return Material(
        name=name,
        form="" if is_absent(form) else form,
        medium="" if is_absent(medium) else medium,
        copies=copies,
        necessity=_read(row, C.MATERIAL_NECESSITY, read_necessity) or Necessity.REQUIRED,
        source=_text(row, C.MATERIAL_SOURCE),
        sample_url=_text(row, C.MATERIAL_SAMPLE),
        blank_form_url=_text(row, C.MATERIAL_BLANK_FORM),
        note="" if is_absent(note) else note,
        exempt=bool(_read(row, C.MATERIAL_EXEMPT, read_yes_no)),
    )


def _take_places(draft: Draft, row: Row, notice: Notify) -> None:
    parts = [_text(row, column) for column in _PLACE_PARTS]
    listed = read_places(row.cells.get(C.PLACES, ""))
    if not any(parts):
        draft.places.update(dict.fromkeys(listed))
        return
    address, name, window, phone, hours, map_point = parts
    if not address and len(listed) == 1:
        address, name = listed[0].address, name or listed[0].name
    if address:
        draft.places.setdefault(Place(address, name, window, phone, hours, map_point))
        return
    draft.places.update(dict.fromkeys(listed))
    reason = "一格里有几个地点，窗口等对应不上，没有导入" if listed else "没有地址，窗口等没有导入"
    column = next(column for column, part in zip(_PLACE_PARTS, parts, strict=True) if part)
    notice(row.position, column, row.cells[column], reason)


def _take_phones(row: Row, notice: Notify, columns: Sequence[Column], into: dict[Phone, None]) -> None:
    listed, number, label = columns
    if number_text := _text(row, number):
        if find_masks(number_text):
            notice(row.position, number, number_text, "号码被隐去，没有导入")
        else:
            into.setdefault(Phone(number_text, _text(row, label)))
    if listed not in row.cells:
        return
    text = row.cells[listed]
    found = read_phones(text)
    into.update(dict.fromkeys(found.phones))
    if found.masked:
        notice(row.position, listed, text, "号码被隐去，没有导入")
    if found.leftover:
        notice(row.position, listed, found.leftover, "这些文字不是电话号码，没有导入")


def _take_listings(draft: Draft, row: Row, notice: Notify) -> None:
    cells = row.cells
    if C.LEGAL_BASIS in cells:
        draft.legal_basis.update(dict.fromkeys(read_legal_bases(cells[C.LEGAL_BASIS])))
    if C.PROCESS in cells:
        draft.process.update(dict.fromkeys(read_steps(cells[C.PROCESS])))
    if C.FAQ in cells and not is_absent(cells[C.FAQ]):
        pairs = read_faq(cells[C.FAQ])
        draft.faq.update(dict.fromkeys(pairs))
        if not pairs:
            notice(row.position, C.FAQ, cells[C.FAQ], "请写成“问：… 答：…”的形式，没有导入")
    if title := _first_of(row, C.BASIS_TITLE, (C.BASIS_ARTICLE, C.BASIS_URL)):
        draft.legal_basis.setdefault(
            LegalBasis(
                title, _text(row, C.BASIS_ARTICLE), _text(row, C.BASIS_URL),
                _read(row, C.BASIS_EFFECTIVE_FROM, read_date), _read(row, C.BASIS_REPEALED_ON, read_date),
            )
        )  # fmt: skip
    if name := _first_of(row, C.STEP_NAME, (C.STEP_DESCRIPTION, C.STEP_DURATION)):
        draft.process.setdefault(
            ProcessStep(name, _text(row, C.STEP_DESCRIPTION), _text(row, C.STEP_DURATION))
        )
    if question := _first_of(row, C.FAQ_QUESTION, (C.FAQ_ANSWER,)):
        if not (answer := _text(row, C.FAQ_ANSWER)):
            raise UnreadableRow(C.FAQ_ANSWER, "", "有问题，没有解答")
        draft.faq.setdefault(Faq(question, answer))


def _text(row: Row, column: Column) -> str:
    text = row.cells.get(column, "")
    return "" if is_absent(text) else text


def words_of(row: Row, column: Column) -> tuple[str, ...]:
    """The words of a cell that lists names."""
    text = row.cells[column]
    if row.note(column) == ONE_A_LINE:
        return tuple(dict.fromkeys(text.split("\n")))
    return split_words(text)


def _read(row: Row, column: Column, reader: Callable[[str], Any]) -> Any:
    text = row.cells.get(column, "")
    if not text:
        return None
    try:
        return reader(text)
    except UnreadableCell as error:
        raise UnreadableRow(column, text, str(error)) from None


def _first_of(row: Row, needed: Column, others: Sequence[Column]) -> str:
    """The cell that names an entry; empty if the row has none. Raises UnreadableRow for a nameless one."""
    text = _text(row, needed)
    if not text and any(_text(row, column) for column in others):
        raise UnreadableRow(needed, "", "缺少这一项")
    return text
