"""What leaves a WeChat user's outbox, and how. Pure steps for `core.outbox_ports.OutboxStore`.

Items leave in their order, by one of two ways: in the passive reply to a delivery that is open just now,
which costs nothing, or as a customer-service message, which the ledger pays. While something is on its way
nothing else leaves. A reply that surely reached nobody waits again. What may have arrived is never sent
again; the user is told where to read everything instead.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.wechat.quota import Ledger, Limits
from connectors.wechat.rendering import CARD, CHAT_PAGE, IMAGE, TEXT
from connectors.wechat.replies import SUCCESS
from connectors.wechat.splitting import join, size, split
from core.outbox_ports import ChannelUser, Delivery, ItemState, Outbox, OutboxStep, OutgoingItem, Step

Link = Callable[[str], str]
"""The address that opens that page with the user's conversation, for this user and some time."""

ENOUGH_FOR_CARDS: Final = 3
"""With fewer messages left what would be a card or a picture becomes a line with a link."""

RESTS: Final = timedelta(hours=1)
"""So long nobody looks again whether something may be sent to who did nothing since."""

CARRIED_WITHIN: Final = timedelta(seconds=30)
"""WeChat asks three times, five seconds each. How a reply ended that nobody told of by then, nobody will."""

_READ_ALL: Final = '如有消息没收到，<a href="{link}">点这里看完整对话</a>。'
_MORE_WAITS: Final = (
    '还有 {count} 条消息在等您。回复任意内容就能继续收到，也可以<a href="{link}">点这里查看全部</a>。'
)
_NOT_DONE: Final = "您有一条消息没能处理，请再发一次。"
_TO_PAGE: Final = '<a href="{link}">{words}</a>'
_READ_ON: Final = "查看完整内容"
_ROOM_FOR_A_LINK: Final = 400
_SAYS_WHERE: Final = "says_where"
"""In an answer: it leads to the whole conversation, see `Batch`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps go by."""

    limits: Limits = field(default_factory=Limits)
    most_bytes: int = 2048

    def ledger(self, user: ChannelUser) -> Ledger:
        """What may be sent to that user."""
        return Ledger.from_json(user.ledger, self.limits)


