"""Sends what waits in outboxes as customer-service messages, as far as WeChat lets us.

One look finds whose outbox has something that no open delivery may still carry; each of them is sent
message by message, in order. That a message is being sent is stored before it is, so that of several
processes one sends it, and what a process had begun when it ended is not sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from connectors.wechat import outbox
from connectors.wechat.api import UnclearSend
from connectors.wechat.engine import Engine
from connectors.wechat.error_codes import WeChatRefusal
from connectors.wechat.outbox import Batch, Link, Rules
from core.errors import BangbanError
from core.outbox_ports import ChannelUser, OutboxStore, Step

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 8
LOST_AFTER: Final = timedelta(seconds=60)
"""A send takes no longer, whatever happens: its process has ended."""

Send = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Sends a body to a user. Raises UnclearSend, WeChatRefusal, or another BangbanError if nothing went out."""


class Sender:
    """Sends for one account, until it is cancelled."""

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
    ) -> None:
        self._account = account
        self._store = store
        self._engine = engine
        self._send = send
        self._rules = rules
        self._link_for = link_for
        self._now = now
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be there to send."""
        self._woken.set()

    async def go_on(self) -> None:
        """Looks again and again, at once when woken."""
        while True:
            self._woken.clear()
            try:
                await self.look()
            except BangbanError as error:
                log.warning("wechat_sender_failed", code=error.code, reason=str(error))
            except Exception:
                log.exception("wechat_sender_failed_unexpectedly")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Takes up what logs say, and sends what may be sent now."""
        for user in await self._store.behind():
            if user.account == self._account:
                await self._engine.catch_up(user)
        waiting = [u for u in await self._store.waiting(self._now()) if u.account == self._account]
        slots = asyncio.Semaphore(AT_ONCE)

        async def serve(user: ChannelUser) -> None:
            async with slots:
                await self._serve(user)

        await asyncio.gather(*map(serve, waiting))

    async def _serve(self, user: ChannelUser) -> None:
        openid, link = user.user_id, self._link_for(user.user_id)
        await self._change(openid, outbox.give_up_sending(self._rules, self._now(), LOST_AFTER))
        while True:
            found: list[Batch] = []
            await self._change(openid, outbox.begin_sending(self._rules, link, self._now(), found))
            if not found or not await self._sent(openid, found[-1]):
                return

    async def _sent(self, openid: str, batch: Batch) -> bool:
        """Sends; says whether to go on with the next."""
        try:
            await self._send(openid, batch.body)
        except UnclearSend as error:
            log.warning("wechat_send_unclear", reason=str(error))
            step = outbox.unclear(batch, self._rules, self._now())
        except WeChatRefusal as error:
            log.info("wechat_send_refused", code=error.errcode)
            step = outbox.put_back(batch, self._rules, self._now(), error.errcode)
        except BangbanError as error:
            log.warning("wechat_send_failed", code=error.code, reason=str(error))
            step = outbox.put_back(batch, self._rules, self._now())
        except BaseException:
            await asyncio.shield(self._change(openid, outbox.unclear(batch, self._rules, self._now())))
            raise
        else:
            await self._change(openid, outbox.confirmed(batch, self._rules, self._now()))
            return True
        await self._change(openid, step)
        return False

    async def _change(self, openid: str, step: Step) -> None:
        await self._store.change(self._account, openid, step)
