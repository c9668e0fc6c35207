"""The API client, against the platform: each call, each kind of failure, and what may be repeated."""

import asyncio
import traceback
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from connectors.wechat.api import UnclearSend, WeChatApi, WeChatSilent, create_session
from connectors.wechat.client import WeChatClient, open_client
from connectors.wechat.error_codes import (
    Busy,
    CountUsedUp,
    IpNotListed,
    TokenExpired,
    TooOften,
    UserRefuses,
    WeChatRefusal,
    WindowClosed,
)
from core.errors import ConfigurationError, FileTooLarge, InvalidInput, Unavailable
from tests.connectors.wechat.conftest import account_of, no_pause
from tests.waiting import comes_true
from tests.wechat_platform import AccountSettings, ApiFault, WeChatPlatform
from tests.wechat_platform.faults import (
    ANSWER_LOST,
    DROPPED,
    GARBAGE_AFTER,
    HTTP_ERROR,
    HTTP_ERROR_AFTER,
    REFUSED,
    SLOW,
)

SEND, MEDIA, UPLOAD, CODE = "message/custom/send", "media/get", "media/upload", "qrcode/create"
MENU = {
    "button": [
        {"type": "click", "name": "办事指南", "key": "guides"},
        {"name": "咨询", "sub_button": [{"type": "view", "name": "视频咨询", "url": "https://a.example/"}]},
    ]
}


@pytest.fixture
async def user(platform):
    """Somebody who has just written; the account has no callback to push that to."""
    writing = platform.account.user("oCitizen")
    writing.says("你好")
    return writing


class TestMessages:
    async def test_a_text_is_shown_as_it_was_written(self, client, user):
        await client.send_text("oCitizen", '带好“身份证”原件\n\\ 100% <b> \U0001f600 {"a": 1}')

        assert user.texts == ['带好“身份证”原件\n\\ 100% <b> \U0001f600 {"a": 1}']

    async def test_half_of_a_character_does_not_keep_the_rest_from_arriving(self, client, user):
        await client.send_text("oCitizen", "办理\ud83d时间")

        assert user.texts == ["办理?时间"]

    async def test_a_card_opens_its_page(self, client, user):
        await client.send_news(
            "oCitizen", title="身份证补领", description="材料 2 份", url="https://a.example/g"
        )

        (card,) = user.seen
        assert (card.kind, card.title, card.text, card.url) == (
            "news",
            "身份证补领",
            "材料 2 份",
            "https://a.example/g",
        )

    async def test_a_picture_is_uploaded_and_sent(self, client, user, platform):
        picture = b"\xff\xd8\xff" + bytes(range(256))
        media_id = await client.upload("image", picture, file_name="样表.jpg", media_type="image/jpeg")

        await client.send_image("oCitizen", media_id)

        assert user.seen[0].media_id == media_id
        assert platform.account.media[media_id].content == picture

    async def test_what_was_subscribed_to_arrives_once(self, client, user, platform):
        platform.account.templates.add("t1")
        user.subscriptions["t1"] = 1
        data = {"thing1": "身份证补领", "time2": "2026-03-02 10:00"}

        await client.send_subscription("oCitizen", "t1", data, page="https://a.example/")
        with pytest.raises(UserRefuses):
            await client.send_subscription("oCitizen", "t1", data)

        (message,) = user.seen
        assert (message.via, message.details, message.url) == ("subscription", data, "https://a.example/")

    async def test_the_sixth_message_is_refused_until_the_citizen_writes_again(self, client, user):
        for n in range(5):
            await client.send_text("oCitizen", str(n))
        with pytest.raises(CountUsedUp):
            await client.send_text("oCitizen", "5")

        user.says("还有吗")
        await client.send_text("oCitizen", "有")

        assert user.texts == ["0", "1", "2", "3", "4", "有"]

    async def test_after_two_days_the_window_is_closed(self, client, user, clock):
        clock.advance(timedelta(hours=48, seconds=1))

        with pytest.raises(WindowClosed):
            await client.send_text("oCitizen", "您好")
        assert user.seen == []

    async def test_who_stopped_following_is_not_written_to(self, client, user):
        user.unfollows()

        with pytest.raises((UserRefuses, WindowClosed)):
            await client.send_text("oCitizen", "您好")
        with pytest.raises(WeChatRefusal):
            await client.send_text("oNobody", "您好")


