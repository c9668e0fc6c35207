"""The desk's WebSocket: the inbox's news, the events of the agent's conversations, and signalling.

`?after=ID:SEQ` (once for each conversation) resumes without a gap; without it a conversation's new
events come. Who is signed out while it is open is cut off at the next sign of life.
"""

import asyncio
from collections.abc import Mapping

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from core.ending import end_tasks
from core.errors import BangbanError, InvalidInput, Unavailable
from core.ports import ConversationEvent, User
from server.desk_events import Screen
from server.desk_wire import full_event_json
from server.events import CatchUp, PassingNews
from server.keys import CONVERSATIONS, DESK, LIMITS, POINTING, SCREENS, SIGNALLING, SOCKETS
from server.papers_part import closing_desk
from server.requests import MAX_INTEGER
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from video.signalling import MAX_FRAME_BYTES

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 15
SIGN_OF_LIFE_SECONDS = 10
SIGNED_OUT = 4401
RESUME = b"resume with after"
MOST_FOLLOWED = 50


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/api/v1/staff/events", watch)]


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Streams the desk's news until the agent goes."""
    user = await signed_in(request, *DESK_ROLES)
    known = _after_of(request)
    await request.app[DESK].agent_of(user)
    own = {handover.conversation_id for handover in await request.app[DESK].own(user.name)}
    # Only own conversations are resumed: what one no longer holds isn't one's to read.
    after = {conversation_id: known.get(conversation_id, -1) for conversation_id in own}
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES)
    address = request.app[LIMITS].address_of(request)
    with (
        closing_desk(request.app, user.name),
        request.app[SOCKETS].admit(socket, address=address, conversation_id=f"desk of {user.name}"),
        request.app[SCREENS].open(user, after) as screen,
    ):
        # Accepted or left while the screen wasn't open yet: nothing told it.
        now_own = {handover.conversation_id for handover in await request.app[DESK].own(user.name)}
        for conversation_id in own - now_own:
            request.app[SCREENS].unfollow(screen, conversation_id)
        for conversation_id in now_own - own:
            request.app[SCREENS].follow(user.name, conversation_id)
        await socket.prepare(request)
        await request.app[DESK].touch(user.name)
        tasks = [
            asyncio.create_task(_send_news(request, socket, screen), name="watch-desk"),
            asyncio.create_task(_show_life(request, socket, user), name="show-desk-alive"),
        ]
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                said = (user, message.data, socket.send_json)
                if not await request.app[POINTING].from_agent(*said):
                    await request.app[SIGNALLING].from_agent(*said)
        finally:
            await end_tasks(tasks)
    return socket


async def _send_news(request: web.Request, socket: web.WebSocketResponse, screen: Screen) -> None:
    """Sends what is published; a gap in a conversation's numbers sends it to the store."""

    async def send(event: ConversationEvent) -> None:
        await socket.send_json({"conversation_id": event.conversation_id, **full_event_json(event)})
        screen.sent[event.conversation_id] = event.sequence

    async def catch_up(conversation_id: str) -> None:
        last = screen.sent.get(conversation_id, 0)
        for event in await request.app[CONVERSATIONS].transcript(conversation_id, last):
            await send(event)

    code = WSCloseCode.TRY_AGAIN_LATER
    try:
        for conversation_id in tuple(screen.sent):
            await catch_up(conversation_id)
        async for news in screen.subscription:
            if isinstance(news, PassingNews):
                named = {"conversation_id": news.conversation_id} if news.conversation_id else {}
                await socket.send_json({**named, **news.body})
            elif isinstance(news, CatchUp):
                if news.conversation_id in screen.following:
                    await catch_up(news.conversation_id)
            elif screen.wants(news):
                await send(news)
            elif not screen.has(news):
                await catch_up(news.conversation_id)
    except ConnectionError:
        return
    except Unavailable as error:
        log.warning("watching_interrupted", code=error.code, reason=str(error))
    except Exception:
        log.exception("watching_failed")
        code = WSCloseCode.INTERNAL_ERROR
    await socket.close(code=code, message=RESUME)


async def _show_life(request: web.Request, socket: web.WebSocketResponse, user: User) -> None:
    """Notes every few seconds that the desk is open, and closes it when the session has ended.

    The WebSocket's heartbeat closes a connection whose other side is gone, and this with it.
    """
    while True:
        await asyncio.sleep(SIGN_OF_LIFE_SECONDS)
        try:
            await signed_in(request, *DESK_ROLES)
            await request.app[DESK].touch(user.name)
        except Unavailable as error:
            log.warning("sign_of_life_lost", code=error.code)
        except BangbanError:
            await socket.close(code=SIGNED_OUT, message=b"signed out")
            return


def _after_of(request: web.Request) -> Mapping[str, int]:
    """The last numbers that the client has. Raises InvalidInput."""
    known = {}
    for written in request.query.getall("after", [])[:MOST_FOLLOWED]:
        conversation_id, _, number = written.rpartition(":")
        if not number.isascii() or not number.isdigit() or int(number) > MAX_INTEGER:
            raise InvalidInput("after: ID:SEQ is needed")
        known[conversation_id] = int(number)
    return known
