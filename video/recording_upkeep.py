"""What has to be done about recordings and evidence again and again, whatever died meanwhile.

Completes what a crash interrupted, takes finished segments into the evidence of their calls, closes the
evidence of calls that are over, and deletes what is too old. Doing it twice, or in several processes
at once, does no harm.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from core.errors import BangbanError, Conflict
from video.evidence import EvidenceKind
from video.evidence_files import EvidenceFile, chain_ids
from video.recording_files import RECORDING, notes, recover, sweep
from video.recording_note import RecordingNote, RecordingState

CALL_ENDED = "call_ended"
"""The event after which a call's evidence is closed, once its recordings are finished."""
RECORDINGS, EVIDENCE, HELD = "recordings", "evidence", ".held"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingUpkeep:
    """The folders `recordings` and `evidence` (a chain for each call) in the data directory.

    A call is held, whatever its age, while a file `CALL_ID.held` lies among the recordings. Its chain
    stays for as many days again after the last entry, which tells that the recordings were deleted.
    """

    data: Path
    key: bytes = field(repr=False)
    days: int
    _closed: set[str] = field(default_factory=set, init=False, repr=False)  # spares reading them again

    def run(self, now: datetime) -> None:
        """Does what there is to do; what fails for one call is logged, and doesn't stop the others."""
        folder = self.data / RECORDINGS
        recover(folder, self.key)
        by_call = defaultdict[str, list[RecordingNote]](list)
        for note in notes(folder):
            by_call[note.call_id].append(note)
        for call_id in {*by_call, *chain_ids(self.data / EVIDENCE)} - self._closed:
            try:
                self._take_in(call_id, by_call.get(call_id, ()), now)
            except Conflict:
                continue  # another process was closing it at this moment
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

        for call_id in self._closed - held - by_call.keys():
            self._forget(call_id, now)

    def _chain(self, call_id: str) -> EvidenceFile:
        return EvidenceFile(self.data / EVIDENCE, call_id)

    def _take_in(self, call_id: str, own: Sequence[RecordingNote], now: datetime) -> None:
        chain = self._chain(call_id)
        entries = chain.entries()
        if any(entry.kind == EvidenceKind.CLOSED for entry in entries):
            self._closed.add(call_id)
            return
        chain.add_recordings(own, now)
        over = any(
            entry.kind == EvidenceKind.EVENT and entry.body["event"] == CALL_ENDED for entry in entries
        )
        if over and all(note.state is not RecordingState.RECORDING for note in own):
            chain.close(now)
            self._closed.add(call_id)

    def _forget(self, call_id: str, now: datetime) -> None:
        """Deletes a chain that has had nothing to tell for long."""
        chain = self._chain(call_id)
        try:
            oldest = (now - timedelta(days=self.days)).timestamp()
            if chain.path.stat().st_mtime > oldest:  # spares reading it
                return
            if datetime.fromisoformat(chain.entries()[-1].at).timestamp() > oldest:
                return
            chain.path.unlink()
            log.info("evidence_deleted", call_id=call_id)
        except FileNotFoundError:
            pass  # another process was faster
        except (OSError, BangbanError):
            log.exception("evidence_not_deleted", call_id=call_id)
            return
        self._closed.discard(call_id)