class TestUnclearEnds:
    @pytest.mark.parametrize("kind", [ANSWER_LOST, HTTP_ERROR_AFTER, GARBAGE_AFTER])
    async def test_a_message_whose_answer_was_lost_is_unclear_and_sent_once(
        self, client, user, platform, kind
    ):
        platform.faults.next_calls(SEND, ApiFault(kind))

        with pytest.raises(UnclearSend):
            await client.send_text("oCitizen", "请带身份证")

        assert user.texts == ["请带身份证"]
        assert len(platform.calls_of(SEND)) == 1

    @pytest.mark.parametrize("kind", [DROPPED, HTTP_ERROR])
    async def test_a_message_that_did_not_arrive_is_unclear_too_as_nobody_can_know(
        self, client, user, platform, kind
    ):
        platform.faults.next_calls(SEND, ApiFault(kind))

        with pytest.raises(UnclearSend):
            await client.send_text("oCitizen", "请带身份证")

        assert user.texts == []
        assert len(platform.calls_of(SEND)) == 1

    async def test_a_message_that_takes_too_long_is_unclear(self, start_client, user, platform):
        slow = ApiFault(SLOW)
        platform.faults.next_calls(SEND, slow)
        await start_client().menu()  # so that the token is there, and the connection

        with pytest.raises(UnclearSend):
            await start_client(timeout_s=1.0).send_text("oCitizen", "请带身份证")
        slow.go.set()
        await comes_true(lambda: platform.calls_of(SEND))

        assert user.texts == ["请带身份证"]
        assert len(platform.calls_of(SEND)) == 1

    async def test_a_message_that_was_refused_as_busy_is_for_the_sender_to_judge(
        self, client, user, platform
    ):
        platform.faults.next_calls(SEND, ApiFault(REFUSED, errcode=-1))

        with pytest.raises(Busy):
            await client.send_text("oCitizen", "请带身份证")

        assert len(platform.calls_of(SEND)) == 1

    async def test_a_message_for_which_no_connection_was_to_be_had_is_not_unclear(
        self, session, clock, store, unused_tcp_port
    ):
        tried = []

        async def pause(seconds):
            tried.append(seconds)

        api = WeChatApi(session, base_url=f"http://127.0.0.1:{unused_tcp_port}", sleep=pause)
        client = WeChatClient(api, account_of(AccountSettings()), KnownToken())

        with pytest.raises(WeChatSilent) as raised:
            await client.send_text("oCitizen", "请带身份证")

        assert not raised.value.sent
        assert not isinstance(raised.value, UnclearSend)
        assert len(tried) == 2  # and so it was repeated

    async def test_a_message_for_which_no_token_was_to_be_had_is_not_unclear(self, client, user, platform):
        platform.faults.next_calls("stable_token", *[ApiFault(ANSWER_LOST)] * 3)

        with pytest.raises(WeChatSilent):
            await client.send_text("oCitizen", "请带身份证")
        assert user.texts == []

    async def test_a_message_that_is_lost_with_the_second_token_is_unclear(self, client, user, platform):
        platform.faults.next_calls(SEND, ApiFault(REFUSED, errcode=40001), ApiFault(ANSWER_LOST))

        with pytest.raises(UnclearSend):
            await client.send_text("oCitizen", "请带身份证")
        assert user.texts == ["请带身份证"]

    async def test_without_news_of_the_connection_an_end_counts_as_unclear(self, unused_tcp_port):
        async with aiohttp.ClientSession() as plain:
            api = WeChatApi(plain, base_url=f"http://127.0.0.1:{unused_tcp_port}", sleep=no_pause)
            client = WeChatClient(api, account_of(AccountSettings()), KnownToken())

            with pytest.raises(UnclearSend):
                await client.send_text("oCitizen", "请带身份证")

    async def test_who_is_cancelled_in_the_middle_of_sending_sends_nothing_more(self, client, user, platform):
        await client.menu()
        slow = ApiFault(SLOW)
        platform.faults.next_calls(SEND, slow)
        sending = asyncio.create_task(client.send_text("oCitizen", "请带身份证"))
        await slow.begun.wait()
        sending.cancel()

        with pytest.raises(asyncio.CancelledError):
            await sending
        slow.go.set()
        await comes_true(lambda: platform.calls_of(SEND))

        assert user.texts == ["请带身份证"]
        assert len(platform.calls_of(SEND)) == 1


