"""A chain of evidence: whatever is done to it or to what it vouches for is found."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, InvalidInput, RecordingDamaged
from video.evidence import EvidenceKind, append, closing, digest_of, opening, parse_line, unrecorded
from video.evidence_check import verify
from video.evidence_files import EvidenceFile, find_files
from video.recording_note import RecordingNote, RecordingState, Segment

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SEALED = b"".join(hashlib.sha256(bytes([each])).digest() for each in range(256)) * 2 + b"end"
FILM = b"film" * 1000
NAME = "call-1.citizen.1.webm"


def sha(data):
    return hashlib.sha256(data).hexdigest()


NOTE = RecordingNote(
    name=NAME,
    call_id="call-1",
    party="citizen",
    connection=1,
    media_type="video/webm",
    started_at=1_800_000_000.25,
    state=RecordingState.COMPLETE,
    duration_ms=20_000,
    segments=(
        Segment(0, 4096, sha(SEALED[:4096]), 10_000),
        Segment(4096, len(SEALED) - 4096, sha(SEALED[4096:]), 20_000),
    ),
    stored_bytes=len(SEALED),
    sha256=sha(SEALED),
    content_bytes=len(FILM),
    content_sha256=sha(FILM),
)
CONSENT = {"by": "群众", "version": "2026-01", "text_sha256": sha(b"text"), "agreed": True}
DOCUMENT = {"document": "file-1", "sha256": sha(b"document")}
SIGNATURE = {"by": "群众", "document_sha256": sha(b"document"), "sha256": sha(b"drawing")}


def build(*steps, close=True):
    chain = [opening("conversation-1", AT)]
    for number, (kind, body) in enumerate(steps, start=1):
        chain.append(append(chain, kind, body, AT + timedelta(seconds=number)))
    if close:
        chain.append(closing(chain, AT + timedelta(hours=1)))
    return chain


WHOLE = build(
    (EvidenceKind.CONSENT, CONSENT),
    (EvidenceKind.EVENT, {"event": "call_live", "mode": "video"}),
    *unrecorded([], [NOTE]),
    (EvidenceKind.DOCUMENT, DOCUMENT),
    (EvidenceKind.SIGNATURE, SIGNATURE),
)


def lines(chain):
    return [entry.to_line() for entry in chain]


def resealed(chain):
    """The chain made anew by somebody who knows how, after its content was changed."""
    made, before = [], ""
    for entry in chain:
        entry = replace(entry, prev=before, hash="")  # noqa: PLW2901 - the same entry, linked anew
        made.append(replace(entry, hash=digest_of(entry)))
        before = made[-1].hash
    return made


@pytest.fixture
def folder(tmp_path):
    (tmp_path / f"{NAME}.sealed").write_bytes(SEALED)
    return tmp_path


def checked(chain, folder, **options):
    return verify(lines(chain), find_files=lambda name: find_files(folder, name), **options)


def test_an_untouched_chain_with_its_recording_holds(folder):
    verdict = checked(WHOLE, folder)

    assert (verdict.broken, verdict.open) == ([], [])
    assert verdict.summary == "验证通过：证据链完整，未被改动"
    assert any("同意录音录像（告知文本 2026-01" in each for each in verdict.holds)
    assert any(f"录像 {NAME} 完整，2 段全部相符" in each for each in verdict.holds)


def test_a_film_handed_out_decrypted_is_told_from_another(tmp_path):
    (tmp_path / NAME).write_bytes(FILM)
    assert any("解密件与录制内容一致" in each for each in checked(WHOLE, tmp_path).holds)

    (tmp_path / NAME).write_bytes(FILM[:-1])
    assert any("解密件与录制内容不符" in each for each in checked(WHOLE, tmp_path).broken)


@pytest.mark.parametrize("place", range(len(WHOLE)))
@pytest.mark.parametrize("what", ["at", "kind", "body", "n", "prev", "hash"])
def test_every_changed_field_of_every_entry_is_found(place, what):
    entry = json.loads(WHOLE[place].to_line())
    entry[what] = {
        "at": "2020-01-01T00:00:00.000Z",
        "kind": "event" if entry["kind"] != "event" else "document",
        "body": {**entry["body"], "by": "别人"},
        "n": entry["n"] + 1,
        "prev": "0" * 64,
        "hash": "0" * 64,
    }[what]
    changed = [*lines(WHOLE[:place]), json.dumps(entry), *lines(WHOLE[place + 1 :])]

    assert verify(changed).broken


@pytest.mark.parametrize("place", range(len(WHOLE) - 1))
def test_every_entry_left_out_is_found(place):
    assert verify(lines([*WHOLE[:place], *WHOLE[place + 1 :]])).broken


@pytest.mark.parametrize("place", range(len(WHOLE) - 1))
def test_entries_that_changed_places_are_found(place):
    swapped = list(WHOLE)
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]

    assert verify(lines(swapped)).broken


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_an_entry_put_in_or_told_twice_is_found(place):
    strange = append(WHOLE[: max(place, 1)][:-1] or WHOLE[:1], EvidenceKind.EVENT, {"event": "x"}, AT)

    assert verify(lines([*WHOLE[:place], strange, *WHOLE[place:]])).broken
    assert verify(lines([*WHOLE[: place + 1], *WHOLE[place:]])).broken


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_a_chain_cut_short_is_not_called_whole(length):
    verdict = verify(lines(WHOLE[:length]), head=WHOLE[-1].hash)

    assert any("没有收尾" in each for each in verdict.open)
    assert verdict.broken == ["末条摘要与另行留存的不符：证据链被重做或截短"]


def test_a_chain_made_anew_is_found_by_the_digest_that_was_noted_elsewhere():
    forged = resealed([replace(e, body={**e.body, "by": "别人"}) if "by" in e.body else e for e in WHOLE])

    assert verify(lines(forged)).broken == []  # nothing in a chain itself could tell
    assert verify(lines(forged), head=WHOLE[-1].hash).broken
    assert verify(lines(WHOLE), head=WHOLE[-1].hash.upper()).broken == []


def test_a_changed_count_at_the_end_and_entries_after_it_are_found():
    recount = resealed([*WHOLE[:3], WHOLE[-1]])
    recount[-1] = replace(recount[-1], n=3, hash="")
    recount[-1] = replace(recount[-1], hash=digest_of(recount[-1]))
    after = append(WHOLE[:-1], EvidenceKind.EVENT, {"event": "x"}, AT)
    later = resealed([*WHOLE, replace(after, n=len(WHOLE))])

    assert "收尾条目记的条数与实际不符" in verify(lines(recount)).broken
    assert "收尾之后又加了条目" in verify(lines(later)).broken


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (SEALED[:100] + b"\xff" + SEALED[101:], "第 1 段"),
        (SEALED[:5000] + b"\xff" + SEALED[5001:], "第 2 段"),
        (SEALED[:-1], "第 2 段"),
        (SEALED[4096:] + SEALED[:4096], "第 1、2 段"),
        (SEALED + b"x", "被加长或替换"),
        (b"", "第 1、2 段"),
    ],
    ids=["first segment", "second segment", "cut", "moved", "longer", "empty"],
)
def test_a_changed_recording_is_found_and_the_segment_named(tmp_path, changed, told):
    (tmp_path / f"{NAME}.sealed").write_bytes(changed)

    [finding] = checked(WHOLE, tmp_path).broken
    assert told in finding


def test_a_missing_recording_is_told_and_a_deleted_one_accounted_for(tmp_path):
    assert checked(WHOLE, tmp_path).open == [f"录像 {NAME} 的文件不在目录中"]

    deleted = append(
        WHOLE, EvidenceKind.DELETED, {"name": NAME, "reason": "保存期满 365 天"}, AT + timedelta(days=365)
    )
    verdict = checked([*WHOLE, deleted], tmp_path)

    assert (verdict.broken, verdict.summary) == ([], "验证通过：证据链完整，未被改动")
    assert any("已按规定删除" in each for each in verdict.holds)


def test_a_recording_without_consent_before_it_is_found():
    late = build(*unrecorded([], [NOTE]), (EvidenceKind.CONSENT, CONSENT))
    refused = build((EvidenceKind.CONSENT, {**CONSENT, "agreed": False}), *unrecorded([], [NOTE]))

    for chain in (late, refused):
        assert "录像之前没有同意的记录" in verify(lines(chain)).broken


def test_a_consent_that_was_taken_back_is_told_apart_from_one_that_was_never_given():
    refusal = {**CONSENT, "agreed": False}
    chain = build(
        (EvidenceKind.CONSENT, CONSENT),
        (EvidenceKind.CONSENT, {**refusal, "by": "guest g1"}),
        (EvidenceKind.CONSENT, refusal),
        (EvidenceKind.CONSENT, refusal),
    )

    told = [each for each in verify(lines(chain)).holds if "录音录像" in each]
    assert ["撤回同意，停止录音录像" in each for each in told] == [False, False, True, False]
    assert ["不同意录音录像" in each for each in told] == [False, True, False, True]


def test_a_signature_under_a_document_that_is_not_in_the_chain_is_found():
    other = build(
        (EvidenceKind.DOCUMENT, DOCUMENT), (EvidenceKind.SIGNATURE, {**SIGNATURE, "document_sha256": "0"})
    )

    assert verify(lines(other)).broken == ["第 3 条签名所签的文件不在链中"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "null",
        "不是",
        '{"n":0}',
        "[" * 100_000,
        WHOLE[0].to_line().replace('"n":0', '"n":0,"n":0'),
    ],
)
def test_a_line_that_is_no_entry_is_named_and_breaks_nothing(line):
    assert parse_line(line) is None
    assert verify([*lines(WHOLE), line]).broken == [f"第 {len(WHOLE) + 1} 行不是证据条目"]


@pytest.mark.parametrize(
    "value", [{"start": "0"}, {"length": -1}, {"recording": ["x"]}, {"recording": "../../etc"}]
)
def test_a_well_linked_entry_of_nonsense_breaks_nothing(folder, value):
    chain = list(WHOLE)
    chain[3] = replace(chain[3], body={**chain[3].body, **value})

    verdict = checked(resealed(chain), folder)

    assert verdict.broken or verdict.open


def test_nothing_at_all_is_no_evidence():
    assert verify([]).broken == ["文件是空的"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (EvidenceKind.CONSENT, {"by": "群众"}),
        (EvidenceKind.EVENT, {"event": 1}),
        (EvidenceKind.EVENT, {"event": "x", "score": 0.5}),
        (EvidenceKind.EVENT, {"event": "\ud800"}),
        (EvidenceKind.CONSENT, {**CONSENT, "agreed": 1}),
    ],
)
def test_what_cannot_be_vouched_for_exactly_is_refused(kind, body):
    with pytest.raises(InvalidInput):
        append([opening("c", AT)], kind, body, AT)


def test_a_chain_is_opened_first_and_once_and_ends_when_closed():
    with pytest.raises(Conflict):
        append([], EvidenceKind.EVENT, {"event": "x"}, AT)
    with pytest.raises(Conflict):
        append(WHOLE[:1], EvidenceKind.OPENED, {"chain": "c", "format": "f"}, AT)
    with pytest.raises(Conflict):
        append(WHOLE, EvidenceKind.EVENT, {"event": "x"}, AT)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_whatever_the_body_what_is_exported_is_read_back_as_it_was(body):
    entry = append([opening("c", AT)], EvidenceKind.EVENT, {**body, "event": "x"}, AT)

    assert parse_line(entry.to_line()) == entry
    assert "\n" not in entry.to_line()


@given(st.data())
def test_any_changed_byte_of_an_export_is_found(data):
    text = "\n".join(lines(WHOLE))
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda each: each != text[place]))
    changed = text[:place] + letter + text[place + 1 :]

    assert verify(changed.split("\n")).broken


# --- on the disk -----------------------------------------------------------------------------


def test_a_chain_grows_on_the_disk_and_what_was_recorded_is_taken_in_once(folder):
    file = EvidenceFile(folder, "conversation-1")
    file.add(EvidenceKind.CONSENT, CONSENT, AT)
    running = replace(NOTE, state=RecordingState.RECORDING, segments=NOTE.segments[:1])

    assert [entry.kind for entry in file.add_recordings([running], AT)] == ["segment"]
    assert [entry.kind for entry in file.add_recordings([NOTE], AT)] == ["segment", "recording"]
    assert file.add_recordings([NOTE], AT) == []
    file.add(EvidenceKind.CLOSED, {"entries": len(file.entries())}, AT)

    assert checked(file.entries(), folder).summary == "验证通过：证据链完整，未被改动"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_line_torn_by_a_crash_is_dropped_and_a_changed_one_refused(tmp_path):
    file = EvidenceFile(tmp_path, "c")
    file.add(EvidenceKind.CONSENT, CONSENT, AT)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + whole[:50])

    file.add(EvidenceKind.EVENT, {"event": "after"}, AT)

    assert [entry.kind for entry in file.entries()] == ["opened", "consent", "event"]
    assert verify(file.path.read_text("utf-8").splitlines()).broken == []

    file.path.write_bytes(b"x" + whole)
    with pytest.raises(RecordingDamaged):
        file.add(EvidenceKind.EVENT, {"event": "x"}, AT)


@pytest.mark.parametrize("name", ["../x", "", "a/b", "a.b"])
def test_a_chain_whose_name_could_be_a_path_is_refused(tmp_path, name):
    with pytest.raises(InvalidInput):
        EvidenceFile(tmp_path, name)
