"""Tells how calls stand: those in them by passing news, who reads the conversation by its log.

What is worth knowing later is written into the call's chain of evidence too.
"""

from collections.abc import Iterable, Sequence

from core.ports import ConversationStore
from server import wording
from server.call_evidence import CallEvidence
from server.events import EventFanOut
from server.open_call import CallCompany, OpenCall
from video.call import Party


class CallNews:
    """The news of all calls. `company` is told too: who else than citizen and agent may be in a call."""

    def __init__(
        self,
        store: ConversationStore,
        fan_out: EventFanOut,
        *,
        evidence: CallEvidence | None,
        company: Sequence[CallCompany],
    ) -> None:
        self._store = store
        self._fan_out = fan_out
        self._evidence = evidence
        self._company = company

    def tell(self, entry: OpenCall, *, everywhere: bool = True) -> None:
        """Tells everybody in the call how it stands; each side hears about the other's connection."""
        entry.told = entry.standing
        for to_staff, peer in ((False, Party.AGENT), (True, Party.CITIZEN)):
            news, to = entry.as_news(peer), {"to_staff": to_staff, "to_citizen": not to_staff}
            self._fan_out.announce(entry.conversation_id, news, everywhere=everywhere, **to)
        for each in self._company:
            each.told(entry)

    def tell_missed(self, entries: Iterable[OpenCall]) -> None:
        """Tells those who watch here how these calls stand, where they weren't told so."""
        for entry in entries:
            if entry.told != entry.standing:
                self.tell(entry, everywhere=False)

    async def note(self, entry: OpenCall) -> None:
        """Logs the call as it is; only what people want to read later, not each lost second."""
        if self._evidence is not None:
            await self._evidence.moved(entry)
        event, _ = await self._store.append(entry.conversation_id, "call", entry.as_logged())
        self._fan_out.publish(event)

    async def notice(self, entry: OpenCall, text: str, **for_staff: str) -> None:
        """Says something in the conversation, to everybody who reads it; more of it to staff."""
        event, _ = await self._store.append(entry.conversation_id, "notice", {"text": text, **for_staff})
        self._fan_out.publish(event)

    async def withdrawn(self, entry: OpenCall) -> None:
        """The citizen has taken back the consent to the recording: both read it, however the media stand."""
        self.tell(entry)
        await self.notice(entry, wording.CONSENT_WITHDRAWN, consent_withdrawn=entry.consent_version)

    async def recording_broken(self, entry: OpenCall, reason: str) -> None:
        """The recording has ended by itself: both read it, and the evidence says why."""
        if self._evidence is not None:
            await self._evidence.recording_broken(entry.call_id, reason)
        await self.notice(entry, wording.RECORDING_BROKEN)
