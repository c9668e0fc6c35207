"""The agents' desk over HTTP. The news come over the WebSocket of `routes_desk_events`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from core.errors import InvalidInput
from core.ports import ConversationEvent, Handover, User
from core.statuses import AgentState, Role
from server.answers import done, private_json
from server.citizen_text import MAX_CHARACTERS
from server.desk import TransferTo
from server.desk_wire import (
    Channels,
    agent_json,
    canned_json,
    desk_conversation_json,
    ended_json,
    full_event_json,
    held_json,
    queue_json,
    wall_json,
)
from server.keys import (
    CONVERSATION_STORE,
    CONVERSATIONS,
    DESK,
    DESK_GUIDES,
    LIMITS,
    READING,
    REPLICAS,
    SETTINGS,
    STANDINGS,
    STORES,
    SUPERVISION,
)
from server.requests import path_text, query_integer, read_object, text_of
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from server.staff_reading import Reading
from server.summary import draft_summary

MOST_SUMMARY = 2000
MOST_ITEMS = 200


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base, one = "/api/v1/staff", "/api/v1/staff/conversations/{id}"
    return [
        web.get(base + "/me", show_me),
        web.put(base + "/me", set_state),
        web.get(base + "/queue", show_queue),
        web.post(base + "/handovers/{id}/accept", accept),
        web.get(base + "/conversations", list_own),
        web.get(base + "/ended-conversations", list_ended),
        web.get(one, read_conversation),
        web.post(one + "/messages", say),
        web.post(one + "/notes", note),
        web.post(one + "/tags", tag),
        web.post(one + "/guide-card", send_card),
        web.post(one + "/checklist", send_checklist),
        web.post(one + "/hand-back", hand_back),
        web.post(one + "/transfer", transfer),
        web.post(one + "/close", close),
        web.get(one + "/summary-draft", summary_draft),
        web.get(base + "/canned", list_canned),
        web.get(base + "/wall", show_wall),
        web.post(one + "/listen", listen),
        web.post(one + "/whisper", whisper),
        web.post(one + "/take-over", take_over),
    ]


# --- being there -----------------------------------------------------------------------------------


async def show_me(request: web.Request) -> web.Response:
    """The agent that is signed in."""
    user = await signed_in(request, *DESK_ROLES)
    return private_json(agent_json(await request.app[DESK].agent_of(user)))


async def set_state(request: web.Request) -> web.Response:
    """The agent takes on conversations, has a break, or goes."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    try:
        state = AgentState(text_of(data, "state", limit=16, required=True))
    except ValueError:
        raise InvalidInput("state: available, break or offline") from None
    return private_json(agent_json(await request.app[DESK].set_state(user, state)))


async def show_queue(request: web.Request) -> web.Response:
    """Who waits, in the order in which they are taken."""
    await signed_in(request, *DESK_ROLES)
    callbacks = await request.app[STORES].desk.callbacks()
    line = await request.app[DESK].line()
    channels = await channels_of(request, [*line.handovers, *callbacks])
    return private_json(queue_json(line, callbacks, channels))


async def accept(request: web.Request) -> web.Response:
    """Takes a citizen who waits; of several who try, the first."""
    user = await signed_in(request, *DESK_ROLES)
    handover = await request.app[DESK].accept(user, path_text(request, "id"))
    return private_json(held_json(handover, user, await channels_of(request, [handover])))


async def list_own(request: web.Request) -> web.Response:
    """The agent's conversations."""
    user = await signed_in(request, *DESK_ROLES)
    agent = await request.app[DESK].agent_of(user)
    own = await request.app[DESK].own(user.name)
    channels = await channels_of(request, own)
    conversations = [held_json(handover, user, channels) for handover in own]
    return private_json({"state": agent.state.value, "conversations": conversations})


