"""The use case of a third party in a call: invited by its agent, agreeing to be recorded, in and out.

An invited agent comes by their own account; somebody of the citizen's comes by a link that holds once,
for a short time, for this call. Neither gets to read the conversation or its files by it. Which step
follows which is the table of `video.guest`; sound and picture are the call's.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from core.desk_ports import Agent, DeskStore
from core.errors import (
    BangbanError,
    Conflict,
    Forbidden,
    IllegalMove,
    InvalidInput,
    NotFound,
    TwoPartiesOnly,
    Unauthenticated,
)
from core.evidence_ports import AccessEntry, AccessLog
from core.guest_ports import CallGuest, GuestStore
from core.ports import User
from core.statuses import AgentState
from server import wording
from server.access import token_hash
from server.call_evidence import CallEvidence
from server.calls import Calls
from server.citizen_text import clean
from server.media_port import Media, disconnect
from server.open_call import OpenCall
from server.waiting_line import is_present
from video.call import Party
from video.guest import PATIENCE, GuestEvent, GuestState, next_guest_state
from video.seats import GUEST

log = structlog.get_logger(__name__)

MOST_NAME = 12


class TellGuest(Protocol):
    """Brings passing news to a guest's page."""

    def __call__(self, guest: CallGuest, body: Mapping[str, Any]) -> None:
        """Never waits; who isn't there doesn't get it."""