class TestRepeats:
    FAILURES = (
        ApiFault(REFUSED, errcode=-1),
        ApiFault(DROPPED),
        ApiFault(HTTP_ERROR),
        ApiFault(ANSWER_LOST),
        ApiFault(GARBAGE_AFTER),
    )

    @pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: fault.kind)
    async def test_what_is_as_good_twice_as_once_is_repeated(self, client, platform, fault):
        for path in ("stable_token", "menu/create", "menu/get", CODE, UPLOAD, "ticket/getticket"):
            platform.faults.next_calls(path, fault, fault)

        await client.put_menu(MENU)
        assert [button["name"] for button in (await client.menu())["button"]] == ["办事指南", "咨询"]
        assert (await client.scene_code("kiosk-3", 3600)).ticket
        assert await client.jsapi_ticket()
        media_id = await client.upload("image", b"\xff\xd8\xff", file_name="a.jpg", media_type="image/jpeg")
        assert (await client.download(media_id)).content == b"\xff\xd8\xff"

    async def test_not_for_ever(self, client, platform):
        platform.faults.next_calls("menu/get", *[ApiFault(HTTP_ERROR)] * 3)

        with pytest.raises(WeChatSilent):
            await client.menu()
        assert len(platform.calls_of("menu/get")) == 3

    async def test_a_refusal_is_not_repeated(self, client, platform):
        platform.limit_per_day("menu/get", 1)
        await client.menu()

        with pytest.raises(TooOften):
            await client.menu()
        assert len(platform.calls_of("menu/get")) == 2

    async def test_repeats_come_at_growing_and_varying_distances(self, platform, session):
        pauses = []

        async def pause(seconds):
            pauses.append(seconds)

        platform.faults.next_calls("menu/get", *[ApiFault(HTTP_ERROR)] * 6)
        for chance in (0.0, 0.9):
            api = WeChatApi(session, base_url=platform.url, sleep=pause, chance=lambda c=chance: c)
            with pytest.raises(WeChatSilent):
                await WeChatClient(api, account_of(AccountSettings()), KnownToken()).menu()

        first, second = pauses[:2], pauses[2:]
        assert first[0] < first[1]
        assert all(a < b for a, b in zip(first, second, strict=True))


class TestMedia:
    async def test_a_voice_message_comes_with_its_type_and_name(self, client, user, platform):
        user.sends_voice(b"#!AMR\n\x3c voice")
        (media_id,) = platform.account.media

        media = await client.download(media_id)

        assert (media.content, media.media_type) == (b"#!AMR\n\x3c voice", "audio/amr")
        assert media.file_name == "voice.amr"

    async def test_a_video_is_fetched_from_where_it_lies_without_the_token(self, client, user, platform):
        user.sends_video(b"\0\0\0\x18ftyp video")
        media_id = next(iter(platform.account.media))

        assert (await client.download(media_id)).content == b"\0\0\0\x18ftyp video"

    async def test_a_file_that_looks_like_json_is_a_file(self, client, platform):
        media_id = platform.account.keep_media(b'{"a": 1}', "image/jpeg", "a.jpg")

        assert (await client.download(media_id)).content == b'{"a": 1}'

    async def test_what_is_gone_is_refused(self, client, platform, clock):
        media_id = platform.account.keep_media(b"x", "image/jpeg", "a.jpg")
        clock.advance(timedelta(days=3, seconds=1))

        for each in (media_id, "nothing"):
            with pytest.raises(WeChatRefusal) as raised:
                await client.download(each)
            assert raised.value.errcode == 40007

    async def test_too_large_a_file_is_not_read_to_its_end(self, client, platform, monkeypatch):
        monkeypatch.setattr("connectors.wechat.client.MOST_MEDIA_BYTES", 1000)
        media_id = platform.account.keep_media(bytes(1001), "image/jpeg", "a.jpg")

        with pytest.raises(FileTooLarge):
            await client.download(media_id)


