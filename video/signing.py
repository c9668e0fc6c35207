"""A request to sign: what is to be signed, by its digest, and what became of it. Pure.

A citizen signs by hand (`drawn`: a picture) or, where that can't be done, by typing the full name
(`typed`), which is recorded as what it is and never shown as handwriting.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from core.errors import IllegalMove, StaleDocument
from video.evidence import as_written, canonical

FORMAT = "bangban-typed-confirmation/1"
MOST_NAME = 40


class SigningState(StrEnum):
    """How a request stands."""

    ASKED = "asked"
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class SigningEvent(StrEnum):
    """What may happen to it."""

    SIGN = "sign"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


MOVES: Final[Mapping[tuple[SigningState, SigningEvent], SigningState]] = MappingProxyType(
    {
        (SigningState.ASKED, SigningEvent.SIGN): SigningState.SIGNED,
        (SigningState.ASKED, SigningEvent.DECLINE): SigningState.DECLINED,
        (SigningState.ASKED, SigningEvent.WITHDRAW): SigningState.WITHDRAWN,
    }
)
"""All that is decided is decided for good: who wants another signature asks anew."""


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """What is asked for. `subject` is a form's id, or a file's; `file_id` is where the signed bytes lie."""

    subject_kind: str  # form | file
    subject: str
    title: str
    file_id: str
    document_sha256: str
    asked_by: str
    asked_at: str
    state: SigningState = SigningState.ASKED
    method: str = ""  # drawn | typed
    signature_file_id: str = ""
    sha256: str = ""  # of the picture, or of the typed confirmation
    chain: str = ""  # where the evidence is
    decided_at: str = ""

    def after(self, event: SigningEvent, at: datetime) -> "SignatureRequest":
        """The request after what happened. Raises IllegalMove."""
        state = MOVES.get((self.state, event))
        if state is None:
            raise IllegalMove(f"no {event} when {self.state}")
        return replace(self, state=state, decided_at=as_written(at))

    def check_seen(self, document_sha256: str) -> None:
        """Returns if the page showed what is to be signed. Raises StaleDocument."""
        if document_sha256 != self.document_sha256:
            raise StaleDocument("the page showed another document")

    def as_json(self) -> dict[str, Any]:
        """What is stored of it beside the state."""
        stored = asdict(self)
        del stored["state"]
        return stored

    @classmethod
    def from_json(cls, state: str, data: Mapping[str, Any]) -> "SignatureRequest":
        """The request that `as_json` gave."""
        return cls(**data, state=SigningState(state))


def typed_confirmation(request: SignatureRequest, name: str, at: datetime) -> str:
    """What is kept when a name was typed instead of signing: canonical JSON, whose SHA-256 is noted."""
    return canonical(
        {
            "format": FORMAT,
            "method": "typed",
            "meaning": "本人以输入姓名的方式确认，不是手写签名",
            "name": name,
            "title": request.title,
            "document_sha256": request.document_sha256,
            "at": as_written(at),
        }
    )
