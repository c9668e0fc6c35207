"""What leaves a WeChat user's outbox, and how. Pure steps for `core.outbox_ports.OutboxStore`.

Items leave in their order, by one of two ways: in the passive reply to a delivery that is open just now,
which costs nothing, or as a customer-service message, which the ledger pays. While one is being sent nothing
else leaves. What may have arrived is never sent again; the user is told where to read everything instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, Self

from connectors.wechat.rendering import CARD, CHAT_PAGE, TEXT
from core.outbox_ports import (
    ChannelUser,
    Delivery,
    ItemState,
    Outbox,
    OutboxStep,
    OutgoingItem,
    Step,
)

Link = Callable[[str], str]
"""The address that opens that page with the user's conversation, for this user and some time."""

ENOUGH_FOR_CARDS: Final = 3
"""With fewer messages left a card that only leads to the page becomes a link in the text before it."""

READ_ALL = "如有消息没收到，可点这里看完整对话：{link}"
MORE_WAITS = "\n\n还有 {count} 条消息。微信限制了连续发送，您回复任意内容即可继续接收，也可点这里查看：{link}"
READ_ON = "\n\n查看完整内容：{link}"


class Ledger(Protocol):
    """What may be sent to a user until when (`connectors.wechat.quota`)."""

    def left(self, now: float) -> int:
        """How many customer-service messages may still be sent."""

    def spend(self, now: float) -> Self:
        """The ledger after one was sent."""

    def refused(self, code: int, now: float) -> Self:
        """The ledger after WeChat refused one by that code: it knows better."""

    def as_json(self) -> Mapping[str, Any]:
        """What `read_ledger` reads."""


ReadLedger = Callable[[Mapping[str, Any]], Ledger]


@dataclass(frozen=True, slots=True)
class Batch:
    """What leaves as one message: `body` is ready to be sent, `items` are what it is made of."""

    body: Mapping[str, Any]
    items: Sequence[OutgoingItem]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps go by; texts over `most_bytes` were split when they became items."""

    read_ledger: ReadLedger
    join: Callable[[Sequence[str], int], tuple[str, int]]
    """Texts into one under a limit of bytes: the text, and how many of them it holds."""
    most_bytes: int


def take_up(items: Sequence[Mapping[str, Any]], *, after: int, read_to: int) -> Step:
    """What events from `after` on to `read_to` say, unless another process was faster."""

    def step(box: Outbox) -> OutboxStep:
        if box.user.read_to != after:
            return OutboxStep(box.user)
        new = [OutgoingItem(body, sequence=read_to) for body in items]
        return OutboxStep(replace(box.user, read_to=read_to), new)

    return step


def carry(delivery: Delivery, rules: Rules, link: Link, encode: Callable[[Mapping[str, Any]], str]) -> Step:
    """The head of the outbox becomes the answer of an open delivery, if nothing is being sent."""

    def step(box: Outbox) -> OutboxStep:
        if _is_sending(box) or not box.items:
            return OutboxStep(box.user)
        batch = _batch(box, rules, link, cards=True)
        ended = [replace(i, state=ItemState.CARRIED, delivery=delivery.key) for i in batch.items]
        user = replace(box.user, answering_until=None, lost_track=False)
        return OutboxStep(user, ended, replace(delivery, answer=encode(batch.body), done=True))

    return step


def pass_by(delivery: Delivery, answer: str) -> Step:
    """The delivery is answered with nothing to say; what comes is sent by itself."""

    def step(box: Outbox) -> OutboxStep:
        return OutboxStep(
            replace(box.user, answering_until=None), delivery=replace(delivery, answer=answer, done=True)
        )

    return step


def begin_sending(rules: Rules, link: Link, now: datetime, found: list[Batch]) -> Step:
    """The head of the outbox is being sent, if the ledger pays; `found` gets what to send."""

    def step(box: Outbox) -> OutboxStep:
        left = rules.read_ledger(box.user.ledger).left(now.timestamp())
        if _is_sending(box) or not box.items or left <= 0 or _may_be_carried(box.user, now):
            return OutboxStep(box.user)
        batch = _batch(box, rules, link, cards=left >= ENOUGH_FOR_CARDS)
        waits = len(box.items) - len(batch.items)
        if left == 1 and waits and batch.body["type"] == TEXT:
            more = MORE_WAITS.format(count=waits, link=link(CHAT_PAGE))
            batch = replace(batch, body={**batch.body, "text": batch.body["text"] + more})
        found.append(batch)
        sending = [replace(i, state=ItemState.SENDING) for i in batch.items]
        return OutboxStep(replace(box.user, lost_track=False), sending)

    return step


def confirmed(batch: Batch, rules: Rules, now: datetime) -> Step:
    """WeChat took the message."""

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.read_ledger(box.user.ledger).spend(now.timestamp())
        return OutboxStep(replace(box.user, ledger=ledger.as_json()), _moved(box, batch, ItemState.SENT))

    return step


def refused(batch: Batch, rules: Rules, code: int, now: datetime) -> Step:
    """WeChat refused the message, so it waits again; the ledger learns why."""

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.read_ledger(box.user.ledger).refused(code, now.timestamp())
        return OutboxStep(replace(box.user, ledger=ledger.as_json()), _moved(box, batch, ItemState.WAITING))

    return step


def unclear(batch: Batch, rules: Rules, now: datetime) -> Step:
    """Nobody knows whether WeChat took the message. It counts as sent, and isn't sent again."""

    def step(box: Outbox) -> OutboxStep:
        ledger = rules.read_ledger(box.user.ledger).spend(now.timestamp())
        user = replace(box.user, ledger=ledger.as_json(), lost_track=True)
        return OutboxStep(user, _moved(box, batch, ItemState.UNCLEAR))

    return step


