"""Which items a question may mean, and how sure that is.

A visible scorer. Evidence comes in as numbers — the topic model's probabilities, how much of an
item's names and aliases the question holds, the vectors' similarity, what the conversation is
about — and goes out as weights that add up to one over all items and over `elsewhere`, the matters
that this city has no guide for. Each weight carries its arithmetic. What the citizen left unsaid
never decides: siblings that differ only in that share their weight, so that the dialogue asks. Pure.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.catalogue import Catalogue, CatalogueItem
from knowledge.facets import FacetReading

# Chosen on bench/questions (see docs/measurements.md, Linking).
CONFLICT = 0.03  # a sibling that the citizen's words rule out
CONFLICT_OF_RELATIVES = (
    0.2  # the same for another main item about the same thing (户口簿损毁换领, 户口簿遗失补发)
)
UNSAID = 0.8  # how far siblings that differ only in unsaid facets are levelled
# Where the topic model tells such siblings apart by itself, the words said it in a way that the
# facet reader doesn't know: from the first share of their weight on levelling fades, at the second it ends.
TELLING, TOLD = 0.70, 0.92
NAMED = 1.5  # weight of a name or alias that stands in the question whole
NAME_MIDDLE, NAME_STEEPNESS = 0.72, 14.0
OTHER_OBJECT = 0.3  # a topic about another thing than those named
KEPT_SHARE = 0.27  # of the best item's weight
FOCUS_PRIOR = 0.12
FOCUS_PRIOR_WITHOUT_OBJECT = 2.5
SURE_OF_ANOTHER = 0.7  # a sentence without an object is about the matter in hand, unless this sure of another
SMOOTHING = 0.02  # so that no item of a group in hand is without weight
HISTORY_PRIOR = 0.6
HISTORY_PRIOR_ALONE = 8.0  # 「说回居住证那个」: nothing but the thing is named, so the earlier item is meant


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """How well an item's names agree with the question: cosine of the nearest name."""

    dense: float = 0.0


@dataclass(frozen=True, slots=True)
class LinkInput:
    """Everything that speaks for one item or another.

    `text` has places masked. `topics` are probabilities of the lexicon's topics. `names` holds the
    vector evidence by item key. `focus` and `history` are item keys that the conversation is and
    was about. `objects` are named in the question.
    """

    text: str
    topics: Mapping[str, float]
    facets: FacetReading
    objects: frozenset[str] = frozenset()
    names: Mapping[str, NameEvidence] = field(default_factory=dict)
    focus: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    back_reference: bool = False
    moved_on: bool = False  # the words are known to leave the matter in hand


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item with its weight (all weights and `elsewhere` add up to 1) and why."""

    item: CatalogueItem
    weight: float
    arithmetic: str


@dataclass(frozen=True, slots=True)
class Linking:
    """The outcome: items kept, best first; items rejected; the weight of matters without a guide."""

    kept: tuple[Candidate, ...]
    rejected: tuple[Candidate, ...]
    elsewhere: float
    elsewhere_topic: str = ""
    elsewhere_best: float = 0.0  # the weight of that topic alone

    @property
    def best(self) -> float:
        """The best item's weight, 0 without one."""
        return self.kept[0].weight if self.kept else 0.0

    @property
    def held(self) -> float:
        """The weight of all kept items together."""
        return sum(c.weight for c in self.kept)


