"""The API that the service calls, and the page of OAuth, with the documented errors."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from tests.wechat_platform import faults, menus
from tests.wechat_platform.account import OAuthCode, PlatformAccount
from tests.wechat_platform.faults import ApiFault, Faults
from tests.wechat_platform.rules import Rules
from tests.wechat_platform.users import CUSTOM, SUBSCRIPTION, PlatformUser, Seen

WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40053: "invalid action info, please check document",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist",
    41001: "access_token missing",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44004: "empty content",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
}
PHONE_COOKIE = "wechat_user"
Handler = Callable[[PlatformAccount, web.Request], Awaitable[Mapping[str, Any] | web.Response]]


class Refused(Exception):
    """An errcode in place of what was asked for."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


@dataclass(frozen=True)
class ApiCall:
    """A call that arrived, and what it was answered: an errcode, or None where no answer got back."""

    path: str
    errcode: int | None
    token: str = ""


class Api:
    """The routes, over all accounts of a platform."""

    def __init__(
        self, accounts: Mapping[str, PlatformAccount], rules: Rules, wrong: Faults, now: Callable[[], float]
    ) -> None:
        self.calls: list[ApiCall] = []
        self.daily_limits: dict[str, int] = {}
        self._done_calls: Counter[str] = Counter()
        self._accounts = accounts
        self._rules = rules
        self._faults = wrong
        self._now = now

    def routes(self) -> list[web.AbstractRouteDef]:
        with_token: dict[tuple[str, str], Handler] = {
            ("POST", "message/custom/send"): self._send,
            ("POST", "message/subscribe/bizsend"): self._send_subscription,
            ("GET", "media/get"): self._give_media,
            ("POST", "media/upload"): self._take_media,
            ("POST", "menu/create"): self._put_menu,
            ("GET", "menu/get"): self._give_menu,
            ("POST", "qrcode/create"): self._make_code,
            ("GET", "ticket/getticket"): self._give_ticket,
            ("GET", "get_api_domain_ip"): self._give_addresses,
        }
        return [
            web.post("/cgi-bin/stable_token", self._around("stable_token", self._stable_token)),
            web.get("/cgi-bin/token", self._around("token", self._older_token)),
            web.get("/sns/oauth2/access_token", self._around("oauth2", self._openid_of_code)),
            *(
                web.route(method, f"/cgi-bin/{path}", self._around(path, self._for_token(handler)))
                for (method, path), handler in with_token.items()
            ),
            web.get("/connect/oauth2/authorize", self._authorize),
            web.get("/phone", self._take_phone),
            web.get("/video/{media_id}", self._give_video),
        ]

    # --- around each call ------------------------------------------------------------------------

    def _around(
        self, path: str, handler: Callable[[web.Request], Awaitable[Mapping[str, Any] | web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            fault = self._faults.of_call(path)
            await asyncio.sleep(self._faults.delay(self._faults.api_delay))
            if fault is not None and fault.kind == faults.SLOW:
                fault.begun.set()
                await fault.go.wait()
            if fault is not None and fault.kind in faults.UNDONE:
                return self._leave_undone(path, request, fault)
            errcode, response = await self._done(path, handler, request)
            lost = fault is not None and fault.kind != faults.SLOW
            token = request.query.get("access_token", "")
            self.calls.append(ApiCall(path, None if lost else errcode, token))
            return self._spoiled(request, fault) if fault is not None and lost else response

        return answer

    async def _done(self, path: str, handler: Any, request: web.Request) -> tuple[int, web.Response]:
        try:
            self._done_calls[path] += 1
            if self._done_calls[path] > self.daily_limits.get(path, self._done_calls[path]):
                raise Refused(45009)
            answer = await handler(request)
        except Refused as refusal:
            return refusal.errcode, refused(refusal.errcode, request)
        return 0, answer if isinstance(answer, web.Response) else as_json(answer)

    def _leave_undone(self, path: str, request: web.Request, fault: ApiFault) -> web.StreamResponse:
        refusal = fault.kind == faults.REFUSED
        self.calls.append(ApiCall(path, fault.errcode if refusal else None))
        return refused(fault.errcode, request) if refusal else self._spoiled(request, fault)

    def _spoiled(self, request: web.Request, fault: ApiFault) -> web.StreamResponse:
        if fault.kind in (faults.HTTP_ERROR, faults.HTTP_ERROR_AFTER):
            return web.Response(status=fault.status, text="<html>Bad Gateway</html>")
        if fault.kind == faults.GARBAGE_AFTER:
            return web.Response(text='{"errcode": 0, "er')
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # nobody gets it

    def _for_token(self, handler: Handler) -> Callable[[web.Request], Awaitable[Any]]:
        async def answer(request: web.Request) -> Mapping[str, Any] | web.Response:
            token = request.query.get("access_token", "")
            refusals = [(account, account.tokens.refusal(token)) for account in self._accounts.values()]
            for account, errcode in refusals:
                if not errcode:
                    return await handler(account, request)
            # Only the account that issued it knows more than "invalid".
            raise Refused(next((errcode for _, errcode in refusals if errcode != 40001), 40001))

        return answer

    # --- tokens ----------------------------------------------------------------------------------

    async def _stable_token(self, request: web.Request) -> Mapping[str, Any]:
        asked = await object_in(request)
        account = self._proved(request, asked, "client_credential")
        value, seconds = account.tokens.stable(force=asked.get("force_refresh") is True)
        return {"access_token": value, "expires_in": seconds}

    async def _older_token(self, request: web.Request) -> Mapping[str, Any]:
        value, seconds = self._proved(request, request.query, "client_credential").tokens.older()
        return {"access_token": value, "expires_in": seconds}

    def _proved(self, request: web.Request, asked: Mapping[str, Any], grant: str) -> PlatformAccount:
        """The account whose AppID and secret these are."""
        if asked.get("grant_type") != grant:
            raise Refused(40002)
        account = self._accounts.get(str(asked.get("appid")))
        if account is None:
            raise Refused(40013)
        if asked.get("secret") != account.settings.app_secret:
            raise Refused(40125)
        allowed = account.settings.allowed_ips
        if grant == "client_credential" and allowed is not None and request.remote not in allowed:
            raise Refused(40164)
        return account

    # --- messages --------------------------------------------------------------------------------

    async def _send(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        message = await object_in(request)
        user = self._known(account, message)
        kind = message.get("msgtype")
        content = message.get(str(kind))
        if kind not in ("text", "image", "voice", "news") or not isinstance(content, dict):
            raise Refused(40008)
        seen = self._as_seen(account, str(kind), content)
        if errcode := user.take_message():
            raise Refused(errcode)
        user.show(seen)
        return {}

    def _as_seen(self, account: PlatformAccount, kind: str, content: Mapping[str, Any]) -> Seen:
        if kind == "text":
            text = content.get("content")
            if not isinstance(text, str) or not text:
                raise Refused(44004)
            if len(text.encode()) > self._rules.most_text_bytes:
                raise Refused(45002)
            return Seen("text", CUSTOM, self._now(), text)
        if kind == "news":
            articles = content.get("articles")
            if not isinstance(articles, list) or len(articles) != 1:
                raise Refused(45008)
            article = articles[0]
            described, title, url = (str(article.get(n, "")) for n in ("description", "title", "url"))
            return Seen("news", CUSTOM, self._now(), described, title=title, url=url)
        if not account.has_media(content.get("media_id")):
            raise Refused(40007)
        return Seen(kind, CUSTOM, self._now(), media_id=str(content["media_id"]))

    async def _send_subscription(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        message = await object_in(request)
        user = self._known(account, message)
        template, data = message.get("template_id"), message.get("data")
        if template not in account.templates:
            raise Refused(40037)
        if not isinstance(data, dict) or not all(
            isinstance(each, dict) and isinstance(each.get("value"), str) and each["value"]
            for each in data.values()
        ):
            raise Refused(47003)
        left = user.subscriptions.get(str(template), 0)
        if left == 0:
            raise Refused(43101)
        user.subscriptions[str(template)] = None if left is None else left - 1
        values = {name: each["value"] for name, each in data.items()}
        url = str(message.get("page", ""))
        user.show(Seen("template", SUBSCRIPTION, self._now(), title=str(template), url=url, details=values))
        return {}

    def _known(self, account: PlatformAccount, message: Mapping[str, Any]) -> PlatformUser:
        user = account.users.get(str(message.get("touser")))
        if user is None:
            raise Refused(40003)
        return user

    # --- media -----------------------------------------------------------------------------------

    async def _give_media(self, account: PlatformAccount, request: web.Request) -> Any:
        media_id = request.query.get("media_id", "")
        if not account.has_media(media_id):
            raise Refused(40007)
        kept = account.media[media_id]
        if kept.media_type.startswith("video/"):
            return {"video_url": str(request.url.origin().with_path(f"/video/{media_id}"))}
        disposition = f'attachment; filename="{kept.file_name}"'
        return web.Response(
            body=kept.content, content_type=kept.media_type, headers={"Content-disposition": disposition}
        )

    async def _give_video(self, request: web.Request) -> web.Response:
        for account in self._accounts.values():
            if account.has_media(request.match_info["media_id"]):
                kept = account.media[request.match_info["media_id"]]
                return web.Response(body=kept.content, content_type=kept.media_type)
        raise web.HTTPNotFound

    async def _take_media(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        kind = request.query.get("type", "")
        if kind not in ("image", "voice", "video", "thumb"):
            raise Refused(40004)
        given = (await request.post()).get("media")
        if not isinstance(given, web.FileField):
            raise Refused(41005)
        content = given.file.read()
        if len(content) > self._rules.most_image_bytes:
            raise Refused(40009)
        media_id = account.keep_media(content, given.content_type, given.filename)
        return {"type": kind, "media_id": media_id, "created_at": int(self._now())}

    # --- menu and codes --------------------------------------------------------------------------

    async def _put_menu(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        menu = await object_in(request)
        if errcode := menus.fault_of(menu):
            raise Refused(errcode)
        account.menu = menu
        return {}

    async def _give_menu(self, account: PlatformAccount, _request: web.Request) -> Mapping[str, Any]:
        if account.menu is None:
            raise Refused(46003)
        return {"menu": menus.as_given_back(account.menu)}

    async def _make_code(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        asked = await object_in(request)
        try:
            scene = asked["action_info"]["scene"]["scene_str"]
        except (KeyError, TypeError):
            raise Refused(40053) from None
        kind, seconds = asked.get("action_name"), asked.get("expire_seconds", 60)
        if not isinstance(scene, str) or not 1 <= len(scene) <= 64:
            raise Refused(40053)
        if kind == "QR_LIMIT_STR_SCENE":
            ticket = account.make_code(scene, float("inf"))
            return {"ticket": ticket, "url": f"http://weixin.qq.com/q/{ticket[-22:]}"}
        if kind != "QR_STR_SCENE" or not isinstance(seconds, int) or not 1 <= seconds <= 2592000:
            raise Refused(40053)
        ticket = account.make_code(scene, seconds)
        return {"ticket": ticket, "expire_seconds": seconds, "url": f"http://weixin.qq.com/q/{ticket[-22:]}"}

    # --- pages -----------------------------------------------------------------------------------

    async def _give_ticket(self, account: PlatformAccount, request: web.Request) -> Mapping[str, Any]:
        if request.query.get("type") != "jsapi":
            raise Refused(40097)
        value, until = account.ticket
        if until <= self._now():
            value, until = f"HoagFKDcsGMVCIY2vOjf9{secrets.token_urlsafe(40)}", self._now() + 7200
            account.ticket = (value, until)
        return {"ticket": value, "expires_in": int(until - self._now())}

    async def _give_addresses(self, _account: PlatformAccount, _request: web.Request) -> Mapping[str, Any]:
        return {"ip_list": ["127.0.0.1"]}

    async def _take_phone(self, request: web.Request) -> web.StreamResponse:
        """Makes this browser the WeChat of that user, and opens a page in it."""
        response = web.HTTPFound(request.query.get("next", "/connect/oauth2/none"))
        response.set_cookie(PHONE_COOKIE, request.query.get("openid", ""))
        raise response

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        """Leads back with a code for the user whose WeChat this browser is; `snsapi_base` asks nobody."""
        asked = request.query
        account = self._accounts.get(asked.get("appid", ""))
        target = urlsplit(asked.get("redirect_uri", ""))
        domains = account.settings.web_domains if account else ()
        if account is None or not target.netloc or (domains and target.hostname not in domains):
            return web.Response(text="redirect_uri 参数错误", status=200)
        if asked.get("response_type") != "code" or asked.get("scope") not in (
            "snsapi_base",
            "snsapi_userinfo",
        ):
            return web.Response(text="Scope 参数错误或没有 Scope 权限", status=200)
        openid = request.cookies.get(PHONE_COOKIE, "")
        if openid not in account.users:
            return web.Response(text="请在微信客户端打开链接", status=200)
        code = f"0{secrets.token_hex(15)}"
        account.codes[code] = OAuthCode(openid, self._now() + self._rules.code_seconds)
        query = [*parse_qsl(target.query), ("code", code), ("state", asked.get("state", ""))]
        raise web.HTTPFound(urlunsplit(target._replace(query=urlencode(query), fragment="")))

    async def _openid_of_code(self, request: web.Request) -> Mapping[str, Any]:
        account = self._proved(request, request.query, "authorization_code")
        code = account.codes.get(request.query.get("code", ""))
        if code is None or code.until <= self._now():
            raise Refused(40029)
        if code.used:
            raise Refused(40163)
        code.used = True
        return {
            "access_token": f"oauth-{secrets.token_urlsafe(40)}",
            "expires_in": 7200,
            "refresh_token": f"refresh-{secrets.token_urlsafe(40)}",
            "openid": code.openid,
            "scope": "snsapi_base",
        }


async def object_in(request: web.Request) -> Mapping[str, Any]:
    """The JSON object of a call. Escapes stay as they stand, which WeChat shows so."""
    try:
        found = json.loads((await request.read()).replace(b"\\u", b"\\\\u"))
    except ValueError:
        raise Refused(47001) from None
    if not isinstance(found, dict):
        raise Refused(47001)
    return found


def as_json(answer: Mapping[str, Any]) -> web.Response:
    """An answer as WeChat gives it: sometimes of another type than JSON, sometimes without errcode."""
    told = answer or {"errcode": 0, "errmsg": "ok"}
    return web.Response(body=json.dumps(told, ensure_ascii=False).encode(), content_type="text/plain")


def refused(errcode: int, request: web.Request) -> web.Response:
    words = WORDS.get(errcode, "error").format(ip=request.remote)
    told = {"errcode": errcode, "errmsg": f"{words} rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"}
    return web.Response(
        body=json.dumps(told).encode(), headers={"Content-Type": "application/json; encoding=utf-8"}
    )
