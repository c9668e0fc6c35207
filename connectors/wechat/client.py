"""WeChat's API for one official account: messages, media, menu, codes, and who is on the page.

Reads and what is as good twice as once is repeated after a failure. A message is not: once it was
handed over and no answer came, `UnclearSend` says so, and nobody knows whether the citizen has it.
A refused token is replaced once for each call. Nothing here counts what may be sent: the ledger does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import aiohttp

from connectors.wechat.access_token import SharedToken, TokenSource, fetching_access_token, issued
from connectors.wechat.account import Account
from connectors.wechat.api import Repeat, UnclearSend, WeChatApi, WeChatSilent
from connectors.wechat.error_codes import TokenExpired, WeChatRefusal
from core.clock import utc_now
from core.errors import BangbanError, InvalidInput
from core.replica_ports import Locks
from core.wechat_ports import AccessToken, TokenStore

T = TypeVar("T")

MOST_MEDIA_BYTES: Final = 20 * 1024 * 1024  # a video has up to 10 MB, an image as well
LONGEST_SCENE: Final = 64
LONGEST_SCENE_SECONDS: Final = 30 * 86400

_NO_MENU: Final = 46003


@dataclass(frozen=True, slots=True)
class Media:
    """A file that a citizen sent; `media_type` as WeChat says, such as `audio/amr`."""

    content: bytes = field(repr=False)
    media_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class SceneCode:
    """A code whose scan is told us with its scene. `url` is what the code says, to draw it from."""

    ticket: str
    url: str


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step of the self-check, as staff call it; without `error` it went well."""

    name: str
    error: BangbanError | None = None


