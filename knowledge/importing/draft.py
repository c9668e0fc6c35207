"""A guide while its rows come in: what they stated so far, and the guide that it makes.

Single-valued elements may be repeated by every row but not contradicted; lists add up, each entry
once, in the order of the file.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.guide import (
    Faq,
    Fee,
    Guide,
    LegalBasis,
    Material,
    Online,
    Phone,
    Place,
    ProcessStep,
    Result,
    Situation,
    TimeLimit,
)  # fmt: skip
from knowledge.importing.batch import Position
from knowledge.importing.cells import (
    WORKING_DAYS,
    Charge,
    Duration,
    UnreadableCell,
    read_charge,
    read_count,
    read_date,
    read_duration,
    read_status,
    read_yes_no,
    unit_in,
)  # fmt: skip
from knowledge.importing.cleaning import is_absent
from knowledge.importing.columns import Column
from knowledge.importing.tables import Row

C = Column
_READERS: Mapping[Column, Callable[[str], Any]] = {
    C.PROMISED_DAYS: read_duration,
    C.STATUTORY_DAYS: read_duration,
    C.FEE_CHARGED: read_charge,
    C.ONLINE_FULLY: read_yes_no,
    C.ONLINE_VISITS: read_count,
    C.LAST_CHECKED: read_date,
    C.VALID_FROM: read_date,
    C.VALID_UNTIL: read_date,
    C.STATUS: read_status,
    C.VERSION: read_count,
}
TEXTS = (
    C.BASIC_CODE,
    C.IMPLEMENTATION_CODE,
    C.BUSINESS_CODE,
    C.ITEM_TYPE,
    C.LEVEL,
    C.AUTHORITY,
    C.CONDITIONS,
    C.COMMITMENT,
    C.DEFERRAL,
    C.TIME_UNIT,
    C.HANDLING,
    C.FEE_STANDARD,
    C.FEE_BASIS,
    C.FEE_REDUCTIONS,
    C.ONLINE_DEPTH,
    C.ONLINE_URL,
    C.ONLINE_APPOINTMENT,
    C.ONLINE_COURIER,
    C.ONLINE_CROSS_REGION,
    C.HOURS,
    C.RESULT_NAME,
    C.RESULT_SAMPLE,
    C.RESULT_VALIDITY,
    C.URL,
    C.OWNER_DEPARTMENT,
    C.REVIEWER,
)
SINGLE = (*TEXTS, *_READERS)


class UnreadableRow(ValueError):
    """A row that can't be taken over: which column of it, and why."""

    def __init__(self, column: Column, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Stated:
    """What a single-valued element was stated as, and where first."""

    text: str
    value: Any
    position: Position
    note: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a guide from another where a file gives no ids."""

    district: str
    parents: tuple[str, ...]
    main_item: str
    business_item: str

    def derived_id(self) -> str:
        """An id that the same names always give."""
        words = "\n".join((self.district, *self.parents, "", self.main_item, self.business_item))
        return f"g-{hashlib.sha256(words.encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        """「朝阳区 · 某事项（某办理项）」."""
        item = self.main_item or "（没有事项名称）"
        if self.business_item and self.business_item != self.main_item:
            item = f"{item}（{self.business_item}）"
        return f"{self.district} · {item}" if self.district else item


@dataclass(slots=True)
class SituationDraft:
    """A situation's description and its materials, each once."""

    description: str = ""
    materials: dict[Material, None] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """What the rows of one guide stated so far. `spoiled` once one of them was rejected."""

    identity: Identity
    guide_id: str
    position: Position
    spoiled: bool = False
    single: dict[Column, Stated] = field(default_factory=dict)
    situations: dict[str, SituationDraft] = field(default_factory=dict)
    places: dict[Place, None] = field(default_factory=dict)
    phones: dict[Phone, None] = field(default_factory=dict)
    complaint_phones: dict[Phone, None] = field(default_factory=dict)
    legal_basis: dict[LegalBasis, None] = field(default_factory=dict)
    process: dict[ProcessStep, None] = field(default_factory=dict)
    faq: dict[Faq, None] = field(default_factory=dict)
    aliases: dict[str, None] = field(default_factory=dict)
    audiences: dict[str, None] = field(default_factory=dict)
    packages: dict[str, None] = field(default_factory=dict)

    def state(self, column: Column, row: Row) -> None:
        """Takes over a single-valued cell. Raises UnreadableRow if it can't be read or contradicts."""
        text = row.cells[column]
        before = self.single.get(column)
        if before is not None and before.text == text:
            return
        try:
            value = _READERS[column](text) if column in _READERS else text
        except UnreadableCell as error:
            raise UnreadableRow(column, text, str(error)) from None
        if before is None:
            if column in _READERS or not is_absent(text):
                self.single[column] = Stated(text, value, row.position, row.note(column))
        elif before.value != value:
            raise UnreadableRow(column, text, f"和{before.position}写的“{before.text[:20]}”不一致")

    def guide(self) -> Guide:
        """The guide that the rows make."""
        identity = self.identity
        status = self._value(C.STATUS)
        optional = {"status": status} if status is not None else {}
        return Guide(
            guide_id=self.guide_id or identity.derived_id(),
            district=identity.district,
            main_item=identity.main_item,
            business_item=identity.business_item,
            parents=identity.parents,
            aliases=tuple(self.aliases),
            basic_code=self._text(C.BASIC_CODE),
            implementation_code=self._text(C.IMPLEMENTATION_CODE),
            business_code=self._text(C.BUSINESS_CODE),
            item_type=self._text(C.ITEM_TYPE),
            level=self._text(C.LEVEL),
            authority=self._text(C.AUTHORITY),
            audiences=tuple(self.audiences),
            legal_basis=tuple(self.legal_basis),
            conditions=self._text(C.CONDITIONS),
            commitment=self._text(C.COMMITMENT),
            deferral=self._text(C.DEFERRAL),
            situations=tuple(
                Situation(n, tuple(s.materials), s.description) for n, s in self.situations.items()
            ),
            time_limit=self._time_limit(),
            fee=self._fee(),
            process=tuple(self.process),
            online=self._online(),
            places=tuple(self.places),
            hours=self._text(C.HOURS),
            phones=tuple(self.phones),
            complaint_phones=tuple(self.complaint_phones),
            faq=tuple(self.faq),
            packages=tuple(self.packages),
            result=Result(
                self._text(C.RESULT_NAME), self._text(C.RESULT_SAMPLE), self._text(C.RESULT_VALIDITY)
            ),
            url=self._text(C.URL),
            owner_department=self._text(C.OWNER_DEPARTMENT),
            reviewer=self._text(C.REVIEWER),
            last_checked=self._value(C.LAST_CHECKED),
            valid_from=self._value(C.VALID_FROM),
            valid_until=self._value(C.VALID_UNTIL),
            version=self._value(C.VERSION) or 1,
            **optional,
        )

    def dropped_statutory_limit(self) -> Stated | None:
        """The statutory limit, if its unit isn't the promised one's: the guide has one unit for both."""
        stated = self.single.get(C.STATUTORY_DAYS)
        if stated is None or stated.value is None or self._promised() is None:
            return None
        return stated if self._unit(stated) != self._unit(self.single[C.PROMISED_DAYS]) else None

    def _value(self, column: Column) -> Any:
        stated = self.single.get(column)
        return stated.value if stated else None

    def _text(self, column: Column) -> str:
        return self._value(column) or ""

    def _promised(self) -> Duration | None:
        return self._value(C.PROMISED_DAYS)  # type: ignore[no-any-return]  # read_duration put it there

    def _unit(self, stated: Stated) -> str:
        """The unit of a limit: its own, its header's, the unit column's, or working days."""
        duration: Duration = stated.value
        return duration.unit or unit_in(stated.note) or self._text(C.TIME_UNIT) or WORKING_DAYS

    def _time_limit(self) -> TimeLimit:
        promised, statutory = self._promised(), self._value(C.STATUTORY_DAYS)
        if self.dropped_statutory_limit() is not None:
            statutory = None
        leading = self.single.get(C.PROMISED_DAYS if promised is not None else C.STATUTORY_DAYS)
        unit = (
            self._unit(leading)
            if leading and leading.value is not None
            else self._text(C.TIME_UNIT) or WORKING_DAYS
        )
        handling = self._text(C.HANDLING) or ("即办件" if promised is not None and promised.at_once else "")
        return TimeLimit(
            promised_days=promised.count if promised is not None else None,
            statutory_days=statutory.count if statutory is not None else None,
            handling=handling,
            unit=unit,
        )

    def _fee(self) -> Fee:
        charge: Charge = self._value(C.FEE_CHARGED) or Charge(None)
        standard = self._text(C.FEE_STANDARD) or charge.words
        charged = charge.charged
        if charged is None and standard:
            charged = read_charge(standard).charged
        return Fee(charged, standard, self._text(C.FEE_BASIS), self._text(C.FEE_REDUCTIONS))

    def _online(self) -> Online:
        return Online(
            fully=self._value(C.ONLINE_FULLY),
            depth=self._text(C.ONLINE_DEPTH),
            url=self._text(C.ONLINE_URL),
            visits=self._value(C.ONLINE_VISITS),
            appointment=self._text(C.ONLINE_APPOINTMENT),
            courier=self._text(C.ONLINE_COURIER),
            cross_region=self._text(C.ONLINE_CROSS_REGION),
        )
