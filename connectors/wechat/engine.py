"""Answers what WeChat delivers: once, in order, in time, and after whatever crash. Ports only, no HTTP.

A delivery is claimed in the database with what it asks for; each later attempt joins the first. What it asks
for is done by a task that outlives the request: whichever attempt is open when there is something to say
carries it, and at the deadline the rest is left to the sender (`connectors.wechat.sender`). Everything that
is done for a delivery is safe to do again, so what a process left undone when it ended, another takes up.
"""

import asyncio
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from connectors.wechat import outbox, rendering
from connectors.wechat.acts import Acts
from connectors.wechat.conversing import Conversing
from connectors.wechat.envelope import NonceUse, check_nonce
from connectors.wechat.outbox import Link, Reading, Rules
from connectors.wechat.push_record import as_record, asks_for_something, of_record
from connectors.wechat.pushes import AuthorizationChanged, Push, Unsubscribed
from connectors.wechat.quota import grant_of
from connectors.wechat.reminding import heard
from connectors.wechat.replies import SUCCESS
from core.errors import BangbanError, InvalidInput, NotFound, Unavailable
from core.outbox_ports import (
    ChannelUser,
    Claimed,
    Delivery,
    OneTimeUse,
    Outbox,
    OutboxStep,
    OutboxStore,
    Step,
)
from core.ports import ConversationEvent
from core.statuses import Holder

log = structlog.get_logger(__name__)

DEADLINE: Final = timedelta(seconds=4.2)
"""After so long a delivery is answered, whatever there is to say: WeChat cuts at five seconds."""

CUT_SECONDS: Final = 4.9
"""WeChat hears no answer after five seconds. What the database is still doing then goes on by itself."""

LEFT_AFTER: Final = timedelta(seconds=20)
"""What is undone for so long is taken up anew: the process that had it may have ended."""

LONGEST_REST: Final = timedelta(minutes=5)
"""What fails is tried again after as long as it has been undone already, but no later than this."""

GIVEN_UP_AFTER: Final = timedelta(hours=1)

_OUR_FAULT: Final = 500

_FORGETS: Final = frozenset({"user_authorization_revoke", "user_authorization_cancellation"})
"""Events by which WeChat asks to delete what is known of a user; of another profile we know nothing."""


def _nothing() -> None:
    """There is nobody to wake."""


