"""Who gets what from whom in a call, and what that costs. Pure.

A party's offer holds seats beforehand: the first audio and video carry its own sound and picture and
those of its first seat, each further pair one more seat, by which the party only receives. Whoever
comes later takes the seat that is kept for that party, so that nobody has to negotiate anew; what
seat shows whom is the table here, for relay and pages alike (`server/static/js/lib/call_seats.js`).
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

CITIZEN: Final = "citizen"
AGENT: Final = "agent"
GUEST: Final = "guest"
"""A third party: another agent, or somebody of the citizen's."""
LISTENER: Final = "listener"
"""A supervisor, who hears and sees and is neither heard nor seen."""

SEATS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        CITIZEN: (AGENT, GUEST),
        AGENT: (CITIZEN, GUEST),
        GUEST: (CITIZEN, AGENT),
        LISTENER: (CITIZEN, AGENT, GUEST),
    }
)
"""For each party those whom it gets, in the order of its seats."""

PARTIES: Final = tuple(SEATS)
EXTRA: Final = frozenset({GUEST, LISTENER})
"""Those without whom there can be a call."""
PLAIN_LOAD: Final = 2
"""The load of a call between two."""


def sends(party: str) -> bool:
    """Whether what the party says and shows goes to anybody."""
    return party != LISTENER


def load_of(parties: Collection[str]) -> int:
    """How many streams are sent on in a call of these parties: what a media process pays for.

    A call counts as one between two from its first party on. A third party makes six of two.
    """
    streams = sum(other in parties for party in parties for other in SEATS[party])
    return max(PLAIN_LOAD, streams)
