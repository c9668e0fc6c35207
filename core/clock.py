"""The one place that asks what time it is, and knows China's time; everything else takes the time in."""

from datetime import UTC, date, datetime, time, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))  # one zone and no summer time, so no zone database is needed


def utc_now() -> datetime:
    """The moment, with its time zone."""
    return datetime.now(UTC)


def local_time(moment: datetime) -> datetime:
    """The moment as clocks in China show it."""
    return moment.astimezone(_CHINA)


def local_today(now: datetime) -> date:
    """The calendar day in China at that moment, by which guides come into force and expire."""
    return local_time(now).date()


def local_midnight(day: date) -> datetime:
    """The moment at which that calendar day begins in China."""
    return datetime.combine(day, time(), _CHINA).astimezone(UTC)
