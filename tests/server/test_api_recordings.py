"""Recordings over HTTP: who may see them, any part of them, and that each look is written down."""

import hashlib
from datetime import timedelta

import aiohttp
import pytest

from core import desk_ports
from core.clock import utc_now
from core.statuses import Role
from server.call_evidence import CallEvidence
from server.keys import CALL_EVIDENCE
from server.retention import keep_in_time
from server.service_secrets import recording_key
from tests.server.conftest import assert_canonical_error
from tests.server.desk_api import STAFF, desk_of
from video.evidence import EvidenceKind
from video.recording_files import create, make_folder, write_note
from video.recording_note import RecordingNote, RecordingState

FILM = bytes(range(256)) * 700
NAME = "call-1.citizen.1.webm"


@pytest.fixture
async def recorded(service, settings):
    """A service with a recording of a call of 王芳's; gives back the conversation's id."""
    conversation_id, _ = await service.started()
    await service.stores.calls.add(desk_ports.Call("call-1", conversation_id, "王芳", "video", "live"))
    await service.stores.calls.move("call-1", "ended", expected=["live"], end_reason="hangup")
    keep(settings, "call-1")
    return conversation_id


def keep(settings, call_id, state=RecordingState.COMPLETE):
    folder = settings.data / "recordings"
    make_folder(folder)
    name, writer = create(folder, call_id, "citizen", "webm", recording_key(settings))
    writer.write(FILM)
    if state is not RecordingState.RECORDING:
        writer.finish()
        writer.close()
    note = RecordingNote(
        name, call_id, "citizen", 1, "video/webm", utc_now().timestamp(), state, 3500, content_bytes=len(FILM)
    )
    write_note(folder, note)
    return writer


async def read(service, someone, path, **headers):
    return await service.client.get(STAFF + path, headers=someone.headers | headers)


async def accesses(service):
    return [(e.user, e.action, e.kind, e.record_id, e.allowed) for e in await service.stores.access.entries()]


async def test_the_agent_of_the_call_and_supervisors_see_what_was_recorded(service, recorded):
    for name, role in (("王芳", Role.AGENT), ("赵主管", Role.SUPERVISOR), ("管理员", Role.ADMIN)):
        someone = await desk_of(service, name, role)
        found = (await someone.done("GET", f"/recordings?conversation={recorded}"))["recordings"]
        assert [(each["id"], each["call_id"], each["bytes"]) for each in found] == [
            (NAME, "call-1", len(FILM))
        ]
        response = await read(service, someone, f"/recordings/{NAME}")
        assert response.status == 200
        assert await response.read() == FILM

    assert (await accesses(service))[0] == ("管理员", "play", "recording", NAME, True)
    assert len(await accesses(service)) == 6


async def test_another_agent_sees_nothing_and_the_attempt_is_written_down(service, recorded):
    other = await desk_of(service, "李强", Role.AGENT)
    editor = await desk_of(service, "编辑", Role.EDITOR)

    for someone in (other, editor):
        for path in (f"/recordings?conversation={recorded}", f"/recordings/{NAME}"):
            response, data = await someone.call("GET", path)
            assert_canonical_error(response, data, 403, "forbidden")
    response = await service.client.get(f"{STAFF}/recordings/{NAME}")

    assert response.status == 401
    assert await accesses(service) == [
        ("李强", "play", "recording", NAME, False),
        ("李强", "list", "conversation", recorded, False),
    ]


async def test_a_player_gets_the_part_it_asks_for_and_the_log_says_which(service, recorded):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    response = await read(service, chief, f"/recordings/{NAME}", Range="bytes=100000-100099")

    assert response.status == 206
    assert await response.read() == FILM[100000:100100]
    assert response.headers["Content-Range"] == f"bytes 100000-100099/{len(FILM)}"
    [entry] = await service.stores.access.entries()
    assert (entry.reason, entry.client, entry.conversation_id) == (
        "bytes=100000-100099",
        "127.0.0.1",
        recorded,
    )
    assert entry.at is not None
    response, data = await service.call(
        "GET", f"{STAFF}/recordings/{NAME}", headers=chief.headers | {"Range": "bytes=999999999-"}
    )
    assert_canonical_error(response, data, 416, "range_not_satisfiable")


