"""Who is reminded of what waits, when, how often, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.wechat.outbox import Rules
from connectors.wechat.pushes import SubscriptionAnswered, TemplateSent, TextMessage
from connectors.wechat.quota import GrantKind, Ledger, Limits
from connectors.wechat.reminding import (
    LONGEST,
    Grants,
    Template,
    begin_reminding,
    heard,
    may_remind,
    not_sent,
    not_wanted,
    was_reminded,
)
from core.outbox_ports import ChannelUser, ItemState, Outbox, OutgoingItem
from tests.fakes import ManualClock

NOW = ManualClock()()
RULES = Rules(Limits())
ONCE = Template("t1", {"thing1": "您有{count}条新消息"})
LASTING = replace(ONCE, long_term=True)
HEAD = {"account_id": "gh_1", "openid": "o1", "created": int(NOW.timestamp())}


def a_user(*, granted: int = 1, told: int = 0, left: bool = False, **more) -> ChannelUser:
    ledger = Ledger(RULES.limits)
    if left:
        ledger = ledger.grant(GrantKind.MESSAGE, NOW.timestamp() - 60)
    user = ChannelUser("hall", "o1", "c1", ledger=ledger.as_json(), **more)
    return Grants({"t1": granted} if granted else {}, told).into(user)


def a_box(*numbers: int, state: ItemState = ItemState.WAITING, **user) -> Outbox:
    items = [OutgoingItem({"type": "text", "text": "一"}, number, state=state) for number in numbers]
    return Outbox(a_user(**user), items)


def reminded(box: Outbox, template: Template = ONCE):
    """How many the reminder tells of, or None, and the user after it."""
    found = []
    made = begin_reminding(template, RULES, NOW, found)(box)
    return (found[0].count if found else None), made.user


def answered(user: ChannelUser, *answers: tuple[str, bool]) -> Grants:
    return Grants.of(heard(SubscriptionAnswered(**HEAD, answers=answers), user))


class TestWhatUsersAnswer:
    def test_each_yes_is_worth_one(self):
        user = a_user(granted=0)
        for _ in range(2):
            user = heard(SubscriptionAnswered(**HEAD, answers=(("t1", True),)), user)

        assert Grants.of(user).granted == {"t1": 2}

    def test_a_no_takes_back_every_yes_to_that_template(self):
        user = Grants({"t1": 3, "t2": 1}).into(a_user())

        assert answered(user, ("t1", False)).granted == {"t2": 1}

    def test_one_window_may_bring_a_yes_and_a_no(self):
        assert answered(a_user(granted=0), ("t1", True), ("t2", False)).granted == {"t1": 1}

    def test_who_says_yes_is_looked_at_at_once(self):
        user = a_user(granted=0, rests_until=NOW + timedelta(hours=1))

        assert heard(SubscriptionAnswered(**HEAD, answers=(("t1", True),)), user).rests_until is None

    @pytest.mark.parametrize("outcome", ["failed:user block", "user refuse to accept the msg", "Rejected"])
    def test_who_turned_one_away_gets_none_any_more(self, outcome):
        user = heard(TemplateSent(**HEAD, msg_id="1", outcome=outcome), a_user(granted=3, told=7))

        assert Grants.of(user) == Grants({}, 7)

    @pytest.mark.parametrize("outcome", ["success", "failed: system failed"])
    def test_any_other_outcome_changes_nothing(self, outcome):
        user = a_user(granted=3)

        assert heard(TemplateSent(**HEAD, msg_id="1", outcome=outcome), user) == user

    def test_other_pushes_are_no_concern_of_reminders(self):
        user = a_user(rests_until=NOW)

        assert heard(TextMessage(**HEAD, msg_id="1", text="你好"), user) == user

    def test_most_users_granted_nothing_and_arent_looked_at(self):
        assert not may_remind(ChannelUser("hall", "o1"))
        assert not may_remind(a_user(granted=0))
        assert may_remind(a_user())


class TestReminding:
    def test_who_cant_be_sent_what_waits_is_told_how_much_it_is(self):
        count, user = reminded(a_box(4, 5, 9))

        assert count == 3
        assert Grants.of(user) == Grants({}, told=9)

    def test_what_waits_goes_on_waiting(self):
        found = []
        made = begin_reminding(ONCE, RULES, NOW, found)(a_box(4))

        assert (len(found), made.items) == (1, ())

    @pytest.mark.parametrize(
        "box",
        [
            a_box(),
            a_box(4, granted=0),
            a_box(4, left=True),
            a_box(4, state=ItemState.SENDING),
            a_box(4, answering_until=NOW + timedelta(seconds=1)),
        ],
        ids=["nothing waits", "no grant", "it may be sent", "it is being sent", "a reply may carry it"],
    )
    def test_nobody_else_is(self, box):
        count, user = reminded(box)

        assert (count, user) == (None, box.user)

    def test_a_grant_for_another_template_doesnt_count(self):
        box = a_box(4)

        assert reminded(replace(box, user=Grants({"t2": 1}).into(box.user)))[0] is None

    def test_one_reminder_goes_for_all_that_waits_however_much_is_added(self):
        count, user = reminded(a_box(4, granted=5))
        box = replace(a_box(4, 5, 6), user=user)

        assert (count, Grants.of(user)) == (1, Grants({"t1": 4}, told=4))
        assert reminded(box)[0] is None

    def test_what_waits_after_that_has_left_is_another_reminder(self):
        _, user = reminded(a_box(4, 5, granted=2))

        assert reminded(replace(a_box(6), user=user))[0] == 1

    def test_a_long_term_grant_isnt_used_up(self):
        _, user = reminded(a_box(4), LASTING)

        assert Grants.of(user) == Grants({"t1": 1}, told=4)

    @pytest.mark.parametrize("template", [ONCE, LASTING])
    def test_one_that_certainly_didnt_go_out_may_be_tried_again_after_a_rest(self, template):
        found, box, rests_until = [], a_box(4), NOW + timedelta(minutes=5)
        user = begin_reminding(template, RULES, NOW, found)(box).user
        after = not_sent(template, found[0], rests_until=rests_until)(replace(box, user=user)).user

        assert Grants.of(after) == Grants.of(box.user)
        assert after.rests_until == rests_until
        assert reminded(replace(box, user=after), template)[0] == 1

    def test_one_that_isnt_wanted_takes_the_grants_with_it(self):
        box = a_box(4, granted=3)
        after = not_wanted(ONCE)(box).user

        assert reminded(replace(box, user=after))[0] is None

    def test_who_was_told_of_what_waits_is_known(self):
        assert was_reminded(a_user(told=5), 4)
        assert not was_reminded(a_user(told=5), 6)
        assert not was_reminded(ChannelUser("hall", "o1"), 1)


class TestTheWords:
    AT = datetime(2026, 11, 28, 6, 5, tzinfo=UTC)

    def filled(self, **fields: str):
        return Template("t1", fields).filled(count=3, city="示例市", now=self.AT)

    def test_count_city_and_time_are_filled_in_by_the_clock_of_china(self):
        assert self.filled(thing1="{city}政务：{count}条", time2="{time}", number3="{count}") == {
            "thing1": "示例市政务：3条",
            "time2": "2026年11月28日 14:05",
            "number3": "3",
        }

    @pytest.mark.parametrize("kind", LONGEST)
    def test_a_value_keeps_to_the_length_that_its_field_takes(self, kind):
        found = self.filled(**{f"{kind}12": "长" * 50})[f"{kind}12"]

        assert len(found) == LONGEST[kind]

    def test_words_that_are_cut_show_it(self):
        assert self.filled(thing1="长" * 21)["thing1"] == "长" * 19 + "…"
        assert self.filled(thing1="长" * 20)["thing1"] == "长" * 20