class TestMenuAndCodes:
    async def test_the_menu_is_put_and_read(self, client):
        assert await client.menu() is None

        await client.put_menu(MENU)
        assert (await client.menu())["button"][1]["sub_button"][0]["name"] == "视频咨询"

    async def test_a_menu_that_wechat_does_not_take_is_refused(self, client):
        with pytest.raises(WeChatRefusal):
            await client.put_menu({"button": [{"type": "click", "name": "名字太长了不能用", "key": "a"}]})

    async def test_the_scan_of_a_code_brings_its_scene(self, client, user, platform):
        code = await client.scene_code("kiosk-3", 60)
        lasting = await client.scene_code("window-8")

        user.scans_code(code.ticket)
        user.scans_code(lasting.ticket)

        assert b"kiosk-3" in platform.account.deliveries[-2].content
        assert b"window-8" in platform.account.deliveries[-1].content

    @pytest.mark.parametrize(("scene", "seconds"), [("", 60), ("x" * 65, 60), ("x", 0), ("x", 2592001)])
    async def test_a_code_that_cannot_be_is_not_asked_for(self, client, platform, scene, seconds):
        with pytest.raises(InvalidInput):
            await client.scene_code(scene, seconds)
        assert platform.calls == []


class TestThePage:
    async def code_for(self, platform, openid):
        """What a page gets back from the platform's page of OAuth."""
        async with aiohttp.ClientSession(cookies={"wechat_user": openid}) as browser:
            query = {
                "appid": platform.account.settings.app_id,
                "redirect_uri": "https://hall.example/wechat/back?a=1",
                "response_type": "code",
                "scope": "snsapi_base",
                "state": "s1",
            }
            address = f"{platform.url}/connect/oauth2/authorize"
            async with browser.get(address, params=query, allow_redirects=False) as response:
                target = URL(response.headers["Location"])
        assert (target.host, target.query["state"], target.query["a"]) == ("hall.example", "s1", "1")
        return target.query["code"]

    async def test_a_code_tells_whose_page_it_is_once(self, client, user, platform):
        code = await self.code_for(platform, "oCitizen")

        assert await client.openid_of_code(code) == "oCitizen"
        with pytest.raises(WeChatRefusal) as raised:
            await client.openid_of_code(code)
        assert raised.value.errcode == 40163

    async def test_a_code_is_not_sent_twice_when_the_answer_is_lost(self, client, user, platform):
        code = await self.code_for(platform, "oCitizen")
        platform.faults.next_calls("oauth2", ApiFault(ANSWER_LOST))

        with pytest.raises(Unavailable):
            await client.openid_of_code(code)
        assert len(platform.calls_of("oauth2")) == 1

    async def test_the_ticket_is_fetched_once_and_kept(self, start_client, platform, clock):
        tickets = {await start_client().jsapi_ticket() for _ in range(3)}
        assert len(tickets) == len(platform.calls_of("ticket/getticket")) == 1

        clock.advance(timedelta(hours=2))
        assert await start_client().jsapi_ticket() not in tickets


