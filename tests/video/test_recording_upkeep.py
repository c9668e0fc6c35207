"""What is kept, for how long, and what becomes of the evidence."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from video import recording_files
from video.disk_space import DiskRule, DiskSpace
from video.evidence import EvidenceKind
from video.evidence_check import verify
from video.evidence_files import EvidenceFile, find_files
from video.recording_files import RecordingPaths, create, notes, read_note, write_note
from video.recording_note import RecordingNote, RecordingState, Segment
from video.recording_upkeep import CALL_ENDED, RecordingUpkeep
from video.retention import Kept, expired

KEY = bytes(32)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def recordings(tmp_path):
    (tmp_path / "recordings").mkdir()
    return tmp_path / "recordings"


@pytest.fixture
def upkeep(tmp_path):
    return RecordingUpkeep(tmp_path, KEY, days=30)


@pytest.fixture
def chain(tmp_path):
    return EvidenceFile(tmp_path / "evidence", "call-1")


def interrupted(recordings, *, at=NOW):
    """A recording whose writer died after the first note."""
    name, writer = create(recordings, "call-1", "citizen", "webm", KEY)
    note = RecordingNote(name, "call-1", "citizen", 1, "video/webm", at.timestamp())
    write_note(recordings, note)
    writer.write(b"film")
    return note, writer


def consent(chain):
    digest = hashlib.sha256(b"text").hexdigest()
    chain.add(
        EvidenceKind.CONSENT, {"by": "群众", "version": "1", "text_sha256": digest, "agreed": True}, NOW
    )


def test_what_a_crash_interrupted_is_completed_taken_into_evidence_and_closed(
    recordings, upkeep, chain, tmp_path
):
    consent(chain)
    note, writer = interrupted(recordings)
    writer.close()

    upkeep.run(NOW)
    chain.add(EvidenceKind.EVENT, {"event": CALL_ENDED}, NOW)
    upkeep.run(NOW)
    upkeep.run(NOW)

    assert read_note(recordings, note.name).state is RecordingState.INTERRUPTED
    lines = [entry.to_line() for entry in chain.entries()]
    verdict = verify(lines, find_files=partial(find_files, recordings))
    assert (verdict.broken, verdict.open) == ([], [])
    assert [entry.kind for entry in chain.entries()][-1] == "closed"


def test_what_a_crash_interrupted_is_hashed_in_pieces_with_the_same_digests(recordings, monkeypatch):
    note, writer = interrupted(recordings)
    writer.close()
    path = RecordingPaths(recordings, note.name).sealed
    stored, covered = path.read_bytes(), 10
    first = Segment(0, covered, hashlib.sha256(stored[:covered]).hexdigest(), 0)
    write_note(recordings, replace(note, segments=(first,)))
    monkeypatch.setattr(recording_files, "PIECE", 7)

    [found] = recording_files.recover(recordings, KEY)

    assert (found.stored_bytes, found.sha256) == (len(stored), hashlib.sha256(stored).hexdigest())
    tail = stored[covered:]
    assert found.segments == (
        first,
        Segment(covered, len(tail), hashlib.sha256(tail).hexdigest(), note.duration_ms),
    )


def test_what_is_being_written_is_left_alone(recordings, upkeep, chain):
    consent(chain)
    note, writer = interrupted(recordings)
    chain.add(EvidenceKind.EVENT, {"event": CALL_ENDED}, NOW)

    upkeep.run(NOW)

    assert read_note(recordings, note.name).state is RecordingState.RECORDING
    assert chain.entries()[-1].kind == "event"
    writer.close()


def test_an_old_recording_is_deleted_and_the_evidence_says_so(recordings, upkeep, chain):
    consent(chain)
    _, writer = interrupted(recordings)
    writer.close()
    chain.add(EvidenceKind.EVENT, {"event": CALL_ENDED}, NOW)
    upkeep.run(NOW)

    upkeep.run(NOW + timedelta(days=29))
    assert len(list(notes(recordings))) == 1

    upkeep.run(NOW + timedelta(days=31))
    assert list(recordings.iterdir()) == []
    lines = [entry.to_line() for entry in chain.entries()]
    verdict = verify(lines, find_files=partial(find_files, recordings))
    assert (verdict.broken, verdict.open) == ([], [])
    assert any("已按规定删除（保存期满 30 天）" in each for each in verdict.holds)


def test_a_held_call_is_kept_whatever_its_age(recordings, upkeep):
    _, writer = interrupted(recordings)
    writer.close()
    (recordings / "call-1.held").touch()

    upkeep.run(NOW + timedelta(days=3000))

    assert len(list(notes(recordings))) == 1


def test_the_chain_of_a_call_without_recordings_is_closed_and_forgotten_in_time(tmp_path, upkeep, chain):
    now = datetime.now(UTC)
    chain.add(EvidenceKind.EVENT, {"event": "call_ringing"}, now)
    upkeep.run(now)
    assert chain.entries()[-1].kind == "event"

    chain.add(EvidenceKind.EVENT, {"event": CALL_ENDED}, now)
    upkeep.run(now + timedelta(minutes=1))
    assert chain.entries()[-1].kind == "closed"

    upkeep.run(now + timedelta(days=30))
    assert chain.path.exists()
    upkeep.run(now + timedelta(days=30, minutes=2))
    assert not chain.path.exists()


def test_without_recordings_there_is_nothing_to_do(tmp_path):
    RecordingUpkeep(tmp_path / "none", KEY, days=1).run(NOW)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "days_ago", "held", "goes"),
    [
        ("recording", 30, False, True),
        ("recording", 29, False, False),
        ("recording", 300, True, False),
        ("document", 30, False, False),
        ("document", 90, False, True),
        ("unheard of", 9000, False, False),
    ],
)
def test_each_kind_is_kept_for_its_days_unless_it_is_held(kind, days_ago, held, goes):
    kept = Kept(kind, "x", NOW - timedelta(days=days_ago), held)

    assert expired([kept], {"recording": 30, "document": 90}, NOW) == [kept] * goes


@pytest.mark.parametrize(
    ("free", "space"),
    [(99, DiskSpace.EXHAUSTED), (100, DiskSpace.LOW), (199, DiskSpace.LOW), (200, DiskSpace.ENOUGH)],
)
def test_the_warning_comes_before_the_end(free, space):
    assert DiskRule(floor=100, warning=200).judge(free) is space


def test_a_note_is_read_as_it_was_written(recordings):
    note = replace(interrupted(recordings)[0], frames={"audio": 3})
    write_note(recordings, note)

    assert read_note(recordings, note.name) == note
