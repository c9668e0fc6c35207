"""Judges replies. Pure.

A judgement holds named marks, true or false; a rate is the share of true ones. The mark `ok` decides
whether the reply is right, the others say how.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.evaluation.cases import Case, CaseKind
from server.evaluation.matching import forbidden_in, letters, says_all, spoken


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: all texts of a reply, the guides it cites, and what kind of act it is."""

    text: str
    kind: str = ""
    guide_ids: tuple[str, ...] = ()
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The marks of one question or turn. `labels` say which figures it counts for."""

    case_id: str
    marks: Mapping[str, bool]
    labels: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the reply was right."""
        return self.marks["ok"]


_ASKS = re.compile(
    "哪个[区县市]|哪一?个?(?:区县|城区|地区)|所在(?:的区|区|地区)|哪一?[种项类个]|请(?:选择|问您|告诉|补充|提供|说明|先)"
    "|您[是想]?(?:要|想)|还是|具体是|什么情况|哪方面|需要确认|选一|回复(?:数字|序号)|以下哪"
)

ASKED = "clarify"
HANDED_OVER = "handoff"


def judge(case: Case, replies: Sequence[Reply]) -> list[Judgement]:
    """The judgements of a case: one, or one a turn."""
    if case.kind is CaseKind.DIALOGUE:
        return _judge_dialogue(case, replies)
    reply = replies[0] if replies else Reply("")
    marks = {
        CaseKind.SINGLE: _judge_single,
        CaseKind.CLARIFY: _judge_clarify,
        CaseKind.REFUSE: _judge_refuse,
        CaseKind.HANDOFF: _judge_handoff,
    }[case.kind](case.row, reply)
    return [Judgement(case.case_id, marks, _labels(case))]


def _labels(case: Case) -> tuple[str, ...]:
    if case.kind is CaseKind.HANDOFF:
        return (str(case.row["expect"]),)
    names = {
        CaseKind.SINGLE: ("category", "aspect"),
        CaseKind.CLARIFY: ("about",),
        CaseKind.REFUSE: ("expect",),
    }
    return tuple(f"{name}={case.row[name]}" for name in names[case.kind] if name in case.row)


def _judge_single(row: Mapping[str, Any], reply: Reply) -> dict[str, bool]:
    ok = says_all(row["gold"], row.get("gold_mode", "all"), reply.text, row.get("k"))
    mixed_up = any(letters(other) in letters(reply.text) for other in row.get("contrast", ()))
    return {
        "ok": ok,
        "strict": ok and not mixed_up,
        "cited": bool(set(reply.guide_ids) & set(row.get("guide_ids", ()))),
        "asked_back": not ok and (reply.kind == ASKED or _ASKS.search(spoken(reply.text)) is not None),
    }


def _judge_clarify(row: Mapping[str, Any], reply: Reply) -> dict[str, bool]:
    named = {option for option in row.get("options_any", ()) if letters(option) in letters(reply.text)}
    strict = len(named) >= row.get("min_options", 2)
    asks = any(letters(words) in letters(reply.text) for words in row.get("ask_any", ()))
    asks = asks or reply.kind == ASKED or (not reply.kind and _ASKS.search(spoken(reply.text)) is not None)
    return {"ok": strict or asks, "strict": strict}


def _judge_refuse(row: Mapping[str, Any], reply: Reply) -> dict[str, bool]:
    marks = {"ok": not reply.guide_ids and not forbidden_in(row.get("must_not", ()), reply.text)}
    if row.get("should_any"):
        marks["help_named"] = any(letters(words) in letters(reply.text) for words in row["should_any"])
    return marks


def _judge_handoff(row: Mapping[str, Any], reply: Reply) -> dict[str, bool]:
    return {"ok": (reply.kind == HANDED_OVER) == (row["expect"] == "handoff")}


# --- dialogues ---------------------------------------------------------------------------------


def _judge_dialogue(case: Case, replies: Sequence[Reply]) -> list[Judgement]:
    judgements = []
    before = Reply("")
    for number, turn in enumerate(case.row["turns"]):
        played = number < len(replies)
        reply = replies[number] if played else Reply("")
        judgements.append(
            Judgement(
                f"{case.case_id}.{number + 1}",
                {"ok": played and _turn_is_right(turn["expect"], reply, before)},
                tuple(f"kind={kind}" for kind in _kinds(turn["expect"])),
            )
        )
        before = reply
    return judgements


def _turn_is_right(expect: Mapping[str, Any], reply: Reply, before: Reply) -> bool:
    if forbidden_in(expect.get("must_not", ()), reply.text):
        return False
    kinds = _kinds(expect)
    gold = says_all(expect.get("gold", ()), expect.get("gold_mode", "all"), reply.text, expect.get("k"))
    if kinds == ["answer"]:
        return gold and _picked_right(expect, reply, before)
    if kinds == ["clarify"]:
        return _judge_clarify(expect, reply)["ok"]
    return (not reply.kind or reply.kind in kinds) and gold


def _picked_right(expect: Mapping[str, Any], reply: Reply, before: Reply) -> bool:
    """Whether the reply is about the option that the citizen picked by its place in the last reply."""
    if not (by_place := expect.get("by_option")):
        return True
    shown = letters(before.text)
    places: list[tuple[int, Mapping[str, Any]]] = []
    for option in by_place["options"]:
        found = [shown.find(letters(name)) for name in option["match"] if letters(name) in shown]
        if found:
            places.append((min(found), option))
    places.sort(key=lambda place: place[0])
    position = by_place["ordinal"] - 1
    if not 0 <= position < len(places):
        return True  # the last reply didn't offer them: then only the facts decide
    option = places[position][1]
    return says_all(option.get("gold", ()), "all", reply.text) and not forbidden_in(
        option.get("must_not", ()), reply.text
    )


def _kinds(expect: Mapping[str, Any]) -> list[str]:
    return list(expect.get("kind_any") or [expect["kind"]])


@dataclass(frozen=True, slots=True)
class Rate:
    """So many right of so many."""

    right: int = 0
    of: int = 0

    @property
    def share(self) -> float:
        """The share of right ones; 0 of nothing."""
        return self.right / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """The rates of some judgements: by mark, and of the mark `ok` by label."""

    marks: Mapping[str, Rate] = field(default_factory=dict)
    labels: Mapping[str, Rate] = field(default_factory=dict)


def tally(judgements: Sequence[Judgement]) -> Tally:
    """The rates of these judgements."""
    marks: dict[str, Rate] = {}
    labels: dict[str, Rate] = {}
    for judgement in judgements:
        for name, value in judgement.marks.items():
            marks[name] = _count(marks.get(name, Rate()), value)
        for label in judgement.labels:
            labels[label] = _count(labels.get(label, Rate()), judgement.right)
    return Tally(marks, dict(sorted(labels.items())))


def _count(rate: Rate, right: bool) -> Rate:
    return Rate(rate.right + right, rate.of + 1)