@dataclass(frozen=True, slots=True)
class Batch:
    """What leaves as one message: `body` is ready to be sent, `items` are what it is made of.

    `says_where` tells whether it leads whoever may have missed something to the whole conversation.
    """

    body: Mapping[str, Any] = field(repr=False)
    items: Sequence[OutgoingItem]
    says_where: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What the events after `after` up to `read_to` of a conversation say: bodies, each with its event.

    `held` holds the conversation after them.
    """

    conversation_id: str
    after: int
    read_to: int
    bodies: Sequence[tuple[int, Mapping[str, Any]]] = field(repr=False)
    held: str


def take_up(reading: Reading, rules: Rules) -> Step:
    """What was read becomes items, unless another process was faster."""

    def step(box: Outbox) -> OutboxStep:
        if (box.user.conversation_id, box.user.read_to) != (reading.conversation_id, reading.after):
            return OutboxStep(box.user)
        new = [
            OutgoingItem(part, sequence=sequence)
            for sequence, body in reading.bodies
            for part in _in_parts(body, rules)
        ]
        return OutboxStep(replace(box.user, read_to=reading.read_to, held=reading.held), new)

    return step


def conclude(
    reading: Reading | None, rules: Rules, link: Link | None, last_at: datetime | None = None
) -> Step:
    """What a delivery asked for was done, which said what was read; with `link` it is answered as well.

    `last_at` is that of `carry`.

    Changes nothing if another process has read meanwhile: read anew, and conclude again.
    """

    def step(box: Outbox) -> OutboxStep:
        done, new = replace(_delivery_of(box), content="", done=True), OutboxStep(box.user)
        if reading is not None:
            new = take_up(reading, rules)(box)
            if new.user.read_to != reading.read_to:
                return OutboxStep(box.user)
        if link is None:
            return replace(new, delivery=done)
        whole = Outbox(new.user, (*box.items, *new.items), done)
        made = carry(rules, link, last_at)(whole)
        left = whole.items[len(made.items) :]  # what is carried is the head
        return OutboxStep(made.user, (*made.items, *(i for i in left if not i.number)), made.delivery)

    return step


def carry(rules: Rules, link: Link, last_at: datetime | None = None) -> Step:
    """The head of the outbox becomes the answer of the delivery, if nothing is on its way; else `SUCCESS`.

    Who gives the answer tells its end: `arrived` or `missed`. A delivery that has an answer keeps it, and a
    retry gives it once more. After `SUCCESS` what comes is sent by itself. So does what can be paid at
    `last_at`, when this may be the last attempt: were the answer lost, nobody would ask for it again.
    """

    def step(box: Outbox) -> OutboxStep:
        delivery = _delivery_of(box)
        if delivery.answer == SUCCESS:
            return OutboxStep(box.user, delivery=delivery)
        if delivery.answer is not None:
            return OutboxStep(box.user, delivery=replace(delivery, on_its_way=delivery.on_its_way + 1))
        had_better_send = last_at is not None and rules.ledger(box.user).left(last_at.timestamp()) > 0
        if _is_sending(box) or not box.items or had_better_send:
            user = replace(box.user, answering_until=None)
            return OutboxStep(user, delivery=replace(delivery, answer=SUCCESS))
        batch = _batch(box, rules, link)
        sending = [replace(i, state=ItemState.SENDING, delivery=delivery.key) for i in batch.items]
        answer = json.dumps({**batch.body, _SAYS_WHERE: True} if batch.says_where else batch.body)
        return OutboxStep(box.user, sending, replace(delivery, answer=answer, on_its_way=1))

    return step


def arrived() -> Step:
    """An answer that `carry` gave was taken, as far as can be known."""

    def step(box: Outbox) -> OutboxStep:
        delivery, own = _delivery_of(box), _carried_in(box)
        user = replace(box.user, answering_until=None)
        if own and json.loads(delivery.answer or "{}").get(_SAYS_WHERE):
            user = replace(user, lost_track=False)
        ended = [replace(item, state=ItemState.CARRIED) for item in own]
        return OutboxStep(user, ended, replace(delivery, on_its_way=max(delivery.on_its_way - 1, 0)))

    return step


def missed() -> Step:
    """An answer that `carry` gave surely reached nobody. When that is so of all of them, it waits again.

    A retry that comes yet carries what is there then.
    """

    def step(box: Outbox) -> OutboxStep:
        delivery, own = _delivery_of(box), _carried_in(box)
        left = replace(delivery, on_its_way=max(delivery.on_its_way - 1, 0))
        if left.on_its_way or not own:
            return OutboxStep(box.user, delivery=left)
        waiting = [replace(item, state=ItemState.WAITING, delivery="") for item in own]
        return OutboxStep(
            replace(box.user, answering_until=None), waiting, replace(left, answer=None, on_its_way=0)
        )

    return step


def doubted(carried: Sequence[OutgoingItem]) -> Step:
    """What counted as arrived was asked for again, and then reached nobody: it is unclear after all."""

    def step(box: Outbox) -> OutboxStep:
        user = replace(box.user, lost_track=box.user.lost_track or bool(carried))
        return OutboxStep(user, [replace(item, state=ItemState.UNCLEAR) for item in carried])

    return step


def give_up() -> Step:
    """What the delivery asked for will never be done; the user is asked for it again.

    That isn't in the log: often it is the conversation that can't be written.
    """

    def step(box: Outbox) -> OutboxStep:
        if _delivery_of(box).done:  # another process was faster
            return OutboxStep(box.user)
        user = replace(box.user, lost_track=True)
        said = OutgoingItem({"type": TEXT, "text": _NOT_DONE})
        return OutboxStep(user, [said], replace(_delivery_of(box), content="", done=True))

    return step


def begin_sending(rules: Rules, link: Link, now: datetime, found: list[Batch]) -> Step:
    """The head of the outbox is being sent, if the ledger pays; `found` gets what to send."""

    def step(box: Outbox) -> OutboxStep:
        left = rules.ledger(box.user).left(now.timestamp())
        is_free = box.user.answering_until is None or box.user.answering_until <= now
        if _is_sending(box) or not box.items or not is_free:
            return OutboxStep(box.user)
        if left <= 0:  # until they do something; looking again and again would find the same
            return OutboxStep(replace(box.user, rests_until=now + RESTS))
        batch = _batch(box, rules, link, left=left)
        found.append(batch)
        sending = [replace(i, state=ItemState.SENDING) for i in batch.items]
        return OutboxStep(box.user, sending)

    return step


def confirmed(batch: Batch, rules: Rules, now: datetime) -> Step:
    """WeChat took the message."""

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.ledger(box.user).spend(now.timestamp())
        lost_track = box.user.lost_track and not batch.says_where
        user = replace(box.user, ledger=ledger.as_json(), lost_track=lost_track)
        return OutboxStep(user, _moved(box, batch, ItemState.SENT))

    return step


def put_back(batch: Batch, rules: Rules, at: datetime, *, rest: timedelta, code: int | None = None) -> Step:
    """What began to go out `at` that moment didn't, so it waits again, and `rest` passes before another try.

    The ledger learns from WeChat's code, if there is one; what the user did meanwhile counts.
    """

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.ledger(box.user)
        if code is not None:
            ledger = ledger.refused(code, at.timestamp())
        user = replace(box.user, ledger=ledger.as_json(), rests_until=at + rest)
        return OutboxStep(user, _moved(box, batch, ItemState.WAITING))

    return step


def unclear(batch: Batch, rules: Rules, now: datetime) -> Step:
    """Nobody knows whether WeChat took the message. It counts as sent, and isn't sent again."""
    is_free = any(item.delivery for item in batch.items)

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.ledger(box.user)
        if not is_free:
            ledger = ledger.spend(now.timestamp())
        user = replace(box.user, ledger=ledger.as_json(), lost_track=True)
        return OutboxStep(user, _moved(box, batch, ItemState.UNCLEAR))

    return step


