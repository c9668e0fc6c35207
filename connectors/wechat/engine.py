"""Answers what WeChat delivers: once, in order, in time, and after whatever crash. Ports only, no HTTP.

A delivery is claimed in the database; each later attempt joins the first. What it asks for is done by a
task that outlives the request: whichever attempt is open when there is something to say carries it, and at
the deadline the rest is left to the sender (`connectors.wechat.sender`). What is done for a delivery is safe
to do again, so an attempt that finds the work of a process that ended begins it anew.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from connectors.wechat import outbox, rendering
from connectors.wechat.acts import Acts, Conversing
from connectors.wechat.outbox import Link, Rules
from connectors.wechat.pushes import AuthorizationChanged, Push, Unsubscribed
from connectors.wechat.quota import grant_of
from connectors.wechat.replies import SUCCESS
from core.errors import BangbanError
from core.outbox_ports import ChannelUser, Delivery, Outbox, OutboxStep, OutboxStore
from core.ports import ConversationEvent

log = structlog.get_logger(__name__)

DEADLINE: Final = timedelta(seconds=4.2)
"""After so long a delivery is answered, whatever there is to say: WeChat cuts at five seconds."""

_OUR_FAULT: Final = 500


class Engine:
    """Serves the deliveries of one account."""

    def __init__(
        self,
        account: str,
        store: OutboxStore,
        conversing: Conversing,
        acts: Acts,
        *,
        rules: Rules,
        link_for: Callable[[str], Link],
        shown: Callable[[str], str],
        now: Callable[[], datetime],
        deadline: timedelta = DEADLINE,
        wake_sender: Callable[[], None] = lambda: None,
    ) -> None:
        self._account = account
        self._store = store
        self._conversing = conversing
        self._rules = rules
        self._link_for = link_for
        self._shown = shown
        self._acts = acts
        self._now = now
        self._deadline = deadline
        self._wake_sender = wake_sender
        self._working: dict[str, asyncio.Task[None]] = {}

    async def answer(self, push: Push, nonce: str) -> str:
        """The body of a reply as JSON (`connectors.wechat.outbox`), or `SUCCESS`; within the deadline.

        Raises Unavailable, or what else failed, when the delivery could not be taken in: WeChat tries again.
        """
        began = asyncio.get_running_loop().time()
        if isinstance(push, Unsubscribed | AuthorizationChanged):
            return await self._leave(push)
        claimed = await self._claim(push, nonce)
        if claimed.answer is not None:
            return claimed.answer
        work = self._working.get(push.key) or self._begin(push)
        left = self._deadline.total_seconds() - (asyncio.get_running_loop().time() - began)
        await asyncio.wait({work}, timeout=max(left, 0))
        if work.done() and (failure := work.exception()) is not None:
            raise failure  # nothing was taken in: WeChat tries again
        step = outbox.carry(self._rules, self._link_for(push.openid))
        made = await self._store.change(self._account, push.openid, step, delivery=push.key)
        if made.delivery is None:
            made = await self._store.change(self._account, push.openid, outbox.pass_by(), delivery=push.key)
        self._wake_sender()
        answered = made.delivery or await self._store.delivery(self._account, push.key)
        return (answered.answer if answered else None) or SUCCESS

    async def close(self) -> None:
        """Waits for what is being done."""
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    async def catch_up(self, user: ChannelUser) -> None:
        """Takes up what the user's conversation says beyond what became items."""
        while True:
            held, events = await self._conversing.events_after(user.conversation_id, user.read_to)
            if not events:
                return
            bodies = self._bodies(events, held)
            step = outbox.take_up(bodies, self._rules, after=user.read_to, read_to=events[-1].sequence)
            user = (await self._store.change(self._account, user.user_id, step)).user

    # --- one delivery --------------------------------------------------------------------------------

    async def _claim(self, push: Push, nonce: str) -> Delivery:
        now = self._now()

        def step(box: Outbox) -> OutboxStep:
            ledger = self._rules.ledger(box.user)
            if (kind := grant_of(push)) is not None:
                ledger = ledger.grant(kind, now.timestamp(), push.created)
            user = replace(
                box.user, follows=True, ledger=ledger.as_json(), answering_until=now + self._deadline
            )
            return OutboxStep(user)

        delivery = Delivery(push.key, push.openid, nonce)
        return (await self._store.claim(self._account, delivery, step)).delivery

    def _begin(self, push: Push) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(push), name=f"wechat-{push.key[:40]}")
        self._working[push.key] = task
        task.add_done_callback(functools.partial(self._ended, push.key))
        return task

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._working.pop(key, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("wechat_delivery_not_taken", exc_info=failure)

    async def _work(self, push: Push) -> None:
        user = await self._with_conversation(push.openid)
        try:
            await self._acts.do(push, user)
        except BangbanError as error:
            log.warning("wechat_delivery_failed", code=error.code, reason=str(error))
            if error.status >= _OUR_FAULT:
                raise
            await self._conversing.note(user.conversation_id, error.citizen_text, push.key)
        if (known := await self._store.user(self._account, push.openid)) is not None:
            await self.catch_up(known)
        self._wake_sender()

    async def _with_conversation(self, openid: str) -> ChannelUser:
        """The user with a conversation that is there; of several that were begun at once one is used."""
        user = await self._store.user(self._account, openid)
        if user and user.conversation_id and await self._conversing.exists(user.conversation_id):
            return user
        before, started = user.conversation_id if user else "", await self._conversing.start()

        def step(box: Outbox) -> OutboxStep:
            if box.user.conversation_id != before:
                return OutboxStep(box.user)
            return OutboxStep(replace(box.user, conversation_id=started, read_to=0))

        return (await self._store.change(self._account, openid, step)).user

    async def _leave(self, push: Unsubscribed | AuthorizationChanged) -> str:
        """The account can't write to the user any more, and what it knew of them by that name is deleted."""
        await self._store.forget_user(self._account, push.openid)
        return SUCCESS

    def _bodies(self, events: Sequence[ConversationEvent], held: str) -> Sequence[rendering.Item]:
        bodies: list[rendering.Item] = []
        for event in events:
            bodies += rendering.rendered(event, held_before=held, shown=self._shown)
            if event.kind == "holder":
                held = event.body.get("holder", held)
        return bodies
