"""Writes what happens in calls into their chains of evidence, beside what the recordings vouch for.

The chain of a call is a file (`video.evidence_files`) that outlives the call's record. Only the consent
has to be there before anything else may go on; of what else can't be written, the log tells.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from core.clock import utc_now
from core.desk_ports import CallStore
from core.errors import BangbanError, Conflict, RecordingUnavailable
from core.ports import ConversationEvent, ConversationStore
from server.open_call import OpenCall
from server.pages.call.consent import consent_version, text_of
from video.call import CallState
from video.evidence import EvidenceKind
from video.evidence_files import EvidenceFile, chain_ids
from video.recording_upkeep import CALL_ENDED

DOCUMENTS = frozenset({"guide_card", "checklist", "file", "show", "summary"})
"""Events of the conversation that show somebody a document."""

log = structlog.get_logger(__name__)


class CallEvidence:
    """The chains of all calls, in one folder; `store` tells what was shown during a call."""

    def __init__(self, folder: Path, store: ConversationStore) -> None:
        self._folder = folder
        self._store = store

    async def answered(self, call_id: str, version: str, *, agrees: bool, by: str = "citizen") -> None:
        """As `consented`: what isn't there must not count, unless it is a refusal."""
        try:
            await self.consented(call_id, version, agrees=agrees, by=by)
        except BangbanError as error:
            if agrees:
                raise
            log.warning("refusal_not_in_evidence", call_id=call_id, code=error.code)

    async def consented(self, call_id: str, version: str, *, agrees: bool, by: str = "citizen") -> None:
        """The answer of the citizen, or of who else is recorded, with the text that they were shown.

        A refusal may be to another text than today's, which then isn't told. Raises Conflict for a
        consent to another, RecordingUnavailable.
        """
        text = text_of(version)
        if agrees and version != consent_version():
            raise Conflict("they were shown another text on recording")
        body = {"by": by, "version": version, "text_sha256": "", "agreed": agrees}
        if text is not None:
            body |= {"text": text, "text_sha256": hashlib.sha256(text.encode()).hexdigest()}
        try:
            await self.add(call_id, EvidenceKind.CONSENT, body)
        except (OSError, BangbanError) as error:
            raise RecordingUnavailable("the consent can't be written down") from error

    async def moved(self, entry: OpenCall) -> None:
        """How the call stands now; at its end also the documents that were shown in it."""
        call = entry.call
        try:
            if call.state is CallState.ENDED and entry.answered_at is not None:
                async for event in self._events(entry.conversation_id):
                    if event.kind in DOCUMENTS and event.at >= entry.answered_at:
                        await self.add(entry.call_id, EvidenceKind.DOCUMENT, document(event))
            body = {
                "event": f"call_{call.state.value}",
                "mode": call.mode.value,
                "reason": call.end_reason,
                "agent": entry.agent,
                "conversation_id": entry.conversation_id,
            }
            await self.add(entry.call_id, EvidenceKind.EVENT, body)
        except (OSError, BangbanError):
            log.exception("call_evidence_failed", call_id=entry.call_id)

    async def recording_broken(self, call_id: str, reason: str) -> None:
        """The recording ended by itself while the call goes on."""
        await self.happened(call_id, "recording_broken", reason=reason)

    async def happened(self, call_id: str, event: str, **details: str) -> None:
        """Something in the call that is worth knowing later."""
        try:
            await self.add(call_id, EvidenceKind.EVENT, {"event": event, **details})
        except (OSError, BangbanError):
            log.exception("call_evidence_failed", call_id=call_id)

    async def finish(self, calls: CallStore) -> None:
        """Ends the chains of calls that are over without its having been written: a crash, a full disk."""
        for call_id in await asyncio.to_thread(self._open_chains):
            stored = await calls.get(call_id)
            if stored is None or stored.ended_at is not None:
                body = {"event": CALL_ENDED, "reason": stored.end_reason if stored else "forgotten"}
                try:
                    await self.add(call_id, EvidenceKind.EVENT, body)
                except (OSError, BangbanError):
                    log.exception("call_evidence_failed", call_id=call_id)

    async def owner(self, call_id: str) -> tuple[str, str] | None:
        """Conversation and agent of a call whose record may be gone, or None. Raises RecordingDamaged."""
        return await asyncio.to_thread(self._owner, call_id)

    async def calls_of(self, conversation_id: str) -> list[str]:
        """The calls of a conversation that may be gone."""
        return await asyncio.to_thread(self._calls_of, conversation_id)

    async def add(self, call_id: str, kind: EvidenceKind, body: Mapping[str, Any]) -> None:
        """Appends to the chain; on the disk when it returns. Raises OSError, Conflict, RecordingDamaged."""
        await asyncio.to_thread(EvidenceFile(self._folder, call_id).add, kind, body, utc_now())

    async def _events(self, conversation_id: str) -> AsyncIterator[ConversationEvent]:
        after = 0
        while page := await self._store.events(conversation_id, after):
            for event in page:
                yield event
            after = page[-1].sequence

    def _open_chains(self) -> list[str]:
        return [each for each in chain_ids(self._folder) if not self._is_over(each)]

    def _is_over(self, call_id: str) -> bool:
        try:
            entries = EvidenceFile(self._folder, call_id).entries()
        except (OSError, BangbanError):
            return True  # nothing can be added to it
        return any(
            entry.kind == EvidenceKind.CLOSED
            or (entry.kind == EvidenceKind.EVENT and entry.body["event"] == CALL_ENDED)
            for entry in entries
        )

    def _calls_of(self, conversation_id: str) -> list[str]:
        found = []
        for call_id in chain_ids(self._folder):
            try:
                owner = self._owner(call_id)
            except (OSError, BangbanError):
                continue
            if owner is not None and owner[0] == conversation_id:
                found.append(call_id)
        return found

    def _owner(self, call_id: str) -> tuple[str, str] | None:
        for entry in EvidenceFile(self._folder, call_id).entries():
            if entry.kind == EvidenceKind.EVENT and "conversation_id" in entry.body:
                return str(entry.body["conversation_id"]), str(entry.body.get("agent", ""))
        return None


def document(event: ConversationEvent) -> Mapping[str, Any]:
    """What the chain says of a document that was shown: which it was, and its digest.

    The digest is that of the file, or of the event's body as JSON with sorted keys and no spaces.
    """
    body = json.dumps(event.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = event.body.get("sha256") or hashlib.sha256(body.encode()).hexdigest()
    return {"document": f"{event.kind} {event.sequence}", "sha256": digest}
