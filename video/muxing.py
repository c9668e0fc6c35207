"""Puts encoded frames into a container, without decoding.

WebM for VP8 and Opus; Matroska where the picture is H.264, which WebM doesn't allow.
"""

import io
from collections.abc import Mapping
from fractions import Fraction

import av
from av.stream import Stream

from video.frames import Frame, h264_parameters, vp8_size
from video.sealing import SealedWriter
from video.taps import MediaKind

_MS = Fraction(1, 1000)
_MUXING = {"cluster_time_limit": "1000", "flush_packets": "1"}  # a cluster is written when it is whole
_INTERLEAVING = {"max_interleave_delta": "500000"}  # µs to wait for the other stream, say a muted one

Tracks = Mapping[MediaKind, tuple[str, Frame]]
"""The codec of each track, and a frame to take its parameters from."""


def _opus_template() -> io.BytesIO:
    """A WebM with a moment of sound: the one way to give a stream that is only muxed its Opus header."""
    made = io.BytesIO()
    with av.open(made, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="stereo")
        sound = av.AudioFrame(format="s16", layout="stereo", samples=960)
        sound.sample_rate, sound.pts = 48_000, 0
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    made.seek(0)
    return made


def can_begin(codec: str, frame: Frame) -> bool:
    """Whether a track can begin with this frame: what a sender calls a key picture may be anything."""
    if codec != "H264":
        return True
    if not h264_parameters(frame.data):
        return False
    try:
        with av.open(io.BytesIO(frame.data), format="h264") as probe:
            return probe.streams.video[0].width > 0
    except (av.FFmpegError, IndexError):
        return False


def ending_of(tracks: Tracks) -> str:
    """The ending of the file's name."""
    return "mkv" if any(codec == "H264" for codec, _ in tracks.values()) else "webm"


MEDIA_TYPES: Mapping[str, str] = {"webm": "video/webm", "mkv": "video/x-matroska"}


class Muxer:
    """One file being written. Times are in milliseconds from its start."""

    def __init__(self, sink: SealedWriter, tracks: Tracks) -> None:
        self.last: dict[MediaKind, int] = dict.fromkeys(tracks, -1)
        self._output = av.open(
            sink,
            "w",
            format="webm" if ending_of(tracks) == "webm" else "matroska",
            options=_MUXING,
            container_options=_INTERLEAVING,
        )
        self._streams = {kind: self._add(codec, frame) for kind, (codec, frame) in tracks.items()}
        for stream in self._streams.values():
            stream.time_base = _MS

    def _add(self, codec: str, frame: Frame) -> Stream:
        if codec == "opus":
            with av.open(_opus_template()) as template:
                return self._output.add_stream_from_template(template.streams.audio[0], opaque=True)
        if codec == "H264":
            with av.open(io.BytesIO(frame.data), format="h264") as template:
                return self._output.add_stream_from_template(template.streams.video[0], opaque=True)
        width, height = vp8_size(frame.data)
        return self._output.add_mux_stream("vp8", width=width or 640, height=height or 480)

    def write(self, kind: MediaKind, frame: Frame, at: int) -> bool:
        """Adds a frame; its time is moved so that times rise. False if it is none. Raises OSError."""
        packet = av.Packet(frame.data)
        at = max(at, self.last[kind] + 1, 0)
        packet.pts = packet.dts = self.last[kind] = at
        packet.time_base = _MS
        packet.is_keyframe = frame.key
        packet.stream = self._streams[kind]
        try:
            self._output.mux(packet)
        except (OSError, av.error.PyAVCallbackError) as error:  # the second where the first was told before
            raise OSError(f"{kind} can't be written") from error
        except av.FFmpegError:
            return False  # the sender made it; its other frames may be good
        return True

    def close(self) -> None:
        """Writes the end and the index. Raises OSError."""
        try:
            self._output.close()
        except av.FFmpegError as error:
            raise OSError("the end can't be written") from error
