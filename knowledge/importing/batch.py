"""What reading a file gave: guides, rejections and notices.

A rejection is something that didn't go in and that an editor must put right. A notice is something
that an editor should know though the guide went in.
"""

from dataclasses import dataclass, field

from knowledge.guide import Guide

EXCERPT = 40


def excerpt(value: str) -> str:
    """The head of a cell on one line, to quote it in a message."""
    flat = " ".join(value.split())
    return flat if len(flat) <= EXCERPT else flat[:EXCERPT] + "…"


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a file something stands, as an editor counts; row 0 is the file or sheet itself."""

    row: int = 0
    sheet: str = ""
    unit: str = "行"

    def __str__(self) -> str:
        """「工作表“材料”第 3 行」; empty for the file itself."""
        sheet = f"工作表“{self.sheet}”" if self.sheet else ""
        return f"{sheet}第 {self.row} {self.unit}" if self.row else sheet


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell, row or file, in words for the editor."""

    position: Position
    column: str
    value: str
    reason: str

    @property
    def row(self) -> int:
        """The row that it is about; 0 for the whole file or sheet."""
        return self.position.row

    def __str__(self) -> str:
        """「第 3 行“承诺办结时限”列：看不懂的时限（内容：看情况）」."""
        where = str(self.position)
        column = f"“{self.column}”列" if self.column else ""
        quoted = f"（内容：{self.value}）" if self.value else ""
        head = f"{where}{column}"
        return f"{head}：{self.reason}{quoted}" if head else f"{self.reason}{quoted}"


class Rejection(Remark):
    """A row, or a whole file, that didn't go in."""

    __slots__ = ()


class Notice(Remark):
    """Something left out or doubtful of a row that did go in."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ImportedBatch:
    """The guides of one file, and all that was wrong with it.

    `withheld` names guides of which a row was rejected: with a material missing they would send
    citizens home, so they stay out as a whole. `derived_ids` are ids that the file didn't give
    and that were derived from the names.
    """

    name: str = ""
    guides: tuple[Guide, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notices: tuple[Notice, ...] = ()
    withheld: tuple[str, ...] = ()
    derived_ids: frozenset[str] = field(default=frozenset())
