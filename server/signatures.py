"""The use case of signatures: an agent asks, the citizen sees exactly what it is about, signs or doesn't.

What is signed is bytes: a frozen form's or an uploaded file's, looked at anew at each step. A signature
counts once it is in the evidence (`server.signature_evidence`). Knows no HTTP.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.desk_ports import LogEntry
from core.errors import (
    BangbanError,
    Conflict,
    FileTooLarge,
    InvalidInput,
    NoSignature,
    NotFound,
)
from core.paper_ports import Paper, PaperMoved, PaperStep, PaperStore
from core.ports import User
from core.replica_ports import Locks
from server.citizen_text import clean
from server.desk import Desk
from server.events import EventFanOut
from server.file_types import PNG, type_of
from server.forms import FORM, JSON_TYPE, MOST_PAPERS, frozen_of, title_of
from server.images import make_signature
from server.kept_files import KeptFiles
from server.signature_evidence import SignatureEvidence
from server.turn_locks import TurnLocks
from video.evidence import as_written
from video.shared_form import FormState
from video.signing import (
    MOST_NAME,
    SignatureRequest,
    SigningEvent,
    SigningState,
    typed_confirmation,
)

SIGNATURE = "signature"
MOST_DRAWING_BYTES = 1024 * 1024
MOST_DRAWING_PIXELS = 4_000_000
KEPT_AS = {"drawn": ("签名.png", PNG.media_type), "typed": ("姓名确认.json", JSON_TYPE)}
"""Name and type of the file that a signature is, by how it was made."""


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A request as it is shown."""

    paper: Paper
    request: SignatureRequest


