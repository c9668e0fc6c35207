"""Answers what WeChat delivers: once, in order, in time, and after whatever crash. Ports only, no HTTP.

A delivery is claimed in the database with what it asks for; each later attempt joins the first. What it asks
for is done by a task that outlives the request: whichever attempt is open when there is something to say
carries it, and at the deadline the rest is left to the sender (`connectors.wechat.sender`). Everything that
is done for a delivery is safe to do again, so what a process left undone when it ended, another takes up.
Whoever gives an answer tells how it ended (`ended`): what reached nobody goes another way.
"""

import asyncio
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from connectors.wechat import outbox
from connectors.wechat.acts import Acts
from connectors.wechat.conversing import Conversing
from connectors.wechat.envelope import NonceUse, check_nonce
from connectors.wechat.log_reading import read_log
from connectors.wechat.push_record import as_record, asks_for_something, of_record
from connectors.wechat.pushes import Push, who_leaves
from connectors.wechat.quota import grant_of
from connectors.wechat.reminding import heard
from connectors.wechat.replies import SUCCESS
from connectors.wechat.surroundings import Surroundings, nobody_asks
from core.ending import end_tasks
from core.errors import BangbanError, InvalidInput, NotFound, Unavailable
from core.outbox_ports import (
    ChannelUser,
    Claimed,
    Delivery,
    ItemState,
    OneTimeUse,
    Outbox,
    OutboxStep,
    OutboxStore,
    Step,
)
from core.statuses import Holder

log = structlog.get_logger(__name__)

CUT_SECONDS: Final = 4.9
"""WeChat hears no answer after five seconds. What the database is still doing then goes on by itself."""

LAST_ATTEMPT_AFTER_S: Final = 8.0
"""So long after a push was made, in whole seconds by WeChat's clock, it may be its third attempt."""

LEFT_AFTER: Final = timedelta(seconds=20)
"""What is undone, and of which nobody says that they do it, for so long is taken up anew."""

LONGEST_REST: Final = timedelta(minutes=5)
"""What fails is tried again after as long as it has been undone already, but no later than this."""

GIVEN_UP_AFTER: Final = timedelta(hours=1)

ORDER_HOLDS: Final = timedelta(minutes=2)
"""So long what a user said later waits for what fails; if it can be done then, what fails is given up."""

_OUR_FAULT: Final = 500