class TestAccounts:
    async def test_several_accounts_go_side_by_side(self, session, store, clock):
        hall = AccountSettings(app_id="wxhall", app_secret="secret-of-hall")
        tax = AccountSettings(app_id="wxtax", app_secret="secret-of-tax", original_id="gh_tax")
        async with WeChatPlatform(hall, tax, now=lambda: clock().timestamp()) as platform:
            api = WeChatApi(session, base_url=platform.url, sleep=no_pause)
            clients = {
                settings.app_id: open_client(api, account_of(settings, name), store, None, now=clock)
                for name, settings in (("hall", hall), ("tax", tax))
            }
            for app_id, account in platform.accounts.items():
                account.user("oSame").says("你好")
                await clients[app_id].send_text("oSame", app_id)

            assert {app_id: a.user("oSame").texts for app_id, a in platform.accounts.items()} == {
                "wxhall": ["wxhall"],
                "wxtax": ["wxtax"],
            }
            platform.accounts["wxhall"].tokens.expire()
            await clients["wxtax"].menu()
            assert platform.accounts["wxtax"].tokens.renewed == 1

    async def test_the_self_check_says_what_works(self, client):
        steps = await client.self_check()

        assert [step.error for step in steps] == [None] * 4

    async def test_the_self_check_ends_where_nothing_else_can_work(self, platform, start_client):
        changed = platform.account.settings.__class__(app_secret="wrong")

        (step,) = await start_client(changed).self_check()

        assert isinstance(step.error, WeChatRefusal)

    async def test_the_self_check_tells_of_each_step_by_itself(self, client, platform):
        platform.faults.next_calls("menu/get", ApiFault(REFUSED, errcode=48001))

        errors = {step.name: step.error for step in await client.self_check()}

        assert isinstance(errors.pop("自定义菜单"), WeChatRefusal)
        assert set(errors.values()) == {None}

    async def test_an_address_that_is_not_on_the_list_is_told(self, session, store, clock):
        settings = AccountSettings(allowed_ips=("10.0.0.1",))
        async with WeChatPlatform(settings, now=lambda: clock().timestamp()) as platform:
            api = WeChatApi(session, base_url=platform.url, sleep=no_pause)
            client = open_client(api, account_of(settings), store, None, now=clock)

            with pytest.raises(IpNotListed, match=r"127\.0\.0\.1"):
                await client.menu()

    async def test_a_wrong_secret_is_no_expired_token(self, client, platform):
        platform.faults.next_calls("stable_token", ApiFault(REFUSED, errcode=40001))

        with pytest.raises(ConfigurationError, match="AppSecret"):
            await client.menu()


class TestSecrets:
    SECRET = "0123456789abcdef0123456789abcdef"

    def test_no_repr_shows_the_secret(self):
        assert self.SECRET not in repr(account_of(AccountSettings()))

    @pytest.mark.parametrize("kind", [DROPPED, HTTP_ERROR, GARBAGE_AFTER, REFUSED])
    @pytest.mark.parametrize("path", ["stable_token", "token", "oauth2", "menu/get", SEND])
    async def test_no_error_and_no_log_line_shows_secret_or_token(
        self, start_client, platform, user, kind, path, caplog, capsys
    ):
        client = start_client(stable_token=path != "token")
        platform.faults.next_calls(path, *[ApiFault(kind, errcode=50001)] * 3)

        told = []
        for call in (client.send_text("oCitizen", "您好"), client.menu(), client.openid_of_code("code-1")):
            try:
                await call
            except Exception as error:
                told += traceback.format_exception(error)
                told += walked(error)

        captured = capsys.readouterr()
        said = "".join([*told, caplog.text, captured.out, captured.err])
        tokens = [call.token for call in platform.calls if call.token]
        assert said  # something did go wrong
        assert not [each for each in (self.SECRET, "code-1", "oCitizen", *tokens) if each in said]

    async def test_redirects_are_not_followed_with_the_token(self, session):
        asked = []

        async def elsewhere(request):
            asked.append(str(request.url))
            raise web.HTTPFound("/elsewhere")

        application = web.Application()
        application.router.add_get("/{path:.*}", elsewhere)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api = WeChatApi(session, base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", pauses=())

        with pytest.raises(WeChatSilent):
            await WeChatClient(api, account_of(AccountSettings()), KnownToken()).menu()
        await runner.cleanup()

        assert len(asked) == 1


class KnownToken:
    """A TokenSource with nothing but one token."""

    async def value(self):
        return "token"

    async def instead_of(self, refused):
        raise TokenExpired(40001)


def walked(error):
    """The reprs of an error and of all that it came from, also where a traceback wouldn't show it."""
    while error is not None:
        yield repr(error)
        yield repr(getattr(error, "args", ""))
        error = error.__cause__ or error.__context__


async def test_the_session_keeps_no_cookies():
    async with create_session() as session:
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