class WeChatClient:
    """Calls the API for one account. Each call raises WeChatRefusal, and Unavailable without an answer."""

    def __init__(
        self, api: WeChatApi, account: Account, tokens: TokenSource, tickets: TokenSource | None = None
    ) -> None:
        self._api = api
        self._account = account
        self._tokens = tokens
        self._tickets = tickets

    @property
    def account_id(self) -> str:
        """Whose client this is."""
        return self._account.account_id

    # --- messages --------------------------------------------------------------------------------

    async def send_text(self, openid: str, text: str) -> None:
        """Sends a customer-service message.

        Raises UnclearSend if nobody knows whether it was sent: it mustn't be repeated. So it is when
        the caller is cancelled. After any other error it wasn't; of Busy WeChat doesn't quite promise it.
        """
        await self._send(openid, "text", {"content": text})

    async def send_image(self, openid: str, media_id: str) -> None:
        """Sends a picture that was uploaded. Raises as `send_text`."""
        await self._send(openid, "image", {"media_id": media_id})

    async def send_news(
        self, openid: str, *, title: str, description: str, url: str, picture_url: str = ""
    ) -> None:
        """Sends a card that opens a page. WeChat takes one a message. Raises as `send_text`."""
        article = {"title": title, "description": description, "url": url, "picurl": picture_url}
        await self._send(openid, "news", {"articles": [article]})

    async def send_subscription(
        self, openid: str, template_id: str, data: Mapping[str, str], *, page: str = ""
    ) -> None:
        """Sends a message that the citizen subscribed to. Raises as `send_text`."""
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": {name: {"value": value} for name, value in data.items()},
        }
        if page:
            body["page"] = page
        await self._hand_over("/cgi-bin/message/subscribe/bizsend", body)

    async def _send(self, openid: str, kind: str, content: Mapping[str, Any]) -> None:
        body = {"touser": openid, "msgtype": kind, kind: content}
        await self._hand_over("/cgi-bin/message/custom/send", body)

    async def _hand_over(self, path: str, body: Mapping[str, Any]) -> None:
        async def ask(token: str) -> None:
            # Only the end of this call is unclear: where no token was to be had, nothing was sent.
            query = {"access_token": token}
            try:
                await self._api.ask("POST", path, query=query, body=body, repeat=Repeat.UNSENT)
            except WeChatSilent as error:
                if not error.sent:
                    raise
                reason = error.reason
            else:
                return
            raise UnclearSend(reason)

        await self._with_token(ask)

    # --- media -----------------------------------------------------------------------------------

    async def download(self, media_id: str) -> Media:
        """A file that a citizen sent, within three days. Raises FileTooLarge."""
        file = await self._with_token(
            lambda token: self._api.download(
                "/cgi-bin/media/get",
                query={"access_token": token, "media_id": media_id},
                most_bytes=MOST_MEDIA_BYTES,
            )
        )
        video_url = file.told.get("video_url")
        if isinstance(video_url, str):  # videos lie elsewhere, open to whoever has the address
            file = await self._api.download(video_url, most_bytes=MOST_MEDIA_BYTES)
        return Media(file.content, file.media_type, file.file_name)

    async def upload(self, kind: str, content: bytes, *, file_name: str, media_type: str) -> str:
        """Uploads an `image`, `voice`, `video` or `thumb` for three days; returns its media_id."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("media", content, filename=file_name, content_type=media_type)
            return fields

        query = {"type": kind}
        return _text_in(await self._call("POST", "/cgi-bin/media/upload", query=query, form=form), "media_id")

    # --- menu and codes --------------------------------------------------------------------------

    async def menu(self) -> Mapping[str, Any] | None:
        """The menu as WeChat has it, `{"button": […]}`, or None if there is none."""
        try:
            found = (await self._call("GET", "/cgi-bin/menu/get")).get("menu")
        except WeChatRefusal as error:
            if error.errcode == _NO_MENU:
                return None
            raise
        return found if isinstance(found, dict) else None

    async def put_menu(self, menu: Mapping[str, Any]) -> None:
        """Puts `{"button": […]}` in place of the menu."""
        await self._call("POST", "/cgi-bin/menu/create", body=menu)

    async def scene_code(self, scene: str, seconds: int | None = None) -> SceneCode:
        """A code for that scene of 1 to 64 characters, for so long or, if None, for good.

        Of those for good an account has 100,000. Raises InvalidInput for what WeChat won't take.
        """
        if not 1 <= len(scene) <= LONGEST_SCENE:
            raise InvalidInput(f"a scene has 1 to {LONGEST_SCENE} characters")
        body: dict[str, Any] = {"action_info": {"scene": {"scene_str": scene}}}
        if seconds is None:
            body["action_name"] = "QR_LIMIT_STR_SCENE"
        elif 1 <= seconds <= LONGEST_SCENE_SECONDS:
            body |= {"action_name": "QR_STR_SCENE", "expire_seconds": seconds}
        else:
            raise InvalidInput(f"a code lasts 1 to {LONGEST_SCENE_SECONDS} seconds")
        found = await self._call("POST", "/cgi-bin/qrcode/create", body=body)
        return SceneCode(_text_in(found, "ticket"), _text_in(found, "url"))

    # --- the page --------------------------------------------------------------------------------

    async def openid_of_code(self, code: str) -> str:
        """Whose page it is that came back with that code, which is good once.

        If no answer comes the code may be used up: the page must ask for another.
        """
        query = {
            "appid": self._account.app_id,
            "secret": self._account.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._api.ask("GET", "/sns/oauth2/access_token", query=query, repeat=Repeat.UNSENT)
        return _text_in(answer, "openid")

    async def jsapi_ticket(self) -> str:
        """What the page's use of the JS-SDK is signed with."""
        if self._tickets is not None:
            return await self._tickets.value()
        return (await self.fetch_ticket(utc_now())).value

    async def fetch_ticket(self, now: datetime) -> AccessToken:
        """A ticket for the JS-SDK from WeChat, who limits how often; `jsapi_ticket` keeps it."""
        answer = await self._call("GET", "/cgi-bin/ticket/getticket", query={"type": "jsapi"})
        return issued(answer, "ticket", now)

    # --- the account -----------------------------------------------------------------------------

    async def self_check(self) -> Sequence[CheckedStep]:
        """Tries, without changing anything, what the account must be able to do; ends where nothing can.

        The first step is the token: it tells of a wrong AppID or secret and of the white list.
        """
        steps = [await _tried("接口凭证 access_token", self._tokens.value())]
        if steps[0].error is None:
            steps.append(await _tried("调用接口", self._call("GET", "/cgi-bin/get_api_domain_ip")))
            steps.append(await _tried("自定义菜单", self.menu()))
            steps.append(await _tried("网页 JS-SDK", self.jsapi_ticket()))
        return steps

    async def close(self) -> None:
        """Ends what is under way; the session is the caller's."""
        for each in (self._tokens, self._tickets):
            if isinstance(each, SharedToken):
                await each.close()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Callable[[], aiohttp.FormData] | None = None,
    ) -> Mapping[str, Any]:
        def ask(token: str) -> Awaitable[Mapping[str, Any]]:
            with_token = {"access_token": token, **(query or {})}
            return self._api.ask(method, path, query=with_token, body=body, form=form)

        return await self._with_token(ask)

    async def _with_token(self, ask: Callable[[str], Awaitable[T]]) -> T:
        """What is asked with the account's token, once more with another if that is refused."""
        token = await self._tokens.value()
        try:
            return await ask(token)
        except TokenExpired:
            pass  # no doubtful end: a message wasn't sent either
        return await ask(await self._tokens.instead_of(token))


def open_client(
    api: WeChatApi,
    account: Account,
    store: TokenStore,
    locks: Locks | None,
    *,
    now: Callable[[], datetime] = utc_now,
) -> WeChatClient:
    """A client whose token and ticket all tasks and processes share. `close` it at the end."""
    tokens = SharedToken(
        fetching_access_token(api, account, now=now),
        store,
        locks,
        account_id=account.account_id,
        kind="access_token",
        now=now,
    )
    asking = WeChatClient(api, account, tokens)

    async def fetch(_force: bool) -> AccessToken:
        return await asking.fetch_ticket(now())

    tickets = SharedToken(fetch, store, locks, account_id=account.account_id, kind="jsapi_ticket", now=now)
    return WeChatClient(api, account, tokens, tickets)


async def _tried(name: str, trying: Awaitable[object]) -> CheckedStep:
    try:
        await trying
    except BangbanError as error:
        return CheckedStep(name, error)
    return CheckedStep(name)


def _text_in(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise WeChatSilent(f"an answer without {name}", sent=True)
    return value


__all__ = ["CheckedStep", "Media", "SceneCode", "WeChatClient", "open_client"]
