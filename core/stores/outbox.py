"""Users, deliveries and outgoing items of channels in the database."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, text, update

from core.clock import utc_now
from core.database import Database, in_transaction
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
from core.stores.channel_tables import channel_deliveries as deliveries
from core.stores.channel_tables import channel_users as users
from core.stores.channel_tables import outgoing_items as items
from core.stores.tables import conversations
from core.stores.upserts import insert_unless_there

_AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN: Final = (ItemState.WAITING.value, ItemState.SENDING.value)
_IS_OPEN: Final = text("outgoing_items.state IN ('waiting', 'sending')")
_HAS_CONTENT: Final = text("channel_deliveries.content != ''")
"""Written out, since no bound parameter lets a database use a partial index."""

# Made once, since every push asks them: making a statement costs more than doing it. `at` is the account.
_USER: Final = select(users).where(users.c.account == bindparam("at"), users.c.user_id == bindparam("named"))
_USER_LOCKED: Final = _USER.with_for_update()
_UPDATE_USER: Final = update(users).where(
    users.c.account == bindparam("at"), users.c.user_id == bindparam("named")
)
_OPEN_ITEMS: Final = (
    select(items)
    .where(items.c.account == bindparam("at"), items.c.user_id == bindparam("named"), _IS_OPEN)
    .order_by(items.c.number)
)
DUE: Final = (
    select(users)
    .where(
        users.c.account == bindparam("at"),
        text("channel_users.due_at IS NOT NULL"),
        users.c.due_at <= bindparam("now"),
    )
    .order_by(users.c.due_at)
    .limit(bindparam("most"))
)
_INSERT_ITEM: Final = insert(items).returning(items.c.number)
_UPDATE_ITEM: Final = update(items).where(items.c.number == bindparam("of"))
_DELIVERY: Final = select(deliveries).where(
    deliveries.c.account == bindparam("at"), deliveries.c.key == bindparam("named")
)
_INSERT_DELIVERY: Final = insert(deliveries)
_WORKED_ON: Final = (
    update(deliveries)
    .where(deliveries.c.account == bindparam("at"), deliveries.c.key == bindparam("named"))
    .values(worked_at=bindparam("worked_at"))
)
_UPDATE_DELIVERY: Final = update(deliveries).where(
    deliveries.c.account == bindparam("at"), deliveries.c.key == bindparam("named")
)
_ENDS_OF_DELIVERY: Final = ("answer", "content", "done", "on_its_way")
_UNDONE_OF: Final = (
    select(deliveries)
    .where(deliveries.c.account == bindparam("at"), deliveries.c.user_id == bindparam("named"), _HAS_CONTENT)
    .order_by(deliveries.c.received_at)
)


class DatabaseOutboxStore:
    """An OutboxStore in a database that `core.migrations.upgrade` has prepared."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    @in_transaction
    def claim(
        self,
        connection: Connection,
        account: str,
        delivery: Delivery,
        step: Step,
        *,
        use: OneTimeUse | None = None,
    ) -> Claimed:
        """Takes a delivery in: the first attempt does `step`, any other finds the delivery as it stands."""
        try:
            box = _locked(connection, account, delivery.user_id)
        except NotFound:
            fresh = ChannelUser(account, delivery.user_id)
            connection.execute(insert_unless_there(connection, users), asdict(fresh))
            box = _locked(connection, account, delivery.user_id)
        if use is not None:
            self._check_use(connection, account, delivery, use)
        undone = [d for d in _undone_of(connection, account, delivery.user_id) if d.key != delivery.key]
        if (known := _delivery(connection, account, delivery.key)) is not None:
            earlier = [d for d in undone if _came_before(d, known)]
            return Claimed(known, is_first=False, user=box.user, earlier=earlier)
        taken = replace(delivery, received_at=self._now())
        connection.execute(_INSERT_DELIVERY, {"account": account, **asdict(taken)})
        made = self._store(connection, box, step(replace(box, delivery=taken)))
        return Claimed(made.delivery or taken, is_first=True, user=made.user, earlier=undone)

    def _check_use(self, connection: Connection, account: str, delivery: Delivery, use: OneTimeUse) -> None:
        remembered = Delivery(use.key, "", delivery.key, self._now())  # nobody's: it outlasts a user
        unless_there = insert_unless_there(connection, deliveries)  # no lock of this user's keeps others out
        if connection.execute(unless_there, {"account": account, **asdict(remembered)}).rowcount:
            return
        if (first := _delivery(connection, account, use.key)) is not None:
            use.check(first)

    async def delivery(self, account: str, key: str) -> Delivery | None:
        """That delivery, or None."""
        rows = await self._database.read(_DELIVERY, {"at": account, "named": key})
        return _delivery_of(rows[0]) if rows else None

    @in_transaction
    def change(
        self, connection: Connection, account: str, user_id: str, step: Step, *, delivery: str = ""
    ) -> OutboxStep:
        """Makes the outbox what `step` makes of it; new items come back with their numbers."""
        box = _locked(connection, account, user_id)
        if delivery:
            if (known := _delivery(connection, account, delivery)) is None:
                raise NotFound("no such delivery")
            box = replace(box, delivery=known)
        return self._store(connection, box, step(box))

    async def user(self, account: str, user_id: str) -> ChannelUser | None:
        """That user, or None."""
        rows = await self._database.read(_USER, {"at": account, "named": user_id})
        return _user_of(rows[0]) if rows else None

    async def users_of(self, conversation_ids: Collection[str]) -> Sequence[ChannelUser]:
        """Whose conversations these are; others than a channel's have nobody."""
        query = select(users).where(users.c.conversation_id.in_(conversation_ids))
        return tuple(map(_user_of, await self._database.read(query)))

    async def items(self, account: str, user_id: str, *, all_states: bool = False) -> Sequence[OutgoingItem]:
        """The user's items that have come to no end, or all, in order."""
        query = select(items).where(items.c.account == account, items.c.user_id == user_id)
        if not all_states:
            query = query.where(_IS_OPEN)
        return tuple(map(_item_of, await self._database.read(query.order_by(items.c.number))))

    async def behind(
        self, account: str, limit: int = 100, *, among: Collection[str] | None = None
    ) -> Sequence[ChannelUser]:
        """Users whose conversation's log goes on beyond what became items; all, or `among` these."""
        query = (
            select(users)
            .join(conversations, conversations.c.conversation_id == users.c.conversation_id)
            .where(users.c.account == account, conversations.c.last_sequence > users.c.read_to)
            .limit(limit)
        )
        if among is not None:
            query = query.where(users.c.conversation_id.in_(among))
        return tuple(map(_user_of, await self._database.read(query)))

    async def waiting(self, account: str, now: datetime, limit: int = 100) -> Sequence[ChannelUser]:
        """Users with items that have come to no end, who rest no longer, and without an open delivery."""
        due = {"at": account, "now": now, "most": limit}
        return tuple(map(_user_of, await self._database.read(DUE, due)))

    async def undone(
        self, account: str, before: datetime, limit: int = 100, *, of: str = ""
    ) -> Sequence[Delivery]:
        """Deliveries received before whose content wasn't done, in the order in which they came."""
        query = (
            select(deliveries)
            .where(deliveries.c.account == account, deliveries.c.received_at < before, _HAS_CONTENT)
            .where(or_(deliveries.c.worked_at.is_(None), deliveries.c.worked_at < before))
            .order_by(deliveries.c.received_at)
            .limit(limit)
        )
        if of:
            query = query.where(deliveries.c.user_id == of)
        return tuple(map(_delivery_of, await self._database.read(query)))

    @in_transaction
    def worked_on(self, connection: Connection, account: str, keys: Collection[str]) -> None:
        """Notes that these deliveries are being done now, so that nobody else takes them up."""
        for key in keys:
            connection.execute(_WORKED_ON, {"at": account, "named": key, "worked_at": self._now()})

    @in_transaction
    def forget_user(self, connection: Connection, account: str, user_id: str) -> None:
        """Deletes the user with items and deliveries; the conversation stays."""
        for table in (items, deliveries, users):
            connection.execute(delete(table).where(table.c.account == account, table.c.user_id == user_id))

    @in_transaction
    def forget_deliveries(
        self, connection: Connection, before: datetime, waiting_before: datetime | None = None
    ) -> int:
        """Deletes deliveries received before, and items that ended before; returns how many deliveries."""
        if waiting_before is not None:
            connection.execute(delete(items).where(items.c.since < waiting_before))
            theirs = items.c.account == users.c.account, items.c.user_id == users.c.user_id
            has_any = select(items.c.number).where(*theirs, _IS_OPEN).exists()
            is_due = text("channel_users.due_at IS NOT NULL")
            connection.execute(update(users).where(is_due, ~has_any).values(due_at=None))
            is_there = select(conversations.c.conversation_id).where(
                conversations.c.conversation_id == users.c.conversation_id
            )
            connection.execute(delete(users).where(users.c.conversation_id != "", ~is_there.exists()))
        connection.execute(delete(items).where(items.c.state.not_in(_OPEN), items.c.since < before))
        gone = connection.execute(delete(deliveries).where(deliveries.c.received_at < before))
        return int(gone.rowcount)

    def _store(self, connection: Connection, box: Outbox, made: OutboxStep) -> OutboxStep:
        """Writes what is another now. The user's row is locked."""
        account, user_id = box.user.account, box.user.user_id
        known = {each.number: each for each in box.items}
        due_at = _due_at(made.user, _are_open(known, made.items))
        if made.user != box.user or due_at != _due_at(box.user, bool(box.items)):
            values = {**_values_of(made.user), "due_at": due_at}
            connection.execute(_UPDATE_USER, {**values, "at": account, "named": user_id})
        stored = [self._put(connection, box.user, known.get(each.number), each) for each in made.items]
        if made.delivery is not None:
            new = {name: getattr(made.delivery, name) for name in _ENDS_OF_DELIVERY}
            changed = connection.execute(_UPDATE_DELIVERY, {**new, "at": account, "named": made.delivery.key})
            if not changed.rowcount:
                raise NotFound("no such delivery")
        return replace(made, items=tuple(stored))

    def _put(
        self, connection: Connection, user: ChannelUser, before: OutgoingItem | None, item: OutgoingItem
    ) -> OutgoingItem:
        if before == item:
            return item
        dated = item if before and before.state is item.state else replace(item, since=self._now())
        values = {**asdict(dated), "state": dated.state.value}
        if item.number:
            connection.execute(_UPDATE_ITEM, {**values, "of": item.number})
            return dated
        del values["number"]
        named = {"account": user.account, "user_id": user.user_id, **values}
        number = connection.execute(_INSERT_ITEM, named).scalar_one()
        return replace(dated, number=number)


