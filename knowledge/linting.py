"""What an editor should look at in a guide before citizens are sent by it.

Each check is a rule of its own in `RULES`. An error makes the guide mislead or useless; a warning is
something that an editor should see. Pure: the day is given.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from knowledge.guide import Guide, Phone
from knowledge.importing.cleaning import find_masks


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: a stable code, the element it is about, and words for the editor."""

    code: str
    element: str
    severity: Severity
    message: str

    def as_json(self) -> dict[str, str]:
        """The finding for `bangban guides lint --json`."""
        return {
            "code": self.code,
            "element": self.element,
            "severity": self.severity,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class _Context:
    guide: Guide
    today: date


Rule = Callable[[_Context], Iterator[Finding]]


def lint(guide: Guide, *, today: date) -> list[Finding]:
    """All findings about the guide, errors first."""
    context = _Context(guide, today)
    findings = [finding for rule in RULES for finding in rule(context)]
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def lint_all(guides: Sequence[Guide], *, today: date) -> dict[str, list[Finding]]:
    """The findings of each guide that has any, by its id: what `bangban guides lint` prints."""
    together = lint_together(guides)
    found = {guide.guide_id: together.get(guide.guide_id, []) + lint(guide, today=today) for guide in guides}
    return {guide_id: findings for guide_id, findings in found.items() if findings}


def lint_together(guides: Iterable[Guide]) -> dict[str, list[Finding]]:
    """Findings that only show when guides are seen together, by guide id."""
    by_identity: dict[tuple[str, ...], list[str]] = {}
    for guide in guides:
        identity = (guide.district, *guide.parents, "", guide.main_item, guide.business_item)
        by_identity.setdefault(identity, []).append(guide.guide_id)
    findings: dict[str, list[Finding]] = {}
    for ids in by_identity.values():
        for guide_id in ids if len(ids) > 1 else ():
            others = "、".join(other for other in ids if other != guide_id)
            finding = _error("same_item_twice", "guide_id", f"同一区划的同一事项还有别的指南：{others}")
            findings.setdefault(guide_id, []).append(finding)
    return findings


def _error(code: str, element: str, message: str) -> Finding:
    return Finding(code, element, Severity.ERROR, message)


def _warning(code: str, element: str, message: str) -> Finding:
    return Finding(code, element, Severity.WARNING, message)


# --- what a citizen needs -------------------------------------------------------------------------


def _contact(context: _Context) -> Iterator[Finding]:
    guide = context.guide
    if not guide.phones and not any(place.phone for place in guide.places):
        yield _warning("no_phone", "phones", "没有咨询电话")
    if not guide.places and not guide.online.fully:
        yield _warning("no_place", "places", "没有办理地点，也没有写明可以全程网办")
    if guide.places and not guide.hours and not all(place.hours for place in guide.places):
        yield _warning("no_hours", "hours", "没有办理时间")


_MENTIONS_MATERIALS = re.compile(
    r"(?:提供|提交|出具|携带|凭|持)[^。；\n]{0,20}(?:证|表|书|簿|证明|材料|凭证|合同|照片)"
)


def _materials(context: _Context) -> Iterator[Finding]:
    guide = context.guide
    named = [situation.name for situation in guide.situations]
    has_materials = any(situation.materials for situation in guide.situations)
    if not guide.situations:
        yield _warning("no_materials", "situations", "没有写申请材料；不需要材料的，请写“无需材料”")
    elif not has_materials and _MENTIONS_MATERIALS.search(guide.conditions):
        yield _warning("materials_in_conditions", "conditions", "写着无需材料，受理条件里却提到了材料")
    if len(named) > 1 and "" in named:
        yield _warning("unnamed_situation", "situations", "有几种情形，其中一种没有名称")
    for name, count in Counter(named).items():
        if count > 1:
            yield _error("situation_twice", "situations", f"情形“{name}”出现了 {count} 次")
    for situation in guide.situations:
        for name, count in Counter(material.name for material in situation.materials).items():
            if count > 1:
                yield _warning("material_twice", "situations.materials", f"材料“{name}”出现了 {count} 次")


def _time_limit(context: _Context) -> Iterator[Finding]:
    limit = context.guide.time_limit
    if limit.promised_days is None and limit.statutory_days is None:
        yield _warning("no_time_limit", "time_limit", "没有办结时限")
    if (
        limit.promised_days is not None
        and limit.statutory_days is not None
        and limit.promised_days > limit.statutory_days
    ):
        yield _error("promise_over_statute", "time_limit", "承诺办结时限比法定办结时限还长")
    if limit.promised_days and "即办" in limit.handling:
        yield _warning("at_once_with_days", "time_limit", "办件类型是即办件，承诺办结时限却不是当场")


def _fee(context: _Context) -> Iterator[Finding]:
    fee = context.guide.fee
    if fee.charged is None:
        yield _warning("fee_unknown", "fee", "没有写明是否收费")
    elif fee.charged and not fee.standard:
        yield _warning("fee_without_standard", "fee.standard", "要收费，却没有收费标准")
    elif not fee.charged and re.search(r"[1-9]\d*(?:\.\d+)?\s*元", fee.standard):
        yield _error("free_with_amount", "fee.standard", "写着不收费，收费标准里却有金额")


# --- validity --------------------------------------------------------------------------------------


def _validity(context: _Context) -> Iterator[Finding]:
    guide, today = context.guide, context.today
    if guide.valid_until is not None and guide.valid_until < today:
        yield _error("expired", "valid_until", f"已于 {guide.valid_until} 失效，不会再用来回答")
    if guide.valid_from is not None and guide.valid_from > today:
        yield _warning("not_yet_valid", "valid_from", f"{guide.valid_from} 起才生效")
    for basis in guide.legal_basis:
        if basis.repealed_on is not None and basis.repealed_on <= today:
            yield _warning("basis_repealed", "legal_basis", f"依据{basis.title}已于 {basis.repealed_on} 废止")


# --- texts -----------------------------------------------------------------------------------------

_BRACKETS = {"（": "）", "(": ")", "《": "》", "“": "”", "【": "】"}
# Offices write 「（一)」 and 「(一）」 alike; only a bracket without any partner tells of a cut text.
_KIND = str.maketrans("(", "（") | str.maketrans(")", "）")
_CUT_OFF = re.compile(r"(?:[、，,：:（(《]|凭|和|或|及|与)$")


def _unbalanced(text: str) -> bool:
    waiting: list[str] = []
    for sign in text.translate(_KIND):
        if sign in _BRACKETS:
            waiting.append(_BRACKETS[sign])
        elif sign in _BRACKETS.values() and (not waiting or waiting.pop() != sign):
            return True
    return bool(waiting)


def _names(context: _Context) -> Iterator[Finding]:
    guide = context.guide
    names = [("main_item", guide.main_item), ("business_item", guide.business_item)]
    for situation in guide.situations:
        names.append(("situations", situation.name))
        names.extend(("situations.materials", material.name) for material in situation.materials)
    for element, name in dict.fromkeys(names):
        if name and (_unbalanced(name) or _CUT_OFF.search(name)):
            yield _warning("name_cut_off", element, f"“{name}”像是没有写完")


def _masks(context: _Context) -> Iterator[Finding]:
    for element, text in _texts(context.guide.as_json(), ""):
        if find_masks(text):
            yield _error("masked", element, "含有被隐去的内容，如“[手机号]”“138****0000”")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path.lstrip("."), value
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, path)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(entry, f"{path}.{key}")