def _nothing() -> None:
    """There is nobody to wake."""


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
        self._untaken: set[str] = set()  # deliveries whose answer no request has taken yet
        self._answering: set[asyncio.Task[str]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._rest_until: dict[str, datetime] = {}

    async def answer(self, push: Push, once: str = "") -> str:
        """The body of a reply as JSON (`connectors.wechat.outbox`), or `SUCCESS`; within the deadline.

        Tell the end of each answer by `ended`. `once` names the use of the push's nonce. Raises
        UntrustedPush when that was used before for another push, and Unavailable when the delivery could not
        be stored in time: WeChat tries again. What fails later is done again by `take_up_left`.
        """
        until = asyncio.get_running_loop().time() + self._around.deadline.total_seconds()
        # What is stored by then comes to its end without the request, and an answer then to nobody.
        task = asyncio.create_task(self._answer(push, once, until), name="wechat-answer")
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        try:
            await asyncio.wait({task}, timeout=max(CUT_SECONDS, self._around.deadline.total_seconds()))
        except asyncio.CancelledError:
            task.add_done_callback(functools.partial(self._ended_too_late, push))
            raise
        if not task.done():
            task.add_done_callback(functools.partial(self._ended_too_late, push))
            raise Unavailable("the database takes too long")
        return task.result()

    def ended(self, push: Push, answer: str, *, arrived: bool) -> None:
        """The answer to a push was written to who waited for it; or surely there was nobody any more."""
        if answer == SUCCESS:
            return
        task = asyncio.create_task(self._end(push, arrived=arrived), name="wechat-answer-ended")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self, patience: timedelta = timedelta(seconds=5)) -> None:
        """Waits for what is being done, so long; what isn't done by then is taken up at the next start."""
        until = asyncio.get_running_loop().time() + patience.total_seconds()
        while going := {*self._working.values(), *self._answering, *self._ending}:
            left_s = max(until - asyncio.get_running_loop().time(), 0)
            _, left = await asyncio.wait(going, timeout=left_s)
            await end_tasks(left)
            await asyncio.sleep(0)  # what ended tells so, and may begin what tells its end

    async def catch_up(self, user: ChannelUser) -> None:
        """Takes up what the user's conversation says beyond what became items."""
        while user.conversation_id and (
            reading := await read_log(self._conversing, user, self._around.shown)
        ):
            step = outbox.take_up(reading, self._around.rules)
            user = (await self._change(user.user_id, step)).user

    async def take_up_left(self) -> None:
        """Begins what was left undone, here or by a process that ended, each user's in its order.

        Says of what is being done here that it is: call it more often than every `LEFT_AFTER`.
        """
        if self._working:
            await self._store.worked_on(self._account, tuple(self._working))
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
        if (leaver := who_leaves(push)) is not None:
            ledger = self._around.rules.ledger(claimed.user)
            if leaver != push.openid or not ledger.was_granted_after(push.created):  # who is back stays
                await self._forget(leaver)
            return SUCCESS
        if claimed.delivery.answer == SUCCESS or not asks_for_something(push):
            return SUCCESS
        if not (claimed.delivery.answer or claimed.delivery.done) and (
            answer := await self._done(push, claimed, until)
        ):
            return answer
        link = self._around.link_for(push.openid)
        step = outbox.carry(self._around.rules, link, self._last_at(push))
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
        answer = work.result() if work.done() and not _failed(work) else None
        if answer is None or answer == SUCCESS:
            return answer
        if push.key not in self._untaken:  # another request has it, and this one gives it once more
            return None
        self._untaken.discard(push.key)
        return answer

    def _ended_too_late(self, push: Push, task: asyncio.Task[str]) -> None:
        if not _failed(task):
            self.ended(push, task.result(), arrived=False)

    async def _end(self, push: Push, *, arrived: bool) -> None:
        try:
            made = await self._change(push.openid, outbox.arrived() if arrived else outbox.missed(), push.key)
            of = made.delivery
            if not arrived and of is not None and of.answer is not None and not of.on_its_way:
                items = await self._store.items(self._account, push.openid, all_states=True)
                carried = [i for i in items if i.state is ItemState.CARRIED and i.delivery == push.key]
                await self._change(push.openid, outbox.doubted(carried))
        except NotFound:  # the user left meanwhile
            return
        except BangbanError as error:  # what was on its way becomes unclear
            log.warning("wechat_answer_without_end", code=error.code, reason=str(error))
        self.wake_sender()

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
        overdue: Sequence[Delivery] = ()
        if before is not None:
            await asyncio.wait({before})
            if _failed(before):
                overdue = await self._overdue_before(push)
        if user is None or not user.conversation_id:
            user = await self._with_conversation(push.openid)
        try:
            await self._act(push, user)
        except NotFound:
            if await self._conversing.exists(user.conversation_id):
                raise
            user = await self._with_conversation(push.openid)
            await self._act(push, user)
        for delivery in overdue:
            log.error("wechat_delivery_given_up", account=self._account)
            await self._change(push.openid, outbox.give_up(), delivery.key)
        return await self._conclude(push, user)

    async def _overdue_before(self, push: Push) -> Sequence[Delivery]:
        """What the user said before, if it fails for long. Raises Unavailable while it may be done yet."""
        now = self._around.now()
        undone = await self._store.undone(self._account, now + ORDER_HOLDS, of=push.openid)
        earlier = list(itertools.takewhile(lambda delivery: delivery.key != push.key, undone))
        if any(now - (delivery.received_at or now) < ORDER_HOLDS for delivery in earlier):
            raise Unavailable("what the user said before isn't done yet")
        return earlier

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
            reading = await read_log(self._conversing, user, self._around.shown)
            link = self._around.link_for(push.openid) if push.key in self._awaited else None
            made = await self._change(
                push.openid,
                outbox.conclude(reading, self._around.rules, link, self._last_at(push)),
                push.key,
            )
            if made.delivery is None:
                user = made.user
                continue
            answer = made.delivery.answer if link else None
            if answer is None or answer == SUCCESS:
                self.wake_sender()
                return answer
            if push.key in self._awaited:
                self._untaken.add(push.key)
            else:  # nobody waits for it any more
                self.ended(push, answer, arrived=False)
            return answer

    def _last_at(self, push: Push) -> datetime | None:
        """Now, if that is so late after the push was made that this may be the last attempt."""
        now = self._around.now()
        return now if now.timestamp() - push.created >= LAST_ATTEMPT_AFTER_S else None

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


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.cancelled() or task.exception() is not None
