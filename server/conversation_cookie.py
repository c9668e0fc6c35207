"""The cookie in which a browser remembers its conversation, so that the page works without script."""

from aiohttp import web

from server.conversations import StartedConversation
from server.keys import SETTINGS

NAME = "bangban_conversation"


def remember_conversation(
    request: web.Request, response: web.StreamResponse, started: StartedConversation
) -> None:
    """Sets the cookie for this browser session.

    Lax, not Strict: who comes back by a link from another site goes on with the conversation. That
    no other site can post with it is checked by origin.
    """
    secure = request.secure or request.app[SETTINGS].public_url.startswith("https:")
    response.set_cookie(
        NAME,
        f"{started.conversation_id}.{started.token}",
        httponly=True,
        samesite="Lax",
        secure=secure,
        path="/",
    )


def remembered_conversation(request: web.Request) -> StartedConversation | None:
    """The conversation that this browser remembers, unchecked, or None."""
    conversation_id, _, token = request.cookies.get(NAME, "").partition(".")
    return StartedConversation(conversation_id, token) if conversation_id and token else None


def forget_conversation(response: web.StreamResponse) -> None:
    """Removes the cookie."""
    response.del_cookie(NAME, path="/")
