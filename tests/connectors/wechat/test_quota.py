"""What may be sent is never more than WeChat allows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wechat.pushes import parse_push
from connectors.wechat.quota import GrantKind, Ledger, Limit, Limits, grant_of
from tests.connectors.wechat.pushes_of_citizens import fixture

HOUR = 3600


def granted(*kinds, now=0.0, limits=None):
    ledger = Ledger(limits or Limits())
    for kind in kinds:
        ledger = ledger.grant(kind, now)
    return ledger


def spent(ledger, *times):
    for time in times:
        ledger = ledger.spend(time)
    return ledger


class TestWhatIsGranted:
    @pytest.mark.parametrize(
        ("name", "kind"),
        {
            "text": GrantKind.MESSAGE,
            "image": GrantKind.MESSAGE,
            "voice": GrantKind.MESSAGE,
            "location": GrantKind.MESSAGE,
            "file_that_is_no_known_kind": GrantKind.MESSAGE,
            "text_by_menu_message": GrantKind.CLICK,
            "click": GrantKind.CLICK,
            "scancode_waitmsg": GrantKind.CLICK,
            "subscribe": GrantKind.FOLLOW,
            "subscribe_by_scene_code": GrantKind.FOLLOW,
            "scan": GrantKind.SCAN,
            "view": None,
            "view_miniprogram": None,
            "pic_weixin": None,
            "location_reported": None,
            "unsubscribe": None,
            "template_delivered": None,
            "subscription_asked": None,
            "event_that_is_no_known_kind": None,
        }.items(),
    )
    def test_by_what_the_user_did(self, name, kind):
        assert grant_of(parse_push(fixture(name))) is kind

    def test_nothing_before_the_user_did_anything(self):
        assert Ledger().left(0) == 0
        assert Ledger().until(0) is None

    @pytest.mark.parametrize(
        ("kind", "count", "seconds"),
        [("message", 5, 48 * HOUR), ("click", 3, 60), ("follow", 3, 60), ("scan", 3, 60)],
    )
    def test_so_many_for_so_long(self, kind, count, seconds):
        ledger = granted(GrantKind(kind), now=1000, limits=Limits(margin=2))

        assert ledger.left(1000) == ledger.left(1000 + seconds - 2.1) == count
        assert ledger.until(1000) == 1000 + seconds - 2
        assert ledger.left(1000 + seconds - 2) == 0
        assert ledger.until(1000 + seconds - 2) is None

    def test_every_limit_is_a_setting(self):
        limits = Limits(Limit(20, 10), Limit(1, 5), Limit(2, 5), Limit(4, 5), margin=0)

        assert [granted(kind, limits=limits).left(4) for kind in GrantKind] == [20, 1, 2, 4]

    def test_each_message_sent_is_one_less(self):
        assert [spent(granted(GrantKind.MESSAGE), *range(n)).left(10) for n in range(6)] == [5, 4, 3, 2, 1, 0]

    def test_one_that_was_sent_though_the_window_closed_meanwhile_is_counted_too(self):
        ledger = spent(granted(GrantKind.CLICK), 1, 2, 3, 4, 61)

        assert ledger.left(5) == 0
        assert ledger.grant(GrantKind.CLICK, 61).left(61) == 2

    def test_a_new_message_grants_anew(self):
        ledger = spent(granted(GrantKind.MESSAGE), 1, 2, 3, 4, 5).grant(GrantKind.MESSAGE, 100)

        assert ledger.left(100) == 5

    def test_of_several_grants_the_larger_rest_counts(self):
        ledger = granted(GrantKind.MESSAGE, GrantKind.CLICK)

        assert ledger.left(1) == 5
        assert spent(ledger, 1).left(1) == 4

    def test_a_message_counts_against_all_that_was_open(self):
        ledger = spent(granted(GrantKind.MESSAGE, GrantKind.CLICK), 1, 2, 3)

        assert ledger.left(3) == ledger.left(HOUR) == 2

    def test_a_click_after_all_was_sent_grants_for_its_minute(self):
        ledger = spent(granted(GrantKind.MESSAGE), 1, 2, 3, 4, 5).grant(GrantKind.CLICK, 100)

        assert ledger.left(100) == 3
        assert ledger.left(200) == 0


class TestPushesThatComeLate:
    def test_what_was_sent_since_the_user_wrote_counts_though_the_push_came_after(self):
        ledger = spent(granted(GrantKind.MESSAGE, now=100), 110, 120)

        assert ledger.grant(GrantKind.MESSAGE, now=121, created=115).left(121) == 4

    @pytest.mark.parametrize("sent", [115, 115.9, 116.5])
    def test_what_was_sent_in_the_second_in_which_the_user_wrote_counts_too(self, sent):
        ledger = granted(GrantKind.MESSAGE, now=100).spend(sent)

        assert ledger.grant(GrantKind.MESSAGE, now=121, created=115).left(121) == 4

    def test_an_older_one_changes_nothing(self):
        ledger = spent(granted(GrantKind.MESSAGE, now=100), 110)

        assert ledger.grant(GrantKind.MESSAGE, now=111, created=90) == ledger

    def test_the_window_begins_when_the_user_wrote(self):
        ledger = Ledger().grant(GrantKind.CLICK, now=1030, created=1000)

        assert ledger.until(1030) == 1000 + 60 - Limits().margin

    def test_a_clock_that_is_behind_wechats_grants_from_now(self):
        assert Ledger().grant(GrantKind.CLICK, now=1000, created=1200).until(1000) == 1057

    def test_a_message_from_before_the_minute_is_over_grants_nothing(self):
        assert Ledger().grant(GrantKind.CLICK, now=1100, created=1000).left(1100) == 0


class TestRefusals:
    @pytest.mark.parametrize("code", [45015, 45047, 43004, 48002, 43019])
    def test_what_wechat_does_not_allow_is_void_whatever_was_counted(self, code):
        ledger = (
            granted(GrantKind.MESSAGE, GrantKind.CLICK, now=100).spend(101).refused(code, 101.5, spent=101)
        )

        assert ledger.left(102) == 0
        assert ledger.until(102) is None

    def test_what_the_user_does_next_grants_anew(self):
        ledger = granted(GrantKind.MESSAGE, now=100).refused(45047, 101.5)

        assert ledger.grant(GrantKind.MESSAGE, 110).left(110) == 5

    def test_what_the_user_did_before_does_not(self):
        ledger = granted(GrantKind.MESSAGE, now=100).refused(45047, 120)

        assert ledger.grant(GrantKind.CLICK, now=121, created=119).left(121) == 0
        assert ledger.refused(45047, 90) == ledger

    @pytest.mark.parametrize("code", [-1, 40001, 45009, 45002])
    def test_a_message_that_did_not_go_out_for_another_reason_is_given_back(self, code):
        ledger = spent(granted(GrantKind.MESSAGE), 1, 2)

        assert ledger.refused(code, 3, spent=2).left(3) == 4
        assert ledger.refused(code, 3).left(3) == 3
        assert ledger.refused(code, 3, spent=99) == ledger

    def test_what_is_given_back_does_not_bring_back_what_was_sent_before(self):
        ledger = spent(granted(GrantKind.MESSAGE), 1, 2, 3, 4, 5, 6, 7)

        assert ledger.refused(-1, 8, spent=7).refused(-1, 8, spent=6).left(8) == 0

    def test_to_somebody_who_follows_no_longer_nothing_is_sent(self):
        assert granted(GrantKind.MESSAGE).close(1).left(2) == 0


class TestStoring:
    def test_a_ledger_comes_back_from_json(self):
        ledger = spent(granted(GrantKind.MESSAGE, GrantKind.SCAN, now=10), 11, 12.5).close(20)

        assert Ledger.from_json(json.loads(json.dumps(ledger.as_json())), Limits()) == ledger

    def test_nothing_stored_is_a_new_ledger(self):
        assert Ledger.from_json({}, Limits(margin=9)) == Ledger(Limits(margin=9))

    def test_the_limits_are_those_of_today(self):
        data = granted(GrantKind.MESSAGE).as_json()

        assert Ledger.from_json(data, Limits(message=Limit(20, 100))).left(1) == 20

    def test_what_is_stored_does_not_grow(self):
        ledger = Ledger()
        for now in range(0, 10_000, 10):
            ledger = ledger.grant(GrantKind.CLICK, now).spend(now + 1).spend(now + 2)

        assert len(json.dumps(ledger.as_json())) < 250


class SummingWeChat:
    """Counts each grant on its own; a message is taken from whichever ends first."""

    def __init__(self, limits):
        self.limits = limits
        self.open = {}

    def act(self, kind, now):
        limit = self.limits.of(kind)
        self.open[kind] = [limit.messages, now + limit.seconds]

    def take(self, now):
        ready = [grant for grant in self.open.values() if grant[0] and now <= grant[1]]
        assert ready, "WeChat would have refused"
        min(ready, key=lambda grant: grant[1])[0] -= 1


class RaisingWeChat:
    """Has one count and one window: an act raises both to at least its own."""

    def __init__(self, limits):
        self.limits = limits
        self.count, self.end = 0, 0.0

    def act(self, kind, now):
        limit = self.limits.of(kind)
        self.count = max(self.count if now <= self.end else 0, limit.messages)
        self.end = max(self.end, now + limit.seconds)

    def take(self, now):
        assert self.count, "WeChat would have refused: count"
        assert now <= self.end, "WeChat would have refused: window"
        self.count -= 1


limits = st.builds(
    Limits,
    *[st.builds(Limit, st.integers(1, 6), st.integers(5, 100))] * 4,
    margin=st.integers(0, 4),
)
# Acts, and wishes to send one or all that may be sent, each some time after the one before; a push takes
# a while to arrive. Halves of seconds, so that times coincide.
halves = st.integers(0, 16).map(lambda n: n / 2)
steps = st.lists(
    st.tuples(halves, st.sampled_from([*GrantKind, "message", "send", "send", "all"]), halves), max_size=40
)


@pytest.mark.parametrize("wechat", [SummingWeChat, RaisingWeChat])
@settings(max_examples=400)
@given(limits=limits, steps=steps)
def test_never_more_is_sent_than_wechat_allows(wechat, limits, steps):
    """Pushes arrive late and out of order; WeChat tells whole seconds; sending is asked for at any time."""
    platform, ledger = wechat(limits), Ledger(limits)
    now, under_way = 0.0, []
    for wait, what, delay in steps:
        now += wait
        for arrives, kind, created in sorted(under_way):
            if arrives <= now:
                ledger = ledger.grant(kind, arrives, int(created))
                under_way.remove((arrives, kind, created))
        if what in ("send", "all"):
            for _ in range(ledger.left(now) if what == "all" else min(ledger.left(now), 1)):
                platform.take(now)
                ledger = ledger.spend(now)
        else:
            platform.act(GrantKind(what), now)
            under_way.append((now + delay, GrantKind(what), now))
