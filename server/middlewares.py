"""What happens to every request: an id, one log line, one shape of error, the headers of safety.

The JSON contract of errors, whatever fails and wherever:

    {"error": {"code": "not_found", "message": "没有找到您要的内容。", "request_id": "3f9c…"}}

`code` is stable and for programs, `message` is for citizens, `request_id` finds the log lines. A
trace or an exception's own words never leave the process.
"""

import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from core import errors
from core.settings import Settings
from server import wording

log = structlog.get_logger(__name__)

REQUEST_ID = web.RequestKey("request_id", str)

_OF_STATUS: dict[int, type[errors.BangbanError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMedia,
    429: errors.TooManyRequests,
}

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; font-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers send `Origin: null` with our own form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()",
    "Server": "bangban",
}

_CALL_PAGES = ("/call/", "/agent")
"""Where the paths of pages begin that may ask for camera, microphone and screen."""

_OWN_VOICES = "media-src 'self' blob:"
"""On a citizen's page: it fetches a voice with the conversation's token, which no address carries."""


def canonical_error(error: errors.BangbanError, request_id: str, hotline: str) -> web.Response:
    """The response that says what went wrong, in the one shape."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "error": {
            "code": error.code,
            "message": wording.what_failed(error, hotline),
            "request_id": request_id,
        }
    }
    return web.json_response(body, status=error.status, headers=headers)


def named_error(raised: Exception) -> errors.BangbanError:
    """Our error for whatever a handler raised, and the one place that logs it.

    Only what nobody raised on purpose is logged with its trace.
    """
    if isinstance(raised, web.HTTPException):
        otherwise = errors.InvalidInput if raised.status < 500 else errors.BangbanError
        return _OF_STATUS.get(raised.status, otherwise)(raised.reason)
    if not isinstance(raised, errors.BangbanError):
        log.error("request_failed_unexpectedly", exc_info=raised)
        return errors.BangbanError()
    if raised.status >= 500:
        log.error("request_failed", code=raised.code, reason=str(raised))
    else:
        log.info("request_refused", code=raised.code, reason=str(raised))
    return raised


def identify_requests() -> Middleware:
    """Gives each request an id that its log lines and its response carry."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = secrets.token_hex(8)
        with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
            return await handler(request)

    return middleware


def log_requests(observe: Callable[[str, str, int, float], None]) -> Middleware:
    """Logs and counts every request by its route, which holds no id, address or query."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        status = 499  # the client went away before there was a response
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource else "unknown"
            seconds = time.perf_counter() - began
            observe(request.method, route, status, seconds)
            log.info(
                "request",
                method=_known_method(request.method),
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )

    return middleware


def shape_errors(settings: Settings) -> Middleware:
    """Turns every failure into the one shape of error."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as raised:
            if raised.status < 400:
                raise
            response = canonical_error(named_error(raised), request[REQUEST_ID], settings.hotline)
            if "Allow" in raised.headers:
                response.headers["Allow"] = raised.headers["Allow"]
            return response
        except Exception as raised:
            return canonical_error(named_error(raised), request[REQUEST_ID], settings.hotline)

    return middleware


def refuse_foreign_origins(settings: Settings) -> Middleware:
    """Refuses what another site makes a citizen's browser send: unsafe methods and WebSockets."""
    own = _origin_host(settings.public_url)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        if (is_socket or request.method not in {"GET", "HEAD", "OPTIONS"}) and not is_same_site(
            request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", ""), {request.host, own}
        ):
            raise errors.Forbidden("the request comes from another site")
        return await handler(request)

    return middleware


def is_same_site(fetch_site: str, origin: str, hosts: set[str]) -> bool:
    """Whether a request comes from our own pages or from a program; pure.

    Browsers send `Sec-Fetch-Site` on secure pages and `Origin` elsewhere; programs send neither.
    """
    if fetch_site:
        return fetch_site in {"same-origin", "none"}
    return not origin or _origin_host(origin) in hosts - {""}


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: every response carries the headers of safety and the request's id."""
    own_policy = response.headers.get("Content-Security-Policy", "")
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value
    if own_policy.startswith("sandbox"):  # a file from outside, which may do less than a page
        response.headers["Content-Security-Policy"] = own_policy
    else:
        response.headers["Content-Security-Policy"] = content_policy(request.path)
    response.headers["Permissions-Policy"] = permissions_policy(request.path)
    if REQUEST_ID in request:
        response.headers["X-Request-ID"] = request[REQUEST_ID]


def content_policy(path: str) -> str:
    """What the page at that path may load and do; pure."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    if path == "/" or path.startswith("/call/"):
        return policy.replace("media-src 'self'", _OWN_VOICES)
    return policy


def permissions_policy(path: str) -> str:
    """What the page at that path may ask the browser for; pure."""
    policy = SECURITY_HEADERS["Permissions-Policy"]
    if not path.startswith(_CALL_PAGES):
        return policy
    for device in ("camera", "microphone", "display-capture"):
        policy = policy.replace(f"{device}=()", f"{device}=(self)")
    return policy


def _origin_host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _known_method(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} else "other"
