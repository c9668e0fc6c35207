"""Calls whose media go from browser to browser: what the two pages tell each other passes through here.

Each word is held against the rules of `video.direct` and handed to the other party's page alone. There
is no picture or sound here, so nothing can be recorded or listened to, and no limit is needed.
What is kept is in this process and is lost with it: the pages notice and agree anew.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.desk_ports import CallStore
from core.errors import IllegalMove, NotFound, OutOfTurn, RecordingUnavailable
from server.calls import Calls
from server.desk_events import DeskEvents
from server.events import EventFanOut
from video.call import Party
from video.direct import BETWEEN, OFFERER, Exchange, Turn
from video.session_description import admit_peer
from video.signalling import PeerCandidate, PeerDescription, PeerMessage, PeerReady, PeerState

BELIEVED_FOR_S = 20.0
"""Pages say every few seconds that they are connected: one that has gone says nothing."""


@dataclass(slots=True)
class _Known:
    exchange: Exchange = field(default_factory=Exchange)
    heard: dict[Party, float] = field(default_factory=dict)


class DirectMedia:
    """What stands in for the media processes. Fulfils `server.media_port.Media`."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: dict[str, _Known] = {}

    async def join(self, call_id: str, party: str, sdp: str, *, record: bool = False) -> str:
        """The page named by `sdp` is ready. Raises RecordingUnavailable; IllegalMove for a third party."""
        if record:
            raise RecordingUnavailable("what doesn't pass through us can't be recorded")
        if party not in BETWEEN:
            raise IllegalMove("a call from browser to browser has two parties")
        known = self._known.setdefault(call_id, _Known())
        known.exchange = known.exchange.ready(Party(party), sdp, round_id=secrets.token_hex(8))
        known.heard.clear()
        return ""

    async def leave(self, call_id: str, party: str) -> None:
        """Who comes in that party's place begins afresh; the media end with the pages."""
        known = self._known.get(call_id)
        if known is not None and party in BETWEEN:
            known.exchange = known.exchange.left(Party(party))
            known.heard.clear()

    async def close(self, call_id: str) -> None:
        """Forgets what was agreed."""
        self._known.pop(call_id, None)

    async def record(self, call_id: str, *, on: bool) -> None:
        """Raises RecordingUnavailable when anybody wants it."""
        if on:
            raise RecordingUnavailable("what doesn't pass through us can't be recorded")

    async def call_stats(self, call_id: str) -> Mapping[str, Any]:
        """Who says that the connection stands, and has said so lately. Raises NotFound."""
        known = self._known.get(call_id)
        if known is None:
            raise NotFound("nobody is ready")
        since = self._now() - BELIEVED_FOR_S
        return {
            "legs": {
                party.value: {"state": "connected"}
                for party in known.exchange.connected
                if known.heard.get(party, since) > since
            },
            "recording": None,
        }

    async def stats(self) -> Sequence[Mapping[str, Any]]:
        """None: there are no media processes."""
        return ()

    def exchange_of(self, call_id: str) -> Exchange:
        """What two pages have agreed on. Raises OutOfTurn if neither is known to be ready."""
        known = self._known.get(call_id)
        if known is None:
            raise OutOfTurn("no page is ready")
        return known.exchange

    def agree(self, call_id: str, exchange: Exchange) -> None:
        """That is how it stands now."""
        self._known[call_id].exchange = exchange

    def hear(self, call_id: str, party: Party) -> None:
        """A report came."""
        self._known[call_id].heard[party] = self._now()


class DirectCalls:
    """The use case. Whoever calls it has checked that the party is one of the call's."""

    def __init__(
        self,
        calls: Calls,
        store: CallStore,
        media: DirectMedia,
        fan_out: EventFanOut,
        screens: DeskEvents,
    ) -> None:
        self._calls = calls
        self._store = store
        self._media = media
        self._fan_out = fan_out
        self._screens = screens

    async def take(self, message: PeerMessage, party: Party, *, agent: str = "") -> None:
        """Does what a page says; `agent` names whose it is, if an agent's.

        Raises NotFound, Forbidden, Conflict, InvalidInput, BodyTooLarge.
        """
        call_id, page = message.call_id, message.page
        if isinstance(message, PeerReady):
            await self._calls.offer(call_id, party, page, again=True, agent=agent)
            if self._media.exchange_of(call_id).turn is Turn.OFFER:
                await self._tell(call_id, OFFERER, "peer.wanted", {})
            return
        before = self._media.exchange_of(call_id)
        match message:
            case PeerDescription(_, _, round_, sdp, answers):
                admitted = admit_peer(sdp)
                said = before.answered if answers else before.offered
                self._media.agree(call_id, said(party, page, round_))
                kind = "peer.answer" if answers else "peer.offer"
                await self._tell(call_id, _other(party), kind, {"sdp": admitted})
            case PeerCandidate(_, _, round_, candidate, mid, fragment):
                self._media.agree(call_id, before.named(party, page, round_))
                body = {"candidate": candidate, "mid": mid, "fragment": fragment}
                await self._tell(call_id, _other(party), "peer.candidate", body)
            case PeerState(_, _, round_, connected):
                self._media.agree(call_id, before.reported(party, page, round_, connected=connected))
                self._media.hear(call_id, party)

    async def _tell(self, call_id: str, party: Party, kind: str, body: Mapping[str, Any]) -> None:
        """Tells the party's page of this exchange; others of the same person see that it isn't theirs."""
        exchange = self._media.exchange_of(call_id)
        stored = await self._store.get(call_id)
        if stored is None:
            raise NotFound("no such call")
        news = {
            "type": kind,
            "call_id": call_id,
            "page": exchange.pages[party],
            "round": exchange.round,
            "fresh": exchange.fresh,
            **body,
        }
        if party is Party.AGENT:  # not to supervisors who follow the conversation
            self._screens.tell(stored.agent, news)
        else:
            self._fan_out.announce(stored.conversation_id, news, to_staff=False)


def _other(party: Party) -> Party:
    return Party.CITIZEN if party is Party.AGENT else Party.AGENT
