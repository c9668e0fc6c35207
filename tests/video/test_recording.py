"""What is recorded of a call can be read back: complete, in step, and even when the writer was killed."""

import errno
import io
import os
import signal
import stat
import statistics
import subprocess
import sys
import textwrap

import av
import pytest

from core.errors import InvalidInput, RecordingDamaged, RecordingUnavailable
from tests.architecture.source_tree import ROOT
from tests.video.synthetic_media import Clock, Party
from tests.waiting import comes_true
from video import recording_files
from video.disk_space import DiskRule
from video.recording import CallRecorder
from video.recording_files import RecordingPaths, describe_content, notes, recover
from video.recording_note import RecordingState
from video.sealing import SealedReader, SealedWriter

pytestmark = pytest.mark.slow  # encodes and decodes films

KEY = bytes(range(32))
PLENTY = 10**12


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recorder(tmp_path, clock):
    return CallRecorder(tmp_path, "call-1", KEY, clock, free_bytes=lambda _: PLENTY)


def attach(recorder, name, party):
    for receiver in party.receivers.values():
        recorder.tap(name, receiver)


def film(folder, note):
    with SealedReader(RecordingPaths(folder, note.name).sealed, KEY) as reader:
        return io.BytesIO(b"".join(reader.read()))


def decoded(folder, note, kind):
    with av.open(film(folder, note)) as container:
        return sum(1 for _ in container.decode(**{kind: 0}))


def presentation_times(folder, note):
    """Moment on the server's clock of each frame, by kind and content."""
    found = {"audio": {}, "video": {}}
    with av.open(film(folder, note)) as container:
        for packet in container.demux():
            if packet.dts is not None:
                moment = float(packet.pts * packet.time_base) + note.started_at
                found[packet.stream.type][bytes(packet)] = moment
    return found


def offsets(folder, note, party):
    """How far each recorded frame is from when it was made."""
    times = presentation_times(folder, note)
    return {
        kind: [times[kind][data] - made for data, made in party.made_at(kind).items() if data in times[kind]]
        for kind in party.kinds
    }


async def test_every_frame_is_recorded_and_the_length_is_right(recorder, clock, tmp_path):
    party = Party(6)
    attach(recorder, "citizen", party)

    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    assert decoded(tmp_path, note, "video") == 150
    assert note.frames == {"audio": 300, "video": 150}
    with av.open(film(tmp_path, note)) as container:
        assert container.duration / 1e6 == pytest.approx(6.0, abs=0.08)
        assert container.format.name.startswith("matroska")
    assert (note.state, note.lost_packets) == (RecordingState.COMPLETE, 0)


@pytest.mark.parametrize("seconds", [6, pytest.param(300, marks=pytest.mark.slow)])
async def test_sound_and_picture_are_in_step_whatever_their_delays_and_clocks(
    recorder, clock, tmp_path, seconds
):
    party = Party(seconds)
    attach(recorder, "citizen", party)

    await party.play(clock, worked_off=lambda: not recorder._queue)
    await recorder.close()

    [note] = notes(tmp_path)
    found = offsets(tmp_path, note, party)
    assert len(found["audio"]) > 40 * seconds
    apart = statistics.median(found["audio"]) - statistics.median(found["video"])
    assert abs(apart) < 0.005
    assert max(found["audio"]) - min(found["video"]) < 0.08
    assert max(found["video"]) - min(found["audio"]) < 0.08


async def test_without_sender_reports_arrivals_stand_in(recorder, clock, tmp_path):
    party = Party(6, reports=False, delay={"audio": 0.06, "video": 0.09})
    attach(recorder, "citizen", party)

    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    found = offsets(tmp_path, note, party)
    apart = statistics.median(found["audio"]) - statistics.median(found["video"])
    assert abs(apart) < 0.08


