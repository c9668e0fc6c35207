"""The citizen page and its files. The page is a plain form that scripts enhance.

`POST /` runs the same use case as the API and leads back to the page; whatever goes wrong is said on
the page, with the citizen's text kept in the form.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web

from core.errors import BangbanError, InvalidInput, Unauthenticated
from core.ports import Conversation, ConversationEvent
from server import wording
from server.access import access_conversation_by_token
from server.citizen_text import clean
from server.conversation_cookie import forget_conversation, remember_conversation, remembered_conversation
from server.conversations import StartedConversation
from server.keys import CONVERSATION_STORE, CONVERSATIONS, LIMITS, SETTINGS, STATIC_FILES, SUGGESTIONS
from server.middlewares import named_error
from server.pages.agent.page import AgentView, agent_page
from server.pages.call.page import CallView, call_page
from server.pages.citizen.page import CitizenView, citizen_page
from server.requests import read_form
from server.wechat_entry import OTHERS_LINK

ASSETS = "/static"

TOLD = {OTHERS_LINK: "这个链接是发给别人的，只有本人能打开。这里是您自己的对话。"}
"""What `?told=` says: fixed sentences, since anybody can write an address."""


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.get("/", show),
        web.post("/", say),
        web.get("/agent", show_desk),
        web.get("/call/{call_id}", show_call),
        web.get(ASSETS + "/{name:.+}", static_file),
        web.get("/favicon.ico", favicon),
    ]


async def show(request: web.Request) -> web.Response:
    """The page, with the conversation that this browser remembers."""
    return await _page(request)


async def say(request: web.Request) -> web.Response:
    """Takes the form: a text, or the wish to start afresh."""
    form: Mapping[str, str] = {}
    try:
        form = await read_form(request)
        if form.get("restart"):
            response = _see_page("/")
            forget_conversation(response)
            return response
        return await _take(request, form)
    except Exception as raised:  # whatever it is, only the page can tell a citizen without script
        return await _page(request, named_error(raised), form)


async def _take(request: web.Request, form: Mapping[str, str]) -> web.Response:
    text = form.get("text", "")
    started, is_new = await _conversation_to_use(request)
    request.app[LIMITS].check_message(started.conversation_id)
    if not text.strip():
        raise InvalidInput("the form holds no text")
    await request.app[CONVERSATIONS].receive(started.conversation_id, text, _message_id(form))
    response = _see_page("/#latest")
    if is_new:
        remember_conversation(request, response, started)
    return response


def _message_id(form: Mapping[str, str]) -> str:
    """What makes a form that is sent again one turn, and a changed one another.

    After an error the page keeps its nonce. Whether the text was stored before the error nobody
    knows, so sending it again must not make a second turn; but all buttons of the page carry that
    nonce as well, and the text may be corrected, so the text counts too.
    """
    nonce = _nonce_of(form)
    return f"{nonce}.{sha256(clean(form.get('text', '')).encode()).hexdigest()[:16]}" if nonce else ""


def _nonce_of(form: Mapping[str, str]) -> str:
    return clean(form.get("client_message_id", ""))[:60]


async def show_desk(request: web.Request) -> web.Response:
    """The agents' desk, the same for everybody: who somebody is, its scripts ask the staff API."""
    settings = request.app[SETTINGS]
    page = agent_page(AgentView(bot_name=settings.bot_name, assets=ASSETS, city=settings.city))
    response = web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-cache"})
    response.enable_compression()
    return response


async def show_call(request: web.Request) -> web.Response:
    """The page of a call, with the conversation that this browser remembers. What isn't there, it says."""
    settings, remembered = request.app[SETTINGS], None
    with suppress(Exception):  # the page asks again by itself, and tells what fails then
        remembered = await _remembered(request)
    page = call_page(
        CallView(
            bot_name=settings.bot_name,
            city=settings.city,
            hotline=settings.hotline,
            assets=ASSETS,
            call_id=request.match_info["call_id"],
            recorded=settings.call_media == "relay",
            conversation_id=remembered[0].conversation_id if remembered else "",
            token=remembered[1] if remembered else "",
        )
    )
    response = web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})
    response.enable_compression()
    return response


async def static_file(request: web.Request) -> web.Response:
    """A script, a style or an icon."""
    return request.app[STATIC_FILES].respond(request.match_info["name"], request)


async def favicon(_: web.Request) -> web.Response:
    """Browsers ask for it whatever the page names."""
    raise web.HTTPPermanentRedirect(f"{ASSETS}/icons/mark.svg")


async def _page(
    request: web.Request, failure: BangbanError | None = None, form: Mapping[str, str] | None = None
) -> web.Response:
    """The page; with what failed said on it, and the form that failed in its fields."""
    settings, sent = request.app[SETTINGS], form or {}
    shown = Shown()
    try:
        shown = await _shown(request)
    except Exception as raised:  # the page without them is better than none
        failure = failure or named_error(raised)
    page = citizen_page(
        CitizenView(
            bot_name=settings.bot_name,
            city=settings.city,
            hotline=settings.hotline,
            retention_days=settings.retention_days,
            assets=ASSETS,
            nonce=_nonce_of(sent) or secrets.token_urlsafe(12),
            conversation_id=shown.conversation_id,
            token=shown.token,
            events=shown.events,
            suggestions=shown.suggestions,
            notice=wording.what_failed(failure, settings.hotline) if failure else "",
            draft=clean(sent.get("text", "")),
            told=TOLD.get(request.query.get("told", ""), ""),
        )
    )
    response = web.Response(
        text=page,
        content_type="text/html",
        status=failure.status if failure else 200,
        headers={"Cache-Control": "no-store"},
    )
    response.enable_compression()
    return response


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of the records: first questions, and the conversation, if any."""

    suggestions: Sequence[str] = ()
    conversation_id: str = ""
    token: str = field(default="", repr=False)
    events: Sequence[ConversationEvent] = ()


async def _shown(request: web.Request) -> Shown:
    suggestions = await request.app[SUGGESTIONS].questions()
    if (remembered := await _remembered(request)) is None:
        return Shown(suggestions)
    conversation, token = remembered
    events = await request.app[CONVERSATIONS].transcript(conversation.conversation_id)
    return Shown(suggestions, conversation.conversation_id, token, events)


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
