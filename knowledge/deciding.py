"""From candidates to an act: answer, ask back, or say that there is no guide.

Given the items a question may mean and the guides that describe them, finds out on what the answer
still depends. If all guides that may be meant say the same, nothing needs asking; otherwise one
short question is asked about what makes the difference: the item, the district or the situation.
Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.statuses import Aspect
from knowledge.answering import comparable, expand
from knowledge.catalogue import CatalogueItem
from knowledge.guide import Guide


class Act(StrEnum):
    """What the dialogue does next."""

    ANSWER = "answer"
    ASK_ITEM = "ask_item"
    ASK_DISTRICT = "ask_district"
    ASK_SITUATION = "ask_situation"


@dataclass(frozen=True, slots=True)
class Described:
    """A guide that may be meant: its item, the district asked for, and the situation if chosen."""

    item: CatalogueItem
    district: str
    guide: Guide
    situation: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The act, with the guides to answer from, or the items or districts to offer."""

    act: Act
    guides: tuple[Described, ...] = ()
    items: tuple[tuple[CatalogueItem, ...], ...] = ()
    districts: tuple[str, ...] = ()


def decide(described: Sequence[Described], aspects: Sequence[Aspect], *, district_known: bool) -> Decision:
    """The act for these guides, of which there is at least one; the likeliest item's come first."""
    wanted = expand(aspects)
    values = {id(d): tuple(comparable(d.guide, a, d.situation) for a in wanted) for d in described}
    if len(set(values.values())) == 1:
        return Decision(Act.ANSWER, guides=tuple(described))
    items = list({d.item.key: d.item for d in described}.values())
    by_district: dict[str, set[tuple[str, ...]]] = {}
    for one in described:
        by_district.setdefault(one.district, set()).add(values[id(one)])
    depends_on_item = any(len(found) > 1 for found in by_district.values())
    families = {item.main for item in items}
    if depends_on_item and len(families) > 1:
        return Decision(Act.ASK_ITEM, items=_by_family(items))
    if not district_known and _depends_on_district(described, values):
        return Decision(Act.ASK_DISTRICT, districts=tuple(by_district))
    if depends_on_item and len(items) > 1:
        return Decision(Act.ASK_SITUATION, items=tuple((item,) for item in items))
    # One item, several situations of its guide.
    return Decision(Act.ANSWER, guides=tuple(described))


def open_situations(guide: Guide, aspects: Sequence[Aspect], text: str) -> tuple[str, ...]:
    """The situations to choose from: more than one only where the materials asked for differ.

    Words of the question that name a situation settle it.
    """
    named = [s for s in guide.situations if s.name]
    if len(named) < 2 or Aspect.MATERIALS not in aspects:
        return ()
    if len({comparable(guide, Aspect.MATERIALS, s.name) for s in named}) == 1:
        return ()
    scores = {s.name: situation_score(s.name, text) for s in named}
    best = max(scores.values())
    winners = [name for name, score in scores.items() if score == best]
    if best >= 0.5 and len(winners) == 1:
        return (winners[0],)
    return tuple(s.name for s in named)


def situation_score(name: str, text: str) -> float:
    """The share of the situation's telling character pairs that the text holds, 0 to 1."""
    telling = re.sub(r"[（）()、，,；;\s]|的|情形|情况|办理|申请|本人", "", name)
    if len(telling) < 2:
        return 1.0 if telling and telling in text else 0.0
    pairs = {telling[i : i + 2] for i in range(len(telling) - 1)}
    return sum(pair in text for pair in pairs) / len(pairs)


def _depends_on_district(described: Sequence[Described], values: Mapping[int, tuple[str, ...]]) -> bool:
    by_item: dict[str, set[tuple[str, ...]]] = {}
    for one in described:
        by_item.setdefault(one.item.key, set()).add(values[id(one)])
    return any(len(found) > 1 for found in by_item.values())


def _by_family(items: Sequence[CatalogueItem]) -> tuple[tuple[CatalogueItem, ...], ...]:
    families: dict[str, list[CatalogueItem]] = {}
    for item in items:
        families.setdefault(item.main, []).append(item)
    return tuple(tuple(family) for family in families.values())