def link(given: LinkInput, catalogue: Catalogue) -> Linking:
    """The items that `given` speaks for."""
    weights: dict[str, float] = {}
    notes: dict[str, list[str]] = {}
    elsewhere, elsewhere_topic, elsewhere_best = 0.0, "", 0.0
    for topic, chance in given.topics.items():
        probability = chance * _object_share(given.objects, catalogue.topic_objects.get(topic, frozenset()))
        items = catalogue.by_topic.get(topic)
        if not items:
            elsewhere += probability
            if probability > elsewhere_best:
                elsewhere_best, elsewhere_topic = probability, topic
            continue
        for item in items:
            weights[item.key] = probability / len(items)
            notes[item.key] = [f"话题{probability / len(items):.3f}"]
    settled = max(weights.values(), default=0.0)
    for item in catalogue.items.values():
        _add_name(item, given, weights, notes, room=max(0.0, 1 - settled))
    _add_conversation(given, catalogue, weights, notes)
    _rule_out(given, catalogue, weights, notes)
    _level_unsaid(given, catalogue, weights, notes)
    total = sum(weights.values()) + elsewhere
    if total <= 0:
        return Linking((), (), 1.0, elsewhere_topic)
    ranked = sorted(
        (
            Candidate(catalogue.items[k], w / total, _arithmetic(notes[k], w / total))
            for k, w in weights.items()
        ),
        key=lambda c: (-c.weight, c.item.key),
    )
    kept = tuple(c for c in ranked if c.weight >= KEPT_SHARE * ranked[0].weight and c.weight > 1e-4)
    rejected = tuple(ranked[len(kept) :][:10])
    return Linking(kept, rejected, elsewhere / total, elsewhere_topic, elsewhere_best / total)


def _object_share(named: frozenset[str], of_topic: frozenset[str]) -> float:
    """Less than 1 where the question names things and the topic is about others."""
    return OTHER_OBJECT if named and of_topic and not named & of_topic else 1.0


def _add_name(
    item: CatalogueItem,
    given: LinkInput,
    weights: dict[str, float],
    notes: dict[str, list[str]],
    *,
    room: float,
) -> None:
    """Adds what the item's names say; `room` is what the topics leave undecided."""
    coverage = max((name_coverage(name, given.text) for name in _names(item)), default=0.0)
    dense = given.names[item.key].dense if item.key in given.names else 0.0
    # An item that the lexicon knows is found by its topic; a name speaks for it only when complete.
    score = coverage if item.topic else max(coverage, 0.55 * coverage + 0.45 * _dense_share(dense))
    strength = NAMED / (1 + math.exp(-NAME_STEEPNESS * (score - NAME_MIDDLE)))
    if item.topic:
        strength *= 0.3 if coverage > 0.99 else 0.0
    elif coverage < 0.99:  # a likeness of names only counts where the lexicon is unsure
        strength *= room
    if strength > 0.01:
        weights[item.key] = weights.get(item.key, 0.0) + strength
        notes.setdefault(item.key, []).append(f"名称{strength:.3f}")


def _names(item: CatalogueItem) -> Iterable[str]:
    if item.business and item.business != item.main:
        yield f"{item.main}{item.business}"
        if len(_telling(item.business)) >= 4:  # 「居住地申请」 alone names nothing
            yield item.business
    else:
        yield item.main
    yield from item.aliases


_GENERIC = re.compile(r"申请|申领|办理|登记|审批|确认|申报|服务|居民|的|在当地|按照|条件|本市|事项|业务")


def name_coverage(name: str, text: str) -> float:
    """The share of the name's telling character pairs that stand in the text, 0 to 1."""
    telling = _telling(name) or name
    if len(telling) < 2:
        return 0.0
    if telling in text:
        return 1.0
    pairs = {telling[i : i + 2] for i in range(len(telling) - 1)}
    return sum(pair in text for pair in pairs) / len(pairs)


def _telling(name: str) -> str:
    """The name without what any name may hold."""
    return _GENERIC.sub("", re.sub(r"[（(].*?[)）]", "", name))


def _dense_share(cosine: float) -> float:
    """E5's cosines crowd between 0.75 and 0.95; this spreads them over 0 to 1."""
    return min(max((cosine - 0.80) / 0.12, 0.0), 1.0)


