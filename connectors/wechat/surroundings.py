"""What an engine takes from where it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.wechat.outbox import Link, Rules
from core.outbox_ports import ChannelUser

DEADLINE: Final = timedelta(seconds=4.2)
"""After so long a delivery is answered, whatever there is to say: WeChat cuts at five seconds."""


def nobody_asks(_: ChannelUser) -> None:
    """There is nobody who wants to know of a change."""


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an engine takes from where it runs.

    `link_for` gives a user's links, `shown` the name by which citizens know of staff, `mask` takes personal
    data out of what is kept.
    """

    rules: Rules
    link_for: Callable[[str], Link]
    now: Callable[[], datetime]
    shown: Callable[[str], str] = _as_it_is
    mask: Callable[[str], str] = _as_it_is
    deadline: timedelta = DEADLINE