def drop(batch: Batch) -> Step:
    """WeChat will never take this message. It is in the log, and the user is told where to read that."""

    def step(box: Outbox) -> OutboxStep:
        return OutboxStep(replace(box.user, lost_track=True), _moved(box, batch, ItemState.UNCLEAR))

    return step


def give_up_sending(rules: Rules, now: datetime, patience: timedelta) -> Step:
    """What a process that ended had begun to send so long ago, or to answer with, is unclear for good."""

    def step(box: Outbox) -> OutboxStep:
        stale = [
            item
            for item in box.items
            if item.state is ItemState.SENDING
            and item.since is not None
            and item.since <= now - (CARRIED_WITHIN if item.delivery else patience)
        ]
        if not stale:
            return OutboxStep(box.user)
        return unclear(Batch({}, stale), rules, now)(box)

    return step


def _batch(box: Outbox, rules: Rules, link: Link, *, left: int | None = None) -> Batch:
    """What leaves first as one message; `left` None: it costs nothing, and more can come after it."""
    head = box.items[0]
    # A picture would have to be uploaded first, for which an open delivery has no time.
    is_compact = head.body["type"] == IMAGE if left is None else left < ENOUGH_FOR_CARDS
    if head.body["type"] != TEXT and not is_compact:
        return Batch(_linked(head.body, link), (head,))
    texts: list[str] = []
    for item in box.items:
        if item.body["type"] != TEXT and not is_compact:
            break
        texts.append(as_text(item.body, link))
    behind = _READ_ALL.format(link=link(CHAT_PAGE)) if box.user.lost_track else ""
    text, taken = join(texts, rules.most_bytes, behind=behind)
    says_where = bool(behind and taken)
    if not taken:  # the hint leaves no room
        text, taken = join(texts, rules.most_bytes)
    if not taken:  # a title or address beyond all measure: what can't be said here is on the page
        text, taken = _TO_PAGE.format(link=link(CHAT_PAGE), words=_READ_ON), 1
    waits = len(box.items) - taken
    if left == 1 and waits:
        notice = _MORE_WAITS.format(count=len(box.items), link=link(CHAT_PAGE))
        fitting = join(texts, rules.most_bytes, behind=notice)[1]
        if fitting:
            notice = _MORE_WAITS.format(count=len(box.items) - fitting, link=link(CHAT_PAGE))
            text, taken = join(texts[:fitting], rules.most_bytes, behind=notice)
            says_where = True
    return Batch({"type": TEXT, "text": text}, box.items[:taken], says_where)


def _in_parts(body: Mapping[str, Any], rules: Rules) -> Sequence[Mapping[str, Any]]:
    """A text in parts that each leave room for a link; only the last part leads on to the page."""
    if body["type"] != TEXT or size(body["text"]) + _ROOM_FOR_A_LINK <= rules.most_bytes:
        return [body]
    parts = split(body["text"], rules.most_bytes - _ROOM_FOR_A_LINK)
    return [{"type": TEXT, "text": part} for part in parts[:-1]] + [{**body, "text": parts[-1]}]


def as_text(body: Mapping[str, Any], link: Link) -> str:
    """An item as a line of text: what can't go as it is leads to the page."""
    if body["type"] == CARD:
        return f'<a href="{link(body["page"])}">{body["title"]}</a>'
    if body["type"] == IMAGE:
        return f'<a href="{link(CHAT_PAGE)}">工作人员发来一张图片，点这里看</a>'
    if not (page := body.get("page")):
        return str(body["text"])
    return f"{body['text']}\n\n{_TO_PAGE.format(link=link(page), words=body.get('link', _READ_ON))}"


def _linked(body: Mapping[str, Any], link: Link) -> Mapping[str, Any]:
    return {**body, "url": link(body["page"])} if body["type"] == CARD else body


def _moved(box: Outbox, batch: Batch, state: ItemState) -> Sequence[OutgoingItem]:
    numbers = {item.number for item in batch.items}
    return [replace(item, state=state) for item in box.items if item.number in numbers]


def _carried_in(box: Outbox) -> Sequence[OutgoingItem]:
    """What is on its way as the answer of the delivery."""
    key = _delivery_of(box).key
    return [item for item in box.items if item.state is ItemState.SENDING and item.delivery == key]


def _is_sending(box: Outbox) -> bool:
    return any(item.state is ItemState.SENDING for item in box.items)


def _delivery_of(box: Outbox) -> Delivery:
    if box.delivery is None:
        raise LookupError("this step is about a delivery")
    return box.delivery
