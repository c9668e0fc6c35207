"""The fake service with an agents' desk: a queue, an agent who does what the test says, and calls.

A call's media end in an aiortc peer that sends everything back, so that a page sees and hears itself
from the other side.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from server.pages.call.page import CallView, call_page
from tests.browser.fake_service import FakeConversation, FakeService, somebody_listens, tell_all

BASE = "/api/v1/conversations"
GUIDE_CARD = {
    "guide_id": "g7",
    "version": 3,
    "title": "居住证首次申领",
    "district": "南湖区",
    "statements": [
        {
            "element": "time_limit",
            "label": "办结时限",
            "text": "15 个工作日",
            "more": "",
            "sources": [0],
        },
        {"element": "fee", "label": "收费", "text": "不收费", "more": "", "sources": [0]},
    ],
    "sources": [
        {
            "guide_id": "g7",
            "version": 3,
            "element": "办结时限",
            "title": "居住证首次申领",
            "district": "南湖区",
            "url": "",
        }
    ],
}
CHECKLIST = {
    "guide_id": "g7",
    "items": [
        {"name": "居民身份证", "checked": True},
        {"name": "住房租赁合同", "checked": False},
        {"name": "近期证件照", "checked": False},
    ],
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Desk:
    """What the page asked of the agents' side."""

    left: int = 0
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    consents: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)  # what was shown
    heard: list[dict[str, Any]] = field(default_factory=list)  # over the socket


