"""What staff must see to later, over HTTP: messages that were left, bad ratings."""

from typing import Any

from aiohttp import web

from core.desk_ports import FollowUp
from core.errors import InvalidInput
from core.ports import User
from server.answers import private_json
from server.keys import RATINGS
from server.ratings import may_finish
from server.requests import path_text, query_text, read_object, text_of
from server.staff_access import DESK as DESK_ROLES
from server.staff_access import signed_in

MOST_OUTCOME = 1000


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    base = "/api/v1/staff/follow-ups"
    return [web.get(base, list_follow_ups), web.post(base + "/{id}/done", finish)]


async def list_follow_ups(request: web.Request) -> web.Response:
    """What there is to see to, or with `?done=true` what was."""
    user = await signed_in(request, *DESK_ROLES)
    done = query_text(request, "done") or "false"
    if done not in {"true", "false"}:
        raise InvalidInput("done: true or false")
    found = await request.app[RATINGS].follow_ups(user, done=done == "true")
    return private_json({"follow_ups": [follow_up_json(each, user) for each in found]})


async def finish(request: web.Request) -> web.Response:
    """It is seen to."""
    user = await signed_in(request, *DESK_ROLES)
    data = await read_object(request)
    outcome = text_of(data, "outcome", limit=MOST_OUTCOME, required=True)
    finished = await request.app[RATINGS].finish(user, path_text(request, "id"), outcome)
    return private_json(follow_up_json(finished, user))


def follow_up_json(follow_up: FollowUp, reader: User) -> dict[str, Any]:
    """A follow-up for this member of staff."""
    return {
        "id": follow_up.follow_up_id,
        "conversation_id": follow_up.conversation_id,
        "kind": follow_up.kind,
        "text": follow_up.text,
        "agent": follow_up.agent,
        "created_at": follow_up.created_at.isoformat() if follow_up.created_at else None,
        "done_at": follow_up.done_at.isoformat() if follow_up.done_at else None,
        "done_by": follow_up.done_by,
        "outcome": follow_up.outcome,
        "may_finish": may_finish(reader, follow_up),
    }