async def list_ended(request: web.Request) -> web.Response:
    """The conversations that ended with the agent lately."""
    user = await signed_in(request, *DESK_ROLES)
    ended = await request.app[READING].ended(user)
    channels = await channels_of(request, ended)
    return private_json({"conversations": [ended_json(handover, channels) for handover in ended]})


# --- in a conversation -----------------------------------------------------------------------------


async def read_conversation(request: web.Request) -> web.Response:
    """A conversation with everything that is stored of it, the candidates the bot rejected included."""
    after = query_integer(request, "after", 0)
    user, reading = await _read(request, "read")
    conversation_id = reading.conversation.conversation_id
    events = await _readable(request, reading, after)
    calls = request.app[STORES].calls
    call = await calls.open_call_of(conversation_id) if reading.until is None else None
    present = reading.until is None and await request.app[REPLICAS].is_watched(conversation_id)
    standing = await request.app[STANDINGS].of(reading.conversation) if reading.until is None else None
    return private_json(
        desk_conversation_json(
            reading.conversation,
            events,
            reading.handover,
            call,
            reader=user,
            citizen_present=present,
            standing=standing,
        )
    )


async def say(request: web.Request) -> web.Response:
    """Says something to the citizen."""
    user, conversation_id, data = await _agent_in_conversation(request)
    text = text_of(data, "text", limit=MAX_CHARACTERS, required=True)
    client_message_id = text_of(data, "client_message_id", limit=100)
    event = await request.app[DESK].say(user, conversation_id, text, client_message_id)
    return private_json(full_event_json(event))


async def note(request: web.Request) -> web.Response:
    """Writes a note for staff."""
    user, conversation_id, data = await _agent_in_conversation(request)
    text = text_of(data, "text", limit=MAX_CHARACTERS, required=True)
    return private_json(full_event_json(await request.app[DESK].note(user, conversation_id, text)))


async def tag(request: web.Request) -> web.Response:
    """Replaces the conversation's tags."""
    user, conversation_id, data = await _agent_in_conversation(request)
    tags = _texts_of(data, "tags", limit=40)
    return private_json(full_event_json(await request.app[DESK].tag(user, conversation_id, tags)))


async def send_card(request: web.Request) -> web.Response:
    """Sends a guide's card."""
    user, conversation_id, data = await _agent_in_conversation(request)
    guide_id = text_of(data, "guide_id", limit=200, required=True)
    situation = text_of(data, "situation", limit=200)
    event = await request.app[DESK_GUIDES].send_card(user, conversation_id, guide_id, situation)
    return private_json(full_event_json(event))


async def send_checklist(request: web.Request) -> web.Response:
    """Sends which materials are there."""
    user, conversation_id, data = await _agent_in_conversation(request)
    event = await request.app[DESK_GUIDES].send_checklist(
        user,
        conversation_id,
        text_of(data, "guide_id", limit=200, required=True),
        situation=text_of(data, "situation", limit=200),
        checked=_texts_of(data, "checked", limit=500),
    )
    return private_json(full_event_json(event))


async def hand_back(request: web.Request) -> web.Response:
    """Gives the conversation to the bot."""
    user, conversation_id, _ = await _agent_in_conversation(request)
    await request.app[DESK].hand_back(user, conversation_id)
    return done()


async def transfer(request: web.Request) -> web.Response:
    """Gives the conversation to another agent, or to whoever has the skills."""
    user, conversation_id, data = await _agent_in_conversation(request)
    skills = data.get("skills", {})
    if not isinstance(skills, dict):
        raise InvalidInput("skills: an object is needed")
    to_agent = text_of(data, "to_agent", limit=100)
    if not to_agent and not skills:
        raise InvalidInput("to_agent or skills: one of them is needed")
    to = TransferTo(to_agent, *(_skill_of(skills, each) for each in ("department", "district", "language")))
    await request.app[DESK].transfer(user, conversation_id, to)
    return done()