class FakeDesk(FakeService):
    """All methods without an underscore may be called from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.queue: dict[str, Any] | None = None  # told to every page that begins to watch
        self.refuse_offers = ""  # a code: offers are refused with it
        self.deaf = False  # offers get no answer
        self.rings_back = False  # the citizen calls, and the agent hasn't picked up yet
        self.recording = False
        self.records_on = False  # the media can't be told yet that the recording is to stop
        self.sends_pictures = True  # in calls; else sound alone
        self.mode = "video"
        self.codec = "vp8"
        self.refusals: list[int] = []  # statuses of the next requests to the desk
        self.picture = PIXEL  # what every file is
        self._peers: dict[str, RTCPeerConnection] = {}
        self._relay = MediaRelay()

    # --- what the test lets happen -----------------------------------------------------------------

    def news(self, **news: Any) -> None:
        """Passing news for who watches the newest conversation, as soon as somebody does."""
        self._run(self._tell_listeners(news))

    def queues(self, **news: Any) -> None:
        """How the queue stands, now and for every page that comes."""
        self.queue = {"type": "queue", **news}
        if self.conversations:
            self._run(self._tell(self.conversation, self.queue))

    def agent_takes(self, name: str = "李敏") -> None:
        self.queue = None
        self.log("holder", {"holder": "agent", "agent": name})

    def agent_rings(self, call_id: str = "c1", mode: str = "video") -> None:
        self.log("call", {"call_id": call_id, "state": "ringing", "mode": mode})

    def agent_ends_call(self, call_id: str = "c1") -> None:
        self.log("call", {"call_id": call_id, "state": "ended", "mode": "video"})

    def agent_changes_mode(self, mode: str, call_id: str = "c1") -> None:
        self.mode = mode
        self._run(self._tell_call(self.conversation, call_id))

    def agent_hands_back(self) -> None:
        self.log("holder", {"holder": "bot"})

    def agent_shows(self, **body: Any) -> int:
        """The agent shows a file, or an element; returns the number of the event."""
        self.log("show", body)
        return len(self.conversation.events)

    def agent_points(self, show: int, **where: Any) -> None:
        self.news(type="point", by="agent", show=show, **where)

    def drop_media(self) -> None:
        """The relay's side of every call is gone without a word."""
        self._run(self._close_peers())

    # --- inside the loop -----------------------------------------------------------------------------

    def _more_routes(self) -> list[web.RouteDef]:
        own = BASE + "/{id}"
        return [
            web.get("/call/{call_id}", self._show_call),
            web.delete(own + "/handover", self._leave),
            web.post(own + "/callback", self._call_back),
            web.post(own + "/message", self._leave_message),
            web.post(own + "/calls", self._ask_for_call),
            web.post(own + "/calls/{call_id}/consent", self._consent),
            web.post(own + "/files", self._take_file),
            web.get(own + "/files/{file_id}", self._give_file),
            web.get(own + "/ice", self._ice),
            web.post(own + "/shows/{show}/close", self._close_show),
        ]

    async def _hand_over(self, request: web.Request) -> web.Response:
        response = await super()._hand_over(request)
        await self._append(self._of(request), "holder", {"holder": "queue"})
        if self.queue:
            await self._tell(self._of(request), self.queue)
        return response

    async def _greet(self, conversation: FakeConversation, socket: web.WebSocketResponse) -> None:
        if self.queue:
            await socket.send_json(self.queue)

    async def _tell(self, conversation: FakeConversation, news: dict[str, Any]) -> None:
        await tell_all(conversation.watchers, news)

    async def _tell_listeners(self, news: dict[str, Any]) -> None:
        await somebody_listens(lambda: self.conversation.watchers)
        await self._tell(self.conversation, news)

    async def _show_call(self, request: web.Request) -> web.Response:
        conversation = self._remembered(request)
        html = call_page(
            CallView(
                bot_name="帮办",
                city="示例市",
                hotline="12345",
                assets="/static",
                call_id=request.match_info["call_id"],
                conversation_id=conversation.id if conversation else "",
                token=conversation.token if conversation else "",
            )
        )
        return web.Response(text=html, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def _leave(self, request: web.Request) -> web.Response:
        conversation = self._asked(request)
        self.desk.left += 1
        self.queue = None
        await self._append(conversation, "holder", {"holder": "bot"})
        return web.Response(status=204)

    async def _call_back(self, request: web.Request) -> web.Response:
        conversation = self._asked(request)
        self.desk.callbacks.append(await request.json())
        self.queue = None
        await self._append(conversation, "notice", {"text": "已登记回电，请保持电话畅通。"})
        await self._append(conversation, "holder", {"holder": "bot"})
        return web.json_response({}, status=201)

    async def _leave_message(self, request: web.Request) -> web.Response:
        conversation = self._asked(request)
        self.desk.messages.append(await request.json())
        self.queue = None
        await self._append(conversation, "notice", {"text": "留言已收到。"})
        await self._append(conversation, "holder", {"holder": "bot"})
        return web.json_response({}, status=201)

    async def _ask_for_call(self, request: web.Request) -> web.Response:
        conversation = self._asked(request)
        wish = await request.json()
        self.desk.calls.append(wish)
        body = {"call_id": "c1", "state": "ringing", "mode": wish["mode"]}
        await self._append(conversation, "call", body)
        return web.json_response(body, status=201)

    async def _consent(self, request: web.Request) -> web.Response:
        self._asked(request)
        answer = await request.json()
        self.recording = answer["agree"]
        self.desk.consents.append((request.match_info["call_id"], answer))
        state = "ringing" if self.rings_back else "connecting"
        recording = self.recording or self.records_on
        return web.json_response(
            {"call_id": request.match_info["call_id"], "state": state, "recording": recording}
        )

    async def _take_file(self, request: web.Request) -> web.Response:
        conversation = self._asked(request)
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField), "the field named file holds a file"
        data = file.file.read()
        self.desk.files.append((file.filename, len(data)))
        body = {
            "file_id": f"f{len(self.desk.files)}",
            "name": file.filename,
            "media_type": file.content_type,
            "size": len(data),
            "by": "citizen",
        }
        await self._append(conversation, "file", body)
        return web.json_response(body, status=201)

    async def _give_file(self, request: web.Request) -> web.Response:
        self._of(request)
        return web.Response(body=self.picture, content_type="image/png")

    async def _close_show(self, request: web.Request) -> web.Response:
        conversation, show = self._asked(request), int(request.match_info["show"])
        self.desk.closed.append(show)
        await self._append(conversation, "show_ended", {"show": show, "by": "citizen"})
        return web.Response(status=204)

    async def _ice(self, request: web.Request) -> web.Response:
        self._of(request)
        return web.json_response({"ice_servers": [], "media": "relay", "video_codec": self.codec})

    def _asked(self, request: web.Request) -> FakeConversation:
        conversation = self._of(request)
        if self.refusals:
            error = web.HTTPException(
                text='{"error": {"code": "refused", "message": "那个时间没有人上班。"}}'
            )
            error.content_type = "application/json"
            error.set_status(self.refusals.pop(0))
            raise error
        return conversation

    # --- calls -----------------------------------------------------------------------------------------

    async def _hear(
        self, conversation: FakeConversation, socket: web.WebSocketResponse, message: dict[str, Any]
    ) -> None:
        self.desk.heard.append(message)
        call_id = message.get("call_id", "")
        if message["type"] == "call.mode" and not self.deaf:
            self.mode = message["mode"]
            await self._tell_call(conversation, call_id)
        if message["type"] not in {"call.offer", "call.rejoin"} or self.deaf:
            return
        if self.refuse_offers:
            news = {"type": "error", "code": self.refuse_offers, "message": "线路已满", "call_id": call_id}
            await socket.send_json(news)
            return
        sdp = await self._answer(call_id, message["sdp"])
        await socket.send_json({"type": "call.answer", "call_id": call_id, "sdp": sdp})
        body = {"call_id": call_id, "state": "live", "mode": "video"}
        if body not in conversation.of_kind("call"):
            await self._append(conversation, "call", body)
        await self._tell_call(conversation, call_id)

    async def _tell_call(self, conversation: FakeConversation, call_id: str) -> None:
        state = {"call_id": call_id, "state": "live", "mode": self.mode, "recording": self.recording}
        await self._tell(conversation, {"type": "call.state", **state, "peer": {"connected": True}})

    async def _answer(self, call_id: str, sdp: str) -> str:
        if (before := self._peers.pop(call_id, None)) is not None:
            await before.close()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peers[call_id] = peer

        @peer.on("track")
        def send_back(track: MediaStreamTrack) -> None:
            if self.sends_pictures or track.kind == "audio":
                peer.addTrack(self._relay.subscribe(track))

        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return peer.localDescription.sdp

    async def _close_peers(self) -> None:
        peers, self._peers = list(self._peers.values()), {}
        await asyncio.gather(*(peer.close() for peer in peers))

    async def _stop(self) -> None:
        await self._close_peers()
        await super()._stop()
