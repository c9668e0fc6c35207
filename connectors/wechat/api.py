"""One call of WeChat's API: its end put into our words, and repeated where that does no harm.

Knows nothing of accounts and tokens. Addresses hold tokens and secrets, and errors of aiohttp hold
addresses: none of them leaves this module, not even as the cause of one of ours.
"""

import asyncio
import enum
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import aiohttp
import structlog

from connectors.wechat.error_codes import Busy, error_of
from core.errors import FileTooLarge, Unavailable

T = TypeVar("T")

log = structlog.get_logger(__name__)

BASE_URL: Final = "https://api.weixin.qq.com"
TIMEOUT_SECONDS: Final = 10.0
FILE_TIMES: Final = 3
"""So many times longer a file may take, on its way to WeChat or from there."""

PAUSES: Final = (0.3, 1.0)
"""Seconds before the second and the third attempt, give or take half: many who failed at once spread."""

MOST_ANSWER_BYTES: Final = 1024 * 1024
KEPT_SECONDS: Final = 10.0
"""How long a connection lies idle before we close it, rather than the other side in the moment of use."""


class WeChatSilent(Unavailable):
    """WeChat gave no answer that can be read. If not `sent`, it certainly never saw the request."""

    code = "wechat_silent"

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(f"微信没有应答：{reason}")
        self.reason = reason
        self.sent = sent


class UnclearSend(Unavailable):
    """A message was handed to WeChat and no answer came: nobody knows whether the citizen has it."""

    code = "wechat_unclear_send"


class Repeat(enum.Enum):
    """When a call that failed is made again without asking."""

    ALWAYS = enum.auto()  # it reads, or doing it twice is as good as once
    UNSENT = enum.auto()  # only if WeChat certainly never saw it


@dataclass(frozen=True, slots=True)
class Download:
    """A file that WeChat gave; or, where it lies elsewhere, the object that says where."""

    content: bytes = field(repr=False)
    media_type: str = ""
    file_name: str = ""
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    address: str = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Callable[[], aiohttp.FormData] | None = None
    is_file: bool = False


