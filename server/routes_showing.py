"""Showing over HTTP: the agent opens something on the citizen's page, either closes it.

Points go over the WebSockets, see `server.pointing`.
"""

from aiohttp import web

from core.errors import InvalidInput, NotFound
from core.statuses import Aspect
from server.answers import done, private_json
from server.citizen_access import conversation_of
from server.desk_wire import full_event_json
from server.keys import LIMITS, SHOWING
from server.requests import MAX_INTEGER, path_text, read_object, text_of
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    citizen, staff = "/api/v1/conversations/{id}/shows", "/api/v1/staff/conversations/{id}/shows"
    return [
        web.post(staff, show),
        web.post(staff + "/{show}/close", close_as_agent),
        web.post(citizen + "/{show}/close", close_as_citizen),
    ]


async def show(request: web.Request) -> web.Response:
    """Shows the citizen a file of the conversation, or an element of a guide."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    conversation_id = path_text(request, "id")
    file_id, guide_id = text_of(data, "file_id", limit=64), text_of(data, "guide_id", limit=200)
    if bool(file_id) == bool(guide_id):
        raise InvalidInput("file_id or guide_id: one of them is needed")
    if file_id:
        event = await request.app[SHOWING].show_file(user, conversation_id, file_id)
    else:
        try:
            element = Aspect(text_of(data, "element", limit=32, required=True))
        except ValueError:
            raise InvalidInput("element: the name of an element") from None
        situation = text_of(data, "situation", limit=200)
        event = await request.app[SHOWING].show_element(user, conversation_id, guide_id, element, situation)
    return private_json(full_event_json(event))


async def close_as_agent(request: web.Request) -> web.Response:
    """Takes away what the agent shows."""
    user = await signed_in(request, *DESK_ROLES)
    await request.app[SHOWING].close_as_agent(user, path_text(request, "id"), _show_of(request))
    return done()


async def close_as_citizen(request: web.Request) -> web.Response:
    """The citizen closes what the agent shows."""
    conversation = await conversation_of(request)
    request.app[LIMITS].check_message(conversation.conversation_id)
    await request.app[SHOWING].close_as_citizen(conversation.conversation_id, _show_of(request))
    return done()


def _show_of(request: web.Request) -> int:
    """The number in the path. Raises NotFound for what can't be one."""
    written = path_text(request, "show")
    if (
        len(written) > 10
        or not (written.isascii() and written.isdigit())
        or not 0 < int(written) <= MAX_INTEGER
    ):
        raise NotFound("nothing was shown under that number")
    return int(written)
