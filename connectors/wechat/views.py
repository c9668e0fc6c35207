"""The address that WeChat calls, one an official account: HTTP in, the engine's answer out.

What can be known of an answer's end is found out here: whether the connection is still there when it is
written. WeChat closes it after five seconds, and a proxy in between with it. What was written to an open
connection counts as arrived; if it was lost after that, WeChat asks again, except after its third attempt.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from connectors.wechat.engine import Engine
from connectors.wechat.envelope import (
    WINDOW_SECONDS,
    Keys,
    check_address,
    open_push,
    seal_reply,
)
from connectors.wechat.pushes import parse_push
from connectors.wechat.rendering import CARD
from connectors.wechat.replies import SUCCESS, Article, NewsReply, Reply, TextReply, render
from core.errors import NotFound, UntrustedPush

HEARS_FOR_SECONDS: Final = 5.0
"""After so long WeChat has closed the connection, whatever it looks like from here."""

_ROUNDS_TO_SEE_AN_END: Final = 3
"""Of the event loop: in the first it asks for news, in the next a connection that has ended is closed."""

ADDRESS: Final = "/wechat/{account}"


@dataclass(frozen=True, slots=True)
class Callback:
    """One account as its address serves it."""

    account: str
    keys: Keys
    engine: Engine
    now: Callable[[], datetime]
    original_id: str = ""  # ours as pushes name it, if known
    window: float = WINDOW_SECONDS


CALLBACKS = web.AppKey("wechat_callbacks", Mapping[str, Callback])


def routes() -> list[web.RouteDef]:
    """The address of all accounts; which there are is `CALLBACKS` of the application."""
    return [web.get(ADDRESS, check), web.post(ADDRESS, take)]


async def check(request: web.Request) -> web.Response:
    """Proves to WeChat's console that the address is ours. Raises UntrustedPush, NotFound."""
    callback = _callback(request)
    echo = check_address(request.query, callback.keys, callback.now().timestamp(), window=callback.window)
    return web.Response(text=echo, content_type="text/plain")


async def take(request: web.Request) -> web.Response:
    """Takes in what WeChat pushes, and answers. Raises UntrustedPush, InvalidPush, NotFound, Unavailable."""
    until = asyncio.get_running_loop().time() + HEARS_FOR_SECONDS
    callback = _callback(request)
    now = callback.now()
    opened = open_push(
        request.query, await request.read(), callback.keys, now.timestamp(), window=callback.window
    )
    push = parse_push(opened.xml)
    if callback.original_id and push.account_id != callback.original_id:
        raise UntrustedPush("the push is for another account")
    answer = await callback.engine.answer(push, opened.once)
    if answer == SUCCESS:
        return web.Response(text=answer, content_type="text/plain")

    def ended(arrived: bool) -> None:
        callback.engine.ended(push, answer, arrived=arrived)

    try:
        xml = render(_reply(json.loads(answer)), push, int(now.timestamp()))
        sealed = seal_reply(
            xml,
            callback.keys,
            now=int(now.timestamp()),
            nonce=secrets.token_hex(8),
            random16=secrets.token_bytes(16),
            sealed_with=opened.sealed_with,
        )
    except BaseException:
        ended(False)
        raise
    return PassiveAnswer(sealed, request, until, ended)


class PassiveAnswer(web.Response):
    """Says whether there was anybody to hear it; after `until`, by the loop's clock, it isn't written.

    It is looked before it is written: whoever has read it may hang up at once.
    """

    def __init__(self, xml: str, request: web.Request, until: float, ended: Callable[[bool], None]) -> None:
        super().__init__(text=xml, content_type="application/xml")
        self._asked = request
        self._until = until
        self._tell = ended

    async def write_eof(self, data: bytes = b"") -> None:
        """Writes the end, and tells. Raises ConnectionError if nobody waits for it any more."""
        for _ in range(_ROUNDS_TO_SEE_AN_END):
            await asyncio.sleep(0)
        try:
            if asyncio.get_running_loop().time() >= self._until:
                raise ConnectionResetError("WeChat waits no longer")
            await super().write_eof(data)
        except ConnectionError:
            self._tell(False)
            raise
        self._tell(True)


def _callback(request: web.Request) -> Callback:
    callback = request.app[CALLBACKS].get(request.match_info["account"])
    if callback is None:
        raise NotFound("no such official account")
    return callback


def _reply(body: Mapping[str, Any]) -> Reply:
    if body["type"] == CARD:
        return NewsReply((Article(body["title"], body["description"], body["url"]),))
    return TextReply(body["text"])
