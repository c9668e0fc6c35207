"""Where the evidence of signatures goes: into the chain of the call that goes on, else one of its own.

A chain of its own is named `signature-ID`, written whole when the citizen has signed, and closed at once:
which conversation, what was signed, with what. Both kinds are checked by `bangban evidence verify`.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from core.clock import utc_now
from core.desk_ports import CallStore
from core.errors import BangbanError, Conflict, RecordingUnavailable
from video.evidence import EvidenceKind
from video.evidence_files import EvidenceFile
from video.signing import SignatureRequest

log = structlog.get_logger(__name__)


class SignatureEvidence:
    """The chains in one folder; `calls` tells whether a call goes on."""

    def __init__(self, folder: Path, calls: CallStore) -> None:
        self._folder = folder
        self._calls = calls

    async def signed(self, signature_id: str, conversation_id: str, request: SignatureRequest) -> str:
        """Writes what was signed and with what, and gives the chain's name. On the disk when it returns.

        `request` is as it is after signing. Raises RecordingUnavailable: what isn't in evidence isn't signed.
        """
        entries: list[tuple[EvidenceKind, Mapping[str, Any]]] = [
            (
                EvidenceKind.DOCUMENT,
                {
                    "document": f"{request.subject_kind} {request.subject}",
                    "title": request.title,
                    "file_id": request.file_id,
                    "sha256": request.document_sha256,
                },
            ),
            (
                EvidenceKind.SIGNATURE,
                {
                    "by": "citizen",
                    "method": request.method,
                    "signature": signature_id,
                    "document_sha256": request.document_sha256,
                    "sha256": request.sha256,
                    "file_id": request.signature_file_id,
                    "asked_by": request.asked_by,
                    "asked_at": request.asked_at,
                    "signed_at": request.decided_at,
                },
            ),
        ]
        own = f"signature-{signature_id}"
        opening = (EvidenceKind.EVENT, self._event("signature", conversation_id, request))
        try:
            if (call := await self._calls.open_call_of(conversation_id)) is not None:
                try:
                    await self._write(call.call_id, entries)
                except Conflict:  # the call has just ended, and its chain with it
                    pass
                else:
                    return call.call_id
            await self._write(own, [opening, *entries], close=True)
        except (OSError, BangbanError) as error:
            raise RecordingUnavailable("the signature can't be written into the evidence") from error
        return own

    async def declined(self, conversation_id: str, request: SignatureRequest) -> None:
        """Notes in the call's chain, if a call goes on, that the citizen didn't sign."""
        call = await self._calls.open_call_of(conversation_id)
        if call is None:
            return
        body = {
            **self._event("signature_declined", conversation_id, request),
            "document_sha256": request.document_sha256,
        }
        try:
            await self._write(call.call_id, [(EvidenceKind.EVENT, body)])
        except (OSError, BangbanError):
            log.exception("refusal_to_sign_not_in_evidence", call_id=call.call_id)

    @staticmethod
    def _event(name: str, conversation_id: str, request: SignatureRequest) -> dict[str, Any]:
        return {
            "event": name,
            "conversation_id": conversation_id,
            "agent": request.asked_by,
            "title": request.title,
        }

    async def _write(
        self, chain: str, entries: list[tuple[EvidenceKind, Mapping[str, Any]]], *, close: bool = False
    ) -> None:
        file = EvidenceFile(self._folder, chain)
        await asyncio.to_thread(file.add_all, entries, utc_now(), close=close)