def give_up_sending(now: datetime, patience: timedelta) -> Step:
    """What a process that ended had begun to send long ago is unclear for good."""

    def step(box: Outbox) -> OutboxStep:
        stale = [
            replace(item, state=ItemState.UNCLEAR)
            for item in box.items
            if item.state is ItemState.SENDING and item.since is not None and item.since <= now - patience
        ]
        return OutboxStep(replace(box.user, lost_track=box.user.lost_track or bool(stale)), stale)

    return step


def _batch(box: Outbox, rules: Rules, link: Link, *, cards: bool) -> Batch:
    """What leaves first as one message: texts joined as far as they fit, or what is alone."""
    head = box.items[0]
    if head.body["type"] != TEXT:
        return Batch(_linked(head.body, link), (head,))
    texts: list[str] = []
    taken: list[OutgoingItem] = []
    room = rules.most_bytes
    for item in box.items:
        minor = item.body["type"] == CARD and item.body.get("minor", False)
        if item.body["type"] != TEXT and (cards or not minor):
            break
        text = READ_ON.strip().format(link=link(item.body["page"])) if minor else _whole(item.body, link)
        if rules.join([*texts, text], room)[1] <= len(texts):
            break
        texts.append(text)
        taken.append(item)
    if box.user.lost_track:
        texts = _with_hint(texts, rules, READ_ALL.format(link=link(CHAT_PAGE)))
    return Batch({"type": TEXT, "text": rules.join(texts, room)[0]}, taken)


def _with_hint(texts: list[str], rules: Rules, hint: str) -> list[str]:
    return [*texts, hint] if rules.join([*texts, hint], rules.most_bytes)[1] > len(texts) else texts


def _whole(body: Mapping[str, Any], link: Link) -> str:
    page = body.get("page")
    return str(body["text"]) + (READ_ON.format(link=link(page)) if page else "")


def _linked(body: Mapping[str, Any], link: Link) -> Mapping[str, Any]:
    return {**body, "url": link(body["page"])} if body["type"] == CARD else body


def _moved(box: Outbox, batch: Batch, state: ItemState) -> Sequence[OutgoingItem]:
    numbers = {item.number for item in batch.items}
    return [replace(item, state=state) for item in box.items if item.number in numbers]


def _is_sending(box: Outbox) -> bool:
    return any(item.state is ItemState.SENDING for item in box.items)


def _may_be_carried(user: ChannelUser, now: datetime) -> bool:
    return user.answering_until is not None and user.answering_until > now
