"""Third parties and listeners of calls over HTTP, and the WebSocket of who comes by a link.

Offers and answers go over the WebSockets, see `server.signalling`.
"""

import asyncio
import functools
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from core.ending import end_tasks
from core.errors import InvalidInput, NotFound, Unauthenticated
from core.guest_ports import CallGuest
from core.statuses import Role
from server.answers import done, private_json
from server.call_guests import invitation_body, news_for_guest
from server.desk_wire import colleague_json
from server.events import PassingNews, Subscription
from server.guest_screens import topic_of
from server.keys import (
    CALL_GUESTS,
    CALL_LISTENING,
    CALLS,
    FAN_OUT,
    LIMITS,
    SIGNALLING,
    SOCKETS,
)
from server.pages.call.consent import PARAGRAPHS, consent_version
from server.requests import bearer_token, boolean_of, path_text, read_object, text_of
from server.routes_calls import ice_for
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from server.token_sockets import RESUME, found_by_token, new_socket

log = structlog.get_logger(__name__)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    staff, guest = "/api/v1/staff/calls/{call_id}", "/api/v1/calls/{call_id}/guest"
    return [
        web.get("/api/v1/staff/colleagues", list_colleagues),
        web.get("/api/v1/staff/invitations", list_invitations),
        web.post(staff + "/guest", invite),
        web.delete(staff + "/guest", remove),
        web.post(staff + "/visit", answer_as_agent),
        web.delete(staff + "/visit", leave_as_agent),
        web.post(staff + "/listen", begin_listening),
        web.delete(staff + "/listen", end_listening),
        web.post(guest, arrive),
        web.get(guest, show),
        web.delete(guest, leave),
        web.post(guest + "/consent", answer),
        web.get(guest + "/ice", ice),
        web.get(guest + "/events", watch),
    ]


# --- staff -----------------------------------------------------------------------------------------


async def list_colleagues(request: web.Request) -> web.Response:
    """The other agents who are on line now."""
    user = await signed_in(request, *DESK_ROLES)
    agents = await request.app[CALL_GUESTS].colleagues(user)
    return private_json({"agents": [colleague_json(agent) for agent in agents]})


async def list_invitations(request: web.Request) -> web.Response:
    """The calls that this agent is asked into, and the text on recording to agree to."""
    user = await signed_in(request, *DESK_ROLES)
    guests = await request.app[CALL_GUESTS].invitations(user)
    return private_json(
        {
            "invitations": [invitation_body(guest) for guest in guests],
            "consent": {"version": consent_version(), "text": list(PARAGRAPHS)},
        }
    )


async def invite(request: web.Request) -> web.Response:
    """The call's agent invites another agent, or somebody of the citizen's by a link."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    agent = text_of(data, "agent", limit=100)
    companion = text_of(data, "companion", limit=100)
    if bool(agent) == bool(companion):
        raise InvalidInput("agent or companion: one of them is needed")
    call_id = path_text(request, "call_id")
    guest, token = await request.app[CALL_GUESTS].invite(user, call_id, agent=agent, companion=companion)
    return private_json({**invitation_body(guest), "token": token}, status=201)


async def remove(request: web.Request) -> web.Response:
    """The call's agent has the third party leave."""
    user = await signed_in(request, *DESK_ROLES)
    await request.app[CALL_GUESTS].remove(user, path_text(request, "call_id"))
    return done()


async def answer_as_agent(request: web.Request) -> web.Response:
    """An invited agent agrees to be recorded and comes, or refuses."""
    user = await signed_in(request, *DESK_ROLES)
    version, agree = await _answer_of(request)
    guest = await request.app[CALL_GUESTS].guest_of_agent(user, path_text(request, "call_id"))
    return private_json(invitation_body(await request.app[CALL_GUESTS].answer(guest, version, agree=agree)))


async def leave_as_agent(request: web.Request) -> web.Response:
    """An invited agent doesn't come, or leaves."""
    user = await signed_in(request, *DESK_ROLES)
    guest = await request.app[CALL_GUESTS].guest_of_agent(user, path_text(request, "call_id"))
    await request.app[CALL_GUESTS].leave(guest)
    return done()