def _phones(context: _Context) -> Iterator[Finding]:
    guide = context.guide
    listed: list[tuple[str, Phone]] = [("phones", phone) for phone in guide.phones]
    listed += [("complaint_phones", phone) for phone in guide.complaint_phones]
    listed += [("places.phone", Phone(place.phone)) for place in guide.places if place.phone]
    for element, phone in listed:
        if not plausible_phone(phone.number):
            yield _warning("unlikely_phone", element, f"“{phone.number}”不像是电话号码")


def plausible_phone(number: str) -> bool:
    """Whether a number in China could look like this; extensions and country code are allowed."""
    main = re.split(r"[转,，]|(?<=\d{7})\s*[-—]\s*(?=\d{1,5}$)", number)[0]
    digits = re.sub(r"\D", "", main)
    if digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
    area = re.match(r"^(?:010|02\d|0[3-9]\d{2})", digits)
    if area:
        local = digits[area.end() :]
        # An area code may stand before a service number (0431-12393).
        return len(local) in (7, 8) or re.fullmatch(r"(?:12\d{3}|12345|9[56]\d{3,4})", local) is not None
    return (
        re.fullmatch(r"1[3-9]\d{9}|[48]00\d{7}|[2-8]\d{6,7}|1[12]\d|12\d{3}|9[56]\d{3,6}|1\d{4}", digits)
        is not None
    )


RULES: tuple[Rule, ...] = (_contact, _materials, _time_limit, _fee, _validity, _names, _masks, _phones)