async def close(request: web.Request) -> web.Response:
    """Ends the consultation; the citizen gets the summary."""
    user, conversation_id, data = await _agent_in_conversation(request)
    summary = text_of(data, "summary", limit=MOST_SUMMARY, required=True)
    await request.app[DESK].close(user, conversation_id, summary)
    return done()


async def summary_draft(request: web.Request) -> web.Response:
    """A summary drafted from the facts of the conversation."""
    _, reading = await _read(request, "draft")
    events = await _readable(request, reading)
    return private_json({"text": draft_summary(events, request.app[SETTINGS].hotline)})


async def list_canned(request: web.Request) -> web.Response:
    """The canned replies."""
    await signed_in(request, *DESK_ROLES)
    return private_json({"canned": [canned_json(reply) for reply in await request.app[STORES].desk.canned()]})


# --- supervisors -----------------------------------------------------------------------------------


async def show_wall(request: web.Request) -> web.Response:
    """Everything at once."""
    user = await signed_in(request, Role.SUPERVISOR)
    wall = await request.app[SUPERVISION].wall()
    channels = await channels_of(request, [*wall.line.handovers, *wall.held])
    return private_json(wall_json(wall, user, channels, call_media=request.app[SETTINGS].call_media))


async def listen(request: web.Request) -> web.Response:
    """The supervisor's desk follows the conversation."""
    user = await signed_in(request, Role.SUPERVISOR)
    await request.app[SUPERVISION].listen(user, path_text(request, "id"))
    return done()


async def whisper(request: web.Request) -> web.Response:
    """Says something that only staff see."""
    user = await signed_in(request, Role.SUPERVISOR)
    data = await read_object(request)
    text = text_of(data, "text", limit=MAX_CHARACTERS, required=True)
    event = await request.app[SUPERVISION].whisper(user, path_text(request, "id"), text)
    return private_json(full_event_json(event))


async def take_over(request: web.Request) -> web.Response:
    """The supervisor is the citizen's agent from now on."""
    user = await signed_in(request, Role.SUPERVISOR)
    handover = await request.app[SUPERVISION].take_over(user, path_text(request, "id"))
    return private_json(held_json(handover, user, await channels_of(request, [handover])))


# --- reading and answering -------------------------------------------------------------------------


async def _read(request: web.Request, action: str) -> tuple[User, Reading]:
    """Who asks, and the conversation, if they may read it. Raises Forbidden, NotFound."""
    user = await signed_in(request, *DESK_ROLES)
    client = request.app[LIMITS].address_of(request)
    return user, await request.app[READING].read(user, path_text(request, "id"), action, client=client)


async def channels_of(request: web.Request, handovers: Iterable[Handover]) -> Channels:
    """By which channel their conversations came."""
    named = {handover.conversation_id for handover in handovers}
    return await request.app[CONVERSATION_STORE].channels(named)


async def _readable(request: web.Request, reading: Reading, after: int = 0) -> Sequence[ConversationEvent]:
    """The events that may be read, those after that number."""
    transcript = request.app[CONVERSATIONS].transcript
    conversation_id = reading.conversation.conversation_id
    if reading.until is None:
        return await transcript(conversation_id, after)
    return [each for each in reading.part_of(await transcript(conversation_id)) if each.sequence > after]


async def _agent_in_conversation(request: web.Request) -> tuple[User, str, Mapping[str, Any]]:
    """Who asks, about which conversation, with what body. That the agent holds it, the store sees to."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    return user, path_text(request, "id"), data


def _texts_of(data: Mapping[str, Any], name: str, *, limit: int) -> Sequence[str]:
    """The list of texts `name`. Raises InvalidInput."""
    values = data.get(name)
    if not isinstance(values, list) or len(values) > MOST_ITEMS:
        raise InvalidInput(f"{name}: a list of at most {MOST_ITEMS} texts is needed")
    return [text_of({name: value}, name, limit=limit, required=True) for value in values]


def _skill_of(skills: Mapping[str, Any], name: str) -> str | None:
    return text_of(skills, name, limit=100) if name in skills else None
