"""The only way by which a route learns which conversation a citizen asks about, and that it is theirs."""

from aiohttp import web

from core.ports import Conversation
from server.access import access_conversation_by_token
from server.keys import CONVERSATION_STORE
from server.requests import bearer_token


async def conversation_of(request: web.Request) -> Conversation:
    """The conversation of the path, by the request's token. Raises Unauthenticated."""
    return await access_conversation_by_token(
        request.app[CONVERSATION_STORE], request.match_info["id"], bearer_token(request)
    )
