"""When agents can be reached: weekly hours with breaks, and dated exceptions. Pure, in China's time.

Both come as text, so that an operator can write them into a setting:

    weekly      周一至周五 8:30-11:30,13:00-16:30; 周六 9:00-12:00         (or Mon-Fri …; Sat …)
    exceptions  2026-10-01..2026-10-07 休; 2026-10-10 按周一; 2026-12-31 8:30-12:00
                (休 or closed: a holiday; 按周一 or as Mon: a weekend day that is worked, 调休)

What isn't named is closed; empty weekly hours mean always open. A later exception for a day
replaces an earlier one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import Final

from core.clock import local_time
from core.errors import ConfigurationError

_DAYS: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_NUMBERS: Final = {
    **{name: number for number, name in enumerate(_DAYS)},
    **{name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    "周天": 6,
}
_DAY = "周[一二三四五六日天]|mon|tue|wed|thu|fri|sat|sun"
_RANGE = re.compile(rf"(?P<first>{_DAY})(?:\s*(?:至|到|[-–—~])\s*(?P<last>{_DAY}))?")
_WEEKLY = re.compile(
    rf"(?P<days>(?:{_DAY})(?:\s*(?:[,，、]|至|到|[-–—~])\s*(?:{_DAY}))*)\s+(?P<hours>\S.*)", re.IGNORECASE
)
_EXCEPTION = re.compile(
    r"(?P<first>\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(?P<last>\d{4}-\d{2}-\d{2}))?\s+(?P<what>\S.*)"
)
_LIKE = re.compile(rf"(?:按|as\s+)(?P<day>{_DAY})", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~]\s*(\d{1,2})[:：](\d{2})")

_MIDNIGHT: Final = 24 * 60
_LONGEST_EXCEPTION = timedelta(days=366)
_LOOKS_AHEAD: Final = 400
"""Days within which the next opening is looked for."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from one minute of the day to another; the last isn't part of it. 1440 is midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= _MIDNIGHT:
            raise ConfigurationError("服务时间：每段的结束要晚于开始，并在同一天内")

    def in_words(self) -> str:
        """As people read it: 8:30–11:30."""
        return f"{_clock(self.start)}–{_clock(self.end)}"


Day = tuple[Span, ...]

_ALL_DAY: Final[Day] = (Span(0, _MIDNIGHT),)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The spans of each day from Monday, and those of the dates that differ. Always open by default."""

    week: tuple[Day, ...] = (_ALL_DAY,) * 7
    exceptions: Mapping[date, Day] = field(default_factory=dict)

    @classmethod
    def parse(cls, weekly: str, exceptions: str = "") -> "OpeningHours":
        """What the two texts say. Raises ConfigurationError that names the part it can't read."""
        week = _week(weekly) if weekly.strip() else (_ALL_DAY,) * 7
        return cls(week, _exceptions(exceptions, week))

    def spans(self, day: date) -> Day:
        """When it is open on that day, in order."""
        return self.exceptions.get(day, self.week[day.weekday()])

    def is_open(self, now: datetime) -> bool:
        """Whether agents can be reached at that moment."""
        here = local_time(now)
        minute = here.hour * 60 + here.minute
        return any(span.start <= minute < span.end for span in self.spans(here.date()))

    def next_opening(self, now: datetime) -> datetime | None:
        """`now` if it is open, else when it opens next; None if that isn't within a year."""
        if self.is_open(now):
            return now
        return next((start for start, _ in self._from(now) if start > now), None)

    def closes_at(self, now: datetime) -> datetime | None:
        """Until when it stays open without a break; None if it is closed, or doesn't close within a year."""
        until: datetime | None = None
        for start, end in self._from(now):
            if until is None:
                if not start <= now < end:
                    continue
            elif start > until:
                return until
            until = end
        return None

    def in_words(self) -> str:
        """The weekly hours as a citizen reads them."""
        if all(day == _ALL_DAY for day in self.week):
            return "每天24小时"
        runs = []
        for spans, group in groupby(enumerate(self.week), key=lambda each: each[1]):
            numbers = [number for number, _ in group]
            if spans:
                hours = "、".join(span.in_words() for span in spans)
                runs.append(f"{_days_in_words(numbers[0], numbers[-1])} {hours}")
        return "；".join(runs) or "暂不开放"

    def _from(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that end after `now`, in order."""
        midnight = datetime.combine(local_time(now).date(), time(), tzinfo=local_time(now).tzinfo)
        for ahead in range(_LOOKS_AHEAD):
            start = midnight + timedelta(days=ahead)
            for span in self.spans(start.date()):
                end = start + timedelta(minutes=span.end)
                if end > now:
                    yield start + timedelta(minutes=span.start), end


def _days_in_words(first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return "每天"
    return _DAYS[first] if first == last else f"{_DAYS[first]}至{_DAYS[last]}"


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


# --- reading -----------------------------------------------------------------------------------


def _parts(text: str) -> Iterator[str]:
    yield from (part.strip() for part in re.split(r"[;；\n]", text) if part.strip())


def _week(text: str) -> tuple[Day, ...]:
    week: list[Day] = [()] * 7
    for part in _parts(text):
        if (found := _WEEKLY.fullmatch(part)) is None:
            raise ConfigurationError(f"服务时间：“{part}”看不懂，要写成“周一至周五 8:30-16:30”这样")
        hours = _spans(found["hours"])
        for days in _RANGE.finditer(found["days"].lower()):
            first = _NUMBERS[days["first"]]
            last = _NUMBERS[days["last"]] if days["last"] else first
            # 周六至周一 runs over the end of the week.
            for number in range(first, last + 1 if last >= first else last + 8):
                week[number % 7] = hours
    return tuple(week)


def _exceptions(text: str, week: tuple[Day, ...]) -> Mapping[date, Day]:
    days: dict[date, Day] = {}
    for part in _parts(text):
        if (found := _EXCEPTION.fullmatch(part)) is None:
            raise ConfigurationError(f"服务时间：“{part}”看不懂，要写成“2026-10-01..2026-10-07 休”这样")
        first = _date(found["first"])
        last = _date(found["last"]) if found["last"] else first
        if not first <= last <= first + _LONGEST_EXCEPTION:
            raise ConfigurationError(f"服务时间：“{part}”结束早于开始，或超过一年")
        hours = _exceptional(found["what"], week)
        for offset in range((last - first).days + 1):
            days[first + timedelta(days=offset)] = hours
    return days


def _exceptional(what: str, week: tuple[Day, ...]) -> Day:
    if what.lower() in {"休", "休息", "closed"}:
        return ()
    if like := _LIKE.fullmatch(what):
        return week[_NUMBERS[like["day"].lower()]]
    return _spans(what)


def _spans(text: str) -> Day:
    if text.strip() in {"全天", "24h"}:
        return _ALL_DAY
    spans = []
    for part in re.split(r"[,，、]|\s+(?=\d)", text.strip()):
        found = _SPAN.fullmatch(part.strip())
        if found is None or int(found[2]) > 59 or int(found[4]) > 59:
            raise ConfigurationError(f"服务时间：“{part}”看不懂，要写成“8:30-11:30”这样")
        spans.append(Span(int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])))
    spans.sort()
    if any(later.start < earlier.end for earlier, later in pairwise(spans)):
        raise ConfigurationError(f"服务时间：“{text}”里的时段有重叠")
    return tuple(spans)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"服务时间：没有“{text}”这一天") from None
