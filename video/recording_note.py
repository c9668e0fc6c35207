"""What is known of one recorded file: the note (JSON) that lies beside it. Pure.

A note names ids, times, sizes and digests, nothing of what was said. It grows while the file does:
after a crash it still vouches for every segment that was cut.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import InvalidInput, RecordingDamaged

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
SEALED_SUFFIX = ".sealed"
NOTE_SUFFIX = ".json"


class RecordingState(StrEnum):
    """How the file came to its end."""

    RECORDING = "recording"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"  # the process died; all but the last moments is there
    DISK_FULL = "disk_full"  # finished in order, before the disk was full
    FAILED = "failed"  # the disk refused to be written


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the stored (sealed) file: its bytes `[start, start + length)`, and their SHA-256.

    `until_ms` is how far the recording went by then.
    """

    start: int
    length: int
    sha256: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class RecordingNote:
    """One file: one party, one connection.

    `started_at` (seconds since 1970) is on the server's clock, so files of both parties can be played
    beside each other. `sha256` is that of the stored file, `content_sha256` that of the film within;
    both are empty until the file is at its end.
    """

    name: str
    call_id: str
    party: str
    connection: int
    media_type: str
    started_at: float
    state: RecordingState = RecordingState.RECORDING
    duration_ms: int = 0
    frames: Mapping[str, int] = field(default_factory=dict)
    lost_packets: int = 0
    segments: tuple[Segment, ...] = ()
    stored_bytes: int = 0
    sha256: str = ""
    content_bytes: int = 0
    content_sha256: str = ""

    def to_json(self) -> str:
        """The note as it is stored."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "RecordingNote":
        """The note that was stored like this. Raises RecordingDamaged."""
        try:
            data: dict[str, Any] = json.loads(text)
            segments = tuple(Segment(**each) for each in data.pop("segments"))
            state = RecordingState(data.pop("state"))
            return cls(**data, segments=segments, state=state)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RecordingDamaged("录像说明文件已损坏") from None


def file_name(call_id: str, party: str, number: int, ending: str) -> str:
    """The name of a party's file number so and so. Raises InvalidInput for ids that aren't ids."""
    for each in (call_id, party):
        if not _ID.fullmatch(each):
            raise InvalidInput("call and party are named by letters, digits, - and _")
    return f"{call_id}.{party}.{number}.{ending}"
