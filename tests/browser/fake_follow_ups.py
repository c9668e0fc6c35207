"""Follow-ups and recordings of the fake desk: what waits, what was done, a film of a second."""

import io
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from aiohttp import web

from server.byte_range import wanted_range

BASE = "/api/v1/staff"
FILM_SECONDS = 6


class FakeFollowUps:
    """Holds what a test gives it, and what the page did with it."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.done: list[dict[str, Any]] = []
        self.ended: list[dict[str, Any]] = []
        self.recordings: dict[str, list[dict[str, Any]]] = {}
        self.played: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(BASE + "/follow-ups", self._list),
            web.post(BASE + "/follow-ups/{id}/done", self._finish),
            web.get(BASE + "/ended-conversations", self._list_ended),
            web.get(BASE + "/recordings", self._recordings),
            web.get(BASE + "/recordings/{id}", self._play),
        ]

    def ended_here(
        self, topic: str, conversation_id: str, outcome: str = "closed", *, channel: str = "web"
    ) -> None:
        """A conversation ended with the agent lately."""
        now = datetime.now(UTC)
        self.ended.append(
            {
                "conversation_id": conversation_id,
                "channel": channel,
                "topic": topic,
                "mode": "video",
                "outcome": outcome,
                "taken_at": (now - timedelta(minutes=70)).isoformat(),
                "closed_at": (now - timedelta(minutes=50)).isoformat(),
            }
        )

    def left(
        self,
        text: str,
        conversation_id: str,
        kind: str = "message",
        agent: str = "",
        *,
        may_finish: bool = True,
    ) -> None:
        """A message was left, or a bad rating given."""
        self.waiting.append(
            {
                "id": f"{kind}-{len(self.waiting)}",
                "conversation_id": conversation_id,
                "kind": kind,
                "text": text,
                "agent": agent,
                "created_at": (datetime.now(UTC) - timedelta(minutes=50)).isoformat(),
                "done_at": None,
                "done_by": "",
                "outcome": "",
                "may_finish": may_finish,
            }
        )

    def recorded(
        self, conversation_id: str, party: str, state: str = "complete", *, began: datetime, seconds: float
    ) -> None:
        """A party of a call of the conversation was recorded, for `seconds` of at most `FILM_SECONDS`."""
        self.recordings.setdefault(conversation_id, []).append(
            {
                "id": f"call-1.{party}.1.webm",
                "call_id": "call-1",
                "party": party,
                "media_type": "video/webm",
                "state": state,
                "started_at": began.isoformat(),
                "milliseconds": round(seconds * 1000),
                "bytes": 1,
            }
        )

    async def _list(self, request: web.Request) -> web.Response:
        found = self.done if request.query["done"] == "true" else self.waiting
        return web.json_response({"follow_ups": found})

    async def _list_ended(self, _: web.Request) -> web.Response:
        return web.json_response({"conversations": self.ended})

    async def _finish(self, request: web.Request) -> web.Response:
        followed = next(each for each in self.waiting if each["id"] == request.match_info["id"])
        self.waiting.remove(followed)
        now = datetime.now(UTC).isoformat()
        followed |= {"done_at": now, "done_by": "agent.li", **await request.json()}
        self.done.append(followed)
        return web.json_response(followed)

    async def _recordings(self, request: web.Request) -> web.Response:
        return web.json_response({"recordings": self.recordings.get(request.query["conversation"], [])})

    async def _play(self, request: web.Request) -> web.Response:
        self.played.append(request.match_info["id"])
        wanted = wanted_range(request.headers.get("Range", ""), len(film()))
        headers = {"Accept-Ranges": "bytes"} | (
            {"Content-Range": wanted.content_range} if wanted.partial else {}
        )
        return web.Response(
            body=film()[wanted.start : wanted.stop],
            status=206 if wanted.partial else 200,
            content_type="video/webm",
            headers=headers,
        )


@cache
def film() -> bytes:
    """Some seconds of one colour, as WebM."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(10 * FILM_SECONDS):
            frame = av.VideoFrame.from_ndarray(np.full((90, 160, 3), 120, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