async def test_nothing_keeps_a_recording_or_runs_what_is_in_it(service, recorded):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    response = await read(service, chief, f"/recordings/{NAME}?download=1")

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{NAME}"'
    assert response.headers["Content-Type"] == "video/webm"
    assert (await accesses(service))[0][1] == "download"


@pytest.mark.parametrize(
    "name", ["call-9.citizen.1.webm", "..%2f..%2frecording_key", "x", "call-1.a.1.webm.x"]
)
async def test_other_names_name_nothing(service, recorded, name):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    response = await read(service, chief, f"/recordings/{name}")

    assert response.status == 404


async def test_what_is_being_recorded_is_not_read_yet(service, recorded, settings):
    writer = keep(settings, "call-1", RecordingState.RECORDING)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    await keep_in_time(
        settings,
        calls=service.stores.calls,
        evidence=service.app[CALL_EVIDENCE],
        accesses=service.stores.access,
        now=utc_now(),
    )

    response, data = await chief.call("GET", "/recordings/call-1.citizen.2.webm")

    assert_canonical_error(response, data, 409, "conflict")
    writer.close()


async def test_a_changed_recording_is_not_played(service, recorded, settings):
    path = settings.data / "recordings" / (NAME + ".sealed")
    sealed = bytearray(path.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    path.write_bytes(sealed)
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    try:
        response = await read(service, chief, f"/recordings/{NAME}")
        film = await response.read()
    except aiohttp.ClientError:  # it broke off
        film = b""

    assert film != FILM
    response, _ = await chief.call("GET", f"/recordings?conversation={recorded}")
    assert response.status == 200


async def test_a_recording_outlives_the_record_of_its_call(service, settings):
    keep(settings, "call-7")
    evidence: CallEvidence = service.app[CALL_EVIDENCE]
    body = {"event": "call_ringing", "conversation_id": "gone", "agent": "王芳"}
    await evidence.add("call-7", EvidenceKind.EVENT, body)
    wang, other = await desk_of(service, "王芳", Role.AGENT), await desk_of(service, "李强", Role.AGENT)

    [found] = (await wang.done("GET", "/recordings?conversation=gone"))["recordings"]

    assert found["id"] == "call-7.citizen.1.webm"
    response, _ = await other.call("GET", "/recordings/call-7.citizen.1.webm")
    assert response.status == 403


async def test_recordings_evidence_and_accesses_are_deleted_in_time(service, recorded, settings):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    evidence: CallEvidence = service.app[CALL_EVIDENCE]
    text = hashlib.sha256(b"").hexdigest()
    consent = {"by": "citizen", "version": "1", "text_sha256": text, "agreed": True}
    await evidence.add("call-1", EvidenceKind.CONSENT, consent)
    await chief.done("GET", f"/recordings?conversation={recorded}")

    async def later(days: float) -> tuple[int, int, int]:
        """How many recordings, chains and accesses are left by then."""
        await keep_in_time(
            settings,
            calls=service.stores.calls,
            evidence=evidence,
            accesses=service.stores.access,
            now=utc_now() + timedelta(days=days),
        )
        files = [list((settings.data / name).glob("*.*")) for name in ("recordings", "evidence")]
        return len(files[0]) // 2, len(files[1]), len(await accesses(service))

    assert await later(settings.recording_days - 1) == (1, 1, 1)
    assert await later(settings.recording_days + 1) == (0, 1, 0)
    assert await later(2 * settings.recording_days) == (0, 1, 0)
    # What tells of the deletion was written with the clock of the test; the file's own time is today's.
    assert await later(2 * settings.recording_days + 2) == (0, 0, 0)
