"""Records of a CSV file: any usual delimiter, cells of several lines, quotes that never close."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from knowledge.importing.cleaning import clean_text
from knowledge.importing.columns import recognise
from knowledge.importing.limits import Limits
from knowledge.importing.tables import Record

_DELIMITERS = ",\t;|"
_SAMPLE = 65_536
# A record longer than so many times a cell's limit has a quote that doesn't close.
_RECORD_CELLS = 10


def read_delimited(text: str, limits: Limits) -> Iterator[Record]:
    """The records of the text, numbered from 1 as a spreadsheet numbers its rows.

    A record whose quote never closes is given as a problem, and reading goes on with the line
    after it, so that one stray quote doesn't swallow the file.
    """
    lines = list(io.StringIO(text, newline=""))
    yield from _records(lines, _delimiter(text, limits), limits)


def _delimiter(text: str, limits: Limits) -> str:
    """The delimiter by which the head of the file names most columns; a comma if in doubt."""
    lines = list(io.StringIO(text[:_SAMPLE], newline=""))

    def named(delimiter: str) -> int:
        records = islice(_records(lines, delimiter, limits), limits.header_within)
        return max(
            (sum(recognise(clean_text(c))[0] is not None for c in r.cells) for r in records), default=0
        )

    return max(_DELIMITERS, key=named)


class _Feed:
    """Lines for one `csv.reader`, which stops giving them when a record runs on for too long."""

    def __init__(self, lines: list[str], start: int, most_characters: int) -> None:
        self._lines = lines
        self._most = most_characters
        self.position = start
        self.begin_record()

    def begin_record(self) -> None:
        """Says that the record before is complete."""
        self.record_start = self.position
        self.ran_on = False  # whether the reader asked for more inside a record and got nothing
        self._characters = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self.position >= len(self._lines) or self._characters > self._most:
            self.ran_on = self.position > self.record_start
            raise StopIteration
        line = self._lines[self.position]
        self.position += 1
        self._characters += len(line)
        return line


def _records(lines: list[str], delimiter: str, limits: Limits) -> Iterator[Record]:
    number = broken = start = 0
    while start < len(lines):
        feed = _Feed(lines, start, limits.cell_characters * _RECORD_CELLS)
        reader = csv.reader(feed, delimiter=delimiter)
        for cells in _until_error(reader):
            number += 1
            if number > limits.rows:
                yield Record(number, problem=f"文件超过 {limits.rows} 行，请拆开导入", cut_off=True)
                return
            if cells is None or feed.ran_on:
                break
            yield Record(number, tuple(cells))
            feed.begin_record()
        else:
            return
        broken += 1
        if broken > limits.broken_quotes:
            yield Record(number, problem="引号没有成对的地方太多，请检查文件", cut_off=True)
            return
        head = tuple(lines[feed.record_start].rstrip("\r\n").replace('"', "").split(delimiter))
        yield Record(number, head, "这一行的引号没有成对，读不出来")
        start = feed.record_start + 1


def _until_error(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The records that the reader gives; None, as the last, where it can't go on."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
            return
