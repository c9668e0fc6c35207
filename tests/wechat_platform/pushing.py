"""Pushes to the callback, their three tries, and what of the answers the user gets to see."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from tests.wechat_platform import protocol, rules
from tests.wechat_platform.faults import Faults
from tests.wechat_platform.protocol import UnreadableReply
from tests.wechat_platform.rules import AccountSettings, Rules
from tests.wechat_platform.users import NOTICE, OUT_OF_SERVICE, REPLY, PlatformUser, Seen

ANSWERED, CUT, BROKEN, FAILED, LOST = "answered", "cut", "broken", "failed", "lost"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Attempt:
    """One request: when it began (monotonic), how long it took, how it ended, with which HTTP status."""

    began: float
    seconds: float
    outcome: str
    status: int = 0
    content: bytes = field(default=b"", repr=False)


@dataclass
class Delivery:
    """One push with all its attempts. `surplus` are replies that WeChat had no use for any more."""

    key: str
    content: bytes
    attempts: list[Attempt] = field(default_factory=list)
    reply: Seen | None = None
    surplus: list[Seen] = field(default_factory=list)
    answered: bool = False
    complaint: str = ""


class Pusher:
    """Pushes for one account."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: AccountSettings, limits: Rules, faults: Faults
    ) -> None:
        self._session = session
        self._settings = settings
        self._rules = limits
        self._faults = faults

    async def verify_callback(self) -> bool:
        """What the console does when the URL is saved: whether the service gives the echo back."""
        echo = protocol.new_nonce()
        query = {**self._signed(), "echostr": echo}
        async with self._session.get(self._settings.callback, params=query) as response:
            return response.status == 200 and await response.text() == echo

    async def deliver(
        self, user: PlatformUser, delivery: Delivery, now: float, *, tells_failure: bool
    ) -> Delivery:
        """Pushes until it is answered or given up; now and then twice at once. Not without a callback."""
        if not self._settings.callback:
            return delivery
        await asyncio.sleep(self._faults.delay(self._faults.push_delay))
        copies = [self._push(user, delivery, now)]
        if self._faults.is_pushed_twice():
            copies.append(self._push(user, delivery, now))
        await asyncio.gather(*copies)
        if not delivery.answered and tells_failure:
            user.show(Seen("text", NOTICE, now, OUT_OF_SERVICE, delivery=delivery.key))
        return delivery

    async def _push(self, user: PlatformUser, delivery: Delivery, now: float) -> None:
        query, body = self._enveloped(delivery.content)
        for number in range(self._rules.tries):
            if number and self._rules.fresh_signature_on_retry:
                query, body = self._enveloped(delivery.content)
            attempt = await self._attempt(query, body)
            delivery.attempts.append(attempt)
            if attempt.outcome == ANSWERED:
                self._take(user, delivery, attempt.content, now)
                return
            if attempt.outcome == BROKEN:
                await asyncio.sleep(self._rules.pause_after_broken)

    async def _attempt(self, query: dict[str, str], body: bytes) -> Attempt:
        began, status, content, outcome = time.monotonic(), 0, b"", ANSWERED
        try:
            async with (
                asyncio.timeout(self._rules.reply_within),
                self._session.post(
                    self._faults.one_of((self._settings.callback, *self._settings.more_callbacks)),
                    params=query,
                    data=body,
                    headers={"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"},
                ) as response,
            ):
                status, content = response.status, await response.read()
        except TimeoutError:
            outcome = CUT
        except (aiohttp.ClientError, OSError):
            outcome = BROKEN
        else:
            if status != 200:
                outcome = FAILED
            elif self._faults.loses_reply():
                outcome = LOST
        return Attempt(began, time.monotonic() - began, outcome, status, content)

    def _take(self, user: PlatformUser, delivery: Delivery, content: bytes, now: float) -> None:
        """Shows the first reply to a push; one message has one reply, so others are surplus."""
        try:
            seen = self._read(user, delivery, content, now)
        except UnreadableReply as error:
            delivery.complaint = str(error)
            return
        if seen is not None and delivery.reply is None:
            delivery.reply = seen
            user.show(seen)
        elif seen is not None:
            delivery.surplus.append(seen)
        delivery.answered = True

    # --- what goes out ---------------------------------------------------------------------------

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), protocol.new_nonce()
        signature = protocol.sign(self._settings.token, timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def _enveloped(self, content: bytes) -> tuple[dict[str, str], bytes]:
        query = self._signed()
        root = protocol.read_xml(content)
        query["openid"] = protocol.text_of(root, "FromUserName")
        if self._settings.mode == rules.PLAIN:
            return query, content
        encrypted = protocol.encrypt(content, self._settings.aes_key, self._settings.app_id)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = protocol.sign(
            self._settings.token, query["timestamp"], query["nonce"], encrypted
        )
        if self._settings.mode == rules.COMPATIBLE:
            inner = content.removeprefix(b"<xml>").removesuffix(b"</xml>")
            return query, b"<xml>" + inner + f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
        return query, protocol.as_xml({"ToUserName": self._settings.original_id, "Encrypt": encrypted})

    # --- what comes back -------------------------------------------------------------------------

    def _read(self, user: PlatformUser, delivery: Delivery, content: bytes, now: float) -> Seen | None:
        if content.strip() in (b"", b"success"):
            return None
        root = protocol.read_xml(content)
        if root.find("Encrypt") is not None:
            root = protocol.read_xml(self._opened(root))
        elif self._settings.mode == rules.SAFE:
            raise UnreadableReply("a plain reply in safe mode")
        if protocol.text_of(root, "ToUserName") != user.openid:
            raise UnreadableReply("a reply to somebody else")
        if protocol.text_of(root, "FromUserName") != self._settings.original_id:
            raise UnreadableReply("a reply of somebody else")
        if not protocol.text_of(root, "CreateTime").isdecimal():
            raise UnreadableReply("a CreateTime that is no number")
        kind = protocol.text_of(root, "MsgType")
        if kind == "text":
            text = protocol.text_of(root, "Content")
            if not text or len(text.encode()) > self._rules.most_text_bytes:
                raise UnreadableReply(f"a text of {len(text.encode())} bytes")
            return Seen("text", REPLY, now, text, delivery=delivery.key)
        if kind in ("image", "voice"):
            media_id = protocol.text_of(root, f"{kind.capitalize()}/MediaId")
            return Seen(kind, REPLY, now, media_id=media_id, delivery=delivery.key)
        if kind == "news":
            return self._news(root, delivery, now)
        raise UnreadableReply(f"a reply of kind {kind}")

    def _news(self, root: protocol.ElementTree.Element, delivery: Delivery, now: float) -> Seen:
        """The cards: one in answer to a message, up to eight to an event; the first is what is seen first."""
        items = root.findall("Articles/item")
        most = 1 if delivery.key.startswith("m:") else 8
        if not 1 <= len(items) <= most or protocol.text_of(root, "ArticleCount") != str(len(items)):
            raise UnreadableReply(f"a reply of {len(items)} articles")
        cards = [[protocol.text_of(item, name) for name in ("Title", "Url", "Description")] for item in items]
        (title, url, described), *others = cards
        details = {other_title: other_url for other_title, other_url, _ in others}
        return Seen("news", REPLY, now, described, title, url, delivery=delivery.key, details=details)

    def _opened(self, root: protocol.ElementTree.Element) -> bytes:
        if self._settings.mode == rules.PLAIN:
            raise UnreadableReply("an encrypted reply in plain mode")
        encrypted = protocol.text_of(root, "Encrypt")
        timestamp, nonce = protocol.text_of(root, "TimeStamp"), protocol.text_of(root, "Nonce")
        expected = protocol.sign(self._settings.token, timestamp, nonce, encrypted)
        if protocol.text_of(root, "MsgSignature") != expected:
            raise UnreadableReply("a reply with a wrong signature")
        return protocol.decrypt(encrypted, self._settings.aes_key, self._settings.app_id)