def nobody_asks(_: ChannelUser) -> None:
    """There is nobody who wants to know of a change."""


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an engine takes from where it runs.

    `link_for` gives a user's links, `shown` the name by which citizens know of staff, `mask` takes personal
    data out of what is kept.
    """

    rules: Rules
    link_for: Callable[[str], Link]
    now: Callable[[], datetime]
    shown: Callable[[str], str] = _as_it_is
    mask: Callable[[str], str] = _as_it_is
    deadline: timedelta = DEADLINE


class Engine:
    """Serves the deliveries of one account."""

    def __init__(
        self, account: str, store: OutboxStore, conversing: Conversing, acts: Acts, around: Surroundings
    ) -> None:
        self._account = account
        self._store = store
        self._conversing = conversing
        self._acts = acts
        self._around = around
        self.wake_sender: Callable[[], None] = _nothing
        self.changed: Callable[[ChannelUser], None] = nobody_asks
        """Is told whose outbox has changed, or who left."""
        self._working: dict[str, asyncio.Task[str | None]] = {}
        self._last_of: dict[str, asyncio.Task[str | None]] = {}
        self._awaited: Counter[str] = Counter()
        self._rest_until: dict[str, datetime] = {}

    async def answer(self, push: Push, once: str = "") -> str:
        """The body of a reply as JSON (`connectors.wechat.outbox`), or `SUCCESS`; within the deadline.

        `once` names the use of the push's nonce. Raises UntrustedPush when that was used before for another
        push, and Unavailable when the delivery could not be stored in time: WeChat tries again. What fails
        later is done again by `take_up_left`.
        """
        begun = asyncio.get_running_loop().time()
        until = begun + self._around.deadline.total_seconds()
        try:
            async with asyncio.timeout_at(max(begun + CUT_SECONDS, until)):
                return await self._answer(push, once, until)
        except TimeoutError:
            raise Unavailable("the database takes too long") from None

    async def close(self, patience: timedelta = timedelta(seconds=5)) -> None:
        """Waits for what is being done, so long; what isn't done by then is taken up at the next start."""
        working = tuple(self._working.values())
        if not working:
            return
        _, left = await asyncio.wait(working, timeout=patience.total_seconds())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def catch_up(self, user: ChannelUser) -> None:
        """Takes up what the user's conversation says beyond what became items."""
        while user.conversation_id and (reading := await self._read(user)) is not None:
            step = outbox.take_up(reading, self._around.rules)
            user = (await self._change(user.user_id, step)).user

    async def take_up_left(self) -> None:
        """Begins what was left undone, here or by a process that ended, each user's in its order."""
        now = self._around.now()
        self._rest_until = {user_id: at for user_id, at in self._rest_until.items() if at > now}
        resting = frozenset(self._rest_until)
        for delivery in await self._store.undone(self._account, now - LEFT_AFTER):
            age = now - (delivery.received_at or now)
            if delivery.key in self._working or (delivery.user_id in resting and age < GIVEN_UP_AFTER):
                continue
            if age >= GIVEN_UP_AFTER or not self._begin_again([delivery]):
                log.error("wechat_delivery_given_up", account=self._account)
                with suppress(NotFound):  # left meanwhile
                    await self._change(delivery.user_id, outbox.give_up(), delivery.key)
            else:
                self._rest_until.setdefault(delivery.user_id, now + min(age, LONGEST_REST))

    async def enter(self, openid: str, key: str = "", by: str = "") -> tuple[str, bool]:
        """The conversation of a user who opened a page, and whether `key` is used for the first time.

        It is as well when the same `by`, if any, used it first.
        """
        use = Delivery(key or f"p:{openid}", openid, by)  # whoever did nothing yet is known from then on
        claimed = await self._store.claim(self._account, use, lambda box: OutboxStep(box.user))
        is_first = claimed.is_first or (by != "" and claimed.delivery.nonce == by)
        return (await self._with_conversation(openid)).conversation_id, is_first

    # --- one delivery --------------------------------------------------------------------------------

    async def _answer(self, push: Push, once: str, until: float) -> str:
        claimed = await self._claim(push, once)
        if (leaver := _who_leaves(push)) is not None:
            ledger = self._around.rules.ledger(claimed.user)
            if leaver != push.openid or not ledger.was_granted_after(push.created):  # who is back stays
                await self._forget(leaver)
            return SUCCESS
        if claimed.delivery.answer is not None:
            return claimed.delivery.answer
        if not asks_for_something(push):
            return SUCCESS
        if not claimed.delivery.done and (answer := await self._done(push, claimed, until)):
            return answer
        step = outbox.carry(self._around.rules, self._around.link_for(push.openid))
        try:
            made = await self._change(push.openid, step, push.key)
        except NotFound:  # the user left meanwhile, and is forgotten
            return SUCCESS
        self.wake_sender()
        return (made.delivery.answer if made.delivery else None) or SUCCESS

    async def _done(self, push: Push, claimed: Claimed, until: float) -> str | None:
        """What the delivery is answered with, if what it asks for is done in time."""
        self._begin_again(claimed.earlier)
        work = self._working.get(push.key) or self._begin(push, claimed.user)
        self._awaited[push.key] += 1
        try:
            await asyncio.wait({work}, timeout=max(until - asyncio.get_running_loop().time(), 0))
        finally:
            self._awaited[push.key] -= 1
            if not self._awaited[push.key]:
                del self._awaited[push.key]
        return work.result() if work.done() and not work.cancelled() and not work.exception() else None

    async def _forget(self, openid: str) -> None:
        user = await self._store.user(self._account, openid)
        await self._store.forget_user(self._account, openid)
        if user is not None:
            self.changed(user)

    async def _claim(self, push: Push, once: str) -> Claimed:
        now, around = self._around.now(), self._around

        def check(first: Delivery) -> None:
            # An attempt that began before the first was stored, or whose clock is behind, comes after it.
            at = first.received_at or now
            check_nonce(NonceUse(first.nonce, at.timestamp()), push.key, max(now, at).timestamp())

        def step(box: Outbox) -> OutboxStep:
            user = heard(push, box.user)
            if (kind := grant_of(push)) is not None:
                ledger = around.rules.ledger(user).grant(kind, now.timestamp(), push.created)
                user = replace(user, ledger=ledger.as_json(), rests_until=None)
            if asks_for_something(push):
                user = replace(user, answering_until=now + around.deadline)
            return OutboxStep(user)

        delivery = Delivery(push.key, push.openid, content=as_record(push, around.mask))
        use = OneTimeUse(f"n:{once}", check) if once else None
        claimed = await self._store.claim(self._account, delivery, step, use=use)
        self.changed(claimed.user)
        return claimed

    def _begin_again(self, left: Sequence[Delivery]) -> Sequence[asyncio.Task[str | None]]:
        """Begins what was left undone, in its order, unless it is being done here."""
        begun = []
        for delivery in left:
            if delivery.key in self._working:
                continue
            try:
                begun.append(self._begin(of_record(delivery.content)))
            except InvalidInput as error:
                log.warning("wechat_delivery_unreadable", reason=str(error))
        return begun

    def _begin(self, push: Push, user: ChannelUser | None = None) -> asyncio.Task[str | None]:
        """`user` as they are now, if that is known and nothing of theirs is being done."""
        before = self._last_of.get(push.openid)
        work = self._work(push, before, user if before is None else None)
        task = asyncio.create_task(work, name=f"wechat-{type(push).__name__}")
        self._working[push.key] = self._last_of[push.openid] = task
        task.add_done_callback(functools.partial(self._ended, push))
        return task

    def _ended(self, push: Push, task: asyncio.Task[str | None]) -> None:
        self._working.pop(push.key, None)
        if self._last_of.get(push.openid) is task:
            del self._last_of[push.openid]
        if task.cancelled() or (failure := task.exception()) is None:
            return
        if isinstance(failure, BangbanError):
            log.error("wechat_delivery_undone", code=failure.code, reason=str(failure))
        else:
            log.error("wechat_delivery_undone", exc_info=failure)

    async def _work(
        self, push: Push, before: asyncio.Task[str | None] | None, user: ChannelUser | None
    ) -> str | None:
        """Does it, and gives the answer if a request is open for it."""
        if before is not None:
            await asyncio.wait({before})
        if user is None or not user.conversation_id:
            user = await self._with_conversation(push.openid)
        try:
            await self._act(push, user)
        except NotFound:
            if await self._conversing.exists(user.conversation_id):
                raise
            user = await self._with_conversation(push.openid)
            await self._act(push, user)
        return await self._conclude(push, user)

    async def _act(self, push: Push, user: ChannelUser) -> None:
        try:
            await self._acts.do(push, user)
        except BangbanError as error:
            if error.status >= _OUR_FAULT or isinstance(error, NotFound):
                raise
            log.info("wechat_delivery_refused", code=error.code, reason=str(error))
            await self._conversing.note(user.conversation_id, error.citizen_text, push.key)

    async def _conclude(self, push: Push, user: ChannelUser) -> str | None:
        while True:
            reading = await self._read(user)
            link = self._around.link_for(push.openid) if push.key in self._awaited else None
            made = await self._change(
                push.openid, outbox.conclude(reading, self._around.rules, link), push.key
            )
            if made.delivery is not None:
                self.wake_sender()
                return made.delivery.answer
            user = made.user

    async def _with_conversation(self, openid: str) -> ChannelUser:
        """The user with a conversation that is there; of several that were begun at once one is used."""
        user = await self._store.user(self._account, openid)
        if user and user.conversation_id and await self._conversing.exists(user.conversation_id):
            return user
        before, started = user.conversation_id if user else "", await self._conversing.start()

        def step(box: Outbox) -> OutboxStep:
            if box.user.conversation_id != before:
                return OutboxStep(box.user)
            return OutboxStep(
                replace(box.user, conversation_id=started, read_to=0, held=Holder.BOT, lost_track=False)
            )

        return (await self._change(openid, step)).user

    async def _change(self, openid: str, step: Step, delivery: str = "") -> OutboxStep:
        made = await self._store.change(self._account, openid, step, delivery=delivery)
        self.changed(made.user)
        return made

    # --- reading the log -----------------------------------------------------------------------------

    async def _read(self, user: ChannelUser) -> Reading | None:
        """What the log says beyond what became items, if anything."""
        events = await self._conversing.events_after(user.conversation_id, user.read_to)
        if not events:
            return None
        said = [(event.sequence, body) for event in events for body in self._rendered(event)]
        holders = [event.body["holder"] for event in events if event.kind == "holder"]
        held = [user.held, *holders][-1]
        return Reading(user.conversation_id, user.read_to, events[-1].sequence, said, held)

    def _rendered(self, event: ConversationEvent) -> Sequence[rendering.Item]:
        try:
            return rendering.rendered(event, shown=self._around.shown)
        except Exception:  # another version's, say: whoever reads on mustn't stop here for good
            log.exception("wechat_event_not_rendered", kind=event.kind)
            return rendering.ON_THE_PAGE


def _who_leaves(push: Push) -> str | None:
    """Who is to be forgotten: nothing can be sent to them any more."""
    if isinstance(push, Unsubscribed):
        return push.openid
    if isinstance(push, AuthorizationChanged) and push.event.lower() in _FORGETS:
        return push.subject
    return None
