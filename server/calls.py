"""The use case of a call inside a conversation that an agent holds.

What may happen when is the table of `video.call`; who may send what is checked here against the
conversation's holder at each step. Sound and picture go through a `Media` port; this module looks
at it for who is connected, keeps the place of who isn't, and stores each change before it is told.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from core import desk_ports
from core.desk_ports import CallStore, DeskStore
from core.errors import BangbanError, Conflict, Forbidden, IllegalMove, InvalidInput, NotFound
from core.ports import ConversationStore, Handover
from core.statuses import HandoverState
from server import wording
from server.call_book import CallBook
from server.call_evidence import CallEvidence
from server.call_news import CallNews
from server.call_quality import CallQuality
from server.call_recording import CallRecording
from server.events import EventFanOut
from server.media_port import CallObserver, Media, disconnect
from server.open_call import CallCompany, OpenCall
from video.call import Call, CallEvent, CallMode, CallState, Party

log = structlog.get_logger(__name__)

RINGS_FOR = timedelta(seconds=90)
CONNECTS_WITHIN = timedelta(seconds=60)
HELD_FOR = timedelta(seconds=120)
"""A tunnel, a lift: so long a place is kept for who lost the network."""

_PATIENCE = {
    CallState.RINGING: RINGS_FOR,
    CallState.CONSENTING: timedelta(minutes=5),  # the text on recording is read aloud meanwhile
    CallState.CONNECTING: CONNECTS_WITHIN,
    CallState.HELD: HELD_FOR,
}
_NOT_ENDED = tuple(state.value for state in CallState if state is not CallState.ENDED)


class Calls:
    """All calls; replicas share their `book`. Where they aren't `recorded`, nobody can agree to it."""

    def __init__(
        self,
        store: ConversationStore,
        desk: DeskStore,
        calls: CallStore,
        media: Media,
        fan_out: EventFanOut,
        *,
        now: Callable[[], datetime],
        recorded: bool,
        observer: CallObserver,
        evidence: CallEvidence | None = None,
        book: CallBook | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._calls = calls
        self._media = media
        self._now = now
        self._recorded = recorded
        self._observer = observer
        self._evidence = evidence
        self.company: list[CallCompany] = []
        self.news = CallNews(store, fan_out, evidence=evidence, company=self.company)
        self._recording = CallRecording(media, calls, self.news.tell, self.news.recording_broken)
        self._book = book or CallBook(calls, now=now)
        self._quality = CallQuality(calls, fan_out, now=now)
        self._unclosed: set[str] = set()

    # --- who may ---------------------------------------------------------------------------------

    async def check_agent(self, name: str, call_id: str) -> None:
        """Returns if that agent holds the call's conversation. Raises NotFound, Forbidden, Conflict."""
        if (await self._held((await self._book.stored(call_id)).conversation_id)).agent != name:
            raise Forbidden("another agent's call")

    async def check_citizen(self, conversation_id: str, call_id: str) -> desk_ports.Call:
        """The call, if it is in the citizen's conversation. Raises NotFound, as for no call at all."""
        stored = await self._book.stored(call_id)
        if stored.conversation_id != conversation_id:
            raise NotFound("no such call")
        return stored

    # --- beginning and ending --------------------------------------------------------------------

    async def begin(
        self, conversation_id: str, caller: Party, mode: CallMode, *, answered: bool = False
    ) -> desk_ports.Call:
        """A new call, or the one that goes on; who is rung and calls back, picks up.

        Raises NotFound, and Conflict if no agent holds the conversation.
        """
        handover = await self._held(conversation_id)
        if (known := await self._calls.open_call_of(conversation_id)) is not None:
            entry = await self.entry(known.call_id)
            if entry.call.state is CallState.RINGING and entry.call.callee is caller:
                await self._apply(entry, CallEvent.ANSWER, caller)
            return await self._book.stored(known.call_id)
        call = Call.begin(caller, mode, answered=answered)
        record = desk_ports.Call(
            call_id=secrets.token_urlsafe(12),
            conversation_id=conversation_id,
            agent=handover.agent,
            mode=call.mode.value,
            state=call.state.value,
            quality={"caller": caller.value},
        )
        try:
            stored = await self._calls.add(record)
        except Conflict:  # both called at the same moment
            return await self.begin(conversation_id, caller, mode, answered=answered)
        entry = OpenCall(
            stored.call_id, conversation_id, handover.agent, call, self._now(), quality=dict(stored.quality)
        )
        self._book.add(entry)
        await self.news.note(entry)
        self.news.tell(entry)
        return stored

    async def decline(self, call_id: str, party: Party) -> None:
        """Who is rung doesn't want to. Raises NotFound, Forbidden, Conflict."""
        await self._apply(await self.entry(call_id), CallEvent.DECLINE, party)

    async def hang_up(self, call_id: str, party: Party) -> None:
        """Ends the call for both; a call that has ended stays as it is. Raises NotFound."""
        with suppress(IllegalMove):
            await self._apply(await self.entry(call_id), CallEvent.HANGUP, party)

    async def end_of(self, conversation_id: str, reason: str) -> None:
        """Ends the conversation's call, if one goes on, because the agent lets the conversation go."""
        call = await self._calls.open_call_of(conversation_id)
        if call is None:
            return
        if reason == "agent_lost":
            entry = await self.entry(call.call_id)
            with suppress(IllegalMove):
                await self._apply(entry, CallEvent.LOST, Party.AGENT)
        with suppress(IllegalMove, NotFound):
            await self._apply(await self.entry(call.call_id), CallEvent.CONVERSATION_ENDED)

    async def pass_on(self, conversation_id: str, agent: str) -> None:
        """The conversation has another agent: its call goes on, with an empty place for that one's page."""
        if (known := await self._calls.open_call_of(conversation_id)) is None:
            return
        with suppress(Conflict, NotFound):  # it ends at this very moment
            entry = await self.entry(known.call_id)
            async with entry.lock:
                await self._give_to(entry, agent)

    # --- signalling ------------------------------------------------------------------------------

    async def offer(
        self, call_id: str, party: Party, sdp: str, *, again: bool = False, agent: str = ""
    ) -> str:
        """The answer to a party's offer; `again` when it comes back to a call it was in.

        Raises NotFound, Conflict (out of turn), MediaFull, Unavailable, InvalidInput; Forbidden if the
        call is no longer with that `agent`.
        """
        entry = await self.entry(call_id)
        event = CallEvent.REJOIN if again else CallEvent.OFFER
        async with entry.lock:
            if agent and agent != entry.agent:
                await self.check_agent(agent, call_id)  # taken over meanwhile?
                await self._give_to(entry, agent)  # whoever took over was cut off before the call knew
            try:
                after = entry.call.after(event, party)
            except IllegalMove:
                # A page that was loaded anew offers where it should rejoin; the media don't mind.
                if again or entry.call.state is not CallState.LIVE:
                    raise
                after = entry.call.after(CallEvent.REJOIN, party)
            self._unclosed.discard(call_id)  # there is something to carry again
            answer = await self._media.join(call_id, party.value, sdp, record=entry.may_record)
            await self._move(entry, after)
            await self._recording.joined(entry)
        return answer

    async def change_mode(self, call_id: str, party: Party, mode: CallMode) -> None:
        """Goes down or up the ladder within the call. Raises NotFound, Conflict."""
        entry = await self.entry(call_id)
        before = entry.call.mode
        await self._apply(entry, CallEvent.MODE, party, mode=mode)
        if mode is CallMode.TEXT and before is not CallMode.TEXT:
            async with entry.lock:
                await self._close_media(call_id)
        if mode is not before:
            await self.news.note(entry)

    async def consent(self, call_id: str, version: str, *, agree: bool) -> desk_ports.Call:
        """The citizen's answer to the text on recording, with its version. Raises NotFound, Conflict.

        A refusal stops the recording before anything else, to whatever text it was said. One that takes
        a consent back is told in the conversation too; what was recorded by then stays.
        """
        if agree and not version:
            raise InvalidInput("version: must not be empty")
        if agree and not self._recorded:
            raise Conflict("calls aren't recorded here")
        entry = await self.entry(call_id)
        async with entry.lock:
            after = entry.call.after(CallEvent.CONSENT, Party.CITIZEN, agree=agree)
            if not agree:  # counts from now on, even if it can't be written down
                version = version or entry.consent_version  # of what is taken back, if anything
                entry.call = replace(entry.call, consent=False)
                await self._recording.stop(entry)
            # As it was stored: what couldn't be written down at a first try is told at the second.
            withdraws = not agree and (await self._book.stored(call_id)).consented is True
            entry.withdrawn = withdraws or (entry.withdrawn and not agree)
            if self._evidence is not None:
                await self._evidence.answered(call_id, version, agrees=agree)
            stored = await self._calls.set_consent(call_id, version, agrees=agree)
            entry.consent_version = version
            await self._move(entry, after)
            await self._recording.follow(entry)
            if withdraws:
                await self.news.withdrawn(entry)
        return replace(stored, state=entry.call.state.value, recording=entry.recording)

    async def take_stats(self, call_id: str, party: Party, stats: Mapping[str, Any]) -> None:
        """What a browser measured; the other side is told how good it is. Raises NotFound."""
        entry = await self.entry(call_id)
        entry.call.after(CallEvent.STATS, party)
        await self._quality.take(entry, party, stats, shared=self._book.is_shared)

    # --- by itself -------------------------------------------------------------------------------

    async def take_up(self) -> None:
        """After a start: what went on before goes on; its parties rejoin."""
        if self._book.is_shared:
            return  # they go on without us
        for stored in await self._calls.open_calls():
            with suppress(BangbanError):
                entry = await self.entry(stored.call_id)
                if entry.call.state.value != stored.state:
                    await self._calls.move(stored.call_id, entry.call.state.value, expected=[stored.state])

    async def look_after(self) -> None:
        """One look at all calls: who is connected, who has been away for too long."""
        for entry in await self._book.to_look_after():
            try:
                legs = await self._look_at_media(entry) if entry.is_carried else {}
                for each in self.company:
                    await each.looked_at(entry, legs)
                patience = _PATIENCE.get(entry.call.state)
                if patience is not None and self._now() - entry.since >= patience:
                    await self._apply(entry, CallEvent.EXPIRED)
            except IllegalMove:
                continue  # it has moved meanwhile
            except BangbanError as error:
                log.warning("call_not_looked_after", code=error.code)
        for call_id in tuple(self._unclosed):
            known = self._book.known(call_id)
            with suppress(BangbanError):
                async with known.lock if known else nullcontext():
                    if known and known.is_carried:
                        self._unclosed.discard(call_id)  # there is something to carry again
                    elif call_id in self._unclosed:
                        await self._close_media(call_id)

    async def media_lost(self, call_ids: Callable[[str], bool]) -> None:
        """A media process was started again: the parties of its calls must rejoin."""
        for stored in await self._calls.open_calls():
            if call_ids(stored.call_id):
                with suppress(IllegalMove, NotFound):
                    await self._apply(await self.entry(stored.call_id), CallEvent.RESTART)

    async def tell_again(self) -> None:
        """Tells those who watch here how calls stand, where they weren't told so."""
        self.news.tell_missed(await self._book.all())

    async def _look_at_media(self, entry: OpenCall) -> Mapping[str, Any]:
        async with entry.lock:  # a party that joins meanwhile would make the figures untrue
            if not entry.is_carried:
                return {}
            try:
                figures = await self._media.call_stats(entry.call_id)
            except NotFound:
                figures = {}
            await self._recording.look(entry, figures)
        legs: Mapping[str, Any] = figures.get("legs", {})
        connected = {party for party in Party if legs.get(party.value, {}).get("state") == "connected"}
        for party in Party:
            if party in connected and party not in entry.call.connected:
                await self._apply(entry, CallEvent.CONNECTED, party)
            elif party not in connected and party in entry.call.connected:
                await self._apply(entry, CallEvent.LOST, party)
        return legs

    # --- steps -----------------------------------------------------------------------------------

    async def _held(self, conversation_id: str) -> Handover:
        """The handover of the agent who holds the conversation. Raises NotFound, Conflict."""
        handover = await self._desk.open_handover(conversation_id)
        if handover is not None and handover.state is HandoverState.TAKEN:
            return handover
        if await self._store.get(conversation_id) is None:
            raise NotFound("no such conversation")
        raise Conflict("no agent holds the conversation")

    async def entry(self, call_id: str) -> OpenCall:
        """The call as it goes on, or after a restart as stored. Raises NotFound, IllegalMove."""
        return await self._book.entry(call_id)

    async def _apply(
        self, entry: OpenCall, event: CallEvent, party: Party | None = None, *, mode: CallMode | None = None
    ) -> None:
        async with entry.lock:
            await self._move(entry, entry.call.after(event, party, mode=mode))

    async def _move(self, entry: OpenCall, after: Call) -> None:
        """Stores and tells what the call has become; the caller holds its lock."""
        before, entry.call = entry.call, after
        if after == before:
            return
        if after.state is not before.state or after.mode is not before.mode:
            await self._store_move(entry, before)
        self.news.tell(entry)
        if after.state is CallState.ENDED and before.state is not CallState.ENDED:
            await self._ended(entry)
        elif after.state is CallState.LIVE and entry.answered_at is None:
            entry.answered_at = self._now()
            await self.news.note(entry)

    async def _give_to(self, entry: OpenCall, agent: str) -> None:
        """The call is that agent's from now on; whoever calls holds the lock."""
        await self._calls.move(entry.call_id, entry.call.state.value, expected=_NOT_ENDED, agent=agent)
        entry.agent = agent
        await disconnect(self._media, entry.call_id, Party.AGENT.value)  # the new one takes the place anyway
        for each in self.company:
            await each.agent_changed(entry)
        if entry.is_carried:
            await self._move(entry, entry.call.after(CallEvent.LOST, Party.AGENT))
        self.news.tell(entry)

    async def _store_move(self, entry: OpenCall, before: Call) -> None:
        after = entry.call
        if after.state is not before.state:
            entry.since = self._now()
        try:
            await self._calls.move(
                entry.call_id,
                after.state.value,
                expected=_NOT_ENDED,
                mode=after.mode.value,
                answered=after.state is CallState.LIVE,
                end_reason=after.end_reason,
            )
        except (Conflict, NotFound):
            # Ended elsewhere, or deleted with its conversation.
            self._book.drop(entry.call_id)
            raise

    async def _ended(self, entry: OpenCall) -> None:
        self._book.drop(entry.call_id)
        await self._close_media(entry.call_id)
        for each in self.company:
            await each.ended(entry)
        with suppress(NotFound):
            await self._calls.set_quality(entry.call_id, entry.quality)
            await self.news.note(entry)
            if entry.call.end_reason == CallEvent.EXPIRED.value:
                await self.news.notice(entry, wording.CALL_EXPIRED)
        seconds = (self._now() - entry.answered_at).total_seconds() if entry.answered_at else 0.0
        self._observer.call_ended(entry.call.end_reason, seconds)

    async def _close_media(self, call_id: str) -> None:
        """Has the media let go of a call; those that can't be reached are told again at each look."""
        self._unclosed.add(call_id)
        try:
            await self._media.close(call_id)
        except BangbanError as error:
            log.warning("media_not_closed", call_id=call_id, code=error.code)
            return
        self._unclosed.discard(call_id)
        if (entry := self._book.known(call_id)) is not None:
            await self._recording.note(entry, on=False)