async def begin_listening(request: web.Request) -> web.Response:
    """A supervisor may hear and see the call."""
    user = await signed_in(request, Role.SUPERVISOR)
    await request.app[CALL_LISTENING].begin(user, path_text(request, "call_id"))
    return done()


async def end_listening(request: web.Request) -> web.Response:
    """A supervisor listens no longer."""
    user = await signed_in(request, Role.SUPERVISOR)
    await request.app[CALL_LISTENING].end(user, path_text(request, "call_id"))
    return done()


# --- who comes by a link ---------------------------------------------------------------------------


async def arrive(request: web.Request) -> web.Response:
    """Uses up the link; the token in the answer is shown this once."""
    data = await read_object(request)
    request.app[LIMITS].check_new_conversation(request)
    invitation = text_of(data, "invitation", limit=100, required=True)
    call_id = path_text(request, "call_id")
    try:
        guest, token = await request.app[CALL_GUESTS].arrive_by_link(call_id, invitation)
    except NotFound:  # whether there is such a call isn't for strangers to know
        raise Unauthenticated("no such link") from None
    return private_json({**_guest(guest), "token": token})


async def show(request: web.Request) -> web.Response:
    """The guest, for a page that was loaded anew."""
    return private_json(_guest(await _guest_of(request)))


async def leave(request: web.Request) -> web.Response:
    """The guest doesn't come, or leaves."""
    await request.app[CALL_GUESTS].leave(await _guest_of(request))
    return done()


async def answer(request: web.Request) -> web.Response:
    """The guest agrees to be recorded, or refuses and isn't let in."""
    guest = await _guest_of(request)
    version, agree = await _answer_of(request)
    return private_json(_guest(await request.app[CALL_GUESTS].answer(guest, version, agree=agree)))


async def ice(request: web.Request) -> web.Response:
    """Servers by which the guest's browser gets through its firewall."""
    guest = await _guest_of(request)
    return ice_for(request, f"guest-{guest.guest_id[:8]}")


async def watch(request: web.Request) -> web.WebSocketResponse:
    """How the call stands, and signalling. The token comes as the subprotocol `bearer.TOKEN`."""
    address = request.app[LIMITS].address_of(request)
    socket = new_socket()
    find = functools.partial(request.app[CALL_GUESTS].guest_by_token, path_text(request, "call_id"))
    if (guest := await found_by_token(request, socket, find)) is None:
        return socket
    topic = topic_of(guest)
    with (
        request.app[SOCKETS].admit(socket, address=address, conversation_id=topic),
        request.app[FAN_OUT].subscribe(topic) as subscription,
    ):
        await socket.prepare(request)
        sender = asyncio.create_task(_send_news(request, socket, guest, subscription), name="watch-guest")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await request.app[SIGNALLING].from_guest(guest, message.data, socket.send_json)
        finally:
            await end_tasks([sender])
    return socket


async def _send_news(
    request: web.Request, socket: web.WebSocketResponse, guest: CallGuest, subscription: Subscription
) -> None:
    try:
        await socket.send_json(news_for_guest(await request.app[CALLS].entry(guest.call_id)))
        async for news in subscription:
            if isinstance(news, PassingNews):
                await socket.send_json(news.body)
    except ConnectionError:
        return
    except Exception:
        log.exception("watching_failed")
    await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=RESUME)


# --- reading and answering -------------------------------------------------------------------------


async def _guest_of(request: web.Request) -> CallGuest:
    """The guest whose token the request bears. Raises Unauthenticated, TooManyRequests."""
    guest = await request.app[CALL_GUESTS].guest_by_token(
        path_text(request, "call_id"), bearer_token(request)
    )
    request.app[LIMITS].check_message(topic_of(guest))
    return guest


async def _answer_of(request: web.Request) -> tuple[str, bool]:
    data = await read_object(request)
    agree = boolean_of(data, "agree")
    return text_of(data, "version", limit=64, required=agree), agree


def _guest(guest: CallGuest) -> dict[str, Any]:
    return {
        "call_id": guest.call_id,
        "name": guest.shown_name,
        "state": guest.state,
        "consented": guest.consented,
    }
