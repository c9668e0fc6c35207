"""The staff API: sign in, see and close waits for a person."""

from typing import Any

from aiohttp import web

from core.ports import User
from core.statuses import Role
from server.answers import done, private_json
from server.desk_wire import waiting_json
from server.keys import DESK, HANDOVERS, LIMITS, SETTINGS, STAFF_SESSIONS
from server.requests import path_text, read_object, text_of
from server.routes_desk import channels_of
from server.staff_access import COOKIE, signed_in
from server.staff_access import DESK as READERS
from server.staff_sessions import SESSION_SECONDS


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/staff"
    return [
        web.post(base + "/session", sign_in),
        web.get(base + "/session", who),
        web.delete(base + "/session", sign_out),
        web.get(base + "/handovers", list_handovers),
        web.post(base + "/handovers/{id}/close", close_handover),
    ]


async def sign_in(request: web.Request) -> web.Response:
    """Signs a member of staff in; the session is in a cookie that no script can read."""
    data = await read_object(request)
    name = text_of(data, "name", limit=100, required=True)
    password = text_of(data, "password", limit=200, required=True)
    request.app[LIMITS].check_sign_in(request, name)
    signed_in = await request.app[STAFF_SESSIONS].sign_in(name, password)
    response = private_json(_user_json(signed_in.user))
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
    user = await signed_in(request, *Role)
    return private_json(_user_json(user))


async def sign_out(_: web.Request) -> web.Response:
    """Ends the session in this browser."""
    response = done()
    response.del_cookie(COOKIE, path="/")
    return response


async def list_handovers(request: web.Request) -> web.Response:
    """Who waits for a person: the queue in its order, then those for whom nobody was on line."""
    await signed_in(request, *READERS)
    line = await request.app[DESK].line()
    everyone = [*line.ordered(), *line.registered]
    channels = await channels_of(request, everyone)
    return private_json(
        {"handovers": [waiting_json(each, n, channels) for n, each in enumerate(everyone, 1)]}
    )


async def close_handover(request: web.Request) -> web.Response:
    """Takes a citizen off the list; one who isn't on it any more stays off."""
    await signed_in(request, *READERS)
    await request.app[HANDOVERS].close(path_text(request, "id"))
    return done()


def _user_json(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role.value}
