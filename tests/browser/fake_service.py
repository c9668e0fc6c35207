"""A service with scripted replies that can be told to fail, for tests of the page.

It renders the real page, serves the real scripts and keeps the contract of `server/pages/README.md`;
it stores nothing, understands nothing, and fails exactly when and how a test says.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from core.ports import ConversationEvent
from core.statuses import TurnStatus
from server.pages.citizen.page import CitizenView, citizen_page
from tests.browser.patience import PATIENCE_S
from tests.browser.scripted_replies import RESIDENCE_CHOICES, reply_to
from tests.waiting import comes_true

STATIC = Path(__file__).parents[2] / "server" / "static"
COOKIE = "bangban_conversation"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "media-src 'self'; font-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SUGGESTIONS = ("身份证丢了怎么补办？要带什么？", "居住证在哪里办？", "办居住证有什么条件？", "居住证怎么办？")
NOTICE = (
    "已为您登记人工服务，排在第 2 位。现在还没有工作人员在线，着急的话请拨打服务热线 12345。"
    "等候期间您可以接着问我。"
)


@dataclass
class FakeConversation:
    """A conversation's log, and who watches it."""

    id: str
    token: str
    events: list[ConversationEvent] = field(default_factory=list)
    watchers: list[web.WebSocketResponse] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [dict(event.body) for event in self.events if event.kind == kind]


@dataclass
class Faults:
    """How many of the next requests go wrong, and how. `statuses` are answered one after another."""

    statuses: list[tuple[int, int]] = field(default_factory=list)  # (status, seconds of Retry-After)
    unanswered: int = 0  # the connection ends before anything happened
    answers_lost: int = 0  # the message is taken, its answer doesn't arrive
    no_sockets: bool = False


