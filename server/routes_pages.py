"""The citizen page and its files. The page is a plain form that scripts enhance.

`POST /` runs the same use case as the API and leads back to the page; whatever goes wrong is said on
the page, with the citizen's text kept in the form.
"""

import secrets

from aiohttp import web

from core.errors import BangbanError, InvalidInput, Unauthenticated
from core.ports import Conversation
from server import wording
from server.access import access_conversation_by_token
from server.citizen_text import clean
from server.conversation_cookie import forget_conversation, remember_conversation, remembered_conversation
from server.conversations import StartedConversation
from server.keys import CONVERSATION_STORE, CONVERSATIONS, LIMITS, SETTINGS, STATIC_FILES
from server.pages.citizen.page import CitizenView, citizen_page
from server.requests import read_form

ASSETS = "/static"


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.get("/", show),
        web.post("/", say),
        web.get(ASSETS + "/{name:.+}", static_file),
        web.get("/favicon.ico", favicon),
    ]


async def show(request: web.Request) -> web.Response:
    """The page, with the conversation that this browser remembers."""
    return await _page(request)


async def say(request: web.Request) -> web.Response:
    """Takes the form: a text, or the wish to start afresh."""
    draft = ""
    try:
        form = await read_form(request)
        if form.get("restart"):
            response = _see_page("/")
            forget_conversation(response)
            return response
        draft = form.get("text", "")
        started, is_new = await _conversation_to_use(request)
        request.app[LIMITS].check_message(started.conversation_id)
        nonce = clean(form.get("client_message_id", ""))[:100]
        if not draft.strip():
            raise InvalidInput("the form holds no text")
        await request.app[CONVERSATIONS].receive(started.conversation_id, draft, nonce)
    except BangbanError as error:
        text = error.citizen_text
        if error.status >= 500:
            text = wording.with_hotline(text, request.app[SETTINGS].hotline)
        return await _page(request, notice=text, draft=clean(draft), status=error.status)
    response = _see_page("/#latest")
    if is_new:
        remember_conversation(request, response, started)
    return response


async def static_file(request: web.Request) -> web.Response:
    """A script, a style or an icon."""
    return request.app[STATIC_FILES].respond(request.match_info["name"], request)


async def favicon(_: web.Request) -> web.Response:
    """Browsers ask for it whatever the page names."""
    raise web.HTTPPermanentRedirect(f"{ASSETS}/icons/mark.svg")


async def _page(
    request: web.Request, *, notice: str = "", draft: str = "", status: int = 200
) -> web.Response:
    settings = request.app[SETTINGS]
    remembered = await _remembered(request)
    conversation, token = remembered or (None, "")
    events = await request.app[CONVERSATIONS].transcript(conversation.conversation_id) if conversation else ()
    page = citizen_page(
        CitizenView(
            bot_name=settings.bot_name,
            city=settings.city,
            hotline=settings.hotline,
            retention_days=settings.retention_days,
            assets=ASSETS,
            nonce=secrets.token_urlsafe(12),
            conversation_id=conversation.conversation_id if conversation else "",
            token=token,
            events=events,
            notice=notice,
            draft=draft,
        )
    )
    response = web.Response(
        text=page, content_type="text/html", status=status, headers={"Cache-Control": "no-store"}
    )
    response.enable_compression()
    return response


async def _remembered(request: web.Request) -> tuple[Conversation, str] | None:
    """The conversation that the browser remembers, if it is still there."""
    remembered = remembered_conversation(request)
    if remembered is None:
        return None
    try:
        conversation = await access_conversation_by_token(
            request.app[CONVERSATION_STORE], remembered.conversation_id, remembered.token
        )
    except Unauthenticated:
        return None
    return conversation, remembered.token


async def _conversation_to_use(request: web.Request) -> tuple[StartedConversation, bool]:
    if (remembered := await _remembered(request)) is not None:
        conversation, token = remembered
        return StartedConversation(conversation.conversation_id, token), False
    request.app[LIMITS].check_new_conversation(request)
    return await request.app[CONVERSATIONS].start("web"), True


def _see_page(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