class CallGuests:
    """The third parties of all calls. Fulfils `server.open_call.CallCompany`.

    `relayed` says whether calls go through the relay, which alone can bring in a third party.
    """

    def __init__(
        self,
        calls: Calls,
        guests: GuestStore,
        desk: DeskStore,
        media: Media,
        *,
        tell: TellGuest,
        now: Callable[[], datetime],
        relayed: bool,
        accesses: AccessLog | None = None,
        evidence: CallEvidence | None = None,
    ) -> None:
        self._calls = calls
        self._guests = guests
        self._desk = desk
        self._media = media
        self._tell = tell
        self._now = now
        self._relayed = relayed
        self._accesses = accesses
        self._evidence = evidence

    # --- who may ---------------------------------------------------------------------------------

    async def colleagues(self, user: User) -> Sequence[Agent]:
        """The other agents who are on line now, by name."""
        agents = await self._desk.agents()
        return [agent for agent in agents if agent.name != user.name and self._is_on_line(agent)]

    async def invitations(self, user: User) -> Sequence[CallGuest]:
        """The calls that this agent is asked into, or is a guest of."""
        return await self._guests.invitations_of(user.name)

    async def guest_of_agent(self, user: User, call_id: str) -> CallGuest:
        """That agent as the call's guest. Raises Forbidden, NotFound for no such call."""
        await self._calls.entry(call_id)
        guest = await self._guests.open_guest_of(call_id)
        if guest is None or not guest.agent or guest.agent != user.name:
            raise Forbidden("not a guest of that call")
        return guest

    async def guest_by_token(self, call_id: str, token: str) -> CallGuest:
        """The guest whose page has this token. Raises Unauthenticated for anything else, and for links."""
        guest = await self._by_token(call_id, token)
        if guest.state == GuestState.INVITED:
            raise Unauthenticated("that is a link, which has to be used first")
        return guest

    # --- coming ----------------------------------------------------------------------------------

    async def invite(
        self, user: User, call_id: str, *, agent: str = "", companion: str = ""
    ) -> tuple[CallGuest, str]:
        """Invites another agent, or somebody of the citizen's; for the latter with the token of the link.

        Raises NotFound, Forbidden, InvalidInput, TwoPartiesOnly, Conflict: no call that is going on, a
        guest in it already, an agent who isn't on line.
        """
        entry = await self._calls.entry(call_id)
        await self._calls.check_agent(user.name, call_id)
        if not self._relayed:
            raise TwoPartiesOnly("only calls through the relay take in a third party")
        name = await self._name_of_agent(user, agent) if agent else _name_of_companion(companion)
        token = "" if agent else secrets.token_urlsafe(24)
        guest = CallGuest(
            guest_id=secrets.token_urlsafe(12),
            call_id=call_id,
            conversation_id=entry.conversation_id,
            shown_name=name,
            invited_by=user.name,
            state=GuestState.INVITED.value,
            agent=agent,
            token_hash=token_hash(token) if token else "",
            invited_at=self._now(),
        )
        await self._noted(user.name, "invite", guest)
        async with entry.lock:
            if not entry.is_carried:
                raise Conflict("there is no call with sound and picture")
            await self._know(entry, anew=True)
            entry.guest, entry.guest_since = await self._guests.add(guest), self._now()
            await self._happened(entry, "guest_invited", guest)
            self._calls.news.tell(entry)
        self._tell(guest, {"type": "call.invited", **invitation_body(guest)})
        return guest, token

    async def arrive_by_link(self, call_id: str, token: str) -> tuple[CallGuest, str]:
        """Uses up the link: the guest, and the token by which its page goes on. Raises Unauthenticated."""
        guest = await self._by_token(call_id, token)
        invited_at = guest.invited_at or self._now()
        if self._now() - invited_at >= PATIENCE[GuestState.INVITED]:  # also where nobody looked meanwhile
            raise Unauthenticated("the link has expired")
        page_token = secrets.token_urlsafe(24)
        try:
            return await self._do(guest, GuestEvent.ARRIVE, new_token=page_token), page_token
        except (Conflict, NotFound):  # used before, or too late
            raise Unauthenticated("no such link") from None

    async def answer(self, guest: CallGuest, version: str, *, agree: bool) -> CallGuest:
        """The guest's answer to the text on recording; a refusal ends the visit.

        Raises InvalidInput, Conflict for another text than today's, RecordingUnavailable.
        """
        if agree and not version:
            raise InvalidInput("version: must not be empty")
        entry = await self._calls.entry(guest.call_id)
        async with entry.lock:
            guest = await self._current(entry, guest)
            if guest.state == GuestState.INVITED and guest.agent:
                guest = await self._move(entry, GuestEvent.ARRIVE)
            event = GuestEvent.AGREE if agree else GuestEvent.REFUSE
            next_guest_state(GuestState(guest.state), event)
            if self._evidence is not None:
                by = f"guest {guest.guest_id}"
                await self._evidence.answered(guest.call_id, version, agrees=agree, by=by)
            await self._guests.set_consent(guest.guest_id, version, agrees=agree)
            if agree:
                await self._noted(guest.agent or guest.shown_name, "join", guest)
            return await self._move(entry, event)

    async def offer(self, guest: CallGuest, sdp: str) -> str:
        """The answer to the guest's offer. Raises Conflict while there are no media, MediaFull."""
        entry = await self._calls.entry(guest.call_id)
        async with entry.lock:
            guest = await self._current(entry, guest)
            next_guest_state(GuestState(guest.state), GuestEvent.OFFER)
            if not entry.is_carried:
                raise Conflict("nothing is carried now")  # the page tries again
            answer = await self._media.join(guest.call_id, GUEST, sdp, record=entry.may_record)
            await self._move(entry, GuestEvent.OFFER)
        return answer

    # --- going -----------------------------------------------------------------------------------

    async def leave(self, guest: CallGuest) -> None:
        """The guest goes, or doesn't come."""
        entry = await self._calls.entry(guest.call_id)
        async with entry.lock:
            now = await self._current(entry, guest)
            here = now.state not in {GuestState.INVITED, GuestState.ARRIVED}
            await self._move(entry, GuestEvent.LEAVE if here else GuestEvent.DECLINE)

    async def remove(self, user: User, call_id: str) -> None:
        """The call's agent has the guest leave. Raises NotFound, Forbidden."""
        await self._calls.check_agent(user.name, call_id)
        guest = await self._guests.open_guest_of(call_id)
        if guest is None:
            raise NotFound("no guest in that call")
        await self._do(guest, GuestEvent.REMOVE)

    # --- as the calls see it ---------------------------------------------------------------------

    def told(self, entry: OpenCall) -> None:
        """How the call stands now goes to a guest who has come."""
        if entry.guest is not None and entry.guest.state != GuestState.INVITED:
            self._tell(entry.guest, news_for_guest(entry))

    async def looked_at(self, entry: OpenCall, legs: Mapping[str, Any]) -> None:
        """Who is connected, who has been away or not come for too long."""
        if entry.guest_known and entry.guest is None:
            return
        async with entry.lock:
            shown = entry.guest_shown
            await self._know(entry)
            if entry.guest_shown != shown:  # after a restart, nobody could be told before
                self._calls.news.tell(entry)
            if entry.guest is None or entry.guest_since is None:
                return
            state, connected = GuestState(entry.guest.state), legs.get(GUEST, {}).get("state") == "connected"
            try:
                if connected and state in {GuestState.READY, GuestState.AWAY}:
                    await self._move(entry, GuestEvent.CONNECTED)
                elif not connected and state is GuestState.JOINED:
                    await self._move(entry, GuestEvent.LOST)
                elif state in PATIENCE and self._now() - entry.guest_since >= PATIENCE[state]:
                    await self._move(entry, GuestEvent.EXPIRED)
            except Conflict:
                entry.guest_known = False  # changed by another process; read anew at the next look

    async def agent_changed(self, entry: OpenCall) -> None:
        """A guest who is the call's agent from now on is no guest any more."""
        await self._know(entry)
        if entry.guest is not None and entry.guest.agent == entry.agent:
            await self._move(entry, GuestEvent.LEAVE)

    async def ended(self, entry: OpenCall) -> None:
        """The call is over, for the guest too."""
        try:
            await self._know(entry, anew=True)
            if entry.guest is not None:
                await self._move(entry, GuestEvent.CALL_ENDED)
        except BangbanError as error:
            log.warning("guest_not_ended", call_id=entry.call_id, code=error.code)

    # --- steps -----------------------------------------------------------------------------------

    async def _do(self, guest: CallGuest, event: GuestEvent, *, new_token: str = "") -> CallGuest:
        entry = await self._calls.entry(guest.call_id)
        async with entry.lock:
            await self._current(entry, guest)
            return await self._move(entry, event, new_token=new_token)

    async def _know(self, entry: OpenCall, *, anew: bool = False) -> None:
        """Reads the call's guest; one who was connected before a restart has to come back.

        `anew` also where there seems to be none: what let them in may have been cut off before the call knew.
        """
        if entry.guest_known and not anew:
            return
        entry.guest = await self._guests.open_guest_of(entry.call_id)
        entry.guest_since = (entry.guest_since or self._now()) if entry.guest else None
        entry.guest_known = True
        lost, entry.guest_lost = entry.guest_lost, False
        if lost and entry.guest is not None and entry.guest.state == GuestState.JOINED:
            await self._move(entry, GuestEvent.RESTART)

    async def _current(self, entry: OpenCall, guest: CallGuest) -> CallGuest:
        """The guest as it is now; whoever calls holds the lock. Raises IllegalMove for one who has gone."""
        await self._know(entry, anew=entry.guest is None)
        if entry.guest is None or entry.guest.guest_id != guest.guest_id:
            raise IllegalMove("the guest has left")
        return entry.guest

    async def _move(self, entry: OpenCall, event: GuestEvent, *, new_token: str = "") -> CallGuest:
        """Stores and tells what has become of the guest; whoever calls holds the lock."""
        before = entry.guest
        if before is None:
            raise IllegalMove("no guest")
        state = next_guest_state(GuestState(before.state), event)
        if event is GuestEvent.OFFER or state != before.state:
            entry.guest_since = self._now()
        if state == before.state:
            return before
        over = state is GuestState.ENDED
        after = await self._guests.move(
            before.guest_id,
            state.value,
            expected=[before.state],
            token_hash=token_hash(new_token) if new_token else "",
            end_reason=event.value if over else "",
        )
        entry.guest = None if over else after
        if over:
            entry.guest_since = None
            await self._gone(entry, before, event)
        elif state is GuestState.JOINED and before.state == GuestState.READY:
            await self._happened(entry, "guest_joined", after)
            await self._calls.news.notice(entry, wording.guest_joined(after.shown_name))
        self._calls.news.tell(entry)
        return after

    async def _gone(self, entry: OpenCall, guest: CallGuest, event: GuestEvent) -> None:
        if not guest.agent or guest.agent != entry.agent:  # to who takes over the call begins
            self._tell(guest, {"type": "call.state", "call_id": guest.call_id, "state": "ended"})
        if event is not GuestEvent.CALL_ENDED:  # else everything of the call has been closed
            await disconnect(self._media, guest.call_id, GUEST)
        await self._happened(entry, "guest_left", guest, reason=event.value)
        if guest.state in {GuestState.JOINED, GuestState.AWAY} and event is not GuestEvent.CALL_ENDED:
            await self._calls.news.notice(entry, wording.guest_left(guest.shown_name))

    async def _by_token(self, call_id: str, token: str) -> CallGuest:
        guest = await self._guests.open_guest_of(call_id)
        stored = guest.token_hash if guest and guest.token_hash else token_hash("")
        if not token or not hmac.compare_digest(stored, token_hash(token)) or guest is None:
            raise Unauthenticated("no such call, or another token")
        return guest

    async def _name_of_agent(self, user: User, name: str) -> str:
        agent = await self._desk.agent(name)
        if name == user.name:
            raise InvalidInput("agent: another agent is needed")
        if agent is None or not self._is_on_line(agent):
            raise Conflict("that agent isn't on line")
        shown = agent.display_name or agent.name
        return f"{shown}（{agent.departments[0]}）" if agent.departments else shown

    def _is_on_line(self, agent: Agent) -> bool:
        return is_present(agent, self._now()) and agent.state is not AgentState.OFFLINE

    async def _noted(self, user: str, action: str, guest: CallGuest) -> None:
        if self._accesses is not None:
            entry = AccessEntry(
                user=user,
                action=action,
                kind="call",
                record_id=guest.call_id,
                conversation_id=guest.conversation_id,
                reason=f"guest {guest.agent or 'by link'}",
                at=self._now(),
            )
            await self._accesses.add(entry)

    async def _happened(self, entry: OpenCall, event: str, guest: CallGuest, **more: str) -> None:
        if self._evidence is not None:
            about = {"guest_id": guest.guest_id, "name": guest.shown_name, "agent": guest.agent}
            await self._evidence.happened(entry.call_id, event, **about, **more)


def invitation_body(guest: CallGuest) -> dict[str, Any]:
    """What an invited agent is told: who asks, into which call; nothing of the conversation."""
    return {
        "call_id": guest.call_id,
        "guest_id": guest.guest_id,
        "name": guest.shown_name,
        "invited_by": guest.invited_by,
        "state": guest.state,
    }


def news_for_guest(entry: OpenCall) -> dict[str, Any]:
    """How the call stands, for its guest."""
    return {**entry.as_news(Party.CITIZEN), "agent_connected": Party.AGENT in entry.call.connected}


def _name_of_companion(label: str) -> str:
    """What the others read of somebody of the citizen's. Raises InvalidInput."""
    name = clean(label).strip()
    if not name or len(name) > MOST_NAME:
        raise InvalidInput(f"companion: a name or relation of at most {MOST_NAME} characters is needed")
    return f"{name}（群众同伴）"