def _values_of(user: ChannelUser) -> dict[str, Any]:
    return {name: value for name, value in asdict(user).items() if name not in ("account", "user_id")}


def _locked(connection: Connection, account: str, user_id: str) -> Outbox:
    """The user's outbox; their row is held until the transaction ends. Raises NotFound."""
    named = {"at": account, "named": user_id}
    row = connection.execute(_USER_LOCKED, named).one_or_none()
    if row is None:
        raise NotFound("no such user")
    open_items = connection.execute(_OPEN_ITEMS, named)
    return Outbox(_user_of(row), tuple(map(_item_of, open_items)))


def _delivery(connection: Connection, account: str, key: str) -> Delivery | None:
    row = connection.execute(_DELIVERY, {"at": account, "named": key}).one_or_none()
    return _delivery_of(row) if row is not None else None


def _undone_of(connection: Connection, account: str, user_id: str) -> list[Delivery]:
    found = connection.execute(_UNDONE_OF, {"at": account, "named": user_id})
    return list(map(_delivery_of, found))


def _came_before(one: Delivery, other: Delivery) -> bool:
    return (
        one.received_at is not None and other.received_at is not None and one.received_at < other.received_at
    )


def _are_open(known: Iterable[int], changed: Sequence[OutgoingItem]) -> bool:
    """Whether any item is open, once these are changed or new; those of `known` numbers were."""
    moved = {item.number for item in changed}
    return any(item.state.value in _OPEN for item in changed) or any(each not in moved for each in known)


def _due_at(user: ChannelUser, has_items: bool) -> datetime | None:
    """From when on the user's items may be sent: what the two columns and the items say, to be found by."""
    return max(user.answering_until or _AT_ONCE, user.rests_until or _AT_ONCE) if has_items else None


def _user_of(row: Row[Any]) -> ChannelUser:
    values = row._asdict()
    del values["due_at"]
    return ChannelUser(**values)


def _delivery_of(row: Row[Any]) -> Delivery:
    values = row._asdict()
    del values["account"], values["worked_at"]
    return Delivery(**values)


def _item_of(row: Row[Any]) -> OutgoingItem:
    values = row._asdict()
    del values["account"], values["user_id"]
    return OutgoingItem(**{**values, "state": ItemState(values["state"])})
