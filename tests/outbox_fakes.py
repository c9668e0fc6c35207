"""The in-memory OutboxStore, which passes the same contract tests as the real one."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.errors import NotFound
from core.outbox_ports import (
    ChannelUser,
    Claimed,
    Delivery,
    ItemState,
    OneTimeUse,
    Outbox,
    OutboxStep,
    OutgoingItem,
    Step,
)
from tests.fakes import InMemoryConversationStore

OPEN = (ItemState.WAITING, ItemState.SENDING)


class InMemoryOutboxStore:
    """An OutboxStore in dictionaries. Nothing in it waits, so each step is made whole."""

    def __init__(self, conversations: InMemoryConversationStore) -> None:
        self._c = conversations
        self._users: dict[tuple[str, str], ChannelUser] = {}
        self._deliveries: dict[tuple[str, str], Delivery] = {}
        self._items: dict[tuple[str, str], list[OutgoingItem]] = {}
        self._worked_at: dict[tuple[str, str], datetime] = {}
        self._last = 0

    async def claim(
        self, account: str, delivery: Delivery, step: Step, *, use: OneTimeUse | None = None
    ) -> Claimed:
        named = (account, delivery.user_id)
        if use is not None and (first := self._deliveries.get((account, use.key))) is not None:
            use.check(first)
        elif use is not None:
            remembered = Delivery(use.key, "", delivery.key, self._c._now())
            self._deliveries[account, use.key] = remembered
        user = self._users.get(named, ChannelUser(*named))
        undone = [
            d
            for (of, _), d in self._deliveries.items()
            if of == account and d.user_id == delivery.user_id and d.content and d.key != delivery.key
        ]
        if (known := self._deliveries.get((account, delivery.key))) is not None:
            earlier = [d for d in undone if d.received_at < known.received_at]
            return Claimed(known, is_first=False, user=user, earlier=earlier)
        taken = replace(delivery, received_at=self._c._now())
        made = step(Outbox(user, self._open(named), taken))
        self._users[named], self._deliveries[account, delivery.key] = user, taken
        made = self._store(named, made)
        return Claimed(made.delivery or taken, is_first=True, user=made.user, earlier=undone)

    async def delivery(self, account: str, key: str) -> Delivery | None:
        return self._deliveries.get((account, key))

    async def change(self, account: str, user_id: str, step: Step, *, delivery: str = "") -> OutboxStep:
        named = (account, user_id)
        if named not in self._users:
            raise NotFound("no such user")
        if delivery and (account, delivery) not in self._deliveries:
            raise NotFound("no such delivery")
        known = self._deliveries.get((account, delivery))
        made = step(Outbox(self._users[named], self._open(named), known))
        if made.delivery and (account, made.delivery.key) not in self._deliveries:
            raise NotFound("no such delivery")
        return self._store(named, made)

    async def user(self, account: str, user_id: str) -> ChannelUser | None:
        return self._users.get((account, user_id))

    async def users_of(self, conversation_ids: Collection[str]) -> Sequence[ChannelUser]:
        return [u for u in self._users.values() if u.conversation_id in conversation_ids]

    async def items(self, account: str, user_id: str, *, all_states: bool = False) -> Sequence[OutgoingItem]:
        named = (account, user_id)
        return tuple(self._items.get(named, ())) if all_states else self._open(named)

    async def behind(
        self, account: str, limit: int = 100, *, among: Collection[str] | None = None
    ) -> Sequence[ChannelUser]:
        ends = {c: log[-1].sequence for c, log in self._c._events.items() if log}
        own = [u for u in self._users.values() if u.account == account]
        found = [u for u in own if ends.get(u.conversation_id, 0) > u.read_to]
        return [u for u in found if among is None or u.conversation_id in among][:limit]

    async def waiting(self, account: str, now: datetime, limit: int = 100) -> Sequence[ChannelUser]:
        own = [u for u in self._users.values() if u.account == account]
        free = [u for u in own if u.answering_until is None or u.answering_until <= now]
        awake = [u for u in free if u.rests_until is None or u.rests_until <= now]
        due = [u for u in awake if self._open((u.account, u.user_id))]
        never = datetime.min.replace(tzinfo=UTC)
        due.sort(key=lambda u: max(u.answering_until or never, u.rests_until or never))
        return due[:limit]

    async def undone(
        self, account: str, before: datetime, limit: int = 100, *, of: str = ""
    ) -> Sequence[Delivery]:
        own = [d for (a, _), d in self._deliveries.items() if a == account and d.content]
        own = [d for d in own if of in ("", d.user_id)]
        own = [d for d in own if self._worked_at.get((account, d.key), before - timedelta(1)) < before]
        old = [d for d in own if d.received_at is not None and d.received_at < before]
        return sorted(old, key=lambda d: d.received_at)[:limit]

    async def worked_on(self, account: str, keys: Collection[str]) -> None:
        self._worked_at |= {(account, key): self._c._now() for key in keys}

    async def forget_user(self, account: str, user_id: str) -> None:
        self._users.pop((account, user_id), None)
        self._items.pop((account, user_id), None)
        for key in [k for k, d in self._deliveries.items() if k[0] == account and d.user_id == user_id]:
            del self._deliveries[key]

    async def forget_deliveries(self, before: datetime, waiting_before: datetime | None = None) -> int:
        for named, all_items in self._items.items():
            kept = [i for i in all_items if i.state in OPEN or i.since >= before]
            self._items[named] = [i for i in kept if waiting_before is None or i.since >= waiting_before]
        if waiting_before is not None:
            there = self._c._conversations.keys() | {""}
            self._users = {named: u for named, u in self._users.items() if u.conversation_id in there}
        old = [key for key, d in self._deliveries.items() if d.received_at < before]
        for key in old:
            del self._deliveries[key]
        return len(old)

    def _open(self, named: tuple[str, str]) -> tuple[OutgoingItem, ...]:
        return tuple(item for item in self._items.get(named, ()) if item.state in OPEN)

    def _store(self, named: tuple[str, str], made: OutboxStep) -> OutboxStep:
        self._users[named] = made.user
        stored = tuple(self._put(self._items.setdefault(named, []), item) for item in made.items)
        if made.delivery is not None:
            before = self._deliveries[named[0], made.delivery.key]
            self._deliveries[named[0], before.key] = replace(
                before,
                answer=made.delivery.answer,
                content=made.delivery.content,
                done=made.delivery.done,
                on_its_way=made.delivery.on_its_way,
            )
        return replace(made, items=stored)

    def _put(self, own: list[OutgoingItem], item: OutgoingItem) -> OutgoingItem:
        place = next((i for i, each in enumerate(own) if each.number == item.number), None)
        if place is None:
            self._last += 1
            own.append(replace(item, number=self._last, since=self._c._now()))
            return own[-1]
        is_moved = own[place].state is not item.state
        own[place] = replace(item, since=self._c._now()) if is_moved else item
        return own[place]
