"""How long things are kept: the rule. Deleting is for those who own the things."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Kept:
    """Something kept since it ended `at`; `held` while a complaint or a court needs it."""

    kind: str
    name: str
    at: datetime
    held: bool = False


def expired(kept: Iterable[Kept], days: Mapping[str, int], now: datetime) -> list[Kept]:
    """What has been kept for the days of its kind, and isn't held.

    A kind that no days are given for is kept: deleting is what has to be asked for.
    """
    return [
        each
        for each in kept
        if not each.held and each.kind in days and now - each.at >= timedelta(days=days[each.kind])
    ]
