"""Calls over HTTP: asking for one, answering for the recording, the way to the media.

Offers and answers go over the WebSockets, see `server.signalling`.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from core.desk_ports import Call
from core.errors import Forbidden, InvalidInput
from server.answers import done, private_json
from server.citizen_access import conversation_of
from server.citizen_text import clean
from server.keys import CALLS, LIMITS, SETTINGS, STORES
from server.requests import boolean_of, path_text, read_object, text_of
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in
from video.call import CallMode, Party
from video.turn import ice_servers


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    citizen, staff = "/api/v1/conversations/{id}", "/api/v1/staff"
    return [
        web.get(citizen + "/ice", citizen_ice),
        web.post(citizen + "/calls", ask_for_call),
        web.post(citizen + "/calls/{call_id}/consent", consent),
        web.post(citizen + "/calls/{call_id}/decline", decline),
        web.get(staff + "/ice", staff_ice),
        web.post(staff + "/conversations/{id}/calls", call_citizen),
    ]


async def citizen_ice(request: web.Request) -> web.Response:
    """Servers by which the citizen's browser gets through its firewall, once a person or a call is near.

    The credentials bear a name of the conversation's own, by which the TURN server can set quotas.
    """
    conversation = await conversation_of(request)
    request.app[LIMITS].check_message(conversation.conversation_id)
    desk, conversation_id = request.app[STORES].desk, conversation.conversation_id
    if (
        await desk.open_handover(conversation_id) is None
        and await request.app[STORES].calls.open_call_of(conversation_id) is None
    ):
        # Anybody can start a conversation; without a call in sight the relay isn't theirs to use.
        return _way(request, [])
    return ice_for(request, hashlib.sha256(conversation_id.encode()).hexdigest()[:16])


async def staff_ice(request: web.Request) -> web.Response:
    """The same for an agent's browser."""
    await signed_in(request, *DESK_ROLES)
    return ice_for(request, "agent")


async def ask_for_call(request: web.Request) -> web.Response:
    """The citizen asks the agent for a call, or picks up the agent's."""
    conversation = await conversation_of(request)
    mode = _mode_of(await read_object(request))
    request.app[LIMITS].check_message(conversation.conversation_id)
    call = await request.app[CALLS].begin(conversation.conversation_id, Party.CITIZEN, mode)
    return _call(call)


async def consent(request: web.Request) -> web.Response:
    """The citizen's answer to the text on recording."""
    conversation = await conversation_of(request)
    data = await read_object(request)
    agree = boolean_of(data, "agree")
    if agree:
        version = text_of(data, "version", limit=64, required=True)
    else:  # a refusal counts, whatever text it answers
        version = clean(str(data.get("version") or ""))[:64]
    call_id = path_text(request, "call_id")
    call = await request.app[CALLS].check_citizen(conversation.conversation_id, call_id)
    if agree or not call.consented:  # taking consent back is never kept waiting; giving it is counted
        request.app[LIMITS].check_message(conversation.conversation_id)
    return _call(await request.app[CALLS].consent(call_id, version, agree=agree))


async def decline(request: web.Request) -> web.Response:
    """The citizen doesn't want the agent's call."""
    conversation = await conversation_of(request)
    call_id = path_text(request, "call_id")
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[CALLS].check_citizen(conversation.conversation_id, call_id)
    await request.app[CALLS].decline(call_id, Party.CITIZEN)
    return done()


async def call_citizen(request: web.Request) -> web.Response:
    """The agent calls the citizen, or picks up the citizen's call."""
    user = await signed_in(request, *DESK_ROLES)
    mode = _mode_of(await read_object(request))
    conversation_id = path_text(request, "id")
    handover = await request.app[STORES].desk.open_handover(conversation_id)
    if handover is not None and handover.agent not in ("", user.name):
        raise Forbidden("another agent's conversation")
    return _call(await request.app[CALLS].begin(conversation_id, Party.AGENT, mode))


def ice_for(request: web.Request, name: str) -> web.Response:
    """Servers with credentials that bear this name."""
    settings = request.app[SETTINGS]
    servers = ice_servers(
        settings.turn_urls,
        settings.turn_secret.get_secret_value(),
        name=name,
        now=time.time(),
        ttl_s=settings.turn_ttl,
    )
    return _way(request, servers)


def _way(request: web.Request, servers: list[dict[str, object]]) -> web.Response:
    settings = request.app[SETTINGS]
    return private_json(
        {"ice_servers": servers, "media": settings.call_media, "video_codec": settings.video_codec}
    )


def _mode_of(data: Mapping[str, Any]) -> CallMode:
    try:
        return CallMode(text_of(data, "mode", limit=16) or CallMode.VIDEO.value)
    except ValueError:
        raise InvalidInput("mode: video, audio or text") from None


def _call(call: Call) -> web.Response:
    return private_json(
        {
            "call_id": call.call_id,
            "state": call.state,
            "mode": call.mode,
            "recording": call.recording,
            "consented": call.consented,
        }
    )