def _add_conversation(
    given: LinkInput, catalogue: Catalogue, weights: dict[str, float], notes: dict[str, list[str]]
) -> None:
    spoken_of = {*given.focus, *(given.history if given.back_reference else ())}
    another = max((w for key, w in weights.items() if key not in spoken_of), default=0.0)
    sure_of_another = given.moved_on or another >= SURE_OF_ANOTHER
    focus = [catalogue.items[k] for k in given.focus if k in catalogue.items]
    leans = not given.objects and not sure_of_another and not given.back_reference
    prior = FOCUS_PRIOR_WITHOUT_OBJECT if leans else FOCUS_PRIOR
    for item, share in zip(focus, _shares([weights.get(i.key, 0.0) for i in focus]), strict=True):
        if given.objects and not given.objects & item.objects:
            continue
        weights[item.key] = weights.get(item.key, 0.0) + prior * share
        notes.setdefault(item.key, []).append(f"正在谈{prior * share:.2f}")
    if given.back_reference and not (sure_of_another and not given.objects):
        # 「居住证那个」 may be the one in hand or one before it.
        for key in (*(given.focus if given.objects else ()), *given.history):
            item_before = catalogue.items.get(key)
            if item_before and (not given.objects or given.objects & item_before.objects):
                prior = HISTORY_PRIOR if given.facets.meant.get("act") else HISTORY_PRIOR_ALONE
                weights[key] = weights.get(key, 0.0) + prior
                notes.setdefault(key, []).append(f"谈过{prior:.2f}")
                break


def _shares(weights: Sequence[float]) -> list[float]:
    """How a prior for a group is spread: as the question's own words speak for each of it."""
    smoothed = [weight + SMOOTHING for weight in weights]
    return [weight / sum(smoothed) for weight in smoothed]


def _rule_out(
    given: LinkInput, catalogue: Catalogue, weights: dict[str, float], notes: dict[str, list[str]]
) -> None:
    for key in weights:
        item = catalogue.items[key]
        family = catalogue.siblings(item)
        relatives = catalogue.of_same_object(item)
        for facet, value in item.facets.items():
            meant = given.facets.meant.get(facet)
            denied = given.facets.denied.get(facet, frozenset())
            if meant and value not in meant:
                if any(s.facets.get(facet) in meant for s in family):
                    weights[key] *= CONFLICT
                    notes[key].append(f"{facet}不符×{CONFLICT}")
                elif any(s.facets.get(facet) in meant for s in relatives):
                    weights[key] *= CONFLICT_OF_RELATIVES
                    notes[key].append(f"{facet}不符×{CONFLICT_OF_RELATIVES}")
            if value in denied and not (meant and value in meant):
                weights[key] *= CONFLICT
                notes[key].append(f"{facet}已排除×{CONFLICT}")


def _level_unsaid(
    given: LinkInput, catalogue: Catalogue, weights: dict[str, float], notes: dict[str, list[str]]
) -> None:
    before = dict(weights)
    for key in list(before):
        item = catalogue.items[key]
        twins = [
            s
            for s in catalogue.siblings(item)
            if s.key in before and differ_only_unsaid(item, s, given.facets)
        ]
        together = sum(before[t.key] for t in twins)
        if len(twins) > 1 and together > 0:
            share = max(before[t.key] for t in twins) / together
            level = UNSAID
            if not given.facets.unmentioned & _differing(item, twins):
                level *= min(max((TOLD - share) / (TOLD - TELLING), 0.0), 1.0)
            weights[key] = level * together / len(twins) + (1 - level) * before[key]
            notes[key].append(f"未说明情形，{len(twins)}项平分{level:.2f}")


def differ_only_unsaid(one: CatalogueItem, other: CatalogueItem, said: FacetReading) -> bool:
    """Whether two siblings state different facets, and only such as the citizen didn't speak of.

    An item is its own twin.
    """
    if one.key == other.key:
        return True
    different = [f for f in one.facets.keys() & other.facets.keys() if one.facets[f] != other.facets[f]]
    return bool(different) and not any(said.meant.get(f) or said.denied.get(f) for f in different)


def _differing(item: CatalogueItem, twins: Sequence[CatalogueItem]) -> frozenset[str]:
    """The facets that tell the item from its twins."""
    return frozenset(f for f, value in item.facets.items() if any(t.facets.get(f) != value for t in twins))


def _arithmetic(parts: Sequence[str], weight: float) -> str:
    return f"{'，'.join(parts)} → {weight:.3f}"
