"""The page as a browser without script meets it: a form, a cookie, a transcript."""

import re

import pytest

from core.errors import DialogueUnavailable, Unavailable
from core.messages import BotReply, Choice, ReplyMessage
from core.statuses import TurnStatus
from server.app import STATIC

COOKIE = "bangban_conversation"


async def page(service, **more) -> str:
    response = await service.client.get("/", **more)
    assert response.status == 200
    return await response.text()


async def send(service, allow_redirects: bool = False, headers=None, **fields):
    return await service.client.post("/", data=fields, allow_redirects=allow_redirects, headers=headers or {})


async def test_the_page_is_a_form_and_belongs_to_nobody_yet(service):
    response = await service.client.get("/")
    html = await response.text()

    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Cache-Control"] == "no-store"
    assert "<form" in html
    assert 'method="post"' in html
    assert 'name="text"' in html
    assert COOKIE not in response.cookies


async def test_a_sent_form_leads_back_to_the_page_with_question_and_answer(service):
    response = await send(service, text="身份证丢了")

    assert response.status == 303
    assert response.headers["Location"] == "/#latest"
    cookie = response.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    html = await page(service)
    assert "身份证丢了" in html
    assert "您说的是：身份证丢了" in html


async def test_the_next_form_goes_on_with_the_same_conversation(service):
    await send(service, text="一")
    await send(service, text="二")

    assert len({sender for sender, *_ in service.engine.turns}) == 1


async def test_a_form_sent_twice_is_one_turn(service):
    await send(service, text="一", client_message_id="n1")
    await send(service, text="一", client_message_id="n1")

    assert len(service.engine.turns) == 1


async def test_a_choice_of_the_page_picks(service):
    service.engine.answers["去哪办"] = BotReply(
        TurnStatus.CLARIFYING,
        (ReplyMessage("哪个区？", type="question", choices=(Choice("东区", "d:1"), Choice("西区", "d:2"))),),
    )
    await send(service, text="去哪办")
    assert 'value="d:2"' in await page(service)

    await send(service, text="d:2")

    assert service.engine.turns[-1][2] == "d:2"


async def test_what_citizens_and_bot_say_is_text_never_markup(service):
    await send(service, text="<script>alert(1)</script>")
    html = await page(service)

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(("text", "status", "said"), [("", 400, "检查"), ("长" * 2001, 400, "太长")])
async def test_what_cannot_be_sent_comes_back_with_the_reason_and_the_draft(service, text, status, said):
    response = await send(service, text=text)
    html = await response.text()

    assert response.status == status
    assert said in html
    assert text[:50] in html


def nonces_of(html: str) -> set[str]:
    return set(re.findall(r'name="client_message_id" value="([^"]+)"', html))


async def test_what_failed_after_it_was_stored_is_one_turn_when_it_is_sent_again(service, monkeypatch):
    async def lost(*_args, **_kwargs):
        raise Unavailable("the database went away")

    await send(service, text="一", client_message_id="n1")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(service.conversations, "awaits_reply", lost)
        response = await send(service, text="二", client_message_id="n2")
        html = await response.text()
    assert (response.status, nonces_of(html)) == (503, {"n2"})

    await send(service, text="二", client_message_id="n2")
    await send(service, text="二", client_message_id="n2")

    assert [text for _, text, _, _ in service.engine.turns] == ["一", "二"]


async def test_what_is_sent_instead_after_an_error_is_a_turn_of_its_own(service):
    """The corrected text, or another button of the page, which all carry the same nonce."""
    await send(service, text="一", client_message_id="n1")
    await send(service, text="转人工", client_message_id="n1")

    assert [text for _, text, _, _ in service.engine.turns] == ["一", "转人工"]


async def test_a_form_that_is_too_large_is_refused_on_the_page(start_service):
    service = await start_service(max_body_bytes=1024)

    response = await send(service, text="长" * 2000)
    html = await response.text()

    assert response.status == 413
    assert "您发的内容太大了。" in html
    assert "<form" in html


@pytest.mark.parametrize(("failure", "status"), [(Unavailable("away"), 503), (RuntimeError("a bug"), 500)])
async def test_without_the_database_the_page_says_so_and_names_the_hotline(
    service, monkeypatch, failure, status
):
    async def broken(*_args, **_kwargs):
        raise failure

    await send(service, text="身份证丢了")
    monkeypatch.setattr(service.conversations, "get", broken)

    shown = await service.client.get("/")
    sent = await send(service, text="我的话")

    for response in (shown, sent):
        html = await response.text()
        assert response.status == status
        assert "抱歉" in html
        assert "12345" in html
        assert "<form" in html
        assert "away" not in html
        assert "bug" not in html
    assert "我的话</textarea>" in await sent.text()


async def test_over_the_rate_the_page_says_so(start_service):
    service = await start_service(rate_messages_per_minute=1)
    await send(service, text="一")

    response = await send(service, text="二")

    assert response.status == 429
    assert "太快" in await response.text()


async def test_an_engine_that_fails_is_told_in_the_transcript(service):
    service.engine.otherwise = DialogueUnavailable("down")
    await send(service, text="一")

    assert "12345" in await page(service)


async def test_starting_afresh_forgets_the_conversation(service):
    await send(service, text="身份证丢了")
    response = await send(service, restart="1")

    assert response.status == 303
    assert "您说的是：身份证丢了" not in await page(service)
    await send(service, text="二")
    assert len({sender for sender, *_ in service.engine.turns}) == 2


@pytest.mark.parametrize("cookie", ["nonsense", "a.b", ".", "x" * 3000, "%00.%00"])
async def test_a_cookie_of_no_conversation_is_passed_over(service, cookie):
    assert "<form" in await page(service, headers={"Cookie": f"{COOKIE}={cookie}"})

    response = await send(service, headers={"Cookie": f"{COOKIE}={cookie}"}, text="一")
    assert response.status == 303


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_sites_form_is_refused(service, headers):
    response = await send(service, headers=headers, text="一")

    assert response.status == 403
    assert service.engine.turns == []


async def test_a_form_of_another_kind_is_refused_on_the_page(service):
    response = await service.client.post("/", data=b"{}", headers={"Content-Type": "application/json"})

    assert response.status == 415
    assert "<form" in await response.text()


@pytest.mark.parametrize(
    "body", [b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"\xff\xfe"]
)
async def test_a_broken_multipart_form_is_refused_on_the_page(service, body):
    response = await service.client.post(
        "/", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert response.status == 400


async def test_scripts_and_styles_are_served_compressed_and_not_twice(service):
    first = await service.client.get("/static/css/page.css")
    again = await service.client.get("/static/css/page.css", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, await again.read()) == (304, b"")


async def test_a_client_that_cannot_unzip_gets_the_plain_file(service):
    response = await service.client.get("/static/css/page.css", headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in response.headers
    assert await response.read() == (STATIC / "css" / "page.css").read_bytes()
