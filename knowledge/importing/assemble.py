"""Rows grouped to guides: one row for a guide, or many, one for each material, place or phone."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from knowledge.guide import Guide
from knowledge.importing.batch import Notice, Position, Rejection, excerpt
from knowledge.importing.cleaning import is_absent, on_one_line
from knowledge.importing.columns import Column
from knowledge.importing.draft import Draft, Identity, UnreadableRow
from knowledge.importing.soundness import unsound
from knowledge.importing.statements import take_over, words_of
from knowledge.importing.tables import Problem, Row

C = Column
_NAMES = (C.GUIDE_ID, C.DISTRICT, C.MAIN_ITEM, C.BUSINESS_ITEM)
_ELEMENTS = frozenset(column.value for column in Column)


class Assembler:
    """Takes rows one by one; gives the guides at the end. Rejections and notices add up on the way."""

    def __init__(self, district: str = "") -> None:
        self._default_district = district
        self._drafts: list[Draft] = []
        self._by_id: dict[str, Draft] = {}
        self._by_identity: dict[Identity, Draft] = {}
        self._noticed: set[tuple[int, str, str]] = set()
        self.rejections: list[Rejection] = []
        self.notices: list[Notice] = []
        self._cut_off = False

    def add(self, rows: Iterable[Row]) -> None:
        """Takes the rows over; each that can't be is rejected, and the guide it belongs to is spoiled."""
        for row in rows:
            draft = None
            try:
                draft = self._draft_of(row)
                if row.problem is None:
                    take_over(draft, row, partial(self._notice, draft))
                    continue
                problem = row.problem
            except UnreadableRow as error:
                problem = row.problem or Problem(error.reason, row.words(error.column), error.value)
            self.reject(row.position, problem.column, problem.value, problem.reason)
            self._cut_off = self._cut_off or problem.cut_off
            if draft is not None:
                draft.spoiled = True

    def cut_off(self) -> None:
        """Notes that reading stopped short: any guide may lack rows, so all will be withheld."""
        self._cut_off = True

    def reject(self, position: Position, column: str, value: str, reason: str) -> None:
        """Notes that something didn't go in."""
        self.rejections.append(Rejection(position, column, excerpt(value), reason))

    def finish(self) -> tuple[list[Guide], list[str], set[str]]:
        """The guides, the names of those withheld, and the ids that were derived."""
        guides: list[Guide] = []
        withheld: list[str] = []
        derived: set[str] = set()
        for draft in self._drafts:
            self._check_whole(draft)
            if draft.spoiled or self._cut_off:
                withheld.append(str(draft.identity))
                continue
            guide = draft.guide()
            if (reason := unsound(guide)) is not None:
                element, words = reason
                self.reject(draft.position, _chinese(element), "", words)
                withheld.append(str(draft.identity))
                continue
            if (stated := draft.dropped_statutory_limit()) is not None:
                self._notice(
                    draft,
                    stated.position,
                    C.STATUTORY_DAYS,
                    stated.text,
                    "和承诺办结时限的单位不同，没有导入",
                )
            if not draft.guide_id:
                derived.add(guide.guide_id)
            guides.append(guide)
        return guides, withheld, derived

    # --- which guide a row belongs to ------------------------------------------------------------

    def _draft_of(self, row: Row) -> Draft:
        """The draft that the row adds to, begun if there is none yet. Raises UnreadableRow."""
        cells = {column: on_one_line(row.cells[column]) for column in _NAMES if column in row.cells}
        guide_id = cells.get(C.GUIDE_ID, "")
        business = cells.get(C.BUSINESS_ITEM, "")
        identity = Identity(
            cells.get(C.DISTRICT, "") or self._default_district,
            words_of(row, C.PARENTS) if C.PARENTS in row.cells else (),
            cells.get(C.MAIN_ITEM, ""),
            "" if is_absent(business) else business,
        )
        if not guide_id:
            for column, name in ((C.DISTRICT, identity.district), (C.MAIN_ITEM, identity.main_item)):
                if is_absent(name):
                    raise UnreadableRow(column, name, "缺少这一项，不知道是哪份指南")
        draft = self._by_id.get(guide_id) if guide_id else self._by_identity.get(identity)
        if draft is None:
            return self._begin(identity, guide_id, row)
        if guide_id and identity != draft.identity:
            self._complete_identity(draft, identity, row)
        return draft

    def _begin(self, identity: Identity, guide_id: str, row: Row) -> Draft:
        draft = Draft(identity, guide_id, row.position)
        self._drafts.append(draft)
        if guide_id:
            self._by_id[guide_id] = draft
        twin = self._by_identity.setdefault(identity, draft)
        if twin is not draft and guide_id and twin.guide_id and identity.main_item:
            reason = f"区划和事项名称与{twin.position}的指南（编号 {twin.guide_id}）完全相同"
            self._notice(draft, row.position, C.GUIDE_ID, guide_id, reason)
        return draft

    def _complete_identity(self, draft: Draft, identity: Identity, row: Row) -> None:
        """Adds names that earlier rows of the same id left out. Raises UnreadableRow on contradiction."""
        known = draft.identity
        pairs: tuple[tuple[Column, Any, Any], ...] = (
            (C.DISTRICT, known.district, on_one_line(row.cells.get(C.DISTRICT, ""))),
            (C.PARENTS, known.parents, identity.parents),
            (C.MAIN_ITEM, known.main_item, identity.main_item),
            (C.BUSINESS_ITEM, known.business_item, identity.business_item),
        )
        for column, before, now in pairs:
            if before and now and before != now:
                raise UnreadableRow(column, row.cells[column], f"同一编号，却和{draft.position}写的不一致")
        draft.identity = Identity(
            known.district or identity.district, known.parents or identity.parents,
            known.main_item or identity.main_item, known.business_item or identity.business_item,
        )  # fmt: skip

    def _check_whole(self, draft: Draft) -> None:
        if draft.spoiled:
            return
        for column, name in ((C.DISTRICT, draft.identity.district), (C.MAIN_ITEM, draft.identity.main_item)):
            if is_absent(name):
                self.reject(draft.position, column.chinese, name, "缺少这一项")
                draft.spoiled = True
                return

    def _notice(self, draft: Draft, position: Position, column: Column, value: str, reason: str) -> None:
        """Notes something once for a guide, though each of its rows may repeat the cell."""
        key = (id(draft), column, reason + value)
        if key not in self._noticed:
            self._noticed.add(key)
            self.notices.append(Notice(position, column.chinese, excerpt(value), reason))


def _chinese(element: str) -> str:
    return Column(element).chinese if element in _ELEMENTS else element
