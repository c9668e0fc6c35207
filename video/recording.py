"""Records calls as they pass through the relay, without decoding.

A file per party and connection: WebM with VP8 and Opus, or Matroska where the picture is H.264, sealed
as it is written (`video.sealing`), with a note beside it (`video.recording_note`). Taps only put
packets in a queue; a thread puts frames together, sets them on one clock and writes
(`video.connection_recording`). What is written is with the system about two seconds after it was
said, so that a killed process loses no more.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from core.errors import BangbanError, RecordingUnavailable
from video import recording_files
from video.connection_recording import ConnectionRecording
from video.disk_space import DiskRule, DiskSpace
from video.frames import VIDEO_CODECS
from video.recording_note import RecordingNote, RecordingState, file_name
from video.taps import MediaKind, SenderReport, TappedCodec, TappedPacket, TappedReceiver
from video.timeline import NTP_EPOCH

log = structlog.get_logger(__name__)

KINDS: Mapping[str, MediaKind] = {"opus": "audio", **dict.fromkeys(VIDEO_CODECS, "video")}

LOOK_EVERY = 0.25  # seconds between two looks into the queue
SPACE_EVERY = 1.0
SEGMENT_EVERY = 10.0
KEYFRAME_EVERY_MS = 500
MOST_QUEUED = 20_000  # packets; some 20 s of eight calls, by when the disk is given up


class _Tap:
    """Puts what arrives at one receiver into the recorder's queue."""

    def __init__(self, recorder: "CallRecorder", connection: ConnectionRecording, kind: MediaKind) -> None:
        self._recorder, self._connection, self._kind = recorder, connection, kind
        self._stream = connection.streams[kind]
        self._asked = 0
        self._source = -1

    def on_rtp(
        self, receiver: TappedReceiver, packet: TappedPacket, codec: TappedCodec, arrival: int
    ) -> None:
        """Queues the packet; asks for a key picture where a source begins or a picture was lost."""
        if KINDS.get(codec.name) != self._kind:
            return
        unix = arrival - NTP_EPOCH * 1000
        self._recorder.put(lambda: self._connection.take(self._kind, codec.name, packet, unix))
        if self._kind == "video" and (self._stream.wants_keyframe or packet.ssrc != self._source):
            if packet.ssrc != self._source or unix - self._asked >= KEYFRAME_EVERY_MS:
                self._asked = unix
                receiver.request_keyframe()
            self._source = packet.ssrc

    def on_sender_report(self, receiver: TappedReceiver, report: SenderReport) -> None:
        """Queues the clocks of the sender."""
        ntp, timestamp = report.sender_info.ntp_timestamp, report.sender_info.rtp_timestamp
        if ntp:
            self._recorder.put(lambda: self._connection.report(self._kind, report.ssrc, ntp, timestamp))


