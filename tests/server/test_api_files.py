"""Files in a conversation over HTTP: what is taken in, what comes back, and to whom."""

import asyncio
import stat
from contextlib import suppress
from datetime import timedelta
from io import BytesIO

import aiohttp
import pytest
from PIL import Image

from core.errors import InfectedFile, ScannerUnavailable
from core.statuses import Role
from server.keys import SETTINGS, UPLOADS
from server.photo_quality import BLURRED
from tests.server.conftest import CONVERSATIONS, assert_canonical_error
from tests.server.desk_api import Citizen, citizen_who_asks, desk_of
from tests.server.picture_samples import PDF, blurred, bomb, encoded, page, with_exif

citizen = citizen_who_asks


def form(data: bytes, name: str = "证件.jpg", field: str = "file", said: str = "application/x-evil"):
    filled = aiohttp.FormData(quote_fields=False)  # names as browsers send them
    filled.add_field(field, data, filename=name, content_type=said)
    return filled


@pytest.fixture
async def service(start_service):
    return await start_service(rate_messages_per_minute=100_000, rate_reads_per_minute=100_000)


async def sent(citizen: Citizen, data: bytes, **more) -> dict:
    response, body = await citizen.call("POST", "/files", data=form(data, **more))
    assert response.status == 201, body
    return body


def folder(service):
    return service.app[SETTINGS].data / "files"


async def fetched(citizen: Citizen, file_id: str):
    response = await citizen.service.client.get(
        f"{CONVERSATIONS}/{citizen.id}/files/{file_id}", headers={"Authorization": f"Bearer {citizen.token}"}
    )
    return response, await response.read()


async def held_by(agent, citizen: Citizen) -> None:
    await agent.done("PUT", "/me", json={"state": "available"})
    await citizen.asks()
    waiting = (await agent.done("GET", "/queue"))["waiting"]
    mine = next(each for each in waiting if each["conversation_id"] == citizen.id)
    await agent.done("POST", f"/handovers/{mine['id']}/accept", json={})


# --- a citizen's file ------------------------------------------------------------------------------


async def test_a_photo_is_kept_without_what_it_gives_away_and_comes_back_as_a_download(service, citizen):
    body = await sent(citizen, with_exif(page()), name="../../证件 照.jpg")
    file = body["event"]["body"]
    response, data = await fetched(citizen, file["file_id"])

    assert body["advice"] == []
    assert (file["name"], file["media_type"], file["by"]) == ("证件 照.jpg", "image/jpeg", "citizen")
    assert file["size"] == len(data)
    assert b"SECRET" not in data
    assert Image.open(BytesIO(data)).size == (1200, 900)
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_file_is_in_the_log_and_its_bytes_are_for_the_service_alone(service, citizen):
    file = (await sent(citizen, PDF, name="申请表.pdf"))["event"]["body"]
    [event] = [each for each in await citizen.events() if each["kind"] == "file"]
    [path] = folder(service).iterdir()

    assert event["body"] == file
    assert path.name == file["file_id"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder(service).stat().st_mode) == 0o700
    assert path.read_bytes() == PDF


async def test_a_blurred_photo_is_taken_in_with_advice(citizen):
    assert (await sent(citizen, encoded(blurred())))["advice"] == [BLURRED]


async def test_the_same_bytes_sent_again_are_the_same_file(service, citizen):
    data = encoded(page())
    several = await asyncio.gather(*(sent(citizen, data) for _ in range(2)))
    several.append(await sent(citizen, data))

    assert len({each["event"]["body"]["file_id"] for each in several}) == 1
    assert len(list(folder(service).iterdir())) == 1
    assert len([each for each in await citizen.events() if each["kind"] == "file"]) == 1


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<html><script>alert(1)</script>", 415, "unsupported_file"),
        (b"MZ\x90\x00" * 9, 415, "unsupported_file"),
        (encoded(page(), "GIF"), 415, "unsupported_file"),
        (b"\xff\xd8\xff", 400, "unreadable_file"),
        (encoded(page())[:5000], 400, "unreadable_file"),
        (b"", 400, "invalid_input"),
        (bomb(), 413, "image_too_large"),
    ],
)
async def test_what_is_no_readable_picture_or_pdf_is_refused_whatever_its_name(
    service, citizen, data, status, code
):
    response, body = await citizen.call("POST", "/files", data=form(data, said="image/jpeg"))

    assert_canonical_error(response, body, status, code)
    assert not folder(service).exists() or not list(folder(service).iterdir())
    assert await service.stores.files.files_of(citizen.id) == ()


