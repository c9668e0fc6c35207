"""When a subscription message tells a user that messages wait which may not be sent. Pure.

Rules (「订阅通知介绍」, 「订阅通知的事件推送」, 「发送订阅通知」, see README.md): each time a user accepts a
template one message of it may be sent, whenever; of a long-term one any number, until they say no. What they
answer is pushed. A value that is empty or too long for its field is refused.

One message goes for all that waits, and no other until some of that has left: whoever wrote meanwhile has
been told by the last message how much waits. What was handed over counts as sent whatever became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from connectors.wechat.outbox import Rules
from connectors.wechat.pushes import Push, SubscriptionAnswered, TemplateSent
from core.clock import local_time
from core.outbox_ports import ChannelUser, ItemState, Outbox, OutboxStep, Step

_SAYS_NO: Final = ("block", "refuse", "reject")

LONGEST: Final[Mapping[str, int]] = {
    "thing": 20,
    "character_string": 32,
    "number": 32,
    "letter": 32,
    "phone_number": 17,
    "name": 10,
    "car_number": 8,
    "symbol": 5,
    "phrase": 5,
}
"""How many characters a value may have, by the kind of its field; dates and amounts have forms instead."""


@dataclass(frozen=True, slots=True)
class Template:
    """The subscription message of an account: its id, its fields with what they say, and of which sort it is.

    `{count}`, `{city}` and `{time}` in a field are filled in.
    """

    template_id: str
    fields: Mapping[str, str]
    long_term: bool = False

    def filled(self, *, count: int, city: str, now: datetime) -> Mapping[str, str]:
        """The fields as they are sent."""
        local = local_time(now)
        time = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
        words = {"{count}": str(count), "{city}": city, "{time}": time}
        return {name: _fitting(name, _replaced(text, words)) for name, text in self.fields.items()}


@dataclass(frozen=True, slots=True)
class Grants:
    """How often each template may be sent to a user, and the number of the last item they were told of."""

    granted: Mapping[str, int] = field(default_factory=dict)
    told: int = 0

    @classmethod
    def of(cls, user: ChannelUser) -> "Grants":
        """What is remembered of that user."""
        return cls(user.reminders.get("granted", {}), user.reminders.get("told", 0))

    def into(self, user: ChannelUser) -> ChannelUser:
        """The user, with this remembered."""
        return replace(user, reminders={"granted": dict(self.granted), "told": self.told})

    def changed_by(self, template: str, count: int) -> "Grants":
        """So many more, or fewer; never less than none."""
        left = max(self.granted.get(template, 0) + count, 0)
        others = {each: number for each, number in self.granted.items() if each != template}
        return replace(self, granted={**others, template: left} if left else others)

    def without(self, template: str) -> "Grants":
        """As after a no."""
        return self.changed_by(template, -self.granted.get(template, 0))


@dataclass(frozen=True, slots=True)
class Reminder:
    """One to be sent: how much waits, and what was remembered before it, should it not go out."""

    count: int
    before: Grants


def heard(push: Push, user: ChannelUser) -> ChannelUser:
    """The user after a push, which may say yes or no to reminders. Give each delivery once.

    Who says no, even in the same window in which they said yes to something else, gets none of that template.
    """
    grants = Grants.of(user)
    if isinstance(push, SubscriptionAnswered):
        for template, accepted in push.answers:
            grants = grants.changed_by(template, 1) if accepted else grants.without(template)
        # A rest is for who did nothing: now they may be reminded of what waits already.
        return grants.into(replace(user, rests_until=None))
    if isinstance(push, TemplateSent) and any(word in push.outcome.lower() for word in _SAYS_NO):
        return replace(grants, granted={}).into(user)
    return user


def may_remind(user: ChannelUser) -> bool:
    """Whether it is worth a look: most users have granted nothing."""
    return bool(user.reminders.get("granted"))


def was_reminded(user: ChannelUser, first_waiting: int) -> bool:
    """Whether the user was told of what waits, that item being the first of it."""
    return first_waiting <= Grants.of(user).told


def begin_reminding(template: Template, rules: Rules, now: datetime, found: list[Reminder]) -> Step:
    """The reminder is being sent, if it is due; `found` gets it. It counts as sent from here on."""

    def step(box: Outbox) -> OutboxStep:
        grants = Grants.of(box.user)
        if not _is_due(box, grants, template, rules, now):
            return OutboxStep(box.user)
        found.append(Reminder(len(box.items), grants))
        after = replace(grants, told=box.items[-1].number)
        if not template.long_term:
            after = after.changed_by(template.template_id, -1)
        return OutboxStep(after.into(box.user))

    return step


def not_sent(template: Template, reminder: Reminder, *, rests_until: datetime) -> Step:
    """WeChat certainly sent nothing: it may be tried again after a rest."""

    def step(box: Outbox) -> OutboxStep:
        grants = replace(Grants.of(box.user), told=reminder.before.told)
        if not template.long_term:
            grants = grants.changed_by(template.template_id, 1)
        return OutboxStep(replace(grants.into(box.user), rests_until=rests_until))

    return step


def not_wanted(template: Template) -> Step:
    """WeChat says that the user wants none, or that none is left."""

    def step(box: Outbox) -> OutboxStep:
        return OutboxStep(Grants.of(box.user).without(template.template_id).into(box.user))

    return step


def _is_due(box: Outbox, grants: Grants, template: Template, rules: Rules, now: datetime) -> bool:
    """Something waits that the user wasn't told of, and no other way is open."""
    if not box.items or any(item.state is not ItemState.WAITING for item in box.items):
        return False
    if box.user.answering_until is not None and box.user.answering_until > now:
        return False
    if rules.ledger(box.user).left(now.timestamp()) > 0:
        return False
    is_granted = grants.granted.get(template.template_id, 0) > 0
    return is_granted and not was_reminded(box.user, box.items[0].number)


def _replaced(text: str, words: Mapping[str, Any]) -> str:
    for place, word in words.items():
        text = text.replace(place, word)
    return text


def _fitting(name: str, value: str) -> str:
    """As much of a value as its field takes."""
    longest = LONGEST.get(name.rstrip("0123456789"))
    if longest is None or len(value) <= longest:
        return value
    return f"{value[: longest - 1]}…" if name.startswith("thing") else value[:longest]
