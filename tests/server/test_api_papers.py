"""Forms that both fill in and signatures, over HTTP and the WebSockets; and who may do what."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import aiohttp
import pytest
from PIL import Image, ImageDraw

from core.clock import utc_now
from core.statuses import Role
from server.__main__ import main
from server.keys import FORMS, SETTINGS, STORES, UPLOADS
from tests.server.conftest import CONVERSATIONS, assert_canonical_error
from tests.server.desk_api import STAFF, Citizen, Desk, accepted, desk_of, until
from tests.server.picture_samples import PDF
from tests.server.test_api_files import form as multipart
from tests.server.test_api_files import sent
from video.evidence_files import EvidenceFile
from video.shared_form import LOCK_FOR

NAME, PHONE = "full_name", "phone"


def drawing(*, strokes: bool = True, see_through: bool = False, size=(600, 200)) -> bytes:
    """A signature as the page sends it."""
    sheet = Image.new("RGBA", size, (255, 255, 255, 0) if see_through else "white")
    if strokes:
        ImageDraw.Draw(sheet).line([(40, 150), (120, 40), (200, 160), (400, 60)], "black", 5)
    made = BytesIO()
    sheet.save(made, "PNG")
    return made.getvalue()


@dataclass
class Served:
    """A citizen whom an agent holds, and what both do with forms."""

    agent: Desk
    citizen: Citizen
    path: str

    async def begun(self, template: str = "appointment", **more) -> dict:
        response, data = await self.agent.call(
            "POST", f"{self.path}/forms", json={"template": template, **more}
        )
        assert response.status == 201, data
        return data

    async def citizen_acts(self, form_id: str, field: str, act: str, page: str = "c", **more):
        body = {"act": act, "page": page, **more}
        return await self.citizen.call("PUT", f"/forms/{form_id}/fields/{field}", json=body)

    async def agent_acts(self, form_id: str, field: str, act: str, page: str = "a", **more):
        body = {"act": act, "page": page, **more}
        return await self.agent.call("PUT", f"{self.path}/forms/{form_id}/fields/{field}", json=body)

    async def ended(self, form_id: str, outcome: str = "finish"):
        return await self.agent.call("POST", f"{self.path}/forms/{form_id}/end", json={"outcome": outcome})

    async def finished(self) -> dict:
        """A form that both filled in, finished."""
        form_id = (await self.begun("statement", prefill=False))["form_id"]
        values = {
            NAME: "张三",
            "id_number": "11010519491231002x",
            PHONE: "138 0000 0000",
            "item": "居住证",
            "facts": "原件遗失。",
        }
        for field, value in values.items():
            response, data = await self.citizen_acts(form_id, field, "leave", value=value, version=0)
            assert response.status == 200, data
        response, data = await self.ended(form_id)
        assert response.status == 200, data
        return data

    async def asked(self, **what) -> dict:
        response, data = await self.agent.call("POST", f"{self.path}/signatures", json=what)
        assert response.status == 201, data
        return data

    async def draws(self, asked: dict, data: bytes, sha256: str = ""):
        seen = sha256 or asked["document_sha256"]
        path = f"/signatures/{asked['signature_id']}/drawing?document_sha256={seen}"
        return await self.citizen.call("POST", path, data=multipart(data, "签名.png"))

    async def answers(self, asked: dict, **answer):
        return await self.citizen.call("POST", f"/signatures/{asked['signature_id']}/answer", json=answer)

    async def logged(self, kind: str) -> list[dict]:
        return [each["body"] for each in await self.citizen.events() if each["kind"] == kind]


@pytest.fixture
async def service(start_service):
    return await start_service(rate_messages_per_minute=100_000, rate_reads_per_minute=100_000)


@pytest.fixture
async def served(service) -> Served:
    agent = await desk_of(service)
    await agent.done("PUT", "/me", json={"state": "available"})
    citizen = Citizen(service, await service.started(district="东"))
    return Served(agent, citizen, await accepted(agent, citizen, topic="居住证补领"))


def field_of(form: dict, name: str) -> dict:
    return next(each for each in form["fields"] if each["name"] == name)


# --- forms -----------------------------------------------------------------------------------------


async def test_a_form_that_an_agent_begins_is_on_both_sides_with_what_is_known(served):
    templates = (await served.agent.done("GET", "/form-templates"))["templates"]
    form = await served.begun()
    _, seen = await served.citizen.call("GET", f"/forms/{form['form_id']}")

    assert {"id": "appointment", "title": "预约登记"}.items() <= templates[0].items()
    assert (field_of(seen, "item")["value"], field_of(seen, "district")["value"]) == ("居住证补领", "东区")
    assert field_of(seen, PHONE)["problem"] == "请填写联系电话"
    assert await served.logged("form") == [{"form_id": form["form_id"], "title": "预约登记", "state": "open"}]
    assert field_of(await served.begun(prefill=False), "item")["value"] == ""


async def test_what_one_types_the_other_sees_at_once_and_cannot_type_over(served):
    form_id = (await served.begun())["form_id"]
    async with served.agent.events() as desk, served.citizen.watching() as page:
        await served.citizen_acts(form_id, NAME, "hold")
        held = await until(desk, of_field)
        refused, data = await served.agent_acts(form_id, NAME, "write", value="李四", version=0)
        _, written = await served.citizen_acts(form_id, NAME, "leave", value="张", version=0)
        told = await until(desk, lambda n: n.get("type") == "form.field" and n["field"]["version"] == 1)
        _, after = await served.agent_acts(form_id, NAME, "write", value="张三", version=1)
        seen = await until(page, lambda n: n.get("type") == "form.field" and n["field"]["version"] == 2)

    assert held["conversation_id"] == served.citizen.id
    assert (held["field"]["lock"]["by"], held["field"]["lock"]["page"]) == ("citizen", "c")
    assert 0 < held["field"]["lock"]["ms"] <= LOCK_FOR.total_seconds() * 1000
    assert_canonical_error(refused, data, 409, "field_locked")
    assert (written["value"], written["version"], written["lock"]) == ("张", 1, None)
    assert (told["field"]["value"], told["field"]["by"]) == ("张", "citizen")
    assert (after["value"], after["version"], after["by"]) == ("张三", 2, "agent")
    assert seen["field"]["value"] == "张三"


async def test_a_write_over_words_that_were_not_seen_is_refused_and_a_repeated_one_is_not(served):
    form_id = (await served.begun())["form_id"]
    await served.citizen_acts(form_id, NAME, "leave", value="张三", version=0)
    late, data = await served.agent_acts(form_id, NAME, "write", value="李四", version=0)
    again, same = await served.citizen_acts(form_id, NAME, "leave", value="张三", version=0)

    assert_canonical_error(late, data, 409, "stale_field")
    assert again.status == 200
    assert (same["value"], same["version"]) == ("张三", 1)


def of_field(news: dict) -> bool:
    return news.get("type") == "form.field"


async def test_a_field_is_free_once_its_writer_is_gone(served):
    form_id = (await served.begun())["form_id"]
    async with served.agent.events() as desk:
        async with served.citizen.watching() as page:
            await served.citizen_acts(form_id, NAME, "hold")
            await until(page, of_field)
        await until(desk, lambda news: of_field(news) and news["field"]["lock"] is None)

    async with served.citizen.watching() as page:
        async with served.agent.events():
            await served.agent_acts(form_id, NAME, "hold")
            await until(page, of_field)
        await until(page, lambda news: of_field(news) and news["field"]["lock"] is None)


async def test_a_lock_runs_out(served, service):
    form_id = (await served.begun())["form_id"]
    await served.agent_acts(form_id, NAME, "hold")
    service.app[FORMS]._now = lambda: utc_now() + LOCK_FOR

    response, _ = await served.citizen_acts(form_id, NAME, "write", value="张三", version=0)

    assert response.status == 200


async def test_typing_adds_nothing_to_the_log_and_nothing_that_was_typed_is_in_it(served):
    form_id = (await served.begun())["form_id"]
    before = len(await served.citizen.events())
    for version in range(20):
        await served.citizen_acts(form_id, NAME, "write", value="张" * (version + 1), version=version)

    assert len(await served.citizen.events()) == before
    form = await served.finished()
    logged = json.dumps(await served.citizen.events(), ensure_ascii=False)
    assert "张三" not in logged
    assert "11010519491231002" not in logged
    assert form["sha256"] in logged


async def test_a_finished_form_is_frozen_and_its_digest_is_that_of_the_bytes(served, service):
    form = await served.finished()
    _, seen = await served.citizen.call("GET", f"/forms/{form['form_id']}")
    file_id = next(iter(await service.app[STORES].files.files_of(served.citizen.id))).file_id
    data = (service.app[SETTINGS].data / "files" / file_id).read_bytes()

    assert seen["frozen"] == form["frozen"] == data.decode()
    assert form["sha256"] == hashlib.sha256(data).hexdigest()
    assert {"name": "id_number", "label": "身份证号", "value": "11010519491231002X"} in json.loads(data)[
        "fields"
    ]
    response, data = await served.citizen_acts(form["form_id"], NAME, "write", value="李四", version=1)
    assert_canonical_error(response, data, 409, "illegal_move")
    assert (await served.ended(form["form_id"]))[1]["sha256"] == form["sha256"]
    assert [each["state"] for each in await served.logged("form")] == ["open", "finished"]


async def test_a_form_with_something_wrong_or_somebody_writing_is_not_finished(served):
    form_id = (await served.begun())["form_id"]

    assert_canonical_error(*await served.ended(form_id), 400, "form_incomplete")
    await served.citizen_acts(form_id, NAME, "hold")
    assert_canonical_error(*await served.ended(form_id), 409, "field_locked")
    response, data = await served.ended(form_id, "discard")
    assert (response.status, data["state"], field_of(data, "item")["value"]) == (200, "discarded", "")


async def test_a_frozen_form_that_somebody_changed_on_disk_is_not_shown_as_it(served, service):
    form = await served.finished()
    [file] = await service.app[STORES].files.files_of(served.citizen.id)
    path = service.app[SETTINGS].data / "files" / file.file_id
    path.write_bytes(path.read_bytes().replace("张三".encode(), "李四".encode()))

    response, data = await served.citizen.call("GET", f"/forms/{form['form_id']}")
    assert_canonical_error(response, data, 409, "stale_document")
    response, data = await served.agent.call(
        "POST", f"{served.path}/signatures", json={"form_id": form["form_id"]}
    )
    assert_canonical_error(response, data, 409, "stale_document")


# --- signatures ------------------------------------------------------------------------------------


async def test_a_signature_is_kept_as_a_picture_of_our_own_and_bound_to_what_was_signed(served, service):
    form = await served.finished()
    asked = await served.asked(form_id=form["form_id"])
    sent = drawing(see_through=True)
    response, signed = await served.draws(asked, sent)
    kept = (service.app[SETTINGS].data / "files" / signed["signature_file_id"]).read_bytes()

    assert response.status == 200
    assert (signed["state"], signed["method"]) == ("signed", "drawn")
    assert (signed["document_sha256"], signed["title"]) == (form["sha256"], "情况说明（承诺书）")
    assert signed["sha256"] == hashlib.sha256(kept).hexdigest()
    assert kept != sent
    assert Image.open(BytesIO(kept)).mode == "L"
    assert signed["chain"] == f"signature-{asked['signature_id']}"
    assert [each["state"] for each in await served.logged("signature")] == ["asked", "signed"]
    _, seen = await served.agent.call("GET", f"{served.path}/signatures/{asked['signature_id']}")
    assert seen == signed


async def test_an_uploaded_document_can_be_signed_too(served):
    _, sent = await served.citizen.call("POST", "/files", data=multipart(PDF, "合同.pdf"))
    file_id = sent["event"]["body"]["file_id"]
    asked = await served.asked(file_id=file_id)
    _, signed = await served.draws(asked, drawing())

    assert (asked["subject"], asked["subject_id"], asked["title"]) == ("file", file_id, "合同.pdf")
    assert (signed["state"], signed["document_sha256"]) == ("signed", hashlib.sha256(PDF).hexdigest())


async def test_who_cannot_draw_types_the_name_and_it_is_called_that(served, service):
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    seen = asked["document_sha256"]
    response, signed = await served.answers(asked, agree=True, name=" 张 三 ", document_sha256=seen)
    kept = json.loads((service.app[SETTINGS].data / "files" / signed["signature_file_id"]).read_bytes())

    assert response.status == 200
    assert (signed["state"], signed["method"]) == ("signed", "typed")
    assert (kept["name"], kept["document_sha256"]) == ("张 三", seen)
    assert "不是手写签名" in kept["meaning"]


async def test_a_citizen_may_decline_and_an_agent_may_withdraw(served):
    form = await served.finished()
    asked = await served.asked(form_id=form["form_id"])
    assert (await served.asked(form_id=form["form_id"]))["signature_id"] == asked["signature_id"]
    _, declined = await served.answers(asked, agree=False)
    late, data = await served.draws(asked, drawing())
    again = await served.asked(form_id=form["form_id"])
    path = f"{served.path}/signatures/{again['signature_id']}/withdraw"
    _, withdrawn = await served.agent.call("POST", path)

    assert (declined["state"], withdrawn["state"]) == ("declined", "withdrawn")
    assert again["signature_id"] != asked["signature_id"]
    assert_canonical_error(late, data, 409, "illegal_move")
    assert_canonical_error(*await served.answers(again, agree=False), 409, "illegal_move")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (drawing(strokes=False), 400, "no_signature"),
        (drawing(strokes=False, see_through=True), 400, "no_signature"),
        (PDF, 400, "no_signature"),
        (b"", 400, "no_signature"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 500, 400, "unreadable_file"),
        (drawing(size=(4000, 1100)), 413, "image_too_large"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * (1 << 20), 413, "file_too_large"),
    ],
    ids=["empty sheet", "empty see-through sheet", "pdf", "nothing", "damaged", "pixels", "bytes"],
)
async def test_what_is_no_drawing_is_refused_and_the_request_stands(served, data, status, code):
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    response, body = await served.draws(asked, data)

    assert_canonical_error(response, body, status, code)
    assert (await served.draws(asked, drawing()))[0].status == 200


async def test_only_what_was_shown_is_signed_and_only_what_is_finished(served, service):
    form_id = (await served.begun())["form_id"]
    response, data = await served.agent.call("POST", f"{served.path}/signatures", json={"form_id": form_id})
    assert_canonical_error(response, data, 409, "conflict")

    asked = await served.asked(form_id=(await served.finished())["form_id"])
    assert_canonical_error(*await served.draws(asked, drawing(), "cd" * 32), 409, "stale_document")
    wrong = await served.answers(asked, agree=True, name="张三", document_sha256="cd" * 32)
    assert_canonical_error(*wrong, 409, "stale_document")
    path = service.app[SETTINGS].data / "files" / asked["file_id"]
    path.write_bytes(b"{}")
    assert_canonical_error(*await served.draws(asked, drawing()), 409, "stale_document")


async def test_without_evidence_nothing_is_signed(served, service):
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    folder = service.app[SETTINGS].data / "evidence"
    folder.write_text("in the way")
    files = len(await service.app[STORES].files.files_of(served.citizen.id))

    assert_canonical_error(*await served.draws(asked, drawing()), 503, "recording_unavailable")
    assert len(await service.app[STORES].files.files_of(served.citizen.id)) == files
    folder.unlink()
    assert (await served.draws(asked, drawing()))[0].status == 200


async def test_an_outsider_checks_a_signature_with_one_command(served, service, capsys):
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    _, signed = await served.draws(asked, drawing())
    data = service.app[SETTINGS].data
    chain = data / "evidence" / f"{signed['chain']}.evidence.jsonl"
    words = ["evidence", "verify", str(chain), "--files", str(data / "files")]

    assert await asyncio.to_thread(main, words) == 0
    (data / "files" / signed["signature_file_id"]).write_bytes(drawing())
    assert await asyncio.to_thread(main, words) == 4
    assert "签名的文件与证据链不符" in capsys.readouterr().out


async def test_a_signature_in_a_call_is_in_the_evidence_of_the_call(served, service):
    call = await served.agent.done("POST", f"{served.path}/calls", json={"mode": "video"})
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    _, signed = await served.draws(asked, drawing())
    again = await served.asked(file_id=(await sent(served.citizen, PDF))["event"]["body"]["file_id"])
    await served.answers(again, agree=False)
    chain = EvidenceFile(service.app[SETTINGS].data / "evidence", call["call_id"]).entries()

    assert signed["chain"] == call["call_id"]
    assert [entry.kind for entry in chain][-3:] == ["document", "signature", "event"]
    assert chain[-2].body["sha256"] == signed["sha256"]
    assert chain[-1].body["event"] == "signature_declined"


# --- who may not, can't ----------------------------------------------------------------------------


async def test_another_citizens_token_opens_nothing(served, service):
    form = await served.finished()
    asked = await served.asked(form_id=form["form_id"])
    stranger = Citizen(service, await service.started())
    form_path, signature = f"/forms/{form['form_id']}", f"/signatures/{asked['signature_id']}"
    fill = {"json": {"act": "hold", "page": "x"}}
    draw = {"data": multipart(drawing())}
    for method, piece, more in (
        ("GET", form_path, {}),
        ("PUT", f"{form_path}/fields/{NAME}", fill),
        ("GET", signature, {}),
        ("POST", f"{signature}/drawing?document_sha256={form['sha256']}", draw),
        ("POST", f"{signature}/answer", {"json": {"agree": False}}),
        ("GET", f"/files/{asked['file_id']}", {}),
    ):
        response, data = await stranger.call(method, piece, **more)
        assert_canonical_error(response, data, 404, "not_found")
        again = {"data": multipart(drawing())} if "data" in more else more
        response, data = await service.call(
            method, f"{CONVERSATIONS}/{served.citizen.id}{piece}", token=stranger.token, **again
        )
        assert_canonical_error(response, data, 401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (None, 401, 401),
        (Role.EDITOR, 403, 403),
        (Role.ADMIN, 200, 409),
        (Role.AGENT, 403, 409),
        (Role.SUPERVISOR, 200, 409),
    ],
)
async def test_every_role_may_do_only_its_own(served, service, role, reads, writes):
    form_id = (await served.begun())["form_id"]
    form = await served.finished()
    asked = await served.asked(form_id=form["form_id"])
    other = await desk_of(service, "别人", role) if role else Desk(service, {})
    path = served.path
    for piece in (f"/forms/{form['form_id']}", f"/signatures/{asked['signature_id']}"):
        assert (await other.call("GET", path + piece))[0].status == reads, piece
    for method, piece, body in (
        ("POST", "/forms", {"template": "statement", "prefill": False}),
        ("PUT", f"/forms/{form_id}/fields/{NAME}", {"act": "write", "page": "x", "value": "x", "version": 0}),
        ("POST", f"/forms/{form_id}/end", {"outcome": "discard"}),
        ("POST", "/signatures", {"form_id": form["form_id"]}),
        ("POST", f"/signatures/{asked['signature_id']}/withdraw", {}),
    ):
        response, data = await other.call(method, path + piece, json=body)
        assert response.status == writes, (piece, data)
    wanted = 200 if role is Role.AGENT else reads
    assert (await other.call("GET", "/form-templates"))[0].status == wanted


async def test_staff_reading_a_form_is_written_down_also_when_it_is_refused(served, service):
    form = await served.finished()
    other = await desk_of(service, "别人")
    await served.agent.call("GET", f"{served.path}/forms/{form['form_id']}")
    await other.call("GET", f"{served.path}/forms/{form['form_id']}")
    entries = await service.app[STORES].access.entries(record_id=form["form_id"])

    assert [(e.user, e.action, e.kind, e.allowed) for e in entries] == [
        ("别人", "read", "form", False),
        ("王芳", "read", "form", True),
    ]


async def test_an_agent_reads_afterwards_what_ended_with_them_and_nothing_later(served):
    form = await served.finished()
    open_one = await served.begun()
    await served.agent.done("POST", f"{served.path}/hand-back", json={})
    await served.citizen_acts(open_one["form_id"], NAME, "leave", value="张三", version=0)

    assert (await served.agent.call("GET", f"{served.path}/forms/{form['form_id']}"))[0].status == 200
    assert (await served.agent.call("GET", f"{served.path}/forms/{open_one['form_id']}"))[0].status == 404


async def test_once_the_agent_has_let_go_nothing_of_theirs_counts(served):
    form_id = (await served.begun())["form_id"]
    await served.agent.done("POST", f"{served.path}/hand-back", json={})

    assert (await served.agent_acts(form_id, NAME, "hold"))[0].status == 409
    assert (await served.ended(form_id, "discard"))[0].status == 409
    assert (await served.citizen_acts(form_id, NAME, "write", value="张三", version=0))[0].status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"act": "seize", "page": "x"},
        {"act": "write", "page": "x"},
        {"act": "write", "page": "x", "value": 5, "version": 0},
        {"act": "write", "page": "x", "value": "a"},
        {"act": "write", "page": "x", "value": "a", "version": "0"},
        {"act": "hold", "page": "x", "value": "a", "version": 0},
        {"act": "hold", "page": ""},
        {"act": "hold", "page": "x" * 65},
        {"act": "write", "page": "x", "value": "字" * 1001, "version": 0},
    ],
)
async def test_what_makes_no_sense_is_refused(served, body):
    form_id = (await served.begun())["form_id"]
    path = f"/forms/{form_id}/fields/{NAME}"

    assert_canonical_error(*await served.citizen.call("PUT", path, json=body), 400, "invalid_input")
    assert_canonical_error(
        *await served.agent.call("PUT", served.path + path, json=body), 400, "invalid_input"
    )


async def test_what_is_not_there_is_not_found(served):
    form_id = (await served.begun())["form_id"]

    assert (await served.citizen_acts("nothing", NAME, "hold"))[0].status == 404
    assert (await served.citizen_acts(form_id, "nothing", "hold"))[0].status == 404
    begin = {"template": "nothing"}
    assert (await served.agent.call("POST", f"{served.path}/forms", json=begin))[0].status == 404
    for wish in ({"form_id": "nothing"}, {"file_id": "nothing"}):
        assert (await served.agent.call("POST", f"{served.path}/signatures", json=wish))[0].status == 404
    for wish in ({}, {"form_id": "a", "file_id": "b"}):
        assert (await served.agent.call("POST", f"{served.path}/signatures", json=wish))[0].status == 400


async def test_forms_and_signatures_go_with_their_conversation(served, service):
    asked = await served.asked(form_id=(await served.finished())["form_id"])
    await served.draws(asked, drawing())
    folder = service.app[SETTINGS].data / "files"
    assert len(list(folder.iterdir())) == 2
    await service.conversations.purge_before(utc_now() + timedelta(days=1))
    await service.app[UPLOADS].forget_old()

    assert list(folder.iterdir()) == []
    assert await service.app[STORES].papers.get(asked["signature_id"]) is None


async def test_a_websocket_of_another_origin_hears_nothing(served):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await served.agent.service.client.ws_connect(
            f"{STAFF}/events", headers={**served.agent.headers, "Origin": "https://evil.example"}
        )
