"""Skill: declining what isn't the bot's to do, where the words name the city's hotline.

What must be answered even while everything behind Rasa is down, an emergency above all, is a plain
response in the domain.
"""

from bot.actions.contract import Outcome, Services, outcome
from bot.actions.tracker import TrackerView
from core.statuses import TurnStatus


async def protect_others(_tracker: TrackerView, services: Services) -> Outcome:
    """Nothing about other people; where one may ask instead."""
    return outcome("privacy_of_others", TurnStatus.SAFETY, variables={"hotline": services.hotline})
