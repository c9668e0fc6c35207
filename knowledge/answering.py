"""Answers composed from the fields of guides, each statement with its source.

Nothing here chooses a guide or phrases a fact: a value is written as the guide has it, under the
element's name. `facts` gives the same value in a form that can be compared, so that a question
whose candidates all agree needs no asking back. Pure.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.messages import Source, Statement
from core.statuses import Aspect
from knowledge.guide import Guide, Material, Necessity, Place, Situation

# A list longer than this shows its head first; the rest stands in the statement's `more`.
SHORT_LIST = 5
# So many sources are named where many guides agree.
MOST_SOURCES = 6

LABELS = {
    Aspect.MATERIALS: "所需材料",
    Aspect.PROCESS: "办理流程",
    Aspect.TIME_LIMIT: "承诺办结时限",
    Aspect.FEE: "收费",
    Aspect.LOCATION: "办理地点",
    Aspect.HOURS: "办理时间",
    Aspect.PHONE: "咨询电话",
    Aspect.CONDITIONS: "受理条件",
    Aspect.ONLINE: "网上办理",
    Aspect.RESULT: "办理结果",
}

OVERVIEW = (
    Aspect.CONDITIONS,
    Aspect.MATERIALS,
    Aspect.PROCESS,
    Aspect.TIME_LIMIT,
    Aspect.FEE,
    Aspect.LOCATION,
    Aspect.HOURS,
    Aspect.PHONE,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """The value of one element: its lines in full, and under which element name it is cited."""

    aspect: Aspect
    element: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The value, a line each."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Answer:
    """Statements and the sources that they point to, and the whole as plain text."""

    statements: tuple[Statement, ...]
    sources: tuple[Source, ...]
    text: str
    missing: tuple[Aspect, ...] = ()


def facts(guide: Guide, aspect: Aspect, situation: str = "") -> Fact | None:
    """What the guide says about the aspect, or None where it is silent.

    `situation` picks the situation whose materials count; without one the guide's only situation
    does, or all of them, each under its name.
    """
    read = _READERS.get(aspect)
    lines = read(guide, situation) if read else ()
    return Fact(aspect, LABELS[aspect], lines) if lines else None


def comparable(guide: Guide, aspect: Aspect, situation: str = "") -> str:
    """A key that is equal for two guides exactly when they say the same about the aspect."""
    if aspect is Aspect.GENERAL:
        parts = [comparable(guide, a, situation) for a in OVERVIEW]
        return json.dumps(parts, ensure_ascii=False)
    fact = facts(guide, aspect, situation)
    if fact is None:
        return ""
    lines = sorted(fact.lines) if aspect is Aspect.MATERIALS else fact.lines
    # Numbering and punctuation are no difference in what is said.
    return "\n".join(re.sub(r"^\d+\.|[\s,，。；;:：、（）()]", "", line) for line in lines)


def compose(
    guides: Sequence[tuple[Guide, str]], aspects: Sequence[Aspect], *, heading: str = "", district: str = ""
) -> Answer:
    """The answer to `aspects` from guides that agree on them.

    `guides` are pairs of guide and situation, the one to quote first. `heading` goes above the
    text. Aspects on which the guide is silent are listed in `missing`.
    """
    guide, situation = guides[0]
    wanted = expand(aspects)
    sources: list[Source] = []
    statements: list[Statement] = []
    missing: list[Aspect] = []
    for aspect in wanted:
        fact = facts(guide, aspect, situation)
        if fact is None:
            if aspect in aspects and aspect is not Aspect.PROCESS:
                missing.append(aspect)
            continue
        if aspect is Aspect.LOCATION:
            fact = Fact(fact.aspect, fact.element, _nearest_first(fact.lines, district))
        positions = []
        for other, _ in guides[:MOST_SOURCES]:
            source = _source(other, fact.element)
            if source not in sources:
                sources.append(source)
            positions.append(sources.index(source))
        statements.append(_statement(fact, tuple(positions)))
    text = "\n".join([*([heading] if heading else []), *(_plain(s) for s in statements)])
    return Answer(tuple(statements), tuple(sources), text, tuple(missing))


def expand(aspects: Sequence[Aspect]) -> tuple[Aspect, ...]:
    """The elements to state for these aspects: an overview where nothing precise was asked."""
    if not aspects or Aspect.GENERAL in aspects or tuple(aspects) == (Aspect.PROCESS,):
        return OVERVIEW
    return tuple(dict.fromkeys(aspects))


def _statement(fact: Fact, sources: tuple[int, ...]) -> Statement:
    head, rest = fact.lines[:SHORT_LIST], fact.lines[SHORT_LIST:]
    if fact.aspect is Aspect.MATERIALS:  # a material out of sight is a material left at home
        head, rest = fact.lines, ()
    return Statement(fact.aspect.value, fact.element, "\n".join(head), sources, "\n".join(rest))


def _plain(statement: Statement) -> str:
    value = "\n".join(part for part in (statement.text, statement.more) if part)
    joint = "\n" if "\n" in value else ""
    return f"{statement.label}：{joint}{value}"


def _source(guide: Guide, element: str) -> Source:
    return Source(guide.guide_id, guide.version, element, guide.title, guide.district, guide.url)


def _numbered(lines: Sequence[str]) -> tuple[str, ...]:
    if len(lines) < 2:
        return tuple(lines)
    return tuple(f"{n}. {line}" for n, line in enumerate(lines, 1))


def situations_of(guide: Guide, situation: str) -> tuple[Situation, ...]:
    """The situations that count: the one of that name, or all."""
    if not situation:
        return guide.situations
    return tuple(s for s in guide.situations if s.name == situation) or guide.situations


def _material(material: Material) -> str:
    details = [material.form]
    if material.copies:
        details.append(f"{material.copies}份")
    if material.medium and material.medium != "纸质":
        details.append(material.medium)
    if material.necessity is Necessity.OPTIONAL:
        details.append("非必要，有则提供")
    elif material.necessity is Necessity.DEFERRABLE:
        details.append("可容缺后补")
    if material.exempt:
        details.append("可免提交")
    if material.note:
        details.append(material.note)
    shown = "，".join(d for d in details if d)
    return f"{material.name}（{shown}）" if shown else material.name


def _materials(guide: Guide, situation: str) -> tuple[str, ...]:
    chosen = situations_of(guide, situation)
    if not chosen:
        return ()
    if len(chosen) == 1:
        return _numbered([_material(m) for m in chosen[0].materials]) or ("无需提交材料",)
    lines: list[str] = []
    for one in chosen:
        lines.append(f"【{one.name}】")
        lines.extend(_numbered([_material(m) for m in one.materials]) or ("无需提交材料",))
    return tuple(lines)


def _time_limit(guide: Guide, _: str) -> tuple[str, ...]:
    limit = guide.time_limit
    lines = []
    if limit.promised_days is not None:
        lines.append("当场办结" if limit.promised_days == 0 else f"{limit.promised_days}{limit.unit}")
    if limit.statutory_days is not None and limit.statutory_days != limit.promised_days:
        lines.append(f"法定办结时限{limit.statutory_days}{limit.unit}")
    if limit.handling and lines:
        lines[0] += f"（{limit.handling}）"
    return ("，".join(lines),) if lines else ()


def _fee(guide: Guide, _: str) -> tuple[str, ...]:
    fee = guide.fee
    if fee.charged is None and not fee.standard:
        return ()
    if fee.charged is False:
        return ("不收费",)
    lines = [f"收费，{fee.standard}" if fee.standard else "收费（指南没有写明金额，请以窗口为准）"]
    if fee.reductions:
        lines.append(f"减免：{fee.reductions}")
    return tuple(lines)


def _place(place: Place) -> str:
    head = (
        f"{place.name}：{place.address}" if place.name and place.name not in place.address else place.address
    )
    extras = [e for e in (place.window, place.hours, place.phone) if e and e not in head]
    return "，".join([head, *extras])


def _places(guide: Guide, _: str) -> tuple[str, ...]:
    return _numbered([_place(p) for p in guide.places])


def _nearest_first(lines: Sequence[str], wanted: str) -> tuple[str, ...]:
    """Lines that name the citizen's own district first; their order is otherwise the guide's."""
    short = re.sub(r"(?:区|县|市)$", "", wanted)
    if not short or len(lines) < 2:
        return tuple(lines)
    bare = [re.sub(r"^\d+\. ", "", line) for line in lines]
    own = [line for line in bare if short in line]
    if len(own) in (0, len(bare)):
        return tuple(lines)
    return _numbered([*own, *(line for line in bare if short not in line)])


def _hours(guide: Guide, _: str) -> tuple[str, ...]:
    lines = [line for line in guide.hours.splitlines() if line.strip()]
    if not lines:
        lines = list(
            dict.fromkeys(f"{p.name}：{p.hours}" if p.name else p.hours for p in guide.places if p.hours)
        )
    return tuple(lines)


def _phones(guide: Guide, _: str) -> tuple[str, ...]:
    phones = [(p.label, p.number) for p in guide.phones] or [
        (p.name, p.phone) for p in guide.places if p.phone
    ]
    return tuple(dict.fromkeys(f"{label}：{number}" if label else number for label, number in phones))


def _conditions(guide: Guide, _: str) -> tuple[str, ...]:
    lines = [line.strip() for line in guide.conditions.splitlines() if line.strip()]
    if guide.commitment:
        lines.append(f"告知承诺：{guide.commitment}")
    if guide.deferral:
        lines.append(f"容缺受理：{guide.deferral}")
    return tuple(lines)


def _process(guide: Guide, _: str) -> tuple[str, ...]:
    steps = []
    for step in guide.process:
        details = "，".join(d for d in (step.description, step.duration) if d)
        steps.append(f"{step.name}：{details}" if details else step.name)
    return _numbered(steps)


def _online(guide: Guide, _: str) -> tuple[str, ...]:
    online = guide.online
    lines = []
    if online.fully is not None:
        lines.append("可以全程网上办理" if online.fully else "不能全程网上办理")
    if online.depth:
        lines.append(f"网办深度：{online.depth}")
    if online.url:
        lines.append(f"网办地址：{online.url}")
    if online.visits is not None:
        lines.append(f"到现场次数：{online.visits}次")
    for label, value in (
        ("预约", online.appointment),
        ("快递", online.courier),
        ("通办范围", online.cross_region),
    ):
        if value:
            lines.append(f"{label}：{value}")
    return tuple(lines)


def _result(guide: Guide, _: str) -> tuple[str, ...]:
    result = guide.result
    lines = [result.name] if result.name else []
    if result.validity:
        lines.append(f"有效期：{result.validity}")
    return tuple(lines)


_READERS: dict[Aspect, Callable[[Guide, str], tuple[str, ...]]] = {
    Aspect.MATERIALS: _materials,
    Aspect.PROCESS: _process,
    Aspect.TIME_LIMIT: _time_limit,
    Aspect.FEE: _fee,
    Aspect.LOCATION: _places,
    Aspect.HOURS: _hours,
    Aspect.PHONE: _phones,
    Aspect.CONDITIONS: _conditions,
    Aspect.ONLINE: _online,
    Aspect.RESULT: _result,
}
