"""What a call can go through, in one table. Pure.

`next_state` is the table: what it doesn't hold is out of turn. `Call` adds who is connected, how
(video, audio, text) and what the citizen said about recording, and knows who may send what. The
mode goes down and up the ladder within the call: with `text` nobody needs media and the call
stays live; from `text` upwards it connects again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.errors import Forbidden, IllegalMove


class CallState(StrEnum):
    """Where a call stands. `HELD`: a party's network is gone and its place is kept."""

    RINGING = "ringing"
    CONSENTING = "consenting"
    CONNECTING = "connecting"
    LIVE = "live"
    HELD = "held"
    ENDED = "ended"


class CallMode(StrEnum):
    """How the parties meet."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


class Party(StrEnum):
    """The two who are in every call."""

    CITIZEN = "citizen"
    AGENT = "agent"


class CallEvent(StrEnum):
    """What happens to a call. Those of `_NEWS` come from the service itself, the others from a party."""

    ANSWER = "answer"
    DECLINE = "decline"
    CONSENT = "consent"
    OFFER = "offer"
    REJOIN = "rejoin"
    MODE = "mode"
    TO_TEXT = "to_text"
    FROM_TEXT = "from_text"
    STATS = "stats"
    HANGUP = "hangup"
    # --- news of the service
    CONNECTED = "connected"
    BOTH_CONNECTED = "both_connected"
    LOST = "lost"
    EXPIRED = "expired"
    CONVERSATION_ENDED = "conversation_ended"
    RESTART = "restart"


_S, _E = CallState, CallEvent

_TABLE: Mapping[tuple[CallState, CallEvent], CallState] = MappingProxyType(
    {
        (_S.RINGING, _E.ANSWER): _S.CONSENTING,
        (_S.RINGING, _E.DECLINE): _S.ENDED,
        (_S.RINGING, _E.CONSENT): _S.RINGING,  # the caller may answer for the recording while it rings
        (_S.RINGING, _E.MODE): _S.RINGING,
        (_S.RINGING, _E.LOST): _S.RINGING,
        (_S.RINGING, _E.EXPIRED): _S.ENDED,
        (_S.RINGING, _E.RESTART): _S.RINGING,
        (_S.CONSENTING, _E.DECLINE): _S.ENDED,
        (_S.CONSENTING, _E.CONSENT): _S.CONNECTING,
        (_S.CONSENTING, _E.MODE): _S.CONSENTING,
        (_S.CONSENTING, _E.LOST): _S.CONSENTING,
        (_S.CONSENTING, _E.EXPIRED): _S.ENDED,
        (_S.CONSENTING, _E.RESTART): _S.CONSENTING,
        (_S.CONNECTING, _E.OFFER): _S.CONNECTING,
        (_S.CONNECTING, _E.REJOIN): _S.CONNECTING,
        (_S.CONNECTING, _E.CONSENT): _S.CONNECTING,
        (_S.CONNECTING, _E.MODE): _S.CONNECTING,
        (_S.CONNECTING, _E.TO_TEXT): _S.LIVE,
        (_S.CONNECTING, _E.STATS): _S.CONNECTING,
        (_S.CONNECTING, _E.CONNECTED): _S.CONNECTING,
        (_S.CONNECTING, _E.BOTH_CONNECTED): _S.LIVE,
        (_S.CONNECTING, _E.LOST): _S.HELD,
        (_S.CONNECTING, _E.EXPIRED): _S.ENDED,
        # The media are gone with the service; the pages come back and connect again.
        (_S.CONNECTING, _E.RESTART): _S.HELD,
        # Whoever offers anew has left the old connection; a page may be back before its going was noticed.
        (_S.LIVE, _E.OFFER): _S.HELD,
        (_S.LIVE, _E.REJOIN): _S.HELD,
        (_S.LIVE, _E.CONSENT): _S.LIVE,  # consent can be withdrawn at any time, and given late
        (_S.LIVE, _E.MODE): _S.LIVE,
        (_S.LIVE, _E.TO_TEXT): _S.LIVE,
        (_S.LIVE, _E.FROM_TEXT): _S.CONNECTING,
        (_S.LIVE, _E.STATS): _S.LIVE,
        (_S.LIVE, _E.CONNECTED): _S.LIVE,
        (_S.LIVE, _E.BOTH_CONNECTED): _S.LIVE,
        (_S.LIVE, _E.LOST): _S.HELD,
        (_S.LIVE, _E.RESTART): _S.HELD,
        (_S.HELD, _E.OFFER): _S.HELD,
        (_S.HELD, _E.REJOIN): _S.HELD,
        (_S.HELD, _E.CONSENT): _S.HELD,
        (_S.HELD, _E.MODE): _S.HELD,
        (_S.HELD, _E.TO_TEXT): _S.LIVE,
        (_S.HELD, _E.STATS): _S.HELD,
        (_S.HELD, _E.CONNECTED): _S.HELD,
        (_S.HELD, _E.BOTH_CONNECTED): _S.LIVE,
        (_S.HELD, _E.LOST): _S.HELD,
        # Too long away. Whoever is back in the same moment made it LIVE, where this row is missing.
        (_S.HELD, _E.EXPIRED): _S.ENDED,
        (_S.HELD, _E.RESTART): _S.HELD,
        # What was under way when the call ended, or both hang up at once: nothing more happens.
        (_S.ENDED, _E.DECLINE): _S.ENDED,
        (_S.ENDED, _E.STATS): _S.ENDED,
        (_S.ENDED, _E.CONNECTED): _S.ENDED,
        (_S.ENDED, _E.BOTH_CONNECTED): _S.ENDED,
        (_S.ENDED, _E.LOST): _S.ENDED,
        (_S.ENDED, _E.RESTART): _S.ENDED,
        **{(state, _E.HANGUP): _S.ENDED for state in _S},
        **{(state, _E.CONVERSATION_ENDED): _S.ENDED for state in _S},
    }
)

_NEWS: Final = frozenset(
    {_E.CONNECTED, _E.BOTH_CONNECTED, _E.LOST, _E.EXPIRED, _E.CONVERSATION_ENDED, _E.RESTART}
)
_MADE_HERE: Final = frozenset({_E.TO_TEXT, _E.FROM_TEXT, _E.BOTH_CONNECTED})
"""Events that `Call.after` makes of MODE and CONNECTED; nobody sends them."""

LADDER: Final = (CallMode.VIDEO, CallMode.AUDIO, CallMode.TEXT)
"""From best to least; below `text` there is the call-back."""


def next_state(state: CallState, event: CallEvent) -> CallState:
    """Where the call stands after the event. Raises IllegalMove if the event is out of turn."""
    try:
        return _TABLE[state, event]
    except KeyError:
        raise IllegalMove(f"{event.value} while the call is {state.value}") from None


def step_down(mode: CallMode) -> CallMode | None:
    """The next lower rung; None below `text`, where a call-back is offered."""
    below = LADDER[LADDER.index(mode) + 1 :]
    return below[0] if below else None


def step_up(mode: CallMode) -> CallMode | None:
    """The next higher rung; None above `video`."""
    above = LADDER[: LADDER.index(mode)]
    return above[-1] if above else None


@dataclass(frozen=True, slots=True)
class Call:
    """A call at one moment. `consent` is None until the citizen has answered for the recording.

    `connected` are those whose media stand now: LOST is told of a connection in use, never of one
    that an offer or a rejoin has replaced. `end_reason` is the event that ended the call.
    """

    caller: Party
    mode: CallMode = CallMode.VIDEO
    state: CallState = CallState.RINGING
    consent: bool | None = None
    connected: frozenset[Party] = frozenset()
    end_reason: str = ""

    @classmethod
    def begin(cls, caller: Party, mode: CallMode = CallMode.VIDEO, *, answered: bool = False) -> "Call":
        """A new call. `answered`: both want it already (a wish for video that an agent accepted)."""
        call = cls(caller, mode)
        return call.after(CallEvent.ANSWER, call.callee) if answered else call

    @property
    def callee(self) -> Party:
        """The one who is rung."""
        return Party.AGENT if self.caller is Party.CITIZEN else Party.CITIZEN

    @property
    def may_record(self) -> bool:
        """Whether what passes may be recorded: only with the citizen's consent, and not after the end."""
        return self.consent is True and self.state is not CallState.ENDED

    def after(
        self,
        event: CallEvent,
        party: Party | None = None,
        *,
        mode: CallMode | None = None,
        agree: bool = False,
    ) -> "Call":
        """The call after what `party` did or what became of it; None for the service.

        `mode` goes with MODE, `agree` with CONSENT. Raises IllegalMove for what is out of turn and
        Forbidden for what isn't this party's to do; then nothing has changed.
        """
        if event in _MADE_HERE or (event not in _NEWS and party is None):
            raise IllegalMove(f"{event.value} isn't sent like that")
        moved = self._moved(event, party, mode, agree)
        if moved.state is CallState.CONNECTING and moved.mode is CallMode.TEXT:
            moved = moved._to(CallEvent.TO_TEXT)  # there is nothing to connect
        ended = moved.state is CallState.ENDED and self.state is not CallState.ENDED
        return replace(moved, connected=frozenset(), end_reason=event.value) if ended else moved

    def _moved(self, event: CallEvent, party: Party | None, mode: CallMode | None, agree: bool) -> "Call":
        match event:
            case CallEvent.ANSWER:
                moved = self._answer(party)
            case CallEvent.DECLINE:
                moved = self._decline(party)
            case CallEvent.CONSENT:
                moved = self._consent(party, agree)
            case CallEvent.OFFER | CallEvent.REJOIN:
                moved = self._offer(event, party)
            case CallEvent.MODE:
                moved = self._change_mode(mode)
            case CallEvent.CONNECTED:
                moved = self._connected(party)
            case CallEvent.LOST:
                moved = self._lost(party)
            case CallEvent.RESTART:
                moved = self._restart()
            case _:
                moved = self._to(event)
        return moved

    def _to(self, event: CallEvent) -> "Call":
        return replace(self, state=next_state(self.state, event))

    def _answer(self, party: Party | None) -> "Call":
        if party is not self.callee:
            raise Forbidden("only who is called can answer")
        answered = self._to(CallEvent.ANSWER)
        return answered if answered.consent is None else answered._to(CallEvent.CONSENT)

    def _decline(self, party: Party | None) -> "Call":
        if party is not self.callee and self.state is CallState.RINGING:
            raise Forbidden("only who is called can decline")
        return self._to(CallEvent.DECLINE)

    def _consent(self, party: Party | None, agree: bool) -> "Call":
        if party is not Party.CITIZEN:
            raise Forbidden("consent is the citizen's")
        said = replace(self, consent=agree)
        if self.state is CallState.RINGING and self.callee is Party.CITIZEN:
            return said._answer(party)  # the answer for the recording picks up as well
        return said._to(CallEvent.CONSENT)

    def _offer(self, event: CallEvent, party: Party | None) -> "Call":
        if self.mode is CallMode.TEXT:
            raise IllegalMove("media are offered while the call is in text")
        return replace(self._to(event), connected=self.connected - {party})

    def _change_mode(self, mode: CallMode | None) -> "Call":
        if mode is None:
            raise IllegalMove("a change of mode without a mode")
        # Before anything is connected the mode is just noted; ENDED has no such row.
        begun = self.state not in {CallState.RINGING, CallState.CONSENTING, CallState.ENDED}
        changed = replace(self, mode=mode)
        if not begun or mode is self.mode:
            return changed._to(CallEvent.MODE)
        if mode is CallMode.TEXT:
            return replace(changed._to(CallEvent.TO_TEXT), connected=frozenset())
        if self.mode is CallMode.TEXT:
            return replace(changed._to(CallEvent.FROM_TEXT), connected=frozenset())
        return changed._to(CallEvent.MODE)

    def _connected(self, party: Party | None) -> "Call":
        if party is None:
            raise IllegalMove("connected without a party")
        if self.state is CallState.ENDED or self.mode is CallMode.TEXT:
            return self._to(CallEvent.CONNECTED)  # late news of media that are being taken down
        both = replace(self, connected=self.connected | {party})
        everybody = len(both.connected) == len(Party)
        return both._to(CallEvent.BOTH_CONNECTED if everybody else CallEvent.CONNECTED)

    def _lost(self, party: Party | None) -> "Call":
        if party is None:
            raise IllegalMove("lost without a party")
        if self.mode is CallMode.TEXT:  # nobody needs media
            return self
        return replace(self._to(CallEvent.LOST), connected=self.connected - {party})

    def _restart(self) -> "Call":
        if self.mode is CallMode.TEXT:  # nothing of it was in the processes that are gone
            return self
        return replace(self._to(CallEvent.RESTART), connected=frozenset())
