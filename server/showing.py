"""The agent shows the citizen something, and both point at it.

What may be shown, and where one can point, are rules of `video.showing`. What is shown is in the log;
a point goes to the other side as passing news and is kept nowhere. Holder and log are read anew for each
point: another replica of the service may have changed them. Knows no HTTP.
"""

from typing import Any

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.ports import ConversationEvent, ConversationStore, User
from core.statuses import Aspect
from knowledge.answering import facts
from server.desk import Desk
from server.desk_guides import DeskGuides
from server.events import EventFanOut
from server.kept_files import KeptFiles
from video import showing
from video.call import Party
from video.showing import Point, Shown


class Showing:
    """The use case."""

    def __init__(
        self,
        store: ConversationStore,
        desk: Desk,
        *,
        kept: KeptFiles,
        guides: DeskGuides,
        fan_out: EventFanOut,
    ) -> None:
        self._store = store
        self._desk = desk
        self._kept = kept
        self._guides = guides
        self._fan_out = fan_out

    # --- showing -----------------------------------------------------------------------------------

    async def show_file(self, user: User, conversation_id: str, file_id: str) -> ConversationEvent:
        """Opens a file of the conversation on the citizen's page. Raises NotFound, Conflict."""
        await self._desk.check_holds(user.name, conversation_id)
        file = await self._kept.find(conversation_id, file_id)
        body = {
            "what": showing.FILE,
            "file_id": file.file_id,
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "by": user.name,
        }
        return await self._desk.write(user, conversation_id, showing.SHOW, body)

    async def show_element(
        self, user: User, conversation_id: str, guide_id: str, element: Aspect, situation: str = ""
    ) -> ConversationEvent:
        """Opens what the published guide says about an element on the citizen's page.

        Raises InvalidInput where the guide is silent about it, NotFound, Conflict.
        """
        await self._desk.check_holds(user.name, conversation_id)
        guide = await self._guides.published(guide_id)
        if situation and situation not in {each.name for each in guide.situations}:
            raise InvalidInput("situation: the guide has none of that name")
        fact = facts(guide, element, situation) if element in showing.ELEMENTS else None
        if fact is None:
            raise InvalidInput("element: the guide says nothing about it")
        body: dict[str, Any] = {
            "what": showing.ELEMENT,
            "guide_id": guide.guide_id,
            "version": guide.version,
            "title": guide.title,
            "district": guide.district,
            "situation": situation,
            "element": element.value,
            "label": fact.element,
            "lines": list(fact.lines),
            "by": user.name,
        }
        return await self._desk.write(user, conversation_id, showing.SHOW, body)

    async def close_as_agent(self, user: User, conversation_id: str, show: int) -> None:
        """The agent takes it away; what is closed already stays closed. Raises NotFound, Conflict."""
        await self._desk.check_holds(user.name, conversation_id)
        if await self._is_open(conversation_id, show):
            body = {"show": show, "by": user.name}
            await self._desk.write(user, conversation_id, showing.SHOW_ENDED, body, once=f"show {show}")

    async def close_as_citizen(self, conversation_id: str, show: int) -> None:
        """The citizen has seen enough; what is closed already stays closed. Raises NotFound."""
        if not await self._is_open(conversation_id, show):
            return
        body = {"show": show, "by": Party.CITIZEN.value}
        event, is_new = await self._store.append(
            conversation_id, showing.SHOW_ENDED, body, delivery_key=f"show_ended:{show}"
        )
        if is_new:
            self._fan_out.publish(event)

    # --- pointing ----------------------------------------------------------------------------------

    async def point_as_agent(self, user: User, point: Point) -> None:
        """Tells the citizen where the agent points.

        Raises Forbidden for who doesn't hold the conversation, Conflict for what isn't shown (any more),
        InvalidInput for a place that it doesn't have.
        """
        if await self._desk.holder_of(point.conversation_id) != user.name:
            raise Forbidden("another agent's conversation, or none of an agent")
        await self._tell(point.conversation_id, Party.AGENT, point)

    async def point_as_citizen(self, conversation_id: str, point: Point) -> None:
        """Tells the agent where the citizen points. Raises Conflict, InvalidInput."""
        if not await self._desk.holder_of(conversation_id):
            raise Conflict("no agent holds the conversation")
        await self._tell(conversation_id, Party.CITIZEN, point)

    async def _tell(self, conversation_id: str, by: Party, point: Point) -> None:
        shown = showing.check_open(await self._shown(conversation_id, point.show), point.show)
        shown.check(point.mark)
        self._fan_out.announce(
            conversation_id,
            showing.point_news(by.value, point),
            to_staff=by is Party.CITIZEN,
            to_citizen=by is Party.AGENT,
        )

    # --- how it stands -----------------------------------------------------------------------------

    async def _is_open(self, conversation_id: str, show: int) -> bool:
        """Whether it still is. Raises NotFound for a number under which nothing was shown."""
        shown = await self._shown(conversation_id, show)
        return shown is not None and shown.show == show

    async def _shown(self, conversation_id: str, show: int) -> Shown | None:
        """What is open now, by the events from that one on. Raises NotFound if that one shows nothing."""
        shown, after = None, show - 1
        while page := await self._store.events(conversation_id, after):
            if after < show and (page[0].sequence != show or page[0].kind != showing.SHOW):
                break  # whatever a client names, no more than a page of the log is read for it
            for event in page:
                shown = showing.shown_after(shown, event.sequence, event.kind, event.body)
            after = page[-1].sequence
        if after < show:
            raise NotFound("nothing was shown under that number")
        return shown
