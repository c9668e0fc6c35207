"""What the third party of a call can go through, in one table. Pure.

A guest is invited by the call's agent: another agent, or somebody of the citizen's who has a link.
Nobody is heard, seen or recorded who hasn't agreed to the text on recording: who refuses is not let
in, and who is in and takes the consent back leaves. The call itself (`video.call`) goes on whatever
becomes of its guest.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.errors import IllegalMove


class GuestState(StrEnum):
    """Where a guest stands. `READY` may connect; `AWAY`: the network is gone and the place is kept."""

    INVITED = "invited"
    ARRIVED = "arrived"
    READY = "ready"
    JOINED = "joined"
    AWAY = "away"
    ENDED = "ended"


class GuestEvent(StrEnum):
    """What happens to a guest. The last six come from the service."""

    ARRIVE = "arrive"
    DECLINE = "decline"
    AGREE = "agree"
    REFUSE = "refuse"
    OFFER = "offer"
    LEAVE = "leave"
    REMOVE = "remove"
    CONNECTED = "connected"
    LOST = "lost"
    EXPIRED = "expired"
    CALL_ENDED = "call_ended"
    RESTART = "restart"


_S, _E = GuestState, GuestEvent
_HERE = (_S.INVITED, _S.ARRIVED, _S.READY, _S.JOINED, _S.AWAY)

_TABLE: Mapping[tuple[GuestState, GuestEvent], GuestState] = MappingProxyType(
    {
        (_S.INVITED, _E.ARRIVE): _S.ARRIVED,  # once: who comes by the same link again finds no such row
        (_S.INVITED, _E.DECLINE): _S.ENDED,
        (_S.INVITED, _E.EXPIRED): _S.ENDED,
        (_S.INVITED, _E.RESTART): _S.INVITED,
        (_S.ARRIVED, _E.AGREE): _S.READY,
        (_S.ARRIVED, _E.REFUSE): _S.ENDED,
        (_S.ARRIVED, _E.DECLINE): _S.ENDED,
        (_S.ARRIVED, _E.EXPIRED): _S.ENDED,
        (_S.ARRIVED, _E.RESTART): _S.ARRIVED,
        (_S.READY, _E.AGREE): _S.READY,
        (_S.READY, _E.REFUSE): _S.ENDED,
        (_S.READY, _E.OFFER): _S.READY,
        (_S.READY, _E.CONNECTED): _S.JOINED,
        (_S.READY, _E.LOST): _S.READY,
        (_S.READY, _E.EXPIRED): _S.ENDED,
        (_S.READY, _E.RESTART): _S.READY,
        (_S.JOINED, _E.AGREE): _S.JOINED,
        (_S.JOINED, _E.REFUSE): _S.ENDED,
        (_S.JOINED, _E.OFFER): _S.AWAY,  # a new connection takes the place of the old one
        (_S.JOINED, _E.CONNECTED): _S.JOINED,
        (_S.JOINED, _E.LOST): _S.AWAY,
        (_S.JOINED, _E.RESTART): _S.AWAY,
        (_S.AWAY, _E.AGREE): _S.AWAY,
        (_S.AWAY, _E.REFUSE): _S.ENDED,
        (_S.AWAY, _E.OFFER): _S.AWAY,
        (_S.AWAY, _E.CONNECTED): _S.JOINED,
        (_S.AWAY, _E.LOST): _S.AWAY,
        (_S.AWAY, _E.EXPIRED): _S.ENDED,
        (_S.AWAY, _E.RESTART): _S.AWAY,
        **{(state, _E.LEAVE): _S.ENDED for state in _HERE},
        **{(state, _E.REMOVE): _S.ENDED for state in _HERE},
        **{(state, _E.CALL_ENDED): _S.ENDED for state in _HERE},
    }
)

PATIENCE: Final[Mapping[GuestState, timedelta]] = MappingProxyType(
    {
        GuestState.INVITED: timedelta(minutes=10),
        GuestState.ARRIVED: timedelta(minutes=5),  # devices are checked and the text is read meanwhile
        GuestState.READY: timedelta(seconds=90),
        GuestState.AWAY: timedelta(seconds=120),
    }
)
"""After so long in a state a guest has EXPIRED. Who is JOINED may stay as long as the call."""


def next_guest_state(state: GuestState, event: GuestEvent) -> GuestState:
    """Where the guest stands after the event. Raises IllegalMove if the event is out of turn."""
    try:
        return _TABLE[state, event]
    except KeyError:
        raise IllegalMove(f"{event.value} while the guest is {state.value}") from None
