"""The users of an account: what they do, what may be sent to them, and what they saw."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.wechat_platform.rules import Rules

if TYPE_CHECKING:
    from tests.wechat_platform.account import PlatformAccount
    from tests.wechat_platform.pushing import Delivery

WINDOW_CLOSED, COUNT_USED_UP, NOT_FOLLOWING = 45015, 45047, 43004
REPLY, CUSTOM, SUBSCRIPTION, NOTICE = "reply", "custom", "subscription", "notice"
OUT_OF_SERVICE = "该公众号提供的服务出现故障，请稍后再试"


@dataclass(frozen=True)
class Seen:
    """One thing on the user's screen. `via` is how it came; a reply knows the `delivery` it answers."""

    kind: str
    via: str
    at: float
    text: str = ""
    title: str = ""
    url: str = ""
    media_id: str = ""
    delivery: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Grant:
    left: int
    until: float


class PlatformUser:
    """A WeChat user. Everything they do returns the delivery of its push, which need not be awaited."""

    def __init__(
        self, account: "PlatformAccount", openid: str, rules: Rules, now: Callable[[], float]
    ) -> None:
        self.openid = openid
        self.follows_account = True
        self.seen: list[Seen] = []
        self.subscriptions: dict[str, int | None] = {}  # template: how many more, None for any number
        self.sees: Callable[[Seen], None] = lambda _: None
        self._account = account
        self._rules = rules
        self._now = now
        self._grants: dict[str, Grant] = {}

    def __repr__(self) -> str:
        return f"PlatformUser({self.openid})"

    @property
    def texts(self) -> list[str]:
        """The texts that the user saw, in order."""
        return [each.text for each in self.seen if each.kind == "text" and each.via != NOTICE]

    def show(self, seen: Seen) -> None:
        self.seen.append(seen)
        self.sees(seen)

    # --- what the user does ----------------------------------------------------------------------

    def says(self, text: str, *, menu_id: str = "") -> "asyncio.Task[Delivery]":
        extra = {"bizmsgmenuid": menu_id} if menu_id else {}
        return self._message("text", {"Content": text, **extra})

    def sends_image(self, content: bytes) -> "asyncio.Task[Delivery]":
        media_id = self._account.keep_media(content, "image/jpeg", "image.jpg")
        url = f"http://mmbiz.qpic.cn/mmbiz_jpg/{media_id}/0"
        return self._message("image", {"PicUrl": url, "MediaId": media_id})

    def sends_voice(
        self,
        content: bytes,
        *,
        coding: str = "amr",
        recognition: str | None = None,
        better: bytes | None = None,
    ) -> "asyncio.Task[Delivery]":
        """`better` is the same in 16 kHz, which not every account gets."""
        media_id = self._account.keep_media(content, f"audio/{coding}", f"voice.{coding}")
        told = {} if recognition is None else {"Recognition": recognition}
        if better is not None:
            told["MediaId16K"] = self._account.keep_media(better, f"audio/{coding}", f"voice16k.{coding}")
        return self._message("voice", {"MediaId": media_id, "Format": coding, **told})

    def sends_video(self, content: bytes, *, short: bool = False) -> "asyncio.Task[Delivery]":
        media_id = self._account.keep_media(content, "video/mp4", "video.mp4")
        thumb_id = self._account.keep_media(b"\xff\xd8\xff thumb", "image/jpeg", "thumb.jpg")
        kind = "shortvideo" if short else "video"
        return self._message(kind, {"MediaId": media_id, "ThumbMediaId": thumb_id})

    def sends_location(
        self, latitude: float, longitude: float, *, scale: int = 16, label: str = ""
    ) -> "asyncio.Task[Delivery]":
        place = {"Location_X": latitude, "Location_Y": longitude, "Scale": scale, "Label": label}
        return self._message("location", place)

    def sends_link(self, title: str, url: str, description: str = "") -> "asyncio.Task[Delivery]":
        return self._message("link", {"Title": title, "Description": description, "Url": url})

    def sends_unknown(self, kind: str, fields: Mapping[str, object]) -> "asyncio.Task[Delivery]":
        """A message of a kind that the service may not know."""
        return self._message(kind, fields)

    def follows(self, scene: str = "", ticket: str = "") -> "asyncio.Task[Delivery]":
        self.follows_account = True
        self._grant_event()
        by = {"EventKey": f"qrscene_{scene}", "Ticket": ticket} if scene else {"EventKey": ""}
        return self._event("subscribe", by)

    def unfollows(self) -> "asyncio.Task[Delivery]":
        self.follows_account = False
        self._grants.clear()
        return self._event("unsubscribe", {"EventKey": ""})

    def scans(self, scene: str, ticket: str = "") -> "asyncio.Task[Delivery]":
        """Scans a scene code; who doesn't follow yet does so by it."""
        ticket = ticket or f"gQ-{scene}"
        if not self.follows_account:
            return self.follows(scene, ticket)
        self._grant_event()
        return self._event("SCAN", {"EventKey": scene, "Ticket": ticket})

    def scans_code(self, ticket: str) -> "asyncio.Task[Delivery]":
        """Scans a code that the service had made. Raises ValueError if there is none, or no longer."""
        return self.scans(self._account.scene_of(ticket), ticket)

    def clicks(self, key: str) -> "asyncio.Task[Delivery]":
        self._grant_event()
        return self._event("CLICK", {"EventKey": key}, tells_failure=True)

    def scans_by_button(
        self, key: str, scanned: str, *, event: str = "scancode_waitmsg"
    ) -> "asyncio.Task[Delivery]":
        """Scans any code by a button of the menu."""
        self._grant_event()
        code = {"ScanType": "qrcode", "ScanResult": scanned}
        return self._event(event, {"EventKey": key, "ScanCodeInfo": code}, tells_failure=True)

    def views(self, url: str, menu_id: str = "") -> "asyncio.Task[Delivery]":
        return self._event("VIEW", {"EventKey": url, **({"MenuId": menu_id} if menu_id else {})})

    def is_located(
        self, latitude: float, longitude: float, precision: float = 40.0
    ) -> "asyncio.Task[Delivery]":
        return self._event("LOCATION", {"Latitude": latitude, "Longitude": longitude, "Precision": precision})

    def answers_subscription(
        self, answers: Mapping[str, bool], *, times: int | None = 1
    ) -> "asyncio.Task[Delivery]":
        """Accepts or rejects templates; an accepted one may be sent so many times, None for any number."""
        listed: list[Mapping[str, object]] = []
        for template, accepted in answers.items():
            if accepted:
                had = self.subscriptions.get(template, 0)
                self.subscriptions[template] = None if times is None or had is None else had + times
            word = "accept" if accepted else "reject"
            listed.append({"TemplateId": template, "SubscribeStatusString": word, "PopupScene": 1})
        return self._event("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": {"List": listed}})

    def is_told_of_template(self, message_id: int, status: str = "success") -> "asyncio.Task[Delivery]":
        """WeChat tells the service what became of a template message."""
        return self._event("TEMPLATESENDJOBFINISH", {"MsgID": message_id, "Status": status})

    def does_unknown(self, event: str, fields: Mapping[str, object]) -> "asyncio.Task[Delivery]":
        """An event that the service may not know."""
        return self._event(event, fields)

    def _message(self, kind: str, content: Mapping[str, object]) -> "asyncio.Task[Delivery]":
        self._grants["message"] = Grant(self._rules.message_count, self._now() + self._rules.message_seconds)
        message_id = self._account.next_message_id()
        fields = {"MsgType": kind, **content, "MsgId": message_id}
        return self._account.push(self, fields, key=f"m:{message_id}", tells_failure=True)

    def _event(
        self, event: str, content: Mapping[str, object], *, tells_failure: bool = False
    ) -> "asyncio.Task[Delivery]":
        fields = {"MsgType": "event", "Event": event, **content}
        key = f"e:{self.openid}:{event}:{self._account.next_message_id()}"
        return self._account.push(self, fields, key=key, tells_failure=tells_failure)

    # --- what may be sent ------------------------------------------------------------------------

    def _grant_event(self) -> None:
        self._grants["event"] = Grant(self._rules.event_count, self._now() + self._rules.event_seconds)

    @property
    def may_get(self) -> int:
        """How many customer-service messages may be sent now."""
        return max((each.left for each in self._open_grants()), default=0)

    def take_message(self) -> int:
        """Counts a customer-service message; 0, or the errcode of its refusal.

        How WeChat counts when several grants are open isn't documented: here a message uses up one of
        each, so that a service that adds grants up is found out.
        """
        grants = self._open_grants()
        if not grants:
            return WINDOW_CLOSED
        if not self.follows_account:
            return NOT_FOLLOWING
        if all(each.left == 0 for each in grants):
            return COUNT_USED_UP
        for each in grants:
            each.left = max(0, each.left - 1)
        return 0

    def _open_grants(self) -> list[Grant]:
        return [each for each in self._grants.values() if each.until > self._now()]