class CallRecorder:
    """Records one call into `folder`; `clock` tells seconds since 1970, as arrivals do.

    Raises RecordingUnavailable if the disk is too full to begin. When it becomes so later on, or
    refuses to be written, the files are finished, `stats()["state"]` says so, and the call goes on.
    """

    def __init__(
        self,
        folder: Path,
        call_id: str,
        key: bytes,
        clock: Callable[[], float],
        *,
        rule: DiskRule | None = None,
        free_bytes: Callable[[Path], int] = recording_files.free_bytes,
    ) -> None:
        file_name(call_id, "party", 1, "webm")  # raises InvalidInput before anything is made
        self._folder, self._call_id, self._key = folder, call_id, key
        self._clock, self._rule, self._free_bytes = clock, rule or DiskRule(), free_bytes
        recording_files.make_folder(folder)
        self._space = self._rule.judge(free_bytes(folder))
        if self._space is DiskSpace.EXHAUSTED:
            raise RecordingUnavailable("磁盘剩余空间不足，不能开始录像")
        self._queue: deque[Callable[[], None]] = deque()
        self._skipped = 0
        self._connections: list[ConnectionRecording] = []
        self._taps: list[tuple[TappedReceiver, _Tap]] = []
        self._ended: RecordingState | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"recorder {call_id}", daemon=True)

    def tap(self, party: str, receiver: TappedReceiver) -> None:
        """Records what arrives there. A kind of media that the party has already is a new connection.

        Raises InvalidInput for a party whose name can't be part of a file's.
        """
        file_name(self._call_id, party, 1, "webm")
        own = [each for each in self._connections if each.party == party]
        if not own or receiver.kind in own[-1].streams:
            own.append(ConnectionRecording(self._folder, self._call_id, self._key, party, len(own) + 1))
            self._connections.append(own[-1])
        own[-1].expect(receiver.kind)
        tap = _Tap(self, own[-1], receiver.kind)
        self._taps.append((receiver, tap))
        receiver.add_tap(tap)
        if self._thread.ident is None:
            self._thread.start()

    async def close(self) -> None:
        """Detaches the taps and finishes the files; closing twice is no mistake."""
        for receiver, tap in self._taps:
            receiver.remove_tap(tap)
        self._taps = []
        self._closing.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)

    def put(self, step: Callable[[], None]) -> None:
        """Has the thread do this in its turn."""
        if self._ended is not None:
            return
        if len(self._queue) >= MOST_QUEUED:
            self._skipped += 1
            return
        self._queue.append(step)

    def stats(self) -> Mapping[str, object]:
        """State, files with bytes and frames, packets lost, and whether space runs low."""
        notes = self.notes()
        frames = {
            kind: sum(note.frames.get(kind, 0) for note in notes)
            for kind in sorted({kind for note in notes for kind in note.frames})
        }
        return {
            "state": self._ended or RecordingState.RECORDING,
            "files": [note.name for note in notes],
            "bytes": sum(note.stored_bytes for note in notes),
            "frames": frames,
            "lost": sum(each.lost for each in self._connections),
            "skipped": self._skipped,
            "space": self._space,
        }

    def notes(self) -> list[RecordingNote]:
        """The notes of all files so far, for the evidence of the call."""
        return [note for connection in self._connections for note in connection.notes]

    def _run(self) -> None:
        next_space = next_segment = self._clock()
        try:
            while not self._closing.wait(LOOK_EVERY):
                self._work_off()
                now = self._clock()
                if now >= next_space:
                    next_space = now + SPACE_EVERY
                    if self._is_exhausted():
                        self._finish(RecordingState.DISK_FULL)
                        return
                if now >= next_segment:
                    next_segment = now + SEGMENT_EVERY
                    self._cut()
            self._work_off()
            self._finish(RecordingState.COMPLETE)
        except Exception:
            # The edge of the thread: the call goes on without the recording, whatever went wrong with it.
            log.exception("recording_failed", call_id=self._call_id)
            self._finish(RecordingState.FAILED)

    def _work_off(self) -> None:
        now = round(self._clock() * 1000)  # before the queue: what came by then is in it
        while self._queue:
            self._queue.popleft()()
        for connection in self._connections:
            connection.advance(now)

    def _cut(self) -> None:
        for connection in self._connections:
            connection.cut()

    def _is_exhausted(self) -> bool:
        before, self._space = self._space, self._rule.judge(self._free_bytes(self._folder))
        if self._space is not before and self._space is not DiskSpace.ENOUGH:
            log.warning("recording_space", call_id=self._call_id, space=self._space)
        return self._space is DiskSpace.EXHAUSTED

    def _finish(self, state: RecordingState) -> None:
        self._ended = state
        self._queue.clear()
        for connection in self._connections:
            try:
                connection.close(state)
            except (OSError, BangbanError):
                # The disk refuses: what is written stays, and `recover` completes the note.
                log.exception("recording_unfinished", call_id=self._call_id, party=connection.party)
