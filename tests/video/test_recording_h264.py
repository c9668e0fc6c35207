"""H.264 in Matroska: parameters in front (avcC), pictures with their lengths, in step with the sound."""

import io
import statistics

import av
import pytest

from tests.video.synthetic_media import Clock, Party, pictures
from video.frames import Frame, nal_units
from video.muxing import Muxer, can_begin
from video.recording import CallRecorder
from video.recording_files import RecordingPaths, notes
from video.sealing import SealedReader

KEY = bytes(range(32))
N = b"\x00\x00\x00\x01"


class Sink(io.BytesIO):
    """A file that can't be gone back in, as a sealed one."""

    def seekable(self):
        return False


def normal(picture):
    """The NAL units of a picture with start codes of either length, those of 3 bytes as x264 writes some."""
    return [unit for unit in nal_units(picture.replace(b"\x00\x00\x01", N).replace(b"\x00" + N, N)) if unit]


def lengths_taken_off(data):
    """The NAL units of a picture as Matroska holds it: each behind its length in four bytes."""
    units, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        units.append(data[at + 4 : at + 4 + size])
        assert len(units[-1]) == size > 0, "a length points beyond the picture"
        at += 4 + size
    return units


def mux(frames):
    sink = Sink()
    muxer = Muxer(sink, {"video": ("H264", frames[0])})
    for number, frame in enumerate(frames):
        assert muxer.write("video", frame, number * 40)
    muxer.close()
    return sink.getvalue()


def as_frames(made):
    return [Frame(n * 3600, N.join([b"", *normal(data)]), not n % 25, 0) for n, data in enumerate(made)]


def test_the_file_begins_with_the_decoders_configuration():
    film = mux(as_frames(pictures("H264", 1)))

    with av.open(io.BytesIO(film)) as container:
        context = container.streams.video[0].codec_context
        head = bytes(context.extradata)
    first = pictures("H264", 1)[0]
    sps, pps = (next(unit for unit in normal(first) if unit[0] & 31 == kind) for kind in (7, 8))
    # ISO/IEC 14496-15, 5.3.3.1: version 1, profile and level of the SPS, lengths of four bytes.
    assert head[0] == 1
    assert head[1:4] == sps[1:4]
    assert head[4] == 0xFF
    assert sps in head
    assert pps in head


def test_each_picture_is_stored_by_lengths_and_is_what_came():
    made = pictures("H264", 1)

    with av.open(io.BytesIO(mux(as_frames(made)))) as container:
        stored = [lengths_taken_off(bytes(packet)) for packet in container.demux() if packet.dts is not None]

    assert stored == [normal(picture) for picture in made]


def test_a_sender_that_changes_the_size_within_the_call_is_shown_in_each():
    large, small = pictures("H264", 1), pictures("H264", 1, 96, 64)

    with av.open(io.BytesIO(mux(as_frames([*large, *small])))) as container:
        sizes = [(picture.width, picture.height) for picture in container.decode(video=0)]

    assert sizes == [(160, 120)] * 25 + [(96, 64)] * 25


@pytest.mark.parametrize(
    "data",
    [
        N + b"\x65",  # no parameters
        N + b"\x67" + N + b"\x68" + N + b"\x65",  # empty ones
        N + b"\x67\x42\xe0\x1f" + N + b"\x68\xce" + N + b"\x65" + bytes(40),
    ],
)
def test_no_file_is_begun_on_parameters_that_mean_nothing(data):
    assert not can_begin("H264", Frame(0, data, True, 0))


async def test_sound_and_picture_are_in_step(tmp_path):
    clock = Clock()
    recorder = CallRecorder(tmp_path, "call-1", KEY, clock, free_bytes=lambda _: 10**12)
    party = Party(6, codec="H264", delay={"audio": 0.30, "video": 0.05}, wall_error=3600.0)
    for receiver in party.receivers.values():
        recorder.tap("citizen", receiver)

    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    with SealedReader(RecordingPaths(tmp_path, note.name).sealed, KEY) as reader:
        film = io.BytesIO(b"".join(reader.read()))
    made = {kind: dict(party.made_at(kind)) for kind in party.kinds}
    made["video"] = {b"".join(normal(data)): at for data, at in made["video"].items()}
    apart = {"audio": [], "video": []}
    with av.open(film) as container:
        for packet in container.demux():
            if packet.dts is None:
                continue
            kind, data = packet.stream.type, bytes(packet)
            content = b"".join(lengths_taken_off(data)) if kind == "video" else data
            apart[kind].append(float(packet.pts * packet.time_base) + note.started_at - made[kind][content])
    assert len(apart["video"]) == 150
    assert abs(statistics.median(apart["audio"]) - statistics.median(apart["video"])) < 0.08
