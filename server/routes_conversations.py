"""The conversations API: start, say something, read, watch, ask for a person, rate."""

import asyncio
import functools

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from connectors.registry import API_CHANNELS
from core.ending import end_tasks
from core.errors import InvalidInput, Unavailable
from core.messages import HandoverWish
from core.ports import Conversation, ConversationEvent
from core.statuses import HandoverMode
from server.access import access_conversation_by_token
from server.answers import done, private_json
from server.citizen_access import conversation_of
from server.citizen_text import MAX_CHARACTERS
from server.conversation_cookie import remember_conversation
from server.events import CatchUp, PassingNews, Subscription
from server.keys import (
    CALLS,
    CONVERSATION_STORE,
    CONVERSATIONS,
    DESK,
    DESK_ROUNDS,
    FAN_OUT,
    HANDOVERS,
    LIMITS,
    POINTING,
    RATINGS,
    SEEN_ON_PAGE,
    SIGNALLING,
    SOCKETS,
)
from server.papers_part import citizen_page_closed
from server.requests import integer_of, moment_of, query_integer, read_object, text_of
from server.token_sockets import RESUME, found_by_token, new_socket
from server.wire import event_json, handover_json, transcript_json, turn_json

log = structlog.get_logger(__name__)

NEEDS = frozenset({"", "elderly", "disabled"})


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/conversations"
    return [
        web.post(base, start),
        web.get(base + "/{id}", read),
        web.post(base + "/{id}/messages", say),
        web.get(base + "/{id}/events", watch),
        web.post(base + "/{id}/handover", request_person),
        web.delete(base + "/{id}/handover", leave_queue),
        web.post(base + "/{id}/callback", ask_for_call_back),
        web.post(base + "/{id}/message", leave_message),
        web.post(base + "/{id}/rating", rate),
    ]


async def start(request: web.Request) -> web.Response:
    """Starts a conversation; the token in the answer is shown this once."""
    data = await read_object(request)
    request.app[LIMITS].check_new_conversation(request)
    channel = text_of(data, "channel", limit=32) or "web"
    if channel not in API_CHANNELS:
        raise InvalidInput("channel: unknown")
    district = text_of(data, "district", limit=100)
    started = await request.app[CONVERSATIONS].start(channel, district)
    response = private_json({"id": started.conversation_id, "token": started.token}, status=201)
    response.headers["Location"] = f"/api/v1/conversations/{started.conversation_id}"
    if channel == "web":
        remember_conversation(request, response, started)
    return response


async def say(request: web.Request) -> web.Response:
    """Takes a citizen's message and answers with the reply."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    text = data.get("text")
    if not isinstance(text, str):
        raise InvalidInput("text: a text is needed")
    client_message_id = text_of(data, "client_message_id", limit=100)
    request.app[LIMITS].check_message(conversation.conversation_id)
    turn = await request.app[CONVERSATIONS].receive(conversation.conversation_id, text, client_message_id)
    return private_json(turn_json(turn))


async def read(request: web.Request) -> web.Response:
    """The conversation with its events, or those after `?after=`."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_transcript(conversation.conversation_id)
    after = query_integer(request, "after", 0)
    events = await request.app[CONVERSATIONS].transcript(conversation.conversation_id, after)
    shown = request.app[DESK].name_for_citizens
    return private_json(transcript_json(conversation, [event_json(e, shown) for e in events]))


async def request_person(request: web.Request) -> web.Response:
    """Puts the citizen on the list for a person."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    try:
        mode = HandoverMode(text_of(data, "mode", limit=16, required=True))
    except ValueError:
        raise InvalidInput("mode: text or video") from None
    topic = text_of(data, "topic", limit=200)
    request.app[LIMITS].check_message(conversation.conversation_id)
    need = text_of(data, "priority", limit=16)
    if need not in NEEDS:
        raise InvalidInput("priority: elderly or disabled")
    language = text_of(data, "language", limit=32)
    wish = HandoverWish(mode, topic=topic, reason="asked", language=language, priority=need)
    ticket = await request.app[CONVERSATIONS].request_person(conversation.conversation_id, wish)
    return private_json(handover_json(ticket), status=201 if ticket.is_new else 200)


async def leave_queue(request: web.Request) -> web.Response:
    """Ends the wait for a person, or being served by one; nothing happens to who does neither."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[CALLS].end_of(conversation.conversation_id, "citizen_left")
    await request.app[HANDOVERS].leave(conversation.conversation_id)
    return done()


