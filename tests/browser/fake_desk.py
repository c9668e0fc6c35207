"""A staff service that does what a test says: queue, conversations, guides, calls that echo.

It renders the real page, serves the real scripts, and answers in the shapes of `server/desk_wire.py`;
it stores nothing. Media end in an aiortc peer that sends everything back.
"""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import WSMsgType, web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from server.pages.agent.page import AgentView, agent_page
from tests.browser.desk_examples import CANNED, CARD, DRAFT, FORM, GUIDE, GUIDES, SHOWN, dialogue
from tests.browser.fake_call import PIXEL
from tests.browser.fake_follow_ups import FakeFollowUps
from tests.browser.fake_reports import FakeReports
from tests.browser.fake_service import STATIC, _add_csp, somebody_listens, tell_all
from tests.browser.patience import PATIENCE_S

BASE = "/api/v1/staff"
ONE = BASE + "/conversations/{id}"
COOKIE = "bangban_staff"


@dataclass
class FakeChat:
    """A conversation, its log and what the service knows of it."""

    id: str
    handover: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    call: dict[str, Any] | None = None
    present: bool = True
    channel: str = "web"
    standing: dict[str, Any] | None = None


@dataclass
class Done:
    """What the page asked for."""

    states: list[str] = field(default_factory=list)
    acts: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # (conversation, what, body)
    signals: list[dict[str, Any]] = field(default_factory=list)

    def of(self, what: str) -> list[dict[str, Any]]:
        return [body for _, act, body in self.acts if act == what]