class WeChatApi:
    """Calls the API. `session` should come from `create_session`: without, more ends are unclear."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str = BASE_URL,
        timeout_s: float = TIMEOUT_SECONDS,
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._pauses = pauses
        self._sleep = sleep
        self._chance = chance

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Callable[[], aiohttp.FormData] | None = None,
        repeat: Repeat = Repeat.ALWAYS,
    ) -> Mapping[str, Any]:
        """The object that answers a call, of JSON or of a form that is made anew for each attempt.

        Raises WeChatRefusal for any errcode but 0, WeChatSilent when no such answer came.
        """
        request = _Request(method, self._base_url + path, query or {}, body, form, is_file=form is not None)
        return await self._repeated(path, repeat, lambda: self._object(request))

    async def download(
        self, path: str, *, most_bytes: int, query: Mapping[str, str] | None = None
    ) -> Download:
        """A file, from a path of the API or a whole address. Raises as `ask`, and FileTooLarge."""
        elsewhere = "://" in path
        request = _Request("GET", path if elsewhere else self._base_url + path, query or {}, is_file=True)
        # Whoever has the address has the citizen's file, so no log has it.
        shown = "elsewhere" if elsewhere else path
        return await self._repeated(shown, Repeat.ALWAYS, lambda: self._file(request, most_bytes))

    async def _repeated(self, shown: str, repeat: Repeat, attempt: Callable[[], Awaitable[T]]) -> T:
        for pause in self._pauses:
            try:
                return await attempt()
            except (Busy, WeChatSilent) as error:
                if not _may_repeat(error, repeat):
                    raise
                reason = error.reason if isinstance(error, WeChatSilent) else str(error)
                log.warning("wechat_call_repeated", path=shown, reason=reason)
            await self._sleep(pause * (0.5 + self._chance()))
        return await attempt()

    async def _object(self, request: _Request) -> Mapping[str, Any]:
        found = _object_in((await self._attempt(request, MOST_ANSWER_BYTES)).content)
        if found is None:
            raise WeChatSilent("no JSON object", sent=True)
        _refuse(found)
        return found

    async def _file(self, request: _Request, most_bytes: int) -> Download:
        answer = await self._attempt(request, most_bytes)
        told = _object_in(answer.content) if _may_be_object(answer) else None
        if told is None:
            return answer
        _refuse(told)
        return replace(answer, told=told)

    async def _attempt(self, request: _Request, most_bytes: int) -> Download:
        progress = _Progress()
        json_type = {"Content-Type": "application/json; charset=utf-8"}
        try:
            async with (
                asyncio.timeout(self._timeout_s * (FILE_TIMES if request.is_file else 1)),
                self._session.request(
                    request.method,
                    request.address,
                    params=request.query,
                    data=request.form() if request.form else _written(request.body),
                    headers=None if request.body is None else json_type,
                    allow_redirects=False,  # it would carry the token elsewhere
                    trace_request_ctx=progress,
                    middlewares=(_not_again,),
                ) as response,
            ):
                if response.status == 200:
                    content = await _content(response, most_bytes)
                    disposition = response.content_disposition
                    name = (disposition and disposition.filename) or ""
                    return Download(content, response.content_type, name)
                reason = f"HTTP {response.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = type(error).__name__
        raise WeChatSilent(reason, sent=progress.may_be_sent)


def create_session() -> aiohttp.ClientSession:
    """A session for `WeChatApi`; whoever makes it closes it."""
    watch = aiohttp.TraceConfig()
    watch.on_request_start.append(_begins)
    watch.on_connection_create_end.append(_connected)
    watch.on_connection_reuseconn.append(_connected)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[watch],
    )


@dataclass(slots=True)
class _Progress:
    """How far a request has come; without news of it, it may be with WeChat."""

    may_be_sent: bool = True


async def _begins(_session: aiohttp.ClientSession, context: SimpleNamespace, _what: Any) -> None:
    if isinstance(context.trace_request_ctx, _Progress):
        context.trace_request_ctx.may_be_sent = False


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _what: Any) -> None:
    if isinstance(context.trace_request_ctx, _Progress):
        context.trace_request_ctx.may_be_sent = True


async def _not_again(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keeps aiohttp from sending a GET a second time when a kept connection breaks: a code is good once."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        reason = type(error).__name__
    raise aiohttp.ClientConnectionError(reason)


def _may_repeat(error: Busy | WeChatSilent, repeat: Repeat) -> bool:
    if repeat is Repeat.ALWAYS:
        return True
    # "Busy" is no promise that nothing was done: systems have been seen to say so and do it.
    return isinstance(error, WeChatSilent) and not error.sent


def _written(body: Mapping[str, Any] | None) -> bytes | None:
    """The body in UTF-8: WeChat shows citizens the escapes of JSON as they stand."""
    return None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


async def _content(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    content = bytearray()
    async for part in response.content.iter_any():
        content += part
        if len(content) > most_bytes:
            raise FileTooLarge(f"more than {most_bytes} bytes from WeChat")
    return bytes(content)


def _object_in(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _may_be_object(answer: Download) -> bool:
    """Refusals come as JSON or plain text; a citizen's file could begin with a brace as well."""
    if not answer.content.startswith(b"{"):
        return False
    plain = answer.media_type in {"application/json", "text/plain", ""}
    return plain or b'"errcode"' in answer.content[:40]


def _refuse(found: Mapping[str, Any]) -> None:
    errcode = found.get("errcode", 0)
    if errcode not in (0, "0"):
        known = isinstance(errcode, int) or (isinstance(errcode, str) and errcode.lstrip("-").isdecimal())
        raise error_of(int(errcode) if known else 0, str(found.get("errmsg", "")))


__all__ = ["Download", "Repeat", "UnclearSend", "WeChatApi", "WeChatSilent", "create_session"]
