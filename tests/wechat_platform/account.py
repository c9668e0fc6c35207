"""An official account in WeChat: its users, tokens, media, menu, codes and deliveries."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp

from tests.wechat_platform import protocol
from tests.wechat_platform.faults import Faults
from tests.wechat_platform.pushing import Delivery, Pusher
from tests.wechat_platform.rules import AccountSettings, Rules
from tests.wechat_platform.tokens import TokenBook
from tests.wechat_platform.users import PlatformUser


@dataclass(frozen=True)
class KeptMedia:
    content: bytes = field(repr=False)
    media_type: str
    file_name: str
    until: float


@dataclass
class OAuthCode:
    openid: str
    until: float
    used: bool = False


class PlatformAccount:
    """Reached through `WeChatPlatform.account`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: AccountSettings,
        rules: Rules,
        faults: Faults,
        now: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.tokens = TokenBook(rules, now)
        self.users: dict[str, PlatformUser] = {}
        self.deliveries: list[Delivery] = []
        self.media: dict[str, KeptMedia] = {}
        self.menu: Mapping[str, object] | None = None
        self.codes: dict[str, OAuthCode] = {}
        self.templates: set[str] = set()
        self.ticket = ("", 0.0)
        self._pusher = Pusher(session, settings, rules, faults)
        self._rules = rules
        self._now = now
        self._scenes: dict[str, tuple[str, float]] = {}
        self._message_ids = itertools.count(23_000_000_000_000_000 + secrets.randbelow(10**15))
        self._under_way: set[asyncio.Task[Delivery]] = set()

    def user(self, openid: str = "") -> PlatformUser:
        """The user with that openid, made if there is none; without one, a new user. They follow already."""
        openid = openid or f"o{secrets.token_urlsafe(20)}"
        if openid not in self.users:
            self.users[openid] = PlatformUser(self, openid, self._rules, self._now)
        return self.users[openid]

    async def verify_callback(self) -> bool:
        """Checks the callback as the console does."""
        return await self._pusher.verify_callback()

    async def settled(self) -> None:
        """Returns when no push is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    @property
    def complaints(self) -> list[str]:
        """What was wrong with replies; a service that does all right leaves none."""
        return [each.complaint for each in self.deliveries if each.complaint]

    def push(
        self, user: PlatformUser, fields: Mapping[str, object], *, key: str, tells_failure: bool
    ) -> asyncio.Task[Delivery]:
        now = self._now()
        head = {"ToUserName": self.settings.original_id, "FromUserName": user.openid, "CreateTime": int(now)}
        delivery = Delivery(key, protocol.as_xml({**head, **fields}))
        self.deliveries.append(delivery)
        delivering = self._pusher.deliver(user, delivery, now, tells_failure=tells_failure)
        task = asyncio.create_task(delivering, name=f"push {key}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def close(self) -> None:
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def keep_media(self, content: bytes, media_type: str, file_name: str) -> str:
        media_id = secrets.token_urlsafe(48)
        self.media[media_id] = KeptMedia(
            content, media_type, file_name, self._now() + self._rules.media_seconds
        )
        return media_id

    def has_media(self, media_id: object) -> bool:
        kept = self.media.get(str(media_id))
        return kept is not None and kept.until > self._now()

    def make_code(self, scene: str, seconds: float) -> str:
        """A ticket for that scene, for so long."""
        ticket = f"gQ{secrets.token_urlsafe(60)}"
        self._scenes[ticket] = (scene, self._now() + seconds)
        return ticket

    def scene_of(self, ticket: str) -> str:
        scene, until = self._scenes.get(ticket, ("", 0.0))
        if until <= self._now():
            raise ValueError("no such code, or no longer")
        return scene
