"""How long a citizen will wait, from what has happened, and how wrong that was. Pure.

While everybody is busy, conversations end as often as agents can end them: one every
`usual length / how many go on at once` seconds. Who is at place n waits for n ends, less the room
that is free now. That is exact on average for any distribution of lengths, as long as agents have
been at work for a while; what it can't foresee is in `error`, which the system publishes of itself.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Final

from core.desk_ports import ServiceTime
from video.queue import AgentLoad

HALF_LIFE: Final = timedelta(hours=2)
"""A conversation that ended so long ago counts half: afternoons differ from mornings."""

ASSUMED_SECONDS: Final = 480.0
"""The length assumed before anything has happened, and how many conversations that weighs."""
ASSUMED_WEIGHT: Final = 3.0

LONGEST_OF_USUAL: Final = 8.0
"""A conversation that somebody forgot to close counts as so many times the median at most."""

PICK_UP_SECONDS: Final = 10.0
"""An agent who is free still reads what it is about before accepting."""

TOLERANCE_SECONDS: Final = 60.0
TOLERANCE_SHARE: Final = 0.25
"""An estimate holds if it is off by no more than a minute, or a quarter of what was told."""


@dataclass(frozen=True, slots=True)
class EstimateError:
    """How far what citizens were told was from what came. Seconds; `bias` over 0: told too much.

    `held` is the share of estimates within the tolerance; `kept` the share of citizens who were
    reached no later than told and the tolerance.
    """

    count: int = 0
    mean_absolute: float = 0.0
    median_absolute: float = 0.0
    worst_tenth: float = 0.0
    bias: float = 0.0
    held: float = 1.0
    kept: float = 1.0

    def as_json(self) -> dict[str, float]:
        """Rounded, for reports and metrics."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def usual_seconds(service_times: Sequence[ServiceTime], now: datetime) -> float:
    """How long a conversation takes an agent these days; recent ones weigh more."""
    if not service_times:
        return ASSUMED_SECONDS
    longest = LONGEST_OF_USUAL * median(each.seconds for each in service_times)
    total, weight = ASSUMED_SECONDS * ASSUMED_WEIGHT, ASSUMED_WEIGHT
    for each in service_times:
        counts = 0.5 ** (max(now - each.ended_at, timedelta()) / HALF_LIFE)
        total += counts * min(max(each.seconds, 0.0), longest)
        weight += counts
    return total / weight


def wait_seconds(
    position: int,
    agents_at_work: Sequence[AgentLoad],
    service_times: Sequence[ServiceTime],
    now: datetime,
    *,
    leaving: float = 0.0,
) -> float | None:
    """How long the citizen at that place (from 1) will wait; None when nobody can tell.

    `agents_at_work` are those who could take this citizen; who isn't available doesn't count.
    `leaving` is the share of those who give up before they are reached, 0 to 1.
    """
    working = [agent for agent in agents_at_work if agent.available and agent.max_chats > 0]
    if not working or position < 1:
        return None
    at_once = sum(max(agent.max_chats, agent.chats) for agent in working)
    free = sum(agent.room for agent in working)
    staying = 1 + (position - 1) * (1 - min(max(leaving, 0.0), 1.0))
    ends = max(staying - free, 0.0)
    return PICK_UP_SECONDS + ends * usual_seconds(service_times, now) / at_once


def error(estimates: Sequence[float], actuals: Sequence[float]) -> EstimateError:
    """The measure of what was told against what came, pair by pair. Raises ValueError on unequal lengths."""
    off = [told - came for told, came in zip(estimates, actuals, strict=True)]
    if not off:
        return EstimateError()
    sizes = sorted(abs(each) for each in off)
    tolerated = [max(TOLERANCE_SECONDS, TOLERANCE_SHARE * told) for told in estimates]
    return EstimateError(
        count=len(off),
        mean_absolute=fmean(sizes),
        median_absolute=median(sizes),
        worst_tenth=sizes[int(0.9 * (len(sizes) - 1))],
        bias=fmean(off),
        held=fmean(abs(each) <= room for each, room in zip(off, tolerated, strict=True)),
        kept=fmean(-each <= room for each, room in zip(off, tolerated, strict=True)),
    )
