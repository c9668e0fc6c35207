"""A report as an XLSX workbook for people. The one adapter of openpyxl in the service."""

import io
from collections.abc import Iterable, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from server.report_words import words_for
from server.reports import Report, Spread

Cell = str | float | int | None
Rows = Iterable[Sequence[Cell]]

_SPREAD = ("次数", "平均（秒）", "中位（秒）", "九成以内（秒）", "最长（秒）")
_FORMULA = ("=", "+", "-", "@")


def as_workbook(report: Report) -> bytes:
    """The report as the bytes of an XLSX file, a sheet for each kind of figures."""
    book = Workbook(write_only=True)
    period = f"{report.first.isoformat()} 至 {report.last.isoformat()}"
    _sheet(
        book,
        "总览",
        ("项目", *_SPREAD),
        [
            ("时间", period),
            ("找人工", report.handovers),
            ("通话", report.calls),
            ("接通的通话", report.calls_answered),
            ("录像的通话", report.calls_recorded),
            ("等候时间", *_figures(report.waits)),
            ("接待时间", *_figures(report.service)),
            ("通话时间", *_figures(report.call_time)),
        ],
    )
    _sheet(
        book,
        "分类",
        ("类别", "值", "次数"),
        [
            *_counts("状态", "states", report.states),
            *_counts("方式", "modes", report.modes),
            *_counts("结果", "outcomes", report.outcomes),
            *_counts("原因", "reasons", report.reasons),
            *_counts("通话方式", "call_modes", report.call_modes),
            *_counts("通话结束", "call_ends", report.call_ends),
            *_counts("通话质量", "call_quality", report.call_quality),
            *_counts("评价", "ratings", report.ratings),
        ],
    )
    _sheet(
        book,
        "分时",
        ("时", "找人工", "通话"),
        [(each.hour, each.handovers, each.calls) for each in report.hours],
    )
    _sheet(
        book,
        "等候预估",
        ("项目", "值"),
        [(words_for("estimate_error", name), value) for name, value in report.estimate_error.items()],
    )
    _sheet(
        book,
        "坐席",
        ("坐席", "接待", "通话", "评价", "平均分", *_SPREAD),
        [(a.agent, a.taken, a.calls, a.ratings, a.score, *_figures(a.service)) for a in report.agents],
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _figures(spread: Spread) -> Sequence[Cell]:
    return spread.count, spread.mean, spread.median, spread.worst_tenth, spread.longest


def _counts(shown: str, kind: str, counted: Mapping[str, int]) -> Rows:
    return [(shown, words_for(kind, code), count) for code, count in counted.items()]


def _sheet(book: Workbook, name: str, heading: Sequence[str], rows: Rows) -> None:
    sheet = book.create_sheet(name)
    for number, width in enumerate((22, *[16] * (len(heading) - 1)), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    cells = []
    for text in heading:
        cell = WriteOnlyCell(sheet, value=text)
        cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)
    for row in rows:
        sheet.append([_harmless(each) for each in row])


def _harmless(value: Cell) -> Cell:
    """A text that a spreadsheet takes for a text: none of what people wrote is a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
