"""What an import did, for a person to read and for a program to act on.

A person gets remarks of one kind in one line, unless every single one is asked for; a program
always gets every single one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.importing.batch import Notice, Rejection, Remark

ALL_IN = 0
NOTHING_IN = 1  # something was rejected, so nothing was imported
REST_IN = 3  # something was rejected, the rest was imported

_MOST_REJECTIONS = 50
_MOST_NOTICES = 20
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of one file. `stored` is false where rejections kept all of it out."""

    name: str
    unit: str = "份"
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    rejections: tuple[Rejection, ...] = ()
    notices: tuple[Notice, ...] = ()
    withheld: tuple[str, ...] = ()
    stored: bool = True

    def lines(self, *, in_full: bool = False) -> Iterator[str]:
        """The report in Chinese, a line at a time; in full, with a line for each single remark."""
        yield f"{self.name}：{self._counts()}"
        yield from _remarks("  拒绝 ", self.rejections, _MOST_REJECTIONS, in_full=in_full)
        if self.withheld:
            shown = self.withheld if in_full else self.withheld[:_MOST_NAMES]
            names = "、".join(f"《{name}》" for name in shown)
            more = f" 等 {len(self.withheld)} 份" if len(self.withheld) > len(shown) else ""
            yield f"  没有导入 {names}{more}：指南里有被拒绝的行，为免缺漏，整份不导入"
        yield from _remarks("  注意 ", self.notices, _MOST_NOTICES, in_full=in_full)

    def as_json(self) -> dict[str, Any]:
        """JSON values under the names of the fields, every remark with its place in the file."""
        return {
            "name": self.name, "stored": self.stored,
            "added": self.added, "changed": self.changed, "unchanged": self.unchanged,
            "withdrawn": self.withdrawn, "withheld": list(self.withheld),
            "rejections": [_remark_json(remark) for remark in self.rejections],
            "notices": [_remark_json(remark) for remark in self.notices],
        }  # fmt: skip

    @property
    def is_shortened(self) -> bool:
        """Whether `lines` leaves something out unless it is asked for in full."""
        return len(self.withheld) > _MOST_NAMES or any(
            len(remarks) > min(most, len({(remark.column, remark.reason) for remark in remarks}))
            for remarks, most in ((self.rejections, _MOST_REJECTIONS), (self.notices, _MOST_NOTICES))
        )

    def _counts(self) -> str:
        rejected = f"拒绝 {len(self.rejections)} 处" if self.rejections else "没有拒绝"
        if not self.stored:
            return f"{rejected}，什么都没有导入"
        withdrawn = f"，撤回 {self.withdrawn} {self.unit}" if self.withdrawn else ""
        kinds = (("新增", self.added), ("更新", self.changed), ("未变", self.unchanged))
        counts = "，".join(f"{kind} {count} {self.unit}" for kind, count in kinds)
        return f"{counts}{withdrawn}，{rejected}"


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of all files of one call, and the exit code that says so."""

    reports: tuple[ImportReport, ...] = ()
    keep_going: bool = False
    samples_withdrawn: int = 0
    rejected: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rejected", sum(len(report.rejections) for report in self.reports))

    @property
    def exit_code(self) -> int:
        """0 only if nothing was rejected."""
        if not self.rejected:
            return ALL_IN
        return REST_IN if self.keep_going else NOTHING_IN

    def as_json(self) -> dict[str, Any]:
        """JSON values for a program: what became of each file, with every single remark."""
        return {
            "exit_code": self.exit_code,
            "rejected": self.rejected,
            "samples_withdrawn": self.samples_withdrawn,
            "files": [report.as_json() for report in self.reports],
        }

    @property
    def added(self) -> int:
        """How many are new, over all files."""
        return sum(report.added for report in self.reports)

    @property
    def changed(self) -> int:
        """How many have a new version, over all files."""
        return sum(report.changed for report in self.reports)

    @property
    def unchanged(self) -> int:
        """How many were as they are, over all files."""
        return sum(report.unchanged for report in self.reports)

    def lines(self, *, in_full: bool = False) -> Iterator[str]:
        """The report in Chinese, a line at a time; in full, with a line for each single remark.

        Where it isn't in full and leaves something out, it says how to see that.
        """
        for report in self.reports:
            yield from report.lines(in_full=in_full)
        if not in_full and any(report.is_shortened for report in self.reports):
            yield "以上把同样的问题合并了。加 --all 逐条列出第几行、哪一列、为什么；加 --json 输出 JSON。"
        if self.samples_withdrawn:
            yield f"撤下了 {self.samples_withdrawn} 份示例内容，今后只用您导入的指南回答。"
        if self.exit_code == NOTHING_IN:
            yield "有内容被拒绝，所以什么都没有导入。请改正后重试；加 --keep-going 可以先导入其余的。"


def _remarks(mark: str, remarks: Sequence[Remark], most: int, *, in_full: bool) -> Iterable[str]:
    """A line for each remark, or one for those that differ only in where and what, with their number."""
    if in_full:
        yield from (f"{mark}{remark}" for remark in remarks)
        return
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        groups.setdefault((remark.column, remark.reason), []).append(remark)
    for alike in list(groups.values())[:most]:
        also = f"（同样的共 {len(alike)} 处{_rows_of(alike)}）" if len(alike) > 1 else ""
        yield f"{mark}{alike[0]}{also}"
    if len(groups) > most:
        yield f"{mark}……另有 {len(groups) - most} 种"


def _rows_of(alike: Sequence[Remark]) -> str:
    rows = [str(remark.position) for remark in alike[1:_MOST_NAMES] if remark.row]
    return f"，还有{'、'.join(rows)}{'等' if len(alike) > _MOST_NAMES else ''}" if rows else ""


def _remark_json(remark: Remark) -> dict[str, Any]:
    return {
        "sheet": remark.position.sheet, "row": remark.row, "column": remark.column,
        "value": remark.value, "reason": remark.reason,
    }  # fmt: skip
