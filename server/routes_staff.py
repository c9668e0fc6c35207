"""The staff API: sign in, see and close waits for a person, read what the bot considered."""

from typing import Any

from aiohttp import web

from core.errors import NotFound
from core.ports import ConversationEvent, Handover, User
from core.statuses import Role
from server.keys import CONVERSATION_STORE, CONVERSATIONS, HANDOVERS, LIMITS, SETTINGS, STAFF_SESSIONS
from server.requests import path_text, query_integer, read_object, text_of
from server.staff_sessions import SESSION_SECONDS
from server.wire import transcript_json

COOKIE = "bangban_staff"
READERS = (Role.AGENT, Role.SUPERVISOR)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/staff"
    return [
        web.post(base + "/session", sign_in),
        web.get(base + "/session", who),
        web.delete(base + "/session", sign_out),
        web.get(base + "/handovers", list_handovers),
        web.post(base + "/handovers/{id}/close", close_handover),
        web.get(base + "/conversations/{id}", read_conversation),
    ]


async def sign_in(request: web.Request) -> web.Response:
    """Signs a member of staff in; the session is in a cookie that no script can read."""
    data = await read_object(request)
    name = text_of(data, "name", limit=100, required=True)
    password = text_of(data, "password", limit=200, required=True)
    request.app[LIMITS].check_sign_in(request, name)
    signed_in = await request.app[STAFF_SESSIONS].sign_in(name, password)
    response = web.json_response(_user_json(signed_in.user), headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        signed_in.cookie,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.secure or request.app[SETTINGS].public_url.startswith("https:"),
        path="/",
    )
    return response


async def who(request: web.Request) -> web.Response:
    """Who is signed in."""
    user = await _staff(request, *Role)
    return web.json_response(_user_json(user), headers={"Cache-Control": "no-store"})


async def sign_out(_: web.Request) -> web.Response:
    """Ends the session in this browser."""
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    response.del_cookie(COOKIE, path="/")
    return response


async def list_handovers(request: web.Request) -> web.Response:
    """Who waits for a person, longest first."""
    await _staff(request, *READERS)
    waiting = await request.app[CONVERSATION_STORE].waiting_handovers()
    return web.json_response(
        {"handovers": [_handover_json(handover, place) for place, handover in enumerate(waiting, start=1)]},
        headers={"Cache-Control": "no-store"},
    )


async def close_handover(request: web.Request) -> web.Response:
    """Takes a citizen off the list; one who isn't on it any more stays off."""
    await _staff(request, *READERS)
    await request.app[HANDOVERS].close(path_text(request, "id"))
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def read_conversation(request: web.Request) -> web.Response:
    """A conversation with everything that is stored of it, the candidates the bot rejected included."""
    await _staff(request, *READERS)
    conversation = await request.app[CONVERSATION_STORE].get(path_text(request, "id"))
    if conversation is None:
        raise NotFound("no such conversation")
    after = query_integer(request, "after", 0)
    events = await request.app[CONVERSATIONS].transcript(conversation.conversation_id, after)
    return web.json_response(
        transcript_json(conversation, [_full_event_json(event) for event in events]),
        headers={"Cache-Control": "no-store"},
    )


async def _staff(request: web.Request, *roles: Role) -> User:
    return await request.app[STAFF_SESSIONS].access_staff(request.cookies.get(COOKIE, ""), *roles)


def _user_json(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role.value}


def _handover_json(handover: Handover, position: int) -> dict[str, Any]:
    return {
        "id": handover.handover_id,
        "conversation_id": handover.conversation_id,
        "mode": handover.mode.value,
        "topic": handover.topic,
        "reason": handover.reason,
        "known": dict(handover.known),
        "position": position,
        "created_at": handover.created_at.isoformat() if handover.created_at else None,
    }


def _full_event_json(event: ConversationEvent) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "body": dict(event.body),
        "at": event.at.isoformat(),
    }
