"""How much of a file the importers read before they refuse it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a file, so that a hostile or broken one costs a bounded time and memory."""

    file_bytes: int = 200 * 1024 * 1024
    unpacked_bytes: int = 400 * 1024 * 1024  # of a workbook, which is a ZIP archive
    parts: int = 2_000  # files inside a workbook
    sheets: int = 50
    rows: int = 300_000  # of one sheet or file
    columns: int = 300
    cell_characters: int = 20_000  # well under Excel's 32,767, so that an export always fits
    document_characters: int = 1_000_000
    broken_quotes: int = 100  # records of a CSV file whose quotes never close
    header_within: int = 30  # the header is one of this many first rows that aren't empty


DEFAULT_LIMITS = Limits()
