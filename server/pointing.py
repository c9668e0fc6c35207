"""Frames about pointing that come in over a WebSocket: read, checked against who speaks, passed on.

Who speaks is known from the connection. What is refused is answered with a frame of its own type: a page
takes an `error` for the end of what it is arranging about a call.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from core.errors import BangbanError
from core.ports import User
from server import wording
from server.rate_limit import Rate, RateLimiter
from server.showing import Showing
from video.showing import POINTS_AT_ONCE, POINTS_PER_SECOND, Point, is_point, parse_point

log = structlog.get_logger(__name__)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Pointing:
    """Serves the frames of both kinds of WebSocket. Each answers whether the frame was one about pointing."""

    def __init__(self, showing: Showing, *, hotline: str, now: Callable[[], float]) -> None:
        self._showing = showing
        self._hotline = hotline
        self._now = now
        self._pace = RateLimiter(Rate(POINTS_PER_SECOND * 60, at_once=POINTS_AT_ONCE))

    async def from_citizen(self, conversation_id: str, data: str, send: Send) -> bool:
        """A frame of a citizen's page."""

        async def point(parsed: Point) -> None:
            await self._showing.point_as_citizen(conversation_id, parsed)

        return is_point(data) and await self._serve(f"conversation {conversation_id}", data, point, send)

    async def from_agent(self, user: User, data: str, send: Send) -> bool:
        """A frame of an agent's desk."""

        async def point(parsed: Point) -> None:
            await self._showing.point_as_agent(user, parsed)

        return is_point(data) and await self._serve(f"agent {user.name}", data, point, send)

    async def _serve(
        self, client: str, data: str, point: Callable[[Point], Awaitable[None]], send: Send
    ) -> bool:
        try:
            self._pace.check(client, self._now())
            await point(parse_point(data))
        except BangbanError as error:
            log.info("point_refused", code=error.code, reason=str(error))
            await self._refuse(error, send)
        except ConnectionError:
            return True  # the reader sees it too
        except Exception:
            log.exception("point_failed")
            await self._refuse(BangbanError(), send)
        return True

    async def _refuse(self, error: BangbanError, send: Send) -> None:
        message = wording.what_failed(error, self._hotline)
        await send({"type": "point.refused", "code": error.code, "message": message})