async def test_parties_are_set_beside_each_other_on_the_servers_clock(recorder, clock, tmp_path):
    citizen = Party(5, wall_error=-3600.0, delay={"audio": 0.05, "video": 0.05})
    agent = Party(5, wall_error=7.0, start=citizen.start + 1.5, ssrc=2, delay={"audio": 0.05, "video": 0.05})
    attach(recorder, "citizen", citizen)
    attach(recorder, "agent", agent)

    await citizen.play(clock)
    await agent.play(clock)
    await recorder.close()

    by_party = {note.party: note for note in notes(tmp_path)}
    assert by_party["agent"].started_at - by_party["citizen"].started_at == pytest.approx(1.5, abs=0.02)


async def test_h264_is_recorded_as_it_came(recorder, clock, tmp_path):
    party = Party(4, codec="H264")
    attach(recorder, "citizen", party)

    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    assert note.media_type == "video/x-matroska"
    assert decoded(tmp_path, note, "video") == 100


async def test_sound_alone_is_recorded(recorder, clock, tmp_path):
    party = Party(4, kinds=("audio",))
    attach(recorder, "citizen", party)

    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    assert note.frames == {"audio": 200}
    assert decoded(tmp_path, note, "audio") > 190


async def test_a_camera_that_comes_on_later_opens_another_file(recorder, clock, tmp_path):
    late = Party(4, ssrc=3, start=1_800_000_010.0, kinds=("video",))
    early = Party(12, kinds=("audio",))
    recorder.tap("citizen", early.receivers["audio"])
    recorder.tap("citizen", late.receivers["video"])

    await early.play(clock, until=1_800_000_010.0)
    await comes_true(lambda: recorder.stats()["frames"].get("audio", 0) > 400)
    await late.play(clock)
    await recorder.close()

    first, second = notes(tmp_path)
    assert (first.frames, first.connection) == ({"audio": 497}, 1) or first.frames["audio"] > 480
    assert second.frames["video"] == 100
    assert second.connection == 1


async def test_a_party_that_rejoins_gets_a_file_of_its_own(recorder, clock, tmp_path):
    before, after = Party(3), Party(3, ssrc=9, start=1_800_000_020.0)
    attach(recorder, "citizen", before)
    await before.play(clock)
    attach(recorder, "citizen", after)
    await after.play(clock)
    await recorder.close()

    assert [(note.connection, note.frames["video"]) for note in notes(tmp_path)] == [(1, 75), (2, 75)]


async def test_after_a_loss_a_key_picture_is_asked_for_and_waited_for(recorder, clock, tmp_path):
    party = Party(8)
    attach(recorder, "citizen", party)
    lost = set()

    def lose(packet):
        if (
            len(packet.payload) > 600
            and packet.marker == 0
            and 65_600 < packet.sequence_number + 65_536 < 65_700
        ):
            lost.add(packet.sequence_number)
        return packet.sequence_number in lost

    await party.play(clock, lose=lose)
    await recorder.close()

    [note] = notes(tmp_path)
    assert lost
    assert note.lost_packets >= len(lost)
    assert 100 < decoded(tmp_path, note, "video") < 200
    assert party.receivers["video"].keyframes_asked >= 1


async def test_files_and_notes_are_for_the_service_alone(recorder, clock, tmp_path):
    party = Party(3)
    attach(recorder, "citizen", party)
    await party.play(clock)
    await recorder.close()

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


async def test_what_is_stored_shows_nothing_of_the_film(recorder, clock, tmp_path):
    party = Party(3)
    attach(recorder, "citizen", party)
    await party.play(clock)
    await recorder.close()

    [sealed] = tmp_path.glob("*.sealed")
    stored = sealed.read_bytes()
    assert b"webm" not in stored
    assert not any(sound in stored for sound in party.frames("audio")[:50])
    with pytest.raises(RecordingDamaged):
        SealedReader(sealed, bytes(32))


async def test_the_note_vouches_for_film_and_stored_file(recorder, clock, tmp_path):
    party = Party(25)
    attach(recorder, "citizen", party)
    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    path = RecordingPaths(tmp_path, note.name).sealed
    assert note == recorder.notes()[0]
    assert describe_content(path, KEY) == (note.content_bytes, note.content_sha256)
    assert sum(segment.length for segment in note.segments) == note.stored_bytes == path.stat().st_size


