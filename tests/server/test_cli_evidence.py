"""`bangban evidence verify` as an outsider runs it."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from video.evidence import EvidenceKind
from video.evidence_files import EvidenceFile
from video.recording_note import RecordingNote, RecordingState, Segment

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
STORED = b"sealed" * 500
DIGEST = hashlib.sha256(STORED).hexdigest()


@pytest.fixture
def evidence(tmp_path):
    (tmp_path / "call-1.citizen.1.webm.sealed").write_bytes(STORED)
    file = EvidenceFile(tmp_path, "conversation-1")
    file.add(
        EvidenceKind.CONSENT,
        {"by": "群众", "version": "2026-01", "text_sha256": DIGEST, "agreed": True},
        AT,
    )
    note = RecordingNote(
        name="call-1.citizen.1.webm",
        call_id="call-1",
        party="citizen",
        connection=1,
        media_type="video/webm",
        started_at=1_800_000_000.0,
        state=RecordingState.COMPLETE,
        segments=(Segment(0, len(STORED), DIGEST, 9000),),
        stored_bytes=len(STORED),
        sha256=DIGEST,
    )
    file.add_recordings([note], AT)
    file.add(EvidenceKind.CLOSED, {"entries": len(file.entries())}, AT)
    return file.path


def test_an_untouched_chain_passes_and_says_what_holds(bangban, evidence):
    status, out, _ = bangban("evidence", "verify", str(evidence), "--recordings", str(evidence.parent))

    assert status == 0
    assert "✓ 5 条证据首尾相接" in out
    assert "群众 同意录音录像" in out
    assert out.endswith("验证通过：证据链完整，未被改动\n")


def test_without_the_recordings_it_says_that_they_were_not_looked_at(bangban, evidence):
    status, out, _ = bangban("evidence", "verify", str(evidence))

    assert status == 3
    assert "？ 没有核对录像文件" in out
    assert "验证通过，但不完整" in out


def test_a_changed_chain_and_a_changed_recording_fail(bangban, evidence):
    [sealed] = evidence.parent.glob("*.sealed")
    sealed.write_bytes(STORED[:-1] + b"x")
    recording = bangban("evidence", "verify", str(evidence), "--recordings", str(evidence.parent))
    evidence.write_text(evidence.read_text("utf-8").replace("2026-01", "2025-01"), "utf-8")
    chain = bangban("evidence", "verify", str(evidence))

    assert (recording[0], chain[0]) == (4, 4)
    assert "✗ 录像 call-1.citizen.1.webm 的第 1 段被改动、截去或损坏" in recording[1]
    assert "✗ 第 2 条（同意，2026-11-25T12:00:00.000Z）的内容与它的摘要不符" in chain[1]


def test_a_digest_noted_elsewhere_is_compared(bangban, evidence):
    head = json.loads(evidence.read_text("utf-8").splitlines()[-1])["hash"]
    folder = str(evidence.parent)

    assert bangban("evidence", "verify", str(evidence), "--recordings", folder, "--head", head)[0] == 0
    assert bangban("evidence", "verify", str(evidence), "--recordings", folder, "--head", "0" * 64)[0] == 4


def test_programs_get_json(bangban, evidence):
    status, out, _ = bangban("evidence", "verify", str(evidence), "--json")

    assert json.loads(out)["status"] == status == 3
    assert json.loads(out)["broken"] == []


def test_a_file_that_is_not_there_is_said_in_one_line(bangban, tmp_path):
    status, out, err = bangban("evidence", "verify", str(tmp_path / "none.jsonl"))

    assert (status, out, err.count("\n")) == (1, "", 1)


@pytest.fixture
def signed(tmp_path):
    """The chain of a signature of its own, with what was signed and the picture beside it."""
    files = tmp_path / "files"
    files.mkdir()
    content = {"form1": b'{"title":"statement"}', "picture1": b"\x89PNG strokes"}
    for name, data in content.items():
        (files / name).write_bytes(data)
    form, picture = (hashlib.sha256(data).hexdigest() for data in content.values())
    file = EvidenceFile(tmp_path, "signature-1")
    file.add_all(
        [
            (EvidenceKind.EVENT, {"event": "signature", "conversation_id": "c1"}),
            (
                EvidenceKind.DOCUMENT,
                {"document": "form f1", "title": "委托书", "file_id": "form1", "sha256": form},
            ),
            (
                EvidenceKind.SIGNATURE,
                {"by": "citizen", "document_sha256": form, "sha256": picture, "file_id": "picture1"},
            ),
        ],
        AT,
        close=True,
    )
    return file.path, files


def test_a_signature_passes_with_what_was_signed_and_says_when_it_was_not_looked_at(bangban, signed):
    chain, files = signed
    status, out, _ = bangban("evidence", "verify", str(chain), "--files", str(files))
    without, told, _ = bangban("evidence", "verify", str(chain))

    assert status == 0, out
    assert "✓ 文件「委托书」的文件与证据链一致" in out
    assert "签署了文件" in out
    assert without == 3
    assert "--files" in told


@pytest.mark.parametrize("changed", ["form1", "picture1"])
def test_a_changed_form_or_signature_is_found_and_a_missing_one_is_told(bangban, signed, changed):
    chain, files = signed
    (files / changed).write_bytes(b"something else")
    status, out, _ = bangban("evidence", "verify", str(chain), "--files", str(files))
    assert status == 4
    assert "不符：被改动或替换" in out

    (files / changed).unlink()
    status, out, _ = bangban("evidence", "verify", str(chain), "--files", str(files))
    assert status == 3
    assert f"{changed}）不在目录中" in out
