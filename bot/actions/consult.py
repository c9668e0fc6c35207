"""Skill: questions about services. Hands the question to knowledge and the outcome to Rasa."""

from collections.abc import Mapping
from typing import Any

from bot.actions.contract import Outcome, Services, outcome
from bot.actions.tracker import LastTurn, TrackerView
from core.messages import Choice
from core.ports import Consultation, Question
from core.statuses import TurnStatus

# These responses ask whether to bring a person, so a plain 「要」 after them is a wish for one.
OFFER_A_PERSON = frozenset(
    {
        "complaint", "item_not_in_district", "no_guide", "not_in_guide", "other_city", "out_of_scope",
        "own_case", "unclear",
    }
)  # fmt: skip

# Where a complaint found no guide to talk about, it is heard as a complaint.
_NOTHING_FOUND = frozenset({"ask_item", "no_guide", "out_of_scope", "unclear"})


async def consult(tracker: TrackerView, services: Services) -> Outcome:
    """The consultant's outcome for what the citizen said or picked."""
    found = await services.consultant.consult(
        Question(
            text=tracker.text,
            intent=tracker.intent,
            confidence=tracker.confidence,
            focus=tracker.focus,
            picked=tracker.picked,
            district=tracker.district,
        )
    )
    name, status = found.outcome, found.status
    if tracker.intent == "complain" and name in _NOTHING_FOUND:
        name, status = "complaint", TurnStatus.NO_GUIDE
    return outcome(
        name,
        status,
        # Where a guide has no number of its own, the city's answers.
        variables={"hotline": services.hotline, "phone": services.hotline, **found.variables},
        slots={
            "focus": dict(found.focus),
            "last_turn": LastTurn(name, str(status), found.title).as_slot(),
        },
        custom={"trace": _trace(tracker, found), **_contents(found)},
    )


def _contents(found: Consultation) -> dict[str, Any]:
    return {
        "title": found.title,
        "statements": [
            {
                "element": s.element,
                "label": s.label,
                "text": s.text,
                "sources": list(s.sources),
                "more": s.more,
            }
            for s in found.statements
        ],
        "sources": [
            {
                "guide_id": s.guide_id,
                "version": s.version,
                "element": s.element,
                "title": s.title,
                "district": s.district,
                "url": s.url,
            }
            for s in found.sources
        ],
        "choices": [_choice(c) for c in found.choices],
        "timings_ms": dict(found.timings_ms),
    }


def _choice(choice: Choice) -> dict[str, str]:
    return {"title": choice.title, "value": choice.value}


def _trace(tracker: TrackerView, found: Consultation) -> Mapping[str, Any]:
    return {"intent": tracker.intent, "confidence": round(tracker.confidence, 3), **found.trace}
