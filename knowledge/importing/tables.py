"""Records of a table become rows whose cells are known by their column.

A sheet often begins with a title or a note; the header is the row among the first ones that names
most columns. What stands above it is no data.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from knowledge.importing.batch import Notice, Position, excerpt
from knowledge.importing.cleaning import clean_text, is_broken
from knowledge.importing.columns import GATHERED, Column, Header, read_headers
from knowledge.importing.limits import Limits

# A header with this note lists one value a line, so that commas belong to the values.
ONE_A_LINE = "每行一个"


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record as text, and why it can't be read, if so."""

    number: int
    cells: tuple[str, ...] = ()
    problem: str = ""
    problem_at: int = -1  # index of the cell that is the problem
    cut_off: bool = False  # nothing after it was read


@dataclass(frozen=True, slots=True)
class Problem:
    """What makes a row unreadable before its cells are even looked at."""

    reason: str
    column: str = ""
    value: str = ""
    cut_off: bool = False  # nothing after the row was read, so no guide of the table is surely whole


@dataclass(frozen=True, slots=True)
class Row:
    """A row: where it stands, its cleaned cells that aren't empty, and the headers they stood under."""

    position: Position
    cells: Mapping[Column, str]
    headers: Mapping[Column, Header] = field(default_factory=dict)
    problem: Problem | None = None

    def words(self, column: Column) -> str:
        """What the file calls that column."""
        header = self.headers.get(column)
        return header.words if header else column.chinese

    def note(self, column: Column) -> str:
        """The note in brackets beside that column's name."""
        header = self.headers.get(column)
        return header.note if header else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header was found, with its rows still to be read."""

    sheet: str
    headers: tuple[Header, ...]
    rows: Iterable[Row]
    notices: tuple[Notice, ...] = ()


def find_table(sheet: str, records: Iterable[Record], limits: Limits) -> Table | None:
    """The table in these records, or None if no row near the top names a guide's columns."""
    stream = iter(records)
    head: list[Record] = []
    for record in stream:
        if any(record.cells) or record.problem:
            head.append(record)
        if len(head) >= limits.header_within:
            break
    candidates = [read_headers(tuple(clean_text(cell) for cell in record.cells)) for record in head]
    scores = [_score(headers) for headers in candidates]
    best = max(range(len(scores)), key=scores.__getitem__, default=-1)
    if best < 0 or scores[best] == 0:
        return None
    headers, notices = _settle(candidates[best], Position(head[best].number, sheet))
    rows = _rows(sheet, headers, chain(head[best + 1 :], stream), limits)
    return Table(sheet, headers, rows, notices)


def _score(headers: tuple[Header, ...]) -> int:
    known = {header.column for header in headers if header.column}
    return len(known) if known & {Column.GUIDE_ID, Column.MAIN_ITEM} else 0


def _settle(headers: tuple[Header, ...], position: Position) -> tuple[tuple[Header, ...], tuple[Notice, ...]]:
    """The headers to read by; columns that are unknown or come twice are reported."""
    kept: list[Header] = []
    notices: list[Notice] = []
    taken: dict[Column, Header] = {}
    for header in headers:
        column = header.column
        if column is None:
            if not header.meaningless:
                notices.append(Notice(position, header.words, "", "不认识的列，没有导入"))
            continue
        if column in taken and column not in GATHERED:
            reason = f"和“{taken[column].words}”是同一项内容，只用了前一列"
            notices.append(Notice(position, header.words, "", reason))
            continue
        taken.setdefault(column, header)
        kept.append(header)
    return tuple(kept), tuple(notices)


def _rows(
    sheet: str, headers: tuple[Header, ...], records: Iterable[Record], limits: Limits
) -> Iterator[Row]:
    by_column: dict[Column, Header] = {}
    for header in headers:
        by_column.setdefault(header.column, header)  # type: ignore[arg-type]  # _settle kept known columns only
    for record in records:
        position = Position(record.number, sheet)
        cells = _known_cells(record, headers)
        problem = _problem(record, headers, cells, limits)
        if problem is None and (not cells or _repeats_header(cells, by_column)):
            continue
        yield Row(position, cells, by_column, problem)


def _known_cells(record: Record, headers: tuple[Header, ...]) -> dict[Column, str]:
    cells: dict[Column, str] = {}
    for header in headers:
        if header.index >= len(record.cells) or header.column is None:
            continue
        text = clean_text(record.cells[header.index])
        if text:
            column = header.column
            cells[column] = f"{cells[column]}；\n{text}" if column in cells else text
    return cells


def _problem(
    record: Record, headers: tuple[Header, ...], cells: Mapping[Column, str], limits: Limits
) -> Problem | None:
    if record.problem:
        words = next((header.words for header in headers if header.index == record.problem_at), "")
        value = record.cells[record.problem_at] if 0 <= record.problem_at < len(record.cells) else ""
        return Problem(record.problem, words, excerpt(value), record.cut_off)
    for column, text in cells.items():
        if (reason := text_problem(text, limits)) is not None:
            words = next(header.words for header in headers if header.column is column)
            return Problem(reason, words, excerpt(text.encode("utf-8", "replace").decode()))
    return None


def text_problem(text: str, limits: Limits) -> str | None:
    """Why a text can't be taken over, or None."""
    if len(text) > limits.cell_characters:
        return f"内容太长（超过 {limits.cell_characters} 字）"
    if is_broken(text):
        return "含有无法识别的字符，请检查文件的编码"
    return None


def _repeats_header(cells: Mapping[Column, str], headers: Mapping[Column, Header]) -> bool:
    """Whether the row is the header again, as in files that were put together from several."""
    return len(cells) > 1 and all(text == headers[column].words for column, text in cells.items())
