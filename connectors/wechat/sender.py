"""Sends what waits in outboxes as customer-service messages, as far as WeChat lets us.

Who has something new in their log is told by `note`; a look finds whose outbox has something that no open
delivery may still carry, and sends it message by message, in order. That a message is being sent is stored
before it is, so that of several processes one sends it, and what a process had begun when it ended is not
sent again. One user's trouble is nobody else's: nobody waits for another's message, or fails with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from connectors.wechat import outbox
from connectors.wechat.api import UnclearSend
from connectors.wechat.engine import Engine
from connectors.wechat.error_codes import (
    IpNotListed,
    NotPermitted,
    RequestRefused,
    TooOften,
    WeChatRefusal,
    WrongCredentials,
)
from connectors.wechat.outbox import Batch, Link, Rules
from connectors.wechat.reminder import Remind, nobody_reminds
from connectors.wechat.reminding import may_remind
from connectors.wechat.surroundings import nobody_asks
from core.ending import end_tasks
from core.errors import BangbanError, ConfigurationError, NotFound
from core.outbox_ports import ChannelUser, OutboxStore, Step

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.2
AT_ONCE: Final = 8
MOST_USERS: Final = 1000

LOOK_AT_ALL_EVERY: Final = timedelta(seconds=60)
"""`note` tells what happens in this process; what another one couldn't say any more, a look at all finds."""

ENDS_WITHIN_S: Final = 45.0
"""So long a send may take, with token and upload; then it is unclear."""

LOST_AFTER: Final = timedelta(seconds=60)
"""What is still being sent then is no more: its process has ended."""

LAST_SECONDS: Final = 5.0
"""So long what is being sent may take at the end of the service; cut off it would be unclear."""

BETWEEN_PAGES: Final = timedelta(seconds=10)
"""So long after a page was closed another may open, and nothing need be sent."""

SHORT_REST: Final = timedelta(seconds=3)
LONG_REST: Final = timedelta(seconds=60)