@pytest.mark.parametrize("name", ["../x", "a/b", "", "a.b", "x" * 99, "群众"])
def test_ids_that_could_be_paths_are_refused(tmp_path, clock, name):
    with pytest.raises(InvalidInput):
        CallRecorder(tmp_path, name, KEY, clock, free_bytes=lambda _: PLENTY)


def test_a_disk_below_the_floor_refuses_to_begin(tmp_path, clock):
    with pytest.raises(RecordingUnavailable):
        CallRecorder(tmp_path, "call-1", KEY, clock, rule=DiskRule(100, 200), free_bytes=lambda _: 99)


async def test_a_disk_that_fills_up_warns_first_and_then_ends_the_files_in_order(tmp_path, clock):
    free = [1000]
    rule = DiskRule(floor=100, warning=200)
    recorder = CallRecorder(tmp_path, "call-1", KEY, clock, rule=rule, free_bytes=lambda _: free[0])
    party = Party(8)
    attach(recorder, "citizen", party)

    free[0] = 150
    await party.play(clock, until=party.start + 4)
    await comes_true(lambda: recorder.stats()["space"] == "low")
    assert recorder.stats()["state"] == "recording"

    free[0] = 50
    clock.now += 2
    await comes_true(lambda: recorder.stats()["state"] == "disk_full")
    await party.play(clock)
    await recorder.close()

    [note] = notes(tmp_path)
    assert note.state is RecordingState.DISK_FULL
    assert 90 <= decoded(tmp_path, note, "video") <= 101


async def test_a_disk_that_refuses_leaves_what_was_written(tmp_path, clock, recorder, monkeypatch):
    party = Party(8)
    attach(recorder, "citizen", party)
    await party.play(clock, until=party.start + 5)
    await comes_true(lambda: recorder.stats()["frames"].get("video", 0) >= 100)

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SealedWriter, "_append", refuse)
    await party.play(clock)
    await recorder.close()
    monkeypatch.undo()

    assert recorder.stats()["state"] == "failed"
    [note] = recover(tmp_path, KEY)
    assert note.state is RecordingState.INTERRUPTED
    assert decoded(tmp_path, note, "video") > 50


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.video.synthetic_media import Clock, Party
from tests.waiting import comes_true
from video.recording import CallRecorder

async def main():
    clock = Clock()
    recorder = CallRecorder(Path(sys.argv[1]), "call-1", bytes(range(32)), clock, free_bytes=lambda _: 10**12)
    party, looks, work_off = Party(10), [], recorder._work_off
    recorder._work_off = lambda: looks.append(work_off())
    for receiver in party.receivers.values():
        recorder.tap("citizen", receiver)
    await party.play(clock)
    played = len(looks)
    await comes_true(lambda: len(looks) > played + 1)  # the writing thread has looked after the last packet
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_a_killed_writer_loses_no_more_than_two_seconds(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL

    [note] = recover(tmp_path, KEY)

    assert note.state is RecordingState.INTERRUPTED
    assert decoded(tmp_path, note, "video") >= 8 * 25
    assert decoded(tmp_path, note, "audio") >= 8 * 50
    assert sum(segment.length for segment in note.segments) == note.stored_bytes
    assert note.content_sha256 == describe_content(RecordingPaths(tmp_path, note.name).sealed, KEY)[1]
    assert recover(tmp_path, KEY) == []


async def test_a_service_that_starts_again_overwrites_nothing(recorder, clock, tmp_path):
    for ssrc in (1, 2):
        again = CallRecorder(tmp_path, "call-1", KEY, clock, free_bytes=lambda _: PLENTY)
        party = Party(3, ssrc=ssrc)
        attach(again, "citizen", party)
        await party.play(clock)
        await again.close()

    assert len(list(notes(tmp_path))) == 2
    assert len(list(tmp_path.glob("*.sealed"))) == 2


async def test_closing_twice_or_without_media_is_no_mistake(recorder, tmp_path):
    recorder.tap("citizen", Party(1).receivers["video"])

    await recorder.close()
    await recorder.close()

    assert list(tmp_path.iterdir()) == []
    assert recorder.stats()["files"] == []


def test_free_space_is_that_of_the_folder(tmp_path):
    assert recording_files.free_bytes(tmp_path) > 0
