"""How two browsers agree on a connection of their own, in pure rules: whose turn it is, who is believed.

Media of such a call don't pass through us; what the pages tell each other about it does. Each page
says that it is ready; when both are, a round begins: the agent's page offers, the citizen's answers,
both name their addresses (JSEP, RFC 9429; candidates as in RFC 8838). Who offers is fixed, so that
two offers never meet. A page that has lost the connection says again that it is ready, which begins
another round: between the same two pages the connection stays and only its path is looked for anew
(an ICE restart), else both begin afresh. Names of rounds are handed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from core.errors import BodyTooLarge, Forbidden, OutOfTurn
from video.call import Party

OFFERER: Final = Party.AGENT
BETWEEN: Final = frozenset({Party.CITIZEN, Party.AGENT})
"""The two whose browsers speak to each other; there is no place for a third."""
MOST_CANDIDATES: Final = 32
"""Addresses that a page may name in a round; each costs the other browser a check."""


class Turn(StrEnum):
    """Who speaks next. `READY`: somebody isn't there yet. `SETTLED`: both have described themselves."""

    READY = "ready"
    OFFER = "offer"
    ANSWER = "answer"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What two pages have agreed on so far.

    `pages` are those that are ready, by name; `agreed` those that a connection was last agreed between.
    `fresh`: both must make a new connection in this round. `connected` are those who say that they are.
    Methods give the exchange after what somebody said; they raise Forbidden for what isn't theirs to
    say, OutOfTurn for what comes too early or too late, and then nothing has changed.
    """

    pages: Mapping[Party, str] = field(default_factory=dict)
    round: str = ""
    turn: Turn = Turn.READY
    fresh: bool = True
    agreed: Mapping[Party, str] = field(default_factory=dict)
    candidates: Mapping[Party, int] = field(default_factory=dict)
    connected: frozenset[Party] = frozenset()

    def ready(self, party: Party, page: str, *, round_id: str) -> "Exchange":
        """That page is this party's now, and wants a connection: `round_id` begins if both are there."""
        pages = {**self.pages, party: page}
        turn = Turn.OFFER if pages.keys() == BETWEEN else Turn.READY
        return Exchange(pages, round_id, turn, fresh=pages != self.agreed, agreed=self.agreed)

    def left(self, party: Party) -> "Exchange":
        """That party's page is none of the call's any more: who comes in its place begins afresh."""
        pages = {other: page for other, page in self.pages.items() if other is not party}
        return Exchange(pages, self.round)

    def offered(self, party: Party, page: str, round_id: str) -> "Exchange":
        """The agent's page has described itself."""
        if party is not OFFERER:
            raise Forbidden("only the agent's page offers")
        self._check(party, page, round_id, Turn.OFFER)
        return replace(self, turn=Turn.ANSWER)

    def answered(self, party: Party, page: str, round_id: str) -> "Exchange":
        """The citizen's page has described itself in return."""
        if party is OFFERER:
            raise Forbidden("who offers doesn't answer")
        self._check(party, page, round_id, Turn.ANSWER)
        return replace(self, turn=Turn.SETTLED, agreed=self.pages)

    def named(self, party: Party, page: str, round_id: str) -> "Exchange":
        """The page has named an address, after it described itself. Raises BodyTooLarge for too many."""
        described = (Turn.ANSWER, Turn.SETTLED) if party is OFFERER else (Turn.SETTLED,)
        self._check(party, page, round_id, *described)
        so_far = self.candidates.get(party, 0)
        if so_far >= MOST_CANDIDATES:
            raise BodyTooLarge("more addresses than a browser needs")
        return replace(self, candidates={**self.candidates, party: so_far + 1})

    def reported(self, party: Party, page: str, round_id: str, *, connected: bool) -> "Exchange":
        """The page says whether its connection stands. One that is lost for one side is lost for both."""
        self._check(party, page, round_id, Turn.SETTLED)
        return replace(self, connected=self.connected | {party} if connected else frozenset())

    def _check(self, party: Party, page: str, round_id: str, *turns: Turn) -> None:
        if self.pages.get(party) != page:
            raise Forbidden("another page has taken this one's place")
        if round_id != self.round or self.turn not in turns:
            raise OutOfTurn("out of turn, or of a round that is over")
