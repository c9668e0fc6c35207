"""The only way by which a route learns which member of staff asks, and whether they may."""

from aiohttp import web

from core.ports import User
from core.statuses import Role
from server.keys import STAFF_SESSIONS

COOKIE = "bangban_staff"
DESK = (Role.AGENT, Role.SUPERVISOR)
"""Who talks to citizens."""


async def signed_in(request: web.Request, *roles: Role) -> User:
    """The account of the request's session. Raises Unauthenticated, Forbidden."""
    return await request.app[STAFF_SESSIONS].access_staff(request.cookies.get(COOKIE, ""), *roles)
