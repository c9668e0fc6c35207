"""Skill: the wish for a person. Says that it is there and what is known; the server acts on it."""

from bot.actions.contract import Outcome, Services, outcome
from bot.actions.tracker import TrackerView
from core.statuses import HandoverMode, TurnStatus


async def hand_over(tracker: TrackerView, services: Services) -> Outcome:
    """A handover by text, or by video where the citizen asked to be seen."""
    if tracker.intent == "request_video":
        return _handover(tracker, HandoverMode.VIDEO, reason="asked")
    return _handover(tracker, HandoverMode.TEXT, reason="asked")


def accept_offer(tracker: TrackerView) -> Outcome:
    """A handover by text, because the citizen said yes when the bot offered one."""
    return _handover(tracker, HandoverMode.TEXT, reason=tracker.last_turn.outcome)


def _handover(tracker: TrackerView, mode: HandoverMode, *, reason: str) -> Outcome:
    wish = {"mode": str(mode), "topic": tracker.last_turn.title, "reason": reason}
    return outcome(
        "handover_video" if mode is HandoverMode.VIDEO else "handover",
        TurnStatus.WAITING_FOR_AGENT,
        custom={
            "handover": wish,
            "trace": {"intent": tracker.intent, "confidence": round(tracker.confidence, 3)},
        },
    )
