"""What an agent sends from a guide: a card with its facts and their sources, a checklist of materials.

Composed from the published version by the same code as the bot's answers, so that an agent's card
says nothing that the guide doesn't.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from core.errors import InvalidInput, NotFound
from core.ports import ConversationEvent, KnowledgeStore, User
from core.statuses import Aspect
from knowledge.answering import compose, situations_of
from knowledge.guide import Guide
from server.desk import Desk


class DeskGuides:
    """Sends guide cards and checklists as the agent who holds the conversation."""

    def __init__(self, desk: Desk, store: KnowledgeStore, *, today: Callable[[], date]) -> None:
        self._desk = desk
        self._store = store
        self._today = today

    async def send_card(
        self, user: User, conversation_id: str, guide_id: str, situation: str = ""
    ) -> ConversationEvent:
        """Sends the guide's card. Raises NotFound (guide or conversation), Conflict."""
        guide = await self.published(guide_id)
        answer = compose([(guide, situation)], [Aspect.GENERAL], district=guide.district)
        body = {
            "guide_id": guide.guide_id,
            "version": guide.version,
            "title": guide.title,
            "district": guide.district,
            "statements": [asdict(statement) for statement in answer.statements],
            "sources": [asdict(source) for source in answer.sources],
            "by": user.name,
        }
        return await self._desk.write(user, conversation_id, "guide_card", body)

    async def send_checklist(
        self, user: User, conversation_id: str, guide_id: str, *, situation: str, checked: Collection[str]
    ) -> ConversationEvent:
        """Sends which of the guide's materials are there. Raises InvalidInput, NotFound, Conflict."""
        guide = await self.published(guide_id)
        if situation and situation not in {each.name for each in guide.situations}:
            raise InvalidInput("situation: the guide has none of that name")
        names = _material_names(guide, situation)
        if unknown := set(checked) - set(names):
            raise InvalidInput(f"checked: {len(unknown)} that the guide doesn't ask for")
        body: Mapping[str, Any] = {
            "guide_id": guide.guide_id,
            "version": guide.version,
            "title": guide.title,
            "situation": situation,
            "items": [{"name": name, "checked": name in checked} for name in names],
            "by": user.name,
        }
        return await self._desk.write(user, conversation_id, "checklist", body)

    async def published(self, guide_id: str) -> Guide:
        """The guide as published. Raises NotFound for one that nobody may be answered from today."""
        record = await self._store.guide(guide_id)
        if record is None:
            raise NotFound("no such guide, or none that is published")
        guide = replace(Guide.from_json(record.body), version=record.version, status=record.status)
        if not guide.answerable_on(self._today()):
            raise NotFound("that guide isn't in force today")
        return guide


def _material_names(guide: Guide, situation: str) -> list[str]:
    """The names of the materials, each once, in the guide's order."""
    materials = (material for each in situations_of(guide, situation) for material in each.materials)
    return list(dict.fromkeys(material.name for material in materials))