@pytest.mark.parametrize("counted", [True, False])
async def test_a_file_over_the_limit_is_refused(start_service, counted):
    service = await start_service(upload_max_bytes=65536)
    citizen = Citizen(service, await service.started())
    data = form(PDF + b" " * 200_000)

    if counted:
        response, body = await citizen.call("POST", "/files", data=data)
    else:
        payload = data()

        async def chunks():
            yield await payload.as_bytes()

        response, body = await citizen.call(
            "POST", "/files", data=chunks(), headers={"Content-Type": payload.headers["Content-Type"]}
        )

    assert_canonical_error(response, body, 413, "file_too_large")


async def test_a_conversation_has_room_for_so_many_files(citizen, monkeypatch):
    monkeypatch.setattr("server.uploads.MOST_FILES", 2)
    for number in range(2):
        await sent(citizen, PDF + bytes([65 + number]))
    response, body = await citizen.call("POST", "/files", data=form(PDF))

    assert_canonical_error(response, body, 409, "too_many_files")


@pytest.mark.parametrize(("others", "limit"), [(False, "MOST_OF_CONVERSATION"), (True, "MOST_OF_ADDRESS")])
async def test_one_client_does_not_take_the_room_of_all(service, citizen, monkeypatch, others, limit):
    monkeypatch.setattr(f"server.uploads.{limit}", 1)
    uploads = service.app[UPLOADS]
    holder = "another" if others else citizen.id
    async with uploads.admit(holder, "127.0.0.1" if others else "192.0.2.1"):
        response, body = await citizen.call("POST", "/files", data=form(PDF))
    assert_canonical_error(response, body, 429, "too_many_requests")

    await sent(citizen, PDF)
    assert not uploads._under_way


