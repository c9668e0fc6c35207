"""Records one connection of one party: from its packets to a sealed file with a note beside it.

Belongs to the recorder's thread, which calls it in order; nothing here looks at the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from video import recording_files
from video.frames import Frame, FrameAssembler
from video.muxing import MEDIA_TYPES, Muxer, Tracks, can_begin, ending_of
from video.recording_files import RecordingPaths
from video.recording_note import RecordingNote, RecordingState, Segment
from video.taps import MediaKind, TappedPacket
from video.timeline import Timeline

RATES: Mapping[str, int] = {"audio": 48_000, "video": 90_000}
WAIT_FOR_REPORTS_MS = 2500  # browsers send the first sender reports within this
# No frame is older than it can be, or from the future: a sender's clock may say what it likes.
OLDEST_S, YOUNGEST_S = 5.0, 1.0
MOST_SOURCES = 8


class _File:
    """A sealed recording and its note."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        note: RecordingNote,
        tracks: Tracks,
    ) -> None:
        self._folder, self._key = folder, key
        ending = ending_of(tracks)
        name, self._sealed = recording_files.create(folder, note.call_id, note.party, ending, key)
        self.codecs = {kind: codec for kind, (codec, _) in tracks.items()}
        self._frames: dict[str, int] = dict.fromkeys(tracks, 0)
        self._note = replace(note, name=name, media_type=MEDIA_TYPES[ending])
        self._keep()
        self._muxer = Muxer(self._sealed, tracks)

    @property
    def note(self) -> RecordingNote:
        """As it would be written now."""
        return replace(self._note, frames=dict(self._frames), stored_bytes=self._sealed.stored)

    def write(self, kind: MediaKind, frame: Frame, at: float) -> None:
        if self._muxer.write(kind, frame, round((at - self._note.started_at) * 1000)):
            self._frames[kind] += 1

    def cut(self, lost: int) -> None:
        """Vouches for what was stored since the last time."""
        start, length, digest = self._sealed.cut()
        so_far = max(self._muxer.last.values())
        segment = (Segment(start, length, digest, so_far),) if length else ()
        segments = (*self._note.segments, *segment)
        self._note = replace(self.note, duration_ms=so_far, lost_packets=lost, segments=segments)
        self._keep()

    def close(self, state: RecordingState, lost: int) -> None:
        """Writes what is left and says how it ended. Raises OSError, RecordingDamaged; is closed then too."""
        try:
            self._muxer.close()
            self._sealed.finish()
            self.cut(lost)
            path = RecordingPaths(self._folder, self._note.name).sealed
            size, content = recording_files.describe_content(path, self._key)
            self._note = replace(
                self._note,
                state=state,
                stored_bytes=self._sealed.stored,
                sha256=self._sealed.digest,
                content_bytes=size,
                content_sha256=content,
            )
            self._keep()
        finally:
            self._sealed.close()

    def _keep(self) -> None:
        recording_files.write_note(self._folder, self._note)


@dataclass(slots=True)
class StreamRecording:
    """One kind of media of a connection. The thread owns all of it but `wants_keyframe`, which taps read."""

    ssrc: int = -1
    codec: str = ""
    assembler: FrameAssembler | None = None
    lost: int = 0  # by sources before this one
    reports: dict[int, tuple[int, int]] = field(default_factory=dict)
    wants_keyframe: bool = False

    @property
    def lost_packets(self) -> int:
        """Packets that never came."""
        return self.lost + (self.assembler.lost if self.assembler else 0)