Send = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Sends a body to a user. Raises UnclearSend, WeChatRefusal, or another BangbanError if nothing went out."""

Watched = Callable[[Collection[str]], Awaitable[Collection[str] | None]]
"""Which of these conversations are open on their citizen's screen; None if that can't be told."""


async def nobody_watches(_: Collection[str]) -> Collection[str]:
    """There are no pages."""
    return ()


class Sender:
    """Sends for one account, until it is cancelled. To who has the page open nothing is sent meanwhile."""

    def __init__(
        self,
        account: str,
        store: OutboxStore,
        engine: Engine,
        send: Send,
        *,
        rules: Rules,
        link_for: Callable[[str], Link],
        now: Callable[[], datetime],
        watched: Watched = nobody_watches,
        remind: Remind = nobody_reminds,
    ) -> None:
        self._account = account
        self._store = store
        self._engine = engine
        self._send = send
        self._rules = rules
        self._link_for = link_for
        self._now = now
        self._watched = watched
        self._remind = remind
        self.changed: Callable[[ChannelUser], None] = nobody_asks
        """Is told whose outbox has changed."""
        self._woken = asyncio.Event()
        self._grown: set[str] = set()
        self._looked_at_all: datetime | None = None
        self._rests_until: datetime | None = None
        self._open_at: dict[str, datetime] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def wake(self) -> None:
        """Something may be there to send."""
        self._woken.set()

    def note(self, conversation_id: str) -> None:
        """The log of a conversation, of whatever channel, has grown."""
        self._grown.add(conversation_id)
        self._woken.set()

    async def go_on(self) -> None:
        """Looks again and again, at once when woken."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._begin()
                except BangbanError as error:
                    log.warning("wechat_sender_failed", code=error.code, reason=str(error))
                except Exception:
                    log.exception("wechat_sender_failed_unexpectedly")
                await asyncio.sleep(PAUSE_SECONDS)  # one look for what comes close together
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    pass
        finally:
            await end_tasks(tuple(self._serving.values()))

    async def look(self) -> None:
        """Takes up what logs say and what was left undone, and sends what may be sent now."""
        await asyncio.gather(*await self._begin())

    async def _begin(self) -> Sequence[asyncio.Task[None]]:
        """Takes up what logs say, and begins to send to who isn't being sent to."""
        await self._catch_up()
        if self._rests():
            return ()
        waiting = [
            user
            for user in await self._store.waiting(self._account, self._now(), MOST_USERS)
            if user.user_id not in self._serving
        ]
        if not waiting:
            return ()
        watched = await self._on_page([user.conversation_id for user in waiting])
        return [self._begin_with(user) for user in waiting if user.conversation_id not in watched]

    def _begin_with(self, user: ChannelUser) -> asyncio.Task[None]:
        openid = user.user_id

        async def serve() -> None:
            async with self._slots:
                if not self._rests():
                    await self._alone(self._serve(openid))

        task = asyncio.create_task(serve(), name=f"wechat-send-{self._account}")
        self._serving[openid] = task
        task.add_done_callback(lambda _: self._serving.pop(openid, None))
        return task

    async def _on_page(self, conversation_ids: Collection[str]) -> Collection[str]:
        """Which of these are open on a page, or were a moment ago: one page leads to the next."""
        now = self._now()
        for conversation_id in await self._watched(conversation_ids) or ():
            self._open_at[conversation_id] = now
        self._open_at = {each: at for each, at in self._open_at.items() if now - at < BETWEEN_PAGES}
        return self._open_at.keys()

    async def _catch_up(self) -> None:
        grown, self._grown = self._grown, set()
        now = self._now()
        try:
            users = await self._behind(sorted(grown))
            if self._looked_at_all is None or now - self._looked_at_all >= LOOK_AT_ALL_EVERY:
                users += await self._store.behind(self._account, MOST_USERS)
                self._looked_at_all = now
        except BaseException:
            self._grown |= grown
            raise
        for user in users:
            await self._alone(self._engine.catch_up(user), user.conversation_id)

    async def _behind(self, grown: Sequence[str]) -> list[ChannelUser]:
        users: list[ChannelUser] = []
        for start in range(0, len(grown), MOST_USERS):
            part = grown[start : start + MOST_USERS]
            users += await self._store.behind(self._account, MOST_USERS, among=part)
        return users

    async def _alone(self, work: Awaitable[None], again: str = "") -> None:
        """Does what concerns one user. `again` is the conversation to look at again if that fails."""
        try:
            await work
        except NotFound:
            pass  # left meanwhile
        except BangbanError as error:
            log.warning("wechat_sender_failed", code=error.code, reason=str(error))
            self._grown |= {again} - {""}
        except Exception:
            log.exception("wechat_sender_failed_unexpectedly")

    async def _serve(self, openid: str) -> None:
        link = self._link_for(openid)
        await self._change(openid, outbox.give_up_sending(self._rules, self._now(), LOST_AFTER))
        while True:
            found: list[Batch] = []
            begin = outbox.begin_sending(self._rules, link, self._now(), found)
            known = await self._change(openid, begin)
            if not found and may_remind(known):
                await self._remind(openid)
                self.changed(known)
            if not found or not await self._sent(openid, found[-1]):
                return

    async def _sent(self, openid: str, batch: Batch) -> bool:
        """Sends; says whether to go on with the next."""
        sending = asyncio.create_task(self._outcome(openid, batch))
        try:
            step, goes_on = await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=LAST_SECONDS)
            step = outbox.unclear(batch, self._rules, self._now())
            if sending.done() and not sending.cancelled():
                step, _ = sending.result()
            sending.cancel()
            await asyncio.shield(self._change(openid, step))
            raise
        await self._change(openid, step)
        return goes_on

    async def _outcome(self, openid: str, batch: Batch) -> tuple[Step, bool]:
        """Sends; what becomes of the outbox, and whether to go on with the next."""
        began = self._now()
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await self._send(openid, batch.body)
        except (UnclearSend, TimeoutError) as error:
            log.warning("wechat_send_unclear", reason=str(error) or "it has no end")
            step = outbox.unclear(batch, self._rules, self._now())
        except RequestRefused as error:
            log.error("wechat_message_refused", code=error.errcode, reason=error.errmsg)
            step = outbox.drop(batch)
        except WeChatRefusal as error:
            log.info("wechat_send_refused", code=error.errcode, advice=error.advice)
            rest = self._rest_after(error)
            step = outbox.put_back(batch, self._rules, began, rest=rest, code=error.errcode)
        except BangbanError as error:
            log.warning("wechat_send_failed", code=error.code, reason=str(error))
            step = outbox.put_back(batch, self._rules, began, rest=self._rest_after(error))
        except Exception:
            log.exception("wechat_send_failed_unexpectedly")
            step = outbox.unclear(batch, self._rules, self._now())
        else:
            return outbox.confirmed(batch, self._rules, self._now()), True
        return step, False

    def _rest_after(self, error: BangbanError) -> timedelta:
        """How long to wait with the user; with all where the error is the account's, and lasts."""
        if not isinstance(error, _LASTING):
            return SHORT_REST
        self._rests_until = self._now() + LONG_REST
        return LONG_REST

    def _rests(self) -> bool:
        return self._rests_until is not None and self._now() < self._rests_until

    async def _change(self, openid: str, step: Step) -> ChannelUser:
        user = (await self._store.change(self._account, openid, step)).user
        self.changed(user)
        return user


_LASTING: Final = (ConfigurationError, IpNotListed, NotPermitted, TooOften, WrongCredentials)
"""They concern the whole account, and don't pass within seconds."""
