"""What a period of consultations came to: waits, calls, outcomes, quality, load, error. Pure.

Counted from records as they are stored, so a report of the past gives the same figures again for as
long as its conversations are kept. Hours are those of the clock on the wall.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from statistics import fmean, median
from typing import Any

from core.clock import local_time
from core.desk_ports import Call, WaitEstimate
from core.ports import Handover
from video import estimate


@dataclass(frozen=True, slots=True)
class Spread:
    """How a duration is distributed, in seconds."""

    count: int = 0
    mean: float = 0.0
    median: float = 0.0
    worst_tenth: float = 0.0
    longest: float = 0.0

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Spread":
        """The spread of these durations; all zero for none."""
        ordered = sorted(max(each, 0.0) for each in seconds)
        if not ordered:
            return cls()
        tenth = ordered[int(0.9 * (len(ordered) - 1))]
        figures = (fmean(ordered), median(ordered), tenth, ordered[-1])
        return cls(len(ordered), *(round(each, 1) for each in figures))


@dataclass(frozen=True, slots=True)
class Rating:
    """A citizen's last rating of a conversation that had a wish for a person."""

    score: int
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """All that a report is counted from; each list holds what began in the period."""

    handovers: Sequence[Handover] = ()
    calls: Sequence[Call] = ()
    estimates: Sequence[WaitEstimate] = ()
    ratings: Sequence[Rating] = ()


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """What came in this hour of the day, over all days."""

    hour: int
    handovers: int
    calls: int


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """What one agent did. `score` is the mean of the ratings, or None."""

    agent: str
    taken: int
    calls: int
    service: Spread
    ratings: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, its first and last day included."""

    first: date
    last: date
    handovers: int
    waits: Spread  # of those whom an agent took, without appointments and call-backs
    service: Spread
    states: Mapping[str, int]
    modes: Mapping[str, int]
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    calls: int
    calls_answered: int
    calls_recorded: int
    call_time: Spread
    call_modes: Mapping[str, int]
    call_ends: Mapping[str, int]
    call_quality: Mapping[str, int]  # by the level that was measured last; "unknown" if none was
    ratings: Mapping[str, int]
    hours: tuple[HourOfDay, ...]
    estimate_error: Mapping[str, float]
    agents: tuple[AgentFigures, ...]

    def as_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        values = asdict(self)
        values["first"], values["last"] = self.first.isoformat(), self.last.isoformat()
        values["hours"], values["agents"] = list(values["hours"]), list(values["agents"])
        return values


def make_report(first: date, last: date, records: Records) -> Report:
    """Counts the records of the days `first` to `last`."""
    handovers, calls = records.handovers, records.calls
    return Report(
        first=first,
        last=last,
        handovers=len(handovers),
        waits=Spread.of(_lasted(each.created_at, each.taken_at) for each in handovers if _waited(each)),
        service=Spread.of(_lasted(each.taken_at, each.closed_at) for each in handovers if _served(each)),
        states=_counted(each.state.value for each in handovers),
        modes=_counted(each.mode.value for each in handovers),
        outcomes=_counted(each.outcome for each in handovers if each.outcome),
        reasons=_counted(each.reason for each in handovers if each.reason),
        calls=len(calls),
        calls_answered=sum(call.answered_at is not None for call in calls),
        calls_recorded=sum(_recorded(call) for call in calls),
        call_time=Spread.of(
            _lasted(call.answered_at, call.ended_at) for call in calls if call.answered_at and call.ended_at
        ),
        call_modes=_counted(call.mode for call in calls),
        call_ends=_counted(call.end_reason for call in calls if call.end_reason),
        call_quality=_counted(str(call.quality.get("level") or "unknown") for call in calls),
        ratings={str(score): sum(r.score == score for r in records.ratings) for score in range(1, 6)},
        hours=_hours(handovers, calls),
        estimate_error=_estimate_error(records.estimates),
        agents=_agents(records),
    )


def _waited(handover: Handover) -> bool:
    return handover.created_at is not None and handover.taken_at is not None and handover.due is None


def _recorded(call: Call) -> bool:
    """Whether it was recorded: the citizen agreed and it came about. At its end `recording` is cleared."""
    return call.consented is True and call.answered_at is not None


def _served(handover: Handover) -> bool:
    return handover.taken_at is not None and handover.closed_at is not None


def _lasted(begin: datetime | None, end: datetime | None) -> float:
    return (end - begin).total_seconds() if begin and end else 0.0


def _counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value came, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def _hours(handovers: Sequence[Handover], calls: Sequence[Call]) -> tuple[HourOfDay, ...]:
    wished = Counter(local_time(each.created_at).hour for each in handovers if each.created_at)
    called = Counter(local_time(each.started_at).hour for each in calls if each.started_at)
    return tuple(HourOfDay(hour, wished[hour], called[hour]) for hour in range(24))


def _estimate_error(estimates: Sequence[WaitEstimate]) -> dict[str, float]:
    measured = estimate.error(
        [each.estimated_seconds for each in estimates], [each.actual_seconds for each in estimates]
    )
    return {name: round(value, 3) for name, value in asdict(measured).items()}


def _agents(records: Records) -> tuple[AgentFigures, ...]:
    taken = [each for each in records.handovers if each.agent and each.taken_at]
    names = {each.agent for each in taken} | {each.agent for each in records.calls if each.agent}
    figures = []
    for name in sorted(names | {each.agent for each in records.ratings if each.agent}):
        own = [each for each in taken if each.agent == name]
        scores = [each.score for each in records.ratings if each.agent == name]
        figures.append(
            AgentFigures(
                name,
                taken=len(own),
                calls=sum(call.agent == name for call in records.calls),
                service=Spread.of(_lasted(each.taken_at, each.closed_at) for each in own if each.closed_at),
                ratings=len(scores),
                score=round(fmean(scores), 2) if scores else None,
            )
        )
    return tuple(figures)
