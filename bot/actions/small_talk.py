"""Skill: courtesies that depend on settings or on what was said before.

All other small talk is a plain response in the domain. Nothing here touches `focus`.
"""

from bot.actions.consult import OFFER_A_PERSON, consult
from bot.actions.contract import Outcome, Services, outcome
from bot.actions.handover import accept_offer
from bot.actions.tracker import TrackerView
from core.statuses import TurnStatus


async def introduce(tracker: TrackerView, services: Services) -> Outcome:
    """A greeting, or an honest word on who is talking."""
    name = "bot_identity" if tracker.intent == "bot_identity" else "greet"
    return outcome(name, TurnStatus.SMALL_TALK, variables={"bot_name": services.bot_name})


async def affirm(tracker: TrackerView, services: Services) -> Outcome:
    """Yes: to the bot's question, to its offer of a person, or just a nod."""
    if tracker.last_turn.asked_back:
        return await consult(tracker, services)
    if tracker.last_turn.outcome in OFFER_A_PERSON:
        return accept_offer(tracker)
    return outcome("affirm", TurnStatus.SMALL_TALK)


async def deny(tracker: TrackerView, services: Services) -> Outcome:
    """No: to the bot's question, else to nothing in particular."""
    if tracker.last_turn.asked_back:
        return await consult(tracker, services)
    return outcome("deny", TurnStatus.SMALL_TALK)
