"""What has to be done about recordings again and again, whatever died meanwhile.

Completes what a crash interrupted, takes finished segments into the evidence of their calls, closes the
evidence of calls that are over, and deletes what is too old. Doing it twice, or in several processes
at once, does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

import structlog

from core.errors import BangbanError
from video.evidence import EvidenceKind
from video.evidence_files import EvidenceFile
from video.recording_files import RECORDING, notes, recover, sweep
from video.recording_note import RecordingNote, RecordingState

CALL_ENDED = "call_ended"
"""The event after which a call's evidence is closed, once its recordings are finished."""
RECORDINGS, EVIDENCE, HELD = "recordings", "evidence", ".held"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingUpkeep:
    """The folders `recordings` and `evidence` (a chain for each call) in the data directory.

    A call is held, whatever its age, while a file `CALL_ID.held` lies among the recordings.
    """

    data: Path
    key: bytes = field(repr=False)
    days: int

    def run(self, now: datetime) -> None:
        """Does what there is to do; what fails for one call is logged, and doesn't stop the others."""
        folder = self.data / RECORDINGS
        if not folder.is_dir():
            return
        recover(folder, self.key)
        for call_id, own in groupby(sorted(notes(folder), key=_call_of), key=_call_of):
            try:
                self._take_in(call_id, list(own), now)
            except (OSError, BangbanError):
                log.exception("recording_evidence_failed", call_id=call_id)
        held = {path.stem for path in folder.glob(f"*{HELD}")}
        for note in sweep(folder, {RECORDING: self.days}, now, held):
            log.info("recording_deleted", call_id=note.call_id, name=note.name)
            body = {"name": note.name, "reason": f"保存期满 {self.days} 天"}
            try:
                self._chain(note.call_id).add(EvidenceKind.DELETED, body, now)
            except (OSError, BangbanError):
                log.exception("recording_evidence_failed", call_id=note.call_id)

    def _chain(self, call_id: str) -> EvidenceFile:
        return EvidenceFile(self.data / EVIDENCE, call_id)

    def _take_in(self, call_id: str, own: Sequence[RecordingNote], now: datetime) -> None:
        chain = self._chain(call_id)
        entries = chain.entries()
        if any(entry.kind == EvidenceKind.CLOSED for entry in entries):
            return
        chain.add_recordings(own, now)
        over = any(
            entry.kind == EvidenceKind.EVENT and entry.body["event"] == CALL_ENDED for entry in entries
        )
        if over and all(note.state is not RecordingState.RECORDING for note in own):
            chain.close(now)


def _call_of(note: RecordingNote) -> str:
    return note.call_id