class ConnectionRecording:
    """One connection of a party: from packets to a file, and to another one when tracks change.

    `notes` are those of its files. Methods raise OSError when the disk refuses.
    """

    def __init__(self, folder: Path, call_id: str, key: bytes, party: str, number: int) -> None:
        self.party = party
        self.streams: Mapping[MediaKind, StreamRecording] = {}
        self._folder, self._key = folder, key
        self._first_note = RecordingNote(
            name="", call_id=call_id, party=party, connection=number, media_type="", started_at=0.0
        )
        self._files: list[_File] = []
        self._file: _File | None = None
        self._timeline = Timeline(RATES)
        self._pending: list[tuple[MediaKind, str, Frame]] = []
        self._tracks: dict[MediaKind, tuple[str, Frame]] = {}

    @property
    def notes(self) -> list[RecordingNote]:
        """What is known of its files."""
        return [file.note for file in self._files]

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return sum(stream.lost_packets for stream in self.streams.values())

    def expect(self, kind: MediaKind) -> None:
        """Makes ready for this kind. Another thread may: who goes over the streams isn't disturbed."""
        self.streams = {**self.streams, kind: StreamRecording()}

    def take(self, kind: MediaKind, codec: str, packet: TappedPacket, arrival: int) -> None:
        """A packet came, at `arrival` in milliseconds since 1970."""
        stream = self.streams[kind]
        if packet.ssrc != stream.ssrc or codec != stream.codec or stream.assembler is None:
            self._begin(kind, stream, packet.ssrc, codec)
        assert stream.assembler is not None
        self._take_frames(kind, stream, stream.assembler.push(packet, arrival))

    def report(self, kind: MediaKind, ssrc: int, ntp: int, timestamp: int) -> None:
        """A source said how its clocks go together."""
        stream = self.streams[kind]
        stream.reports = (
            {**stream.reports, ssrc: (ntp, timestamp)} if len(stream.reports) < MOST_SOURCES else {}
        )
        if ssrc == stream.ssrc:
            self._timeline.report(kind, ntp, timestamp)

    def advance(self, now: int) -> None:
        """Gives up what has been waited for long enough."""
        for kind, stream in self.streams.items():
            if stream.assembler is not None:
                self._take_frames(kind, stream, stream.assembler.advance(now))
        if self._pending and now - self._pending[0][2].arrival >= WAIT_FOR_REPORTS_MS:
            self._open()

    def cut(self) -> None:
        """Vouches for what was written since the last time."""
        if self._file is not None:
            self._file.cut(self.lost)

    def close(self, state: RecordingState) -> None:
        """Finishes. Raises OSError, RecordingDamaged; nothing is open then either."""
        for kind, stream in self.streams.items():
            if stream.assembler is not None:
                self._take_frames(kind, stream, stream.assembler.finish())
        if self._pending:
            self._open()
        self._close_file(state)

    def _begin(self, kind: MediaKind, stream: StreamRecording, ssrc: int, codec: str) -> None:
        if stream.assembler is not None:
            self._take_frames(kind, stream, stream.assembler.finish())
            if self._pending:  # their times are on the clock that is about to be forgotten
                self._open()
            stream.lost += stream.assembler.lost
            self._timeline.forget(kind)
        stream.ssrc, stream.codec, stream.assembler = ssrc, codec, FrameAssembler(codec)
        if ssrc in stream.reports:
            self._timeline.report(kind, *stream.reports[ssrc])

    def _take_frames(self, kind: MediaKind, stream: StreamRecording, frames: list[Frame]) -> None:
        assert stream.assembler is not None
        for frame in frames:
            self._timeline.arrived(kind, frame.timestamp, frame.arrival / 1000)
            if self._file is None:
                self._pending.append((kind, stream.codec, frame))
            else:
                self._write(kind, stream.codec, frame)
        if self._pending and all(
            self._timeline.has_report(each) and any(each == waiting for waiting, _, _ in self._pending)
            for each in self.streams
        ):
            self._open()
        stream.wants_keyframe = stream.assembler.needs_keyframe

    def _open(self) -> None:
        timed = [
            (self._time_of(kind, frame), kind, codec, frame)
            for kind, codec, frame in self._pending
            if kind in self._tracks or self._begins_track(kind, codec, frame)
        ]
        self._pending = []
        timed.sort(key=lambda each: each[0])
        if timed:
            self._new_file(timed[0][0])
        for _, kind, codec, frame in timed:
            self._write(kind, codec, frame)

    def _write(self, kind: MediaKind, codec: str, frame: Frame) -> None:
        assert self._file is not None
        at = self._time_of(kind, frame)
        if self._file.codecs.get(kind) != codec:  # a camera came on, or another codec
            if not self._begins_track(kind, codec, frame):
                return
            self._close_file(RecordingState.COMPLETE)
            self._new_file(at)
            if kind != "video" and (video := self.streams.get("video")) and video.assembler:
                video.assembler.needs_keyframe = True  # a file can't begin within a run of pictures
        assert self._file is not None
        self._file.write(kind, frame, at)

    def _begins_track(self, kind: MediaKind, codec: str, frame: Frame) -> bool:
        if not frame.key or not can_begin(codec, frame):
            return False
        self._tracks[kind] = (codec, frame)
        return True

    def _new_file(self, started_at: float) -> None:
        note = replace(self._first_note, started_at=started_at)
        self._file = _File(self._folder, self._key, note, self._tracks)
        self._files.append(self._file)

    def _time_of(self, kind: MediaKind, frame: Frame) -> float:
        arrival = frame.arrival / 1000
        at = self._timeline.time_of(kind, frame.timestamp)
        return at if arrival - OLDEST_S <= at <= arrival + YOUNGEST_S else arrival

    def _close_file(self, state: RecordingState) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close(state, self.lost)
