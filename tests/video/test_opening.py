"""When agents can be reached: the hours that officials really keep."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from video.opening import OpeningHours, Span

CHINA = timezone(timedelta(hours=8))
OFFICE = OpeningHours.parse(
    "周一至周五 8:30-11:30,13:00-16:30; 周六 9:00-12:00",
    "2026-10-01..2026-10-07 休; 2026-10-10 按周一; 2026-12-31 8:30-12:00",
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-03-02 08:29:59", False),  # a Monday
        ("2026-03-02 08:30", True),
        ("2026-03-02 11:29:59", True),
        ("2026-03-02 11:30", False),  # the break at noon
        ("2026-03-02 12:59", False),
        ("2026-03-02 13:00", True),
        ("2026-03-02 16:30", False),
        ("2026-03-07 11:00", True),  # Saturday
        ("2026-03-08 11:00", False),  # Sunday
        ("2026-10-01 10:00", False),  # a holiday on a Thursday
        ("2026-10-07 10:00", False),
        ("2026-10-08 10:00", True),
        ("2026-10-10 15:00", True),  # a Saturday worked like a Monday
        ("2026-12-31 11:59", True),
        ("2026-12-31 14:00", False),
    ],
)
def test_it_is_open_in_the_hours_of_the_day(moment, open_):
    assert OFFICE.is_open(at(moment)) is open_


def test_the_hours_are_those_of_chinas_clocks_wherever_the_server_stands():
    assert OFFICE.is_open(datetime(2026, 3, 2, 0, 30, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2026, 3, 2, 8, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-02 09:00", "2026-03-02 09:00"),
        ("2026-03-02 07:00", "2026-03-02 08:30"),
        ("2026-03-02 12:00", "2026-03-02 13:00"),
        ("2026-03-02 18:00", "2026-03-03 08:30"),
        ("2026-03-07 12:00", "2026-03-09 08:30"),
        ("2026-09-30 17:00", "2026-10-08 08:30"),  # over the week of holidays
        ("2026-10-09 17:00", "2026-10-10 08:30"),  # a worked Saturday
    ],
)
def test_the_next_opening_passes_over_breaks_weekends_and_holidays(moment, opens):
    assert OFFICE.next_opening(at(moment)) == at(opens)


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2026-03-02 09:00", "2026-03-02 11:30"),
        ("2026-03-02 13:00", "2026-03-02 16:30"),
        ("2026-03-02 12:00", None),
        ("2026-10-03 10:00", None),
    ],
)
def test_it_says_until_when_it_stays_open(moment, closes):
    assert OFFICE.closes_at(at(moment)) == (at(closes) if closes else None)


def test_hours_that_meet_at_midnight_are_one():
    night = OpeningHours.parse("周一 20:00-24:00; 周二 00:00-06:00")

    assert night.closes_at(at("2026-03-02 21:00")) == at("2026-03-03 06:00")


def test_without_hours_it_is_always_open():
    always = OpeningHours.parse("", "")

    assert always == OpeningHours()
    assert always.is_open(at("2026-03-08 03:00"))
    assert always.closes_at(at("2026-03-08 03:00")) is None
    assert always.in_words() == "每天24小时"


def test_always_open_but_for_a_holiday_closes_for_it():
    hours = OpeningHours.parse("", "2026-10-01 休")

    assert hours.closes_at(at("2026-09-30 23:00")) == at("2026-10-01 00:00")
    assert hours.next_opening(at("2026-10-01 12:00")) == at("2026-10-02 00:00")


def test_what_never_opens_has_no_next_opening():
    never = OpeningHours(week=((),) * 7)

    assert never.next_opening(at("2026-03-02 09:00")) is None
    assert never.in_words() == "暂不开放"


def test_a_later_exception_replaces_an_earlier_one():
    hours = OpeningHours.parse("周一至周日 全天", "2026-10-01..2026-10-07 休; 2026-10-03 9:00-10:00")

    assert hours.spans(date(2026, 10, 3)) == (Span(540, 600),)
    assert hours.spans(date(2026, 10, 4)) == ()


def test_citizens_read_the_hours_in_short_words():
    assert OFFICE.in_words() == "周一至周五 8:30–11:30、13:00–16:30；周六 9:00–12:00"
    assert OpeningHours.parse("周一至周日 8:00-20:00").in_words() == "每天 8:00–20:00"


@pytest.mark.parametrize(
    "weekly",
    [
        "Mon-Fri 8:30-11:30 13:00-16:30; Sat 9:00-12:00",
        "周一到周五 8:30-11:30、13:00-16:30；周六 9:00-12:00",
        "周一,周二,周三-周五 13:00～16:30,8:30-11:30\n周六 9:00-12:00".replace("～", "~"),
    ],
)
def test_hours_are_read_as_people_write_them(weekly):
    assert OpeningHours.parse(weekly).week == OFFICE.week


def test_days_may_run_over_the_end_of_the_week():
    hours = OpeningHours.parse("周六至周一 9:00-12:00")

    assert [bool(day) for day in hours.week] == [True, False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("weekly", "exceptions"),
    [
        ("always", ""),
        ("周一", ""),
        ("周八 8:00-9:00", ""),
        ("周一 9:00-8:00", ""),
        ("周一 8:00-25:00", ""),
        ("周一 8:60-9:00", ""),
        ("周一 8:00-10:00,9:00-11:00", ""),
        ("", "2026-02-30 休"),
        ("", "2026-10-07..2026-10-01 休"),
        ("", "2026-01-01..2099-01-01 休"),
        ("", "2026-10-01 maybe"),
        ("", "国庆 休"),
    ],
)
def test_what_cannot_be_read_stops_the_start_with_a_word_on_it(weekly, exceptions):
    with pytest.raises(ConfigurationError, match="服务时间"):
        OpeningHours.parse(weekly, exceptions)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))
def test_opening_and_closing_agree_with_each_other_at_any_moment(moment):
    now = moment.replace(tzinfo=CHINA)
    opens, closes = OFFICE.next_opening(now), OFFICE.closes_at(now)

    assert OFFICE.is_open(opens)
    assert (closes is not None) is OFFICE.is_open(now) is (opens == now)
    assert opens == now or not OFFICE.is_open(opens - timedelta(microseconds=1))
    assert closes is None or not OFFICE.is_open(closes)