async def test_a_file_that_arrives_too_slowly_is_given_up(service, citizen, monkeypatch):
    monkeypatch.setattr("server.routes_files.SLOW_AFTER_SECONDS", 0.2)
    never = asyncio.Event()

    async def trickle():
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n%PDF-'
        with suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), 3)

    response, body = await citizen.call(
        "POST", "/files", data=trickle(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert_canonical_error(response, body, 400, "invalid_input")
    assert not service.app[UPLOADS]._under_way


async def test_no_file_takes_the_last_of_the_disk(citizen, monkeypatch):
    monkeypatch.setattr("server.file_folder.RESERVE_BYTES", 2**62)

    response, body = await citizen.call("POST", "/files", data=form(PDF))

    assert_canonical_error(response, body, 503, "storage_unavailable")


async def test_nobody_else_gets_a_file(service, citizen):
    file_id = (await sent(citizen, PDF))["event"]["body"]["file_id"]
    stranger = Citizen(service, await service.started())
    own, own_data = await stranger.call("GET", f"/files/{file_id}")
    token = {"Authorization": f"Bearer {stranger.token}"}
    others, others_data = await service.call(
        "GET", f"{CONVERSATIONS}/{citizen.id}/files/{file_id}", headers=token
    )
    none, none_data = await service.call("GET", f"{CONVERSATIONS}/{citizen.id}/files/{file_id}")

    assert_canonical_error(own, own_data, 404, "not_found")
    assert_canonical_error(others, others_data, 401, "unauthenticated")
    assert_canonical_error(none, none_data, 401, "unauthenticated")


@pytest.mark.parametrize("file_id", ["x", "..%2F..%2Fbangban.db", "%00", "a" * 22, "%E6%96%87"])
async def test_no_other_file_of_the_machine_can_be_had(citizen, file_id):
    response, body = await citizen.call("GET", f"/files/{file_id}")

    assert_canonical_error(response, body, 404, "not_found")


# --- the agent -------------------------------------------------------------------------------------


async def test_the_agent_who_holds_the_conversation_sends_and_reads_files(service, citizen):
    agent = await desk_of(service)
    await held_by(agent, citizen)
    ours = (await sent(citizen, PDF))["event"]["body"]["file_id"]
    response, body = await agent.call(
        "POST", f"/conversations/{citizen.id}/files", data=form(encoded(page()))
    )
    theirs = body["event"]["body"]
    seen = next(e["body"] for e in await citizen.events() if e["body"].get("file_id") == theirs["file_id"])
    fetching, data = await fetched(citizen, theirs["file_id"])
    taken, _ = await agent.call("GET", f"/conversations/{citizen.id}/files/{ours}")

    assert response.status == 201
    assert theirs["by"] == "王芳"
    assert seen["by"] == "agent"
    assert (fetching.status, len(data)) == (200, theirs["size"])
    assert taken.status == 200
    assert [(e.user, e.action, e.allowed) for e in await service.stores.access.entries(record_id=ours)] == [
        ("王芳", "download", True)
    ]


async def test_afterwards_the_agent_has_the_files_that_came_before_the_end(service, citizen):
    agent = await desk_of(service)
    await held_by(agent, citizen)
    before = (await sent(citizen, PDF))["event"]["body"]["file_id"]
    path = f"/conversations/{citizen.id}"
    await agent.done("POST", path + "/close", json={"summary": "已办好"})
    after = (await sent(citizen, PDF + b"x"))["event"]["body"]["file_id"]

    allowed, _ = await agent.call("GET", f"{path}/files/{before}")
    refused = await agent.call("GET", f"{path}/files/{after}")

    assert allowed.status == 200
    assert_canonical_error(*refused, 404, "not_found")


async def test_an_agent_who_does_not_hold_the_conversation_can_do_neither(service, citizen):
    agent, other = await desk_of(service), await desk_of(service, "李强")
    await held_by(agent, citizen)
    file_id = (await sent(citizen, PDF))["event"]["body"]["file_id"]
    path = f"/conversations/{citizen.id}/files"

    assert_canonical_error(*await other.call("POST", path, data=form(PDF + b"x")), 409, "conflict")
    assert_canonical_error(*await other.call("GET", f"{path}/{file_id}"), 403, "forbidden")
    [entry] = await service.stores.access.entries(record_id=file_id)
    assert (entry.user, entry.allowed) == ("李强", False)


async def test_editors_and_strangers_have_no_files(service, citizen):
    editor = await desk_of(service, "编辑", Role.EDITOR)
    path = f"/conversations/{citizen.id}/files"

    assert_canonical_error(*await editor.call("POST", path, data=form(PDF)), 403, "forbidden")
    assert_canonical_error(*await editor.call("GET", f"{path}/x"), 403, "forbidden")
    unsigned = await service.call("POST", f"/api/v1/staff{path}", data=form(PDF))
    assert_canonical_error(*unsigned, 401, "unauthenticated")


async def test_an_agent_who_lost_the_conversation_loses_no_file_that_is_in_the_log(service, citizen):
    agent = await desk_of(service)
    await held_by(agent, citizen)
    path = f"/conversations/{citizen.id}/files"
    _, body = await agent.call("POST", path, data=form(PDF))
    file_id = body["event"]["body"]["file_id"]
    await agent.done("POST", f"/conversations/{citizen.id}/hand-back", json={})

    assert_canonical_error(*await agent.call("POST", path, data=form(PDF)), 409, "conflict")
    assert (await fetched(citizen, file_id))[0].status == 200


# --- the scanner -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(InfectedFile, 400, "infected_file"), (ScannerUnavailable, 503, "scanner_unavailable")],
)
async def test_what_the_scanner_does_not_pass_is_not_kept(service, citizen, error, status, code):
    async def scan(_: bytes) -> None:
        raise error("no")

    service.app[UPLOADS]._scan = scan
    response, body = await citizen.call("POST", "/files", data=form(PDF))

    assert_canonical_error(response, body, status, code)
    assert await service.stores.files.files_of(citizen.id) == ()


async def test_a_scanner_that_is_set_but_away_keeps_all_files_out(start_service):
    service = await start_service(clamd_address="127.0.0.1:1")
    citizen = Citizen(service, await service.started())
    response, body = await citizen.call("POST", "/files", data=form(PDF))

    assert_canonical_error(response, body, 503, "scanner_unavailable")


# --- forgetting ------------------------------------------------------------------------------------


async def test_bytes_go_with_their_conversation_and_strays_after_a_day(service, citizen):
    await sent(citizen, PDF)
    other = Citizen(service, await service.started())
    kept = (await sent(other, PDF))["event"]["body"]["file_id"]
    uploads = service.app[UPLOADS]
    uploads._kept.folder.put(b"left by a crash")
    del service.conversations._conversations[citizen.id]

    assert await uploads.forget_old() == 1
    now = uploads._now
    uploads._now = lambda: now() + timedelta(days=2)
    assert await uploads.forget_old() == 1
    assert [path.name for path in folder(service).iterdir()] == [kept]


# --- nonsense --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"file=x", "application/x-www-form-urlencoded"),
        (PDF, "application/pdf"),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n%PDF-',
            "multipart/form-data; boundary=x",
        ),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (
            b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--",
            "multipart/form-data; boundary=x",
        ),
        (b"--y\r\n\r\n--y--", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=" + "x" * 100),
        (b"\x00\xff" * 100, "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_no_upload_is_refused_by_name(citizen, body, content_type):
    response, data = await citizen.call("POST", "/files", data=body, headers={"Content-Type": content_type})

    assert response.status in {400, 415}, data
    assert data["error"]["code"] in {"invalid_input", "unsupported_media_type"}


async def test_two_files_in_one_body_are_refused(service, citizen):
    filled = form(PDF)
    filled.add_field("file", PDF, filename="second.pdf")
    response, body = await citizen.call("POST", "/files", data=filled)

    assert_canonical_error(response, body, 400, "invalid_input")
    assert await service.stores.files.files_of(citizen.id) == ()