class FakeService:
    """The service and the loop it runs in, in a thread of its own. All methods may be called from outside."""

    def __init__(self, *, retention_days: int = 180) -> None:
        self.conversations: dict[str, FakeConversation] = {}
        self.faults = Faults()
        self.refused_sockets = 0
        self.attempts: list[str] = []  # the client ids of all messages that arrived, repeats too
        self.wishes: list[dict[str, Any]] = []  # what was asked for with each new handover
        self._gate: asyncio.Event | None = None
        self._retention_days = retention_days
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-service", daemon=True)
        self._runner: web.AppRunner | None = None
        self.url = ""

    # --- from outside ----------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def conversation(self) -> FakeConversation:
        """The newest conversation."""
        return list(self.conversations.values())[-1]

    def hold_replies(self) -> Callable[[], None]:
        """Replies wait from now on until the function that comes back is called."""
        gate = asyncio.Event()
        self._gate = gate
        return lambda: self._loop.call_soon_threadsafe(gate.set)

    def cut_sockets(self) -> None:
        """Ends all WebSocket connections as a broken network does."""
        self._run(self._cut_sockets())

    def log(self, kind: str, body: dict[str, Any], *, quietly: bool = False) -> None:
        """Something happens in the newest conversation without the citizen; `quietly`: nobody is told."""
        self._run(self._append(self.conversation, kind, body, quietly=quietly))

    def begin_another(self, text: str) -> str:
        """Another conversation, in which this was said; the value of the cookie that names it."""

        async def begin() -> str:
            conversation = self._new()
            await self._turn(conversation, text, "")
            return f"{conversation.id}.{conversation.token}"

        return str(self._run(begin()))

    def forget_all(self) -> None:
        """All conversations expire."""
        for conversation in self.conversations.values():
            conversation.token = "expired"

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=PATIENCE_S + 15)

    # --- inside the loop -------------------------------------------------------------------------

    async def _start(self) -> None:
        app = web.Application(middlewares=[_add_csp])
        base = "/api/v1/conversations"
        app.add_routes(
            [
                web.get("/", self._show),
                web.post("/", self._post_form),
                web.post(base, self._begin),
                web.get(base + "/{id}", self._read),
                web.get(base + "/{id}/events", self._watch),
                web.post(base + "/{id}/messages", self._say),
                web.post(base + "/{id}/handover", self._hand_over),
                web.post(base + "/{id}/rating", self._rate),
                web.static("/static", STATIC),
                *self._more_routes(),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"

    def _more_routes(self) -> list[web.RouteDef]:
        """What an extended service can do beside."""
        return []

    async def _stop(self) -> None:
        await self._cut_sockets()
        if self._gate is not None:
            self._gate.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _cut_sockets(self) -> None:
        for conversation in self.conversations.values():
            for socket in conversation.watchers:
                if socket._req is not None and socket._req.transport is not None:
                    socket._req.transport.abort()
            conversation.watchers.clear()

    # --- the page --------------------------------------------------------------------------------

    async def _show(self, request: web.Request) -> web.Response:
        conversation = self._remembered(request)
        html = citizen_page(
            CitizenView(
                bot_name="帮办",
                city="示例市",
                hotline="12345",
                assets="/static",
                nonce=secrets.token_hex(8),
                retention_days=self._retention_days,
                conversation_id=conversation.id if conversation else "",
                token=conversation.token if conversation else "",
                events=conversation.events if conversation else (),
                suggestions=SUGGESTIONS,
            )
        )
        return web.Response(text=html, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def _post_form(self, request: web.Request) -> web.Response:
        form = await request.post()
        response = web.Response(status=303, headers={"Location": "/#latest"})
        if form.get("restart"):
            response.del_cookie(COOKIE)
            return response
        conversation = self._remembered(request) or self._new()
        await self._turn(conversation, str(form["text"]), str(form["client_message_id"]))
        return self._remember(response, conversation)

    def _remembered(self, request: web.Request) -> FakeConversation | None:
        conversation_id, _, token = request.cookies.get(COOKIE, "").partition(".")
        conversation = self.conversations.get(conversation_id)
        return conversation if conversation and conversation.token == token else None

    def _remember(self, response: web.Response, conversation: FakeConversation) -> web.Response:
        response.set_cookie(COOKIE, f"{conversation.id}.{conversation.token}", httponly=True, samesite="Lax")
        return response

    # --- the API ---------------------------------------------------------------------------------

    def _new(self) -> FakeConversation:
        conversation = FakeConversation(secrets.token_hex(6), secrets.token_hex(12))
        self.conversations[conversation.id] = conversation
        return conversation

    async def _begin(self, request: web.Request) -> web.Response:
        conversation = self._new()
        response = web.json_response({"id": conversation.id, "token": conversation.token}, status=201)
        return self._remember(response, conversation)

    async def _read(self, request: web.Request) -> web.Response:
        conversation = self._of(request)
        after = int(request.query.get("after", "0"))
        events = [_event_json(event) for event in conversation.events[after:]]
        return web.json_response({"id": conversation.id, "holder": "bot", "events": events})

    async def _say(self, request: web.Request) -> web.Response:
        message = await request.json()
        self.attempts.append(message["client_message_id"])
        if self.faults.unanswered:
            self.faults.unanswered -= 1
            _break_off(request)
        if self.faults.statuses:
            raise _refusal(*self.faults.statuses.pop(0))
        conversation = self._of(request)
        reply = await self._turn(conversation, message["text"], message["client_message_id"])
        if self.faults.answers_lost:
            self.faults.answers_lost -= 1
            _break_off(request)
        answer = {name: reply[name] for name in ("status", "messages", "open_choices")}
        return web.json_response({**answer, "timings_ms": {}})

    async def _turn(self, conversation: FakeConversation, text: str, client_id: str) -> dict[str, Any]:
        for event in conversation.events:
            if event.kind == "citizen_message" and event.body["client_message_id"] == client_id:
                return next(b for b in conversation.of_kind("bot_message") if b["reply_to"] == event.sequence)
        shown = next((choice.title for choice in RESIDENCE_CHOICES if choice.value == text), text)
        said = await self._append(
            conversation, "citizen_message", {"text": shown, "client_message_id": client_id}
        )
        if self._gate is not None:
            await self._gate.wait()
        reply = reply_to(text)
        messages = [message.as_json() for message in reply.messages]
        own = [choice for message in messages for choice in message["choices"]]
        before = conversation.of_kind("bot_message")
        if not own and before and reply.status is TurnStatus.SMALL_TALK:
            own = before[-1]["open_choices"]
        body = {
            "status": reply.status.value,
            "messages": messages,
            "reply_to": said.sequence,
            "open_choices": own,
        }
        await self._append(conversation, "bot_message", body)
        return body

    async def _hand_over(self, request: web.Request) -> web.Response:
        conversation = self._of(request)
        wish = await request.json()
        if self.faults.statuses:
            raise _refusal(*self.faults.statuses.pop(0))
        notice = {"type": "notice", "text": NOTICE}
        answer = {"status": "waiting_for_agent", "mode": wish["mode"], "position": 2, "messages": [notice]}
        if not conversation.of_kind("handover"):
            self.wishes.append(wish)
            body = {"mode": wish["mode"], "topic": wish.get("topic", ""), "position": 2}
            await self._append(conversation, "handover", body)
            await self._append(conversation, "notice", {"text": NOTICE})
        return web.json_response(answer, status=201)

    async def _rate(self, request: web.Request) -> web.Response:
        conversation = self._of(request)
        rating = await request.json()
        body = {"score": rating["score"], "comment": rating.get("comment", "")}
        await self._append(conversation, "rating", body)
        return web.Response(status=204)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        if self.faults.no_sockets:
            self.refused_sockets += 1
            return web.Response(status=502)
        socket = web.WebSocketResponse(protocols=("bangban.v1",))
        await socket.prepare(request)
        offered = request.headers["Sec-WebSocket-Protocol"]
        conversation = self.conversations.get(request.match_info["id"])
        if conversation is None or f"bearer.{conversation.token}" not in offered:
            await socket.close(code=4401)
            return socket
        conversation.watchers.append(socket)
        await self._greet(conversation, socket)
        for event in conversation.events[int(request.query.get("after", "0")) :]:
            await socket.send_json(_event_json(event))
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
            if message.type is WSMsgType.TEXT:
                await self._hear(conversation, socket, json.loads(message.data))
        return socket

    async def _greet(self, conversation: FakeConversation, socket: web.WebSocketResponse) -> None:
        """A page begins to watch; what isn't in the log could be told here."""

    async def _hear(
        self, conversation: FakeConversation, socket: web.WebSocketResponse, message: dict[str, Any]
    ) -> None:
        """The page says something over its socket; this service has no use for it."""

    def _of(self, request: web.Request) -> FakeConversation:
        conversation = self.conversations.get(request.match_info["id"])
        if conversation is None or request.headers.get("Authorization") != f"Bearer {conversation.token}":
            raise _refusal(401, 0)
        return conversation

    async def _append(
        self, conversation: FakeConversation, kind: str, body: dict[str, Any], *, quietly: bool = False
    ) -> ConversationEvent:
        event = ConversationEvent(
            conversation.id, len(conversation.events) + 1, kind, body, datetime.now(UTC)
        )
        conversation.events.append(event)
        if not quietly:
            await tell_all(conversation.watchers, _event_json(event))
        return event


async def tell_all(sockets: Sequence[web.WebSocketResponse], news: dict[str, Any]) -> None:
    """Tells every page that is still there."""
    for socket in tuple(sockets):
        if _is_there(socket):
            with suppress(ConnectionError):  # it went just now, and nobody has noticed
                await socket.send_json(news)


async def somebody_listens(sockets: Callable[[], Sequence[web.WebSocketResponse]]) -> None:
    """Returns when a page is there to hear what no log keeps. Raises TimeoutError."""
    await comes_true(lambda: any(_is_there(socket) for socket in sockets()), PATIENCE_S)


def _is_there(socket: web.WebSocketResponse) -> bool:
    transport = socket._req.transport if socket._req is not None else None
    return not socket.closed and transport is not None and not transport.is_closing()


@web.middleware
async def _add_csp(request: web.Request, handler: Any) -> web.StreamResponse:
    response = await handler(request)
    if not response.prepared:
        response.headers["Content-Security-Policy"] = CSP
    return response


def _event_json(event: ConversationEvent) -> dict[str, Any]:
    return {"sequence": event.sequence, "kind": event.kind, "body": event.body, "at": event.at.isoformat()}


def _refusal(status: int, retry_after: int) -> web.HTTPException:
    body = {"error": {"code": f"code_{status}", "message": f"服务器的原话 {status}", "request_id": "r"}}
    error = web.HTTPException(
        text=json.dumps(body),
        content_type="application/json",
        headers={"Retry-After": str(retry_after)} if retry_after else None,
    )
    error.set_status(status)
    return error


def _break_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("as the test wishes")