class Signatures:
    """All signature requests. `shared_locks` are those of all replicas."""

    def __init__(
        self,
        papers: PaperStore,
        desk: Desk,
        fan_out: EventFanOut,
        *,
        kept: KeptFiles,
        evidence: SignatureEvidence,
        now: Callable[[], datetime],
        shared_locks: Locks | None = None,
    ) -> None:
        self._papers = papers
        self._desk = desk
        self._fan_out = fan_out
        self._kept = kept
        self._evidence = evidence
        self._now = now
        self._locks = TurnLocks(max_waiting=2, kind="signature", shared=shared_locks)

    # --- the agent ---------------------------------------------------------------------------------

    async def ask(
        self, user: User, conversation_id: str, *, form_id: str = "", file_id: str = ""
    ) -> SignatureView:
        """Asks the citizen to sign a finished form or a file; what is asked already is asked once.

        Raises NotFound; Conflict for a form that isn't finished, or if the agent doesn't hold the
        conversation; StaleDocument, StorageUnavailable.
        """
        await self._desk.check_holds(user.name, conversation_id)  # what was asked before isn't for others
        request = await self._request(conversation_id, user.name, form_id, file_id)
        async with self._locks.hold(conversation_id):
            known = await self._papers.papers_of(conversation_id)
            for paper in known:
                if paper.kind == SIGNATURE and paper.state == SigningState.ASKED:
                    asked = _request_of(paper)
                    if (asked.subject_kind, asked.subject) == (request.subject_kind, request.subject):
                        return SignatureView(paper, asked)
            if len(known) >= MOST_PAPERS:
                raise Conflict(f"{MOST_PAPERS} forms and signatures already")
            paper = Paper(
                secrets.token_urlsafe(12), conversation_id, SIGNATURE, request.state.value, request.as_json()
            )
            moved = await self._papers.add(paper, [_entry(paper, request)], agent=user.name)
        self._publish(moved)
        return SignatureView(moved.paper, request)

    async def withdraw(self, user: User, conversation_id: str, signature_id: str) -> SignatureView:
        """The agent no longer asks. Raises NotFound, Conflict."""
        await self.find(conversation_id, signature_id)
        async with self._locks.hold(signature_id):
            at = self._now()
            return await self._move(
                signature_id, lambda request: request.after(SigningEvent.WITHDRAW, at), agent=user.name
            )

    # --- the citizen -------------------------------------------------------------------------------

    async def draw(
        self, conversation_id: str, signature_id: str, data: bytes, *, document_sha256: str
    ) -> SignatureView:
        """The citizen signs by hand; `data` is a PNG, `document_sha256` what the page showed.

        Raises NotFound, IllegalMove, StaleDocument, NoSignature, FileTooLarge, ImageTooLarge,
        UnreadableFile, StorageUnavailable, RecordingUnavailable.
        """
        if len(data) > MOST_DRAWING_BYTES:
            raise FileTooLarge(f"more than {MOST_DRAWING_BYTES} bytes")
        if type_of(data) is not PNG:
            raise NoSignature("a drawing comes as PNG")
        picture = await asyncio.to_thread(make_signature, data, most_pixels=MOST_DRAWING_PIXELS)
        return await self._sign(
            conversation_id, signature_id, document_sha256, "drawn", lambda request, at: picture
        )

    async def type_name(
        self, conversation_id: str, signature_id: str, name: str, *, document_sha256: str
    ) -> SignatureView:
        """The citizen confirms by typing the full name, which is recorded as just that. Raises as `draw`."""
        full_name = " ".join(clean(name).split())
        if not full_name:
            raise NoSignature("no name")
        if len(full_name) > MOST_NAME:
            raise InvalidInput(f"name: at most {MOST_NAME} characters")
        return await self._sign(
            conversation_id,
            signature_id,
            document_sha256,
            "typed",
            lambda request, at: typed_confirmation(request, full_name, at).encode(),
        )

    async def decline(self, conversation_id: str, signature_id: str) -> SignatureView:
        """The citizen doesn't sign. Raises NotFound, IllegalMove."""
        await self.find(conversation_id, signature_id)
        async with self._locks.hold(signature_id):
            at = self._now()
            view = await self._move(signature_id, lambda request: request.after(SigningEvent.DECLINE, at))
        await self._evidence.declined(conversation_id, view.request)
        return view

    async def find(self, conversation_id: str, signature_id: str) -> SignatureView:
        """The request, if it is in this conversation. Raises NotFound."""
        paper = await self._papers.get(signature_id)
        if paper is None or paper.kind != SIGNATURE or paper.conversation_id != conversation_id:
            raise NotFound("no such signature in this conversation")
        return SignatureView(paper, _request_of(paper))

    # --- steps -------------------------------------------------------------------------------------

    async def _request(
        self, conversation_id: str, agent: str, form_id: str, file_id: str
    ) -> SignatureRequest:
        if form_id:
            form = await self._papers.get(form_id)
            if form is None or form.kind != FORM or form.conversation_id != conversation_id:
                raise NotFound("no such form in this conversation")
            if form.state != FormState.FINISHED:
                raise Conflict("only a finished form can be signed")
            kind, subject, title, lies = FORM, form_id, title_of(form), frozen_of(form)["file_id"]
        else:
            kind, subject, title, lies = "file", file_id, "", file_id
        file = await self._kept.find(conversation_id, lies)
        if kind == "file" and file.media_type == JSON_TYPE:
            raise NotFound("no file that somebody sent")
        await self._kept.read_unchanged(file.file_id, file.sha256)
        return SignatureRequest(
            kind, subject, title or file.name, file.file_id, file.sha256, agent, as_written(self._now())
        )

    async def _sign(
        self,
        conversation_id: str,
        signature_id: str,
        document_sha256: str,
        method: str,
        made: Callable[[SignatureRequest, datetime], bytes],
    ) -> SignatureView:
        async with self._locks.hold(signature_id):
            view = await self.find(conversation_id, signature_id)
            view.request.check_seen(document_sha256)
            at = self._now()
            signed = view.request.after(SigningEvent.SIGN, at)
            await self._kept.read_unchanged(signed.file_id, signed.document_sha256)
            name, media_type = KEPT_AS[method]
            file = await self._kept.keep(
                conversation_id,
                name,
                media_type,
                made(view.request, at),
                by="citizen",
                details={"signature": signature_id},
            )
            signed = replace(signed, method=method, signature_file_id=file.file_id, sha256=file.sha256)
            try:
                chain = await self._evidence.signed(signature_id, conversation_id, signed)
            except BangbanError:
                await self._kept.drop(file)
                raise
            signed = replace(signed, chain=chain)

            def sign(request: SignatureRequest) -> SignatureRequest:
                request.after(SigningEvent.SIGN, at)  # withdrawn in the same moment: then it isn't signed
                return signed

            return await self._move(signature_id, sign)

    async def _move(
        self,
        signature_id: str,
        after: Callable[[SignatureRequest], SignatureRequest],
        *,
        agent: str = "",
    ) -> SignatureView:
        def step(paper: Paper) -> PaperStep:
            request = after(_request_of(paper))
            moved = replace(paper, state=request.state.value, body=request.as_json())
            return PaperStep(moved, [_entry(moved, request)])

        moved = await self._papers.change(signature_id, step, agent=agent)
        self._publish(moved)
        return SignatureView(moved.paper, _request_of(moved.paper))

    def _publish(self, moved: PaperMoved) -> None:
        for event in moved.events:
            self._fan_out.publish(event)


def _request_of(paper: Paper) -> SignatureRequest:
    return SignatureRequest.from_json(paper.state, paper.body)


def _entry(paper: Paper, request: SignatureRequest) -> LogEntry:
    body: dict[str, Any] = {
        "signature_id": paper.paper_id,
        "subject": request.subject_kind,
        f"{request.subject_kind}_id": request.subject,
        "title": request.title,
        "state": request.state.value,
        "method": request.method,
        "document_sha256": request.document_sha256,
        "sha256": request.sha256,
        "by": request.asked_by,
    }
    return LogEntry(SIGNATURE, body)