class FakeDeskService:
    """The service and its loop in a thread of its own. Methods without underscore are for outside."""

    def __init__(self, *, role: str = "agent", state: str = "available") -> None:
        self.role = role
        self.state = state
        self.waiting: list[dict[str, Any]] = []
        self.callbacks: list[dict[str, Any]] = []
        self.chats: dict[str, FakeChat] = {}
        self.others: dict[str, FakeChat] = {}  # held by other agents
        self.done = Done()
        self.refusals: list[tuple[int, str, str]] = []  # of the next acts: status, code, message
        self.signed_in = True  # a session that is given holds
        self.wall: dict[str, Any] = {}
        self.follow_ups = FakeFollowUps()
        self.reports = FakeReports()
        self.call_state = "connecting"  # of a call that the agent begins
        self.picture = PIXEL  # what every file is
        self.codec = "vp8"
        self.forms: dict[tuple[str, str], dict[str, Any]] = {}  # by conversation and number
        self.url = ""
        self._sockets: list[web.WebSocketResponse] = []
        self._peers: dict[str, RTCPeerConnection] = {}
        self._echo = MediaRelay()
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-desk", daemon=True)

    # --- from outside ------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def someone_waits(self, topic: str = "居住证首次申领", *, minutes: float = 1, **more: Any) -> str:
        """Somebody asks for a person; returns the handover's id."""
        number = len(self.waiting) + len(self.chats) + 1
        handover = _handover(f"h{number}", f"c{number}", topic, minutes=minutes, **more)
        self.waiting.append(handover)
        self._run(self._tell({"type": "inbox"}))
        return str(handover["id"])

    def agent_has(self, topic: str = "居民身份证丢失补领", **more: Any) -> FakeChat:
        """A conversation that the agent holds already."""
        number = len(self.waiting) + len(self.chats) + 1
        chat = self._chat(_handover(f"h{number}", f"c{number}", topic, minutes=8, **more), "agent.li")
        self.chats[chat.id] = chat
        return chat

    def another_has(self, topic: str, agent: str) -> FakeChat:
        """A conversation of another agent, for a supervisor to see."""
        chat = self._chat(_handover("h-other", "c-other", topic, minutes=5), agent)
        self.others[chat.id] = chat
        return chat

    def form_is_open(self, chat: FakeChat) -> None:
        """Somebody has begun a form in the conversation."""
        self.forms[chat.id, FORM["form_id"]] = FORM
        body = {"form_id": FORM["form_id"], "title": FORM["title"], "state": "open"}
        self.log(chat, "form", body, quietly=True)

    def citizen_says(self, chat: FakeChat, text: str) -> None:
        self.log(chat, "citizen_message", {"text": text, "client_message_id": ""})

    def log(self, chat: FakeChat, kind: str, body: dict[str, Any], *, quietly: bool = False) -> None:
        self._run(self._append(chat, kind, body, quietly=quietly))

    def news(self, **news: Any) -> None:
        """Passing news, as soon as a desk is there to hear it."""
        self._run(self._tell_listeners(news))

    def stands(self, chat: FakeChat, **changed: Any) -> None:
        """The conversation is one in WeChat, whose limits have become these."""
        first = {
            "reachable": True,
            "left": 5,
            "until": (datetime.now(UTC) + timedelta(hours=47)).isoformat(),
            "waiting": 0,
            "sending": 0,
            "unclear": False,
            "waiting_events": [],
            "reminded": False,
        }
        chat.channel, chat.present = "wechat", False
        chat.standing = {**(chat.standing or first), **changed}
        self._run(
            self._tell({"type": "standing", "conversation_id": chat.id, "standing": chat.standing})
        )  # a desk that comes later reads it

    def cut_sockets(self) -> None:
        self._run(self._cut_sockets())

    def drop_media(self) -> None:
        """The relay's side of every call is gone without a word."""
        self._run(self._close_peers())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=PATIENCE_S + 15)

    # --- inside the loop -----------------------------------------------------------------------------

    async def _start(self) -> None:
        app = web.Application(middlewares=[_add_csp, self._check_session])
        app.add_routes(
            [
                web.get("/agent", self._page),
                web.static("/static", STATIC),
                web.get(BASE + "/session", self._who),
                web.post(BASE + "/session", self._sign_in),
                web.delete(BASE + "/session", self._sign_out),
                web.put(BASE + "/me", self._set_state),
                web.get(BASE + "/queue", self._queue),
                web.post(BASE + "/handovers/{id}/accept", self._accept),
                web.get(BASE + "/conversations", self._own),
                web.get(ONE, self._read),
                web.get(ONE + "/summary-draft", self._draft),
                web.post(ONE + "/files", self._take_file),
                web.get(ONE + "/files/{file_id}", self._give_file),
                web.get(ONE + "/forms/{form_id}", self._show_form),
                web.post(ONE + "/shows/{show}/close", self._close_show),
                web.post(ONE + "/{act}", self._act),
                web.get(BASE + "/canned", self._canned),
                web.get(BASE + "/ice", self._ice),
                web.get(BASE + "/wall", self._wall),
                web.get(BASE + "/events", self._watch),
                *self.follow_ups.routes(),
                *self.reports.routes(),
                web.get("/api/v1/guides", self._guides),
                web.get("/api/v1/guides/{id}", self._guide),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"

    async def _stop(self) -> None:
        await self._cut_sockets()
        await self._close_peers()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _cut_sockets(self) -> None:
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    async def _close_peers(self) -> None:
        peers, self._peers = list(self._peers.values()), {}
        await asyncio.gather(*(peer.close() for peer in peers))

    async def _tell(self, news: dict[str, Any]) -> None:
        await tell_all(self._sockets, news)

    async def _tell_listeners(self, news: dict[str, Any]) -> None:
        await somebody_listens(lambda: self._sockets)
        await self._tell(news)

    async def _append(
        self, chat: FakeChat, kind: str, body: dict[str, Any], *, quietly: bool = False
    ) -> dict[str, Any]:
        event = {
            "sequence": len(chat.events) + 1,
            "kind": kind,
            "body": body,
            "at": datetime.now(UTC).isoformat(),
        }
        chat.events.append(event)
        if not quietly:
            await self._tell({"conversation_id": chat.id, **event})
        return event

    def _chat(self, handover: dict[str, Any], agent: str) -> FakeChat:
        held = {**handover, "handover_id": handover["id"], "agent": agent, "taken_at": handover["created_at"]}
        events = [
            {"sequence": place, "kind": kind, "body": body, "at": handover["created_at"]}
            for place, (kind, body) in enumerate(dialogue(handover, agent), start=1)
        ]
        return FakeChat(handover["conversation_id"], held, events)

    @web.middleware
    async def _check_session(self, request: web.Request, handler: Any) -> web.StreamResponse:
        open_to_all = request.path in {"/agent", BASE + "/session"} or not request.path.startswith(BASE)
        if not open_to_all and not (self.signed_in and COOKIE in request.cookies):
            raise _refusal(401, "unauthenticated", "")
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, _: web.Request) -> web.Response:
        html = agent_page(AgentView(bot_name="帮办", assets="/static", city="示例市"))
        return web.Response(text=html, content_type="text/html")

    # --- the session -------------------------------------------------------------------------------

    async def _who(self, request: web.Request) -> web.Response:
        if not (self.signed_in and COOKIE in request.cookies):
            raise _refusal(401, "unauthenticated", "")
        return web.json_response({"name": "agent.li", "role": self.role})

    async def _sign_in(self, request: web.Request) -> web.Response:
        data = await request.json()
        if data["password"] != "right":
            raise _refusal(401, "unauthenticated", "")
        self.signed_in = True
        response = web.json_response({"name": data["name"], "role": self.role})
        response.set_cookie(COOKIE, "session", httponly=True, samesite="Strict")
        return response

    async def _sign_out(self, _: web.Request) -> web.Response:
        response = web.Response(status=204)
        response.del_cookie(COOKIE)
        return response

    async def _set_state(self, request: web.Request) -> web.Response:
        self.state = (await request.json())["state"]
        self.done.states.append(self.state)
        return web.json_response({"name": "agent.li", "state": self.state})

    # --- queue and conversations ---------------------------------------------------------------------

    async def _queue(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"waiting": self.waiting, "callbacks": self.callbacks, "agents": 1, "open": True, "hours": ""}
        )

    async def _accept(self, request: web.Request) -> web.Response:
        self._refuse()
        found = [h for h in self.waiting if h["id"] == request.match_info["id"]]
        taken = [c.handover for c in self.chats.values() if c.handover["id"] == request.match_info["id"]]
        if taken:
            return web.json_response(taken[0])  # sent twice, done once
        if not found:
            raise _refusal(409, "conflict", "这位市民刚被别的坐席接入。")
        self.waiting.remove(found[0])
        chat = self._chat(found[0], "agent.li")
        self.chats[chat.id] = chat
        return web.json_response(chat.handover)

    async def _own(self, _: web.Request) -> web.Response:
        own = [chat.handover for chat in list(self.chats.values())]  # a test adds some meanwhile
        return web.json_response({"state": self.state, "conversations": own})

    def _found(self, request: web.Request) -> FakeChat:
        found = {**self.others, **self.chats}.get(request.match_info["id"])
        if found is None:
            raise _refusal(404, "not_found", "")
        return found

    async def _read(self, request: web.Request) -> web.Response:
        chat = self._found(request)
        after = int(request.query.get("after", "0"))
        return web.json_response(
            {
                "id": chat.id,
                "channel": chat.channel,
                "district": chat.handover["district"],
                "holder": "agent",
                "events": chat.events[after:],
                "handover": chat.handover,
                "call": chat.call,
                "citizen_present": chat.present,
                "standing": chat.standing,
            }
        )

    async def _draft(self, request: web.Request) -> web.Response:
        self._found(request)
        return web.json_response({"text": DRAFT})

    async def _act(self, request: web.Request) -> web.Response:
        chat, what, body = self._found(request), request.match_info["act"], await request.json()
        self._refuse()
        self.done.acts.append((chat.id, what, body))
        logged = {
            "messages": ("agent_message", {**body, "agent": "agent.li"}),
            "notes": ("note", {**body, "by": "agent.li"}),
            "tags": ("tags", body),
            "whisper": ("whisper", {**body, "by": "agent.li"}),
            "guide-card": ("guide_card", {**body, **CARD}),
            "shows": ("show", _shown(chat, body)) if what == "shows" else None,
            "checklist": ("checklist", {**body, "title": GUIDE["title"], "items": _items(body)}),
        }.get(what)
        if logged:
            return web.json_response(await self._append(chat, *logged))
        if what == "calls":
            chat.call = {"call_id": "call-1", "state": self.call_state, "mode": body["mode"]}
            await self._append(chat, "call", chat.call)
            return web.json_response(chat.call, status=201)
        if what in {"hand-back", "close", "transfer"}:
            del self.chats[chat.id]
        if what == "take-over":
            self.chats[chat.id] = self.others.pop(chat.id)
            chat.handover["agent"] = "agent.li"
        return web.Response(status=204)

    async def _show_form(self, request: web.Request) -> web.Response:
        named = self._found(request).id, request.match_info["form_id"]
        if named not in self.forms:
            raise _refusal(404, "not_found", "")
        return web.json_response(self.forms[named])

    async def _close_show(self, request: web.Request) -> web.Response:
        chat, show = self._found(request), int(request.match_info["show"])
        self._refuse()
        self.done.acts.append((chat.id, "close-show", {"show": show}))
        await self._append(chat, "show_ended", {"show": show, "by": "agent.li"})
        return web.Response(status=204)

    async def _take_file(self, request: web.Request) -> web.Response:
        chat, form = self._found(request), await request.post()
        self._refuse()
        file = form["file"]
        assert isinstance(file, web.FileField), "the field named file holds a file"
        data = file.file.read()
        body = {
            "file_id": f"f{len(chat.events)}",
            "name": file.filename,
            "media_type": file.content_type,
            "size": len(data),
            "by": "agent.li",
        }
        self.done.acts.append((chat.id, "files", body))
        return web.json_response({"event": await self._append(chat, "file", body), "advice": []}, status=201)

    async def _give_file(self, request: web.Request) -> web.Response:
        self._found(request)
        return web.Response(body=self.picture, content_type="image/png")

    def _refuse(self) -> None:
        if self.refusals:
            raise _refusal(*self.refusals.pop(0))

    async def _canned(self, _: web.Request) -> web.Response:
        return web.json_response({"canned": CANNED})

    async def _ice(self, _: web.Request) -> web.Response:
        return web.json_response({"ice_servers": [], "media": "relay", "video_codec": self.codec})

    async def _wall(self, _: web.Request) -> web.Response:
        return web.json_response({"waiting": self.waiting, **self.wall})

    async def _guides(self, request: web.Request) -> web.Response:
        words = request.query.get("q", "")
        found = [guide for guide in GUIDES if words in guide["title"]]
        return web.json_response({"guides": found, "page": 1, "pages": 1, "total": len(found)})

    async def _guide(self, request: web.Request) -> web.Response:
        named = [guide for guide in GUIDES if guide["id"] == request.match_info["id"]]
        return web.json_response({**GUIDE, **(named[0] if named else {})})

    # --- the socket ----------------------------------------------------------------------------------

    async def _watch(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, message.json())
        return socket

    async def _hear(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        self.done.signals.append(message)
        call_id = message.get("call_id", "")
        if message["type"] == "call.hangup":
            for chat in self.chats.values():
                if chat.call and chat.call["call_id"] == call_id:
                    ended, chat.call = {**chat.call, "state": "ended"}, None
                    await self._append(chat, "call", ended)
        if message["type"] in {"call.offer", "call.rejoin"}:
            sdp = await self._answer(call_id, message["sdp"])
            await socket.send_json({"type": "call.answer", "call_id": call_id, "sdp": sdp})
            state = {"type": "call.state", "call_id": call_id, "state": "live", "mode": "video"}
            await socket.send_json({**state, "recording": True, "peer": {"connected": True}})

    async def _answer(self, call_id: str, sdp: str) -> str:
        if (before := self._peers.pop(call_id, None)) is not None:
            await before.close()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peers[call_id] = peer
        peer.on("track", lambda track: peer.addTrack(self._echo.subscribe(track)))
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return peer.localDescription.sdp


def _handover(
    handover_id: str, conversation_id: str, topic: str, *, minutes: float = 1, **more: Any
) -> dict[str, Any]:
    created = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "id": handover_id,
        "conversation_id": conversation_id,
        "mode": "text",
        "topic": topic,
        "district": "南湖区",
        "language": "",
        "priority": 3,
        "kept_place": False,
        "for_agent": "",
        "offered_to": "",
        "due": None,
        "created_at": created.isoformat(),
        **more,
    }


def _shown(chat: FakeChat, body: dict[str, Any]) -> dict[str, Any]:
    """The log's body for what the agent wants to show."""
    if "file_id" in body:
        files = [event["body"] for event in chat.events if event["kind"] == "file"]
        return {"what": "file", **next(file for file in files if file["file_id"] == body["file_id"])}
    label, lines = SHOWN[body["element"]]
    guide = {name: GUIDE[name] for name in ("version", "title", "district")}
    return {"what": "element", **guide, **body, "label": label, "lines": lines}


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    situations = {s.get("name", ""): s["materials"] for s in GUIDE["guide"]["situations"]}
    names = [material["name"] for material in situations.get(body.get("situation", ""), ())]
    return [{"name": name, "checked": name in body.get("checked", ())} for name in names]


def _refusal(status: int, code: str, message: str) -> web.HTTPException:
    text = web.json_response({"error": {"code": code, "message": message, "request_id": "r"}}).text
    error = web.HTTPException(text=text, content_type="application/json")
    error.set_status(status)
    return error