async def ask_for_call_back(request: web.Request) -> web.Response:
    """The citizen is called at a chosen time instead of waiting."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    at = moment_of(data, "at")
    contact = text_of(data, "contact", limit=32, required=True)
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[HANDOVERS].call_back(conversation, at, contact)
    return done()


async def leave_message(request: web.Request) -> web.Response:
    """The citizen leaves a message instead of waiting."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    text = text_of(data, "text", limit=MAX_CHARACTERS, required=True)
    client_message_id = text_of(data, "client_message_id", limit=100)
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[HANDOVERS].leave_message(conversation, text, client_message_id)
    return done()


async def rate(request: web.Request) -> web.Response:
    """Takes the citizen's rating."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    score = integer_of(data, "score")
    comment = text_of(data, "comment", limit=1000)
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[RATINGS].rate(conversation.conversation_id, score, comment)
    return done()


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Streams the conversation's events from `?after=` on, without gaps and in order."""
    after = query_integer(request, "after", 0)
    address = request.app[LIMITS].address_of(request)
    socket = new_socket()
    access = functools.partial(
        access_conversation_by_token, request.app[CONVERSATION_STORE], request.match_info["id"]
    )
    if (conversation := await found_by_token(request, socket, access)) is None:
        return socket
    request.app[LIMITS].check_transcript(conversation.conversation_id)
    with request.app[SOCKETS].admit(socket, address=address, conversation_id=conversation.conversation_id):
        await socket.prepare(request)
        try:
            await _watch(request, socket, conversation, after)
        finally:
            citizen_page_closed(request.app, conversation.conversation_id)
    return socket


async def _watch(
    request: web.Request, socket: web.WebSocketResponse, conversation: Conversation, after: int
) -> None:
    """Sends events until the client goes away or can't be served any longer."""
    # Subscribed before the store is read, so that nothing falls between the two.
    with request.app[FAN_OUT].subscribe(conversation.conversation_id) as subscription:
        sender = asyncio.create_task(
            _send_events(request, socket, conversation, subscription, after), name="watch-conversation"
        )
        request.app[DESK_ROUNDS].tell_again(conversation.conversation_id)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                said = (conversation.conversation_id, message.data, socket.send_json)
                if await request.app[SEEN_ON_PAGE].from_citizen(conversation, message.data, socket.send_json):
                    continue
                if not await request.app[POINTING].from_citizen(*said):
                    await request.app[SIGNALLING].from_citizen(*said)
        finally:
            await end_tasks([sender])


async def _send_events(
    request: web.Request,
    socket: web.WebSocketResponse,
    conversation: Conversation,
    subscription: Subscription,
    sent: int,
) -> None:
    """Sends what is stored, then what is published; a gap in the numbers sends it to the store again.

    Whatever ends it, the socket is closed: a client that saw an open one would wait for ever.
    """

    async def send(event: ConversationEvent) -> None:
        await socket.send_json(event_json(event, request.app[DESK].name_for_citizens))

    async def catch_up(after: int) -> int:
        for event in await request.app[CONVERSATIONS].transcript(conversation.conversation_id, after):
            await send(event)
            after = event.sequence
        return after

    code = WSCloseCode.TRY_AGAIN_LATER  # when the loop ends by itself, this client read too slowly
    try:
        sent = await catch_up(sent)
        async for event in subscription:
            if isinstance(event, PassingNews):
                await socket.send_json(event.body)
            elif isinstance(event, CatchUp):
                sent = await catch_up(sent)
            elif event.sequence <= sent:
                continue
            elif event.sequence == sent + 1:
                await send(event)
                sent = event.sequence
            else:
                sent = await catch_up(sent)
    except ConnectionError:
        return  # the reader above ends as well
    except Unavailable as error:
        log.warning("watching_interrupted", code=error.code, reason=str(error))
    except Exception:
        log.exception("watching_failed")
        code = WSCloseCode.INTERNAL_ERROR
    await socket.close(code=code, message=RESUME)
