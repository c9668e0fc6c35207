"""The platform of the tests behaves as WeChat is documented to: it judges the connector.

The service at its callback is a few lines that answer as they are told, with nothing of the connector's.
"""

import asyncio
import json
import re
import sys
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from wechatpy.crypto import PrpCrypto

from tests.wechat_platform import AccountSettings, Rules, WeChatPlatform, protocol
from tests.wechat_platform.faults import Faults
from tests.wechat_platform.rules import COMPATIBLE, MODES, PLAIN, SAFE
from tests.wechat_platform.terminal import Terminal, shown
from tests.wechat_platform.users import NOTICE, OUT_OF_SERVICE, Seen

PATIENT = Rules(reply_within=60.0, pause_after_broken=0.0)
IMPATIENT = Rules(reply_within=1.0)  # for services that answer never, or at once


def reply_of(fields, content):
    """A text in answer to a push of those fields."""
    return (
        f"<xml><ToUserName><![CDATA[{fields['FromUserName']}]]></ToUserName>"
        f"<FromUserName><![CDATA[{fields['ToUserName']}]]></FromUserName>"
        f"<CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    )


class Service:
    """Takes pushes in plain mode; `answer(fields, number of the request)` says what it answers."""

    def __init__(self):
        self.requests = []
        self.answer = self.echo
        self.echoes = True

    async def echo(self, fields, _number):
        return reply_of(fields, f"您说：{fields.get('Content', fields['MsgType'])}")

    async def handle(self, request):
        if request.method == "GET":
            return web.Response(text=request.query["echostr"] if self.echoes else "no")
        body = await request.text()
        fields = dict(re.findall(r"<(\w+)>(?:<!\[CDATA\[)?([^<\]]*)", body))
        self.requests.append((dict(request.query), fields, body))
        answer = await self.answer(fields, len(self.requests))
        return answer if isinstance(answer, web.Response) else web.Response(text=answer)


@pytest.fixture
async def service():
    running = Service()
    application = web.Application()
    application.router.add_route("*", "/wechat", running.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.url = f"http://127.0.0.1:{runner.addresses[0][1]}/wechat"
    yield running
    await runner.cleanup()


@pytest.fixture
async def run(service, clock):
    """Starts a platform with that service at its callback."""
    running = []

    async def run(*, rules=PATIENT, faults=None, mode=PLAIN, **settings):
        account = AccountSettings(callback=service.url, mode=mode, **settings)
        platform = WeChatPlatform(account, rules=rules, faults=faults, now=lambda: clock().timestamp())
        running.append(await platform.__aenter__())
        return platform.account

    yield run
    for platform in running:
        await platform.__aexit__(None, None, None)


class TestPushes:
    async def test_what_the_user_says_is_pushed_and_the_reply_is_seen(self, run, service):
        user = (await run()).user("oA")

        delivery = await user.says("补办身份证")

        assert user.texts == ["您说：补办身份证"]
        (query, fields, _) = service.requests[0]
        assert protocol.sign("TokenOfTests", query["timestamp"], query["nonce"]) == query["signature"]
        assert (fields["FromUserName"], fields["MsgType"]) == ("oA", "text")
        assert delivery.key == f"m:{fields['MsgId']}"
        assert [attempt.outcome for attempt in delivery.attempts] == ["answered"]

    async def test_a_push_without_an_answer_is_cut_and_tried_three_times(self, run, service):
        async def never(_fields, _number):
            await asyncio.sleep(30)

        service.answer = never
        user = (await run(rules=IMPATIENT)).user()

        delivery = await user.says("您好")

        assert [attempt.outcome for attempt in delivery.attempts] == ["cut"] * 3
        assert all(1 <= attempt.seconds < 30 for attempt in delivery.attempts)
        assert [(each.via, each.text) for each in user.seen] == [(NOTICE, OUT_OF_SERVICE)]
        assert user.texts == []
        assert len({fields["MsgId"] for _, fields, _ in service.requests}) == 1
        assert len({query["nonce"] for query, _, _ in service.requests}) == 3

    async def test_the_request_that_is_open_carries_the_reply(self, run, service):
        async def at_the_third(fields, number):
            if number < 3:
                await asyncio.sleep(30)
            return reply_of(fields, f"第{number}次")

        service.answer = at_the_third
        user = (await run(rules=IMPATIENT)).user()
        await user.says("您好")

        assert user.texts == ["第3次"]

    async def test_an_empty_answer_or_success_ends_the_tries(self, run, service):
        answers = iter(["", "success"])

        async def nothing(_fields, _number):
            return next(answers)

        service.answer = nothing
        user = (await run()).user()
        await user.says("一")
        await user.says("二")

        assert len(service.requests) == 2
        assert user.seen == []

    async def test_a_service_that_isnt_there_is_tried_three_times(self, run, unused_tcp_port):
        async with WeChatPlatform(
            AccountSettings(callback=f"http://127.0.0.1:{unused_tcp_port}/wechat"), rules=PATIENT
        ) as platform:
            delivery = await platform.account.user().says("您好")

        assert [attempt.outcome for attempt in delivery.attempts] == ["broken"] * 3

    @pytest.mark.parametrize(
        "answer",
        [
            "oops",
            "<xml></xml>",
            "<html>busy</html>",
            reply_of({"FromUserName": "oOther", "ToUserName": "gh_0123456789ab"}, "您好"),
            reply_of({"FromUserName": "oA", "ToUserName": "gh_other"}, "您好"),
            reply_of({"FromUserName": "oA", "ToUserName": "gh_0123456789ab"}, "长" * 683),
            reply_of({"FromUserName": "oA", "ToUserName": "gh_0123456789ab"}, ""),
        ],
    )
    async def test_an_answer_that_cant_be_shown_is_complained_of(self, run, service, answer):
        async def wrong(_fields, _number):
            return answer

        service.answer = wrong
        account = await run()
        user = account.user("oA")
        await user.says("您好")

        assert len(account.complaints) == 1
        assert [each.via for each in user.seen] == [NOTICE]

    async def test_a_push_may_come_twice_and_shows_one_reply(self, run, service):
        account = await run(faults=Faults(pushed_twice=1.0))
        delivery = await account.user("oA").says("您好")

        assert len(service.requests) == 2
        assert account.user("oA").texts == ["您说：您好"]
        assert [each.text for each in delivery.surplus] == ["您说：您好"]

    async def test_a_reply_may_get_lost_on_its_way(self, run, service):
        account = await run(faults=Faults(reply_lost=1.0))
        delivery = await account.user("oA").says("您好")

        assert [attempt.outcome for attempt in delivery.attempts] == ["lost"] * 3
        assert account.user("oA").texts == []

    async def test_pushes_overtake_each_other_but_their_numbers_tell(self, run, service):
        account = await run(faults=Faults(push_delay=(0.0, 0.2), seed=3))
        for n in range(12):
            account.user("oA").says(str(n))
        await account.settled()

        arrived = [int(fields["Content"]) for _, fields, _ in service.requests]
        by_number = sorted(service.requests, key=lambda each: int(each[1]["MsgId"]))
        assert arrived != sorted(arrived)
        assert [int(fields["Content"]) for _, fields, _ in by_number] == list(range(12))

    async def test_the_console_checks_the_callback(self, run, service):
        account = await run()
        assert await account.verify_callback()

        service.echoes = False
        assert not await account.verify_callback()


class TestKindsOfPushes:
    async def test_a_reply_to_an_event_may_hold_several_cards_one_to_a_message_a_single_one(
        self, run, service
    ):
        async def two_cards(fields, _number):
            card = "<item><Title>题</Title><Description>述</Description><Url>https://a.example/</Url></item>"
            head = reply_of(fields, "").partition("<MsgType>")[0]
            count = "<MsgType>news</MsgType><ArticleCount>2</ArticleCount>"
            return f"{head}{count}<Articles>{card * 2}</Articles></xml>"

        service.answer = two_cards
        account = await run()
        user = account.user("oA")
        await user.clicks("guides")
        assert [(each.kind, each.title, each.url) for each in user.seen] == [
            ("news", "题", "https://a.example/")
        ]

        await user.says("您好")
        assert account.complaints == ["a reply of 2 articles"]

    async def test_any_replica_behind_the_address_may_get_an_attempt(self, run, service):
        account = await run(more_callbacks=(f"{service.url}?replica=2",))
        for n in range(20):
            await account.user("oA").says(str(n))

        assert {query.get("replica", "1") for query, _, _ in service.requests} == {"1", "2"}

    async def test_everything_that_a_user_can_do_is_told(self, run, service):
        account = await run()
        user = account.user("oA")
        user.unfollows()
        await account.settled()
        for done in (
            lambda: user.scans("kiosk-3"),
            lambda: user.scans("window-8"),
            lambda: user.clicks("guides"),
            lambda: user.views("https://a.example/"),
            lambda: user.is_located(39.9, 116.4),
            lambda: user.sends_image(b"\xff\xd8\xff"),
            lambda: user.sends_voice(b"#!AMR\n"),
            lambda: user.sends_video(b"mp4"),
            lambda: user.sends_video(b"mp4", short=True),
            lambda: user.sends_location(39.9, 116.4, label="朝阳区"),
            lambda: user.sends_link("题", "https://a.example/"),
            lambda: user.answers_subscription({"t1": True, "t2": False}),
            lambda: user.is_told_of_template(7),
            lambda: user.sends_unknown("file", {"Title": "a.pdf"}),
            lambda: user.does_unknown("view_miniprogram", {"EventKey": "pages/a"}),
        ):
            await done()

        told = [(fields["MsgType"], fields.get("Event", "")) for _, fields, _ in service.requests]
        assert told == [
            ("event", "unsubscribe"),
            ("event", "subscribe"),
            ("event", "SCAN"),
            ("event", "CLICK"),
            ("event", "VIEW"),
            ("event", "LOCATION"),
            ("image", ""),
            ("voice", ""),
            ("video", ""),
            ("shortvideo", ""),
            ("location", ""),
            ("link", ""),
            ("event", "subscribe_msg_popup_event"),
            ("event", "TEMPLATESENDJOBFINISH"),
            ("file", ""),
            ("event", "view_miniprogram"),
        ]
        assert service.requests[1][1]["EventKey"] == "qrscene_kiosk-3"
        assert service.requests[2][1]["EventKey"] == "window-8"
        assert user.subscriptions == {"t1": 1}

    def test_a_text_with_the_end_of_cdata_in_it_stays_one_text(self):
        root = protocol.read_xml(protocol.as_xml({"Content": "a]]>b<c>&d"}))

        assert protocol.text_of(root, "Content") == "a]]>b<c>&d"


class TestModes:
    def test_the_documentations_example_of_a_signature(self):
        assert protocol.sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"

    @pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 500])
    def test_what_is_encrypted_another_implementation_reads_and_the_other_way_round(self, length):
        key, app_id = AccountSettings().aes_key, AccountSettings().app_id
        content = "政" * length
        other = PrpCrypto(protocol.base64.b64decode(key + "="))

        assert other.decrypt(protocol.encrypt(content.encode(), key, app_id), app_id) == content
        assert protocol.decrypt(other.encrypt(content, app_id).decode(), key, app_id) == content.encode()

    @pytest.mark.parametrize("wrong", ["", "AAAA", "不", "A" * 44])
    def test_what_is_not_encrypted_is_unreadable(self, wrong):
        with pytest.raises(protocol.UnreadableReply):
            protocol.decrypt(wrong, AccountSettings().aes_key, AccountSettings().app_id)

    @pytest.mark.parametrize("mode", MODES)
    async def test_each_mode_shows_as_much_as_it_should(self, run, service, mode):
        account = await run(mode=mode)

        async def nothing(_fields, _number):
            return "success"

        service.answer = nothing
        await account.user("oA").says("请问")

        (query, _, body) = service.requests[0]
        assert ("请问" in body) == (mode != SAFE)
        assert ("Encrypt" in body) == (mode != PLAIN)
        assert (query.get("encrypt_type") == "aes") == (mode != PLAIN)
        if mode != PLAIN:
            encrypted = re.search(r"<Encrypt><!\[CDATA\[(.*?)]]>", body)[1]
            signed = protocol.sign("TokenOfTests", query["timestamp"], query["nonce"], encrypted)
            assert signed == query["msg_signature"]
            opened = protocol.decrypt(encrypted, account.settings.aes_key, account.settings.app_id)
            assert "请问" in opened.decode()

    @pytest.mark.parametrize(("mode", "shown_plain"), [(PLAIN, True), (COMPATIBLE, True), (SAFE, False)])
    async def test_a_plain_reply_is_shown_except_in_safe_mode(self, run, service, mode, shown_plain):
        async def plain(_fields, _number):
            return reply_of({"FromUserName": "oA", "ToUserName": "gh_0123456789ab"}, "您好")

        service.answer = plain
        account = await run(mode=mode)
        await account.user("oA").says("您好")

        assert account.user("oA").texts == (["您好"] if shown_plain else [])
        assert bool(account.complaints) != shown_plain

    @pytest.mark.parametrize("spoiled", ["", "signature", "app_id", "key"])
    async def test_an_encrypted_reply_must_be_signed_and_of_this_account(self, run, service, spoiled):
        account = await run(mode=SAFE)

        async def sealed(_fields, _number):
            inner = reply_of({"FromUserName": "oA", "ToUserName": "gh_0123456789ab"}, "您好").encode()
            key = "Z" * 42 + "A" if spoiled == "key" else account.settings.aes_key
            app_id = "wxother" if spoiled == "app_id" else account.settings.app_id
            encrypted = protocol.encrypt(inner, key, app_id)
            token = "other" if spoiled == "signature" else account.settings.token
            return protocol.as_xml(
                {
                    "Encrypt": encrypted,
                    "MsgSignature": protocol.sign(token, "1", "2", encrypted),
                    "TimeStamp": 1,
                    "Nonce": "2",
                }
            ).decode()

        service.answer = sealed
        await account.user("oA").says("您好")

        assert account.user("oA").texts == ([] if spoiled else ["您好"])
        assert bool(account.complaints) == bool(spoiled)


class TestTokens:
    async def ask(self, platform, **more):
        body = {
            "grant_type": "client_credential",
            "appid": platform.account.settings.app_id,
            "secret": platform.account.settings.app_secret,
            **more,
        }
        address = f"{platform.url}/cgi-bin/stable_token"
        async with aiohttp.ClientSession() as session, session.post(address, json=body) as response:
            return json.loads(await response.read())

    async def takes(self, platform, token):
        address = f"{platform.url}/cgi-bin/get_api_domain_ip"
        query = {"access_token": token}
        async with aiohttp.ClientSession() as session, session.get(address, params=query) as response:
            return json.loads(await response.read()).get("errcode", 0)

    async def test_the_stable_token_stays_until_five_minutes_before_its_end(self, platform, clock):
        first = await self.ask(platform)
        clock.advance(timedelta(seconds=6899))
        assert (await self.ask(platform))["access_token"] == first["access_token"]

        clock.advance(timedelta(seconds=2))
        second = await self.ask(platform)

        assert second["access_token"] != first["access_token"]
        assert await self.takes(platform, first["access_token"]) == 0
        clock.advance(timedelta(seconds=301))
        assert await self.takes(platform, first["access_token"]) == 42001
        assert await self.takes(platform, second["access_token"]) == 0

    async def test_forcing_gives_another_and_the_one_before_the_last_ends_at_once(self, platform, clock):
        first = (await self.ask(platform))["access_token"]
        second = (await self.ask(platform, force_refresh=True))["access_token"]
        assert second != first
        assert (await self.ask(platform, force_refresh=True))["access_token"] == second  # too soon
        assert await self.takes(platform, first) == 0

        clock.advance(timedelta(seconds=30))
        third = (await self.ask(platform, force_refresh=True))["access_token"]
        codes = [await self.takes(platform, each) for each in (first, second, third)]
        assert codes == [40001, 0, 0]

    async def test_the_older_token_is_another_one_each_time(self, platform):
        tokens = [platform.account.tokens.older()[0] for _ in range(3)]
        stable = platform.account.tokens.stable(force=False)[0]

        codes = [await self.takes(platform, each) for each in (*tokens, stable, "made up", "")]
        assert codes == [40001, 0, 0, 0, 40001, 41001]

    @pytest.mark.parametrize(
        ("wrong", "errcode"),
        [({"secret": "no"}, 40125), ({"appid": "no"}, 40013), ({"grant_type": "no"}, 40002)],
    )
    async def test_wrong_credentials_are_refused(self, platform, wrong, errcode):
        assert (await self.ask(platform, **wrong))["errcode"] == errcode


class TestGrants:
    @pytest.mark.parametrize(
        ("acts", "count"),
        [
            ([], 0),
            (["says"], 5),
            (["clicks"], 3),
            (["follows"], 3),
            (["scans"], 3),
            (["views"], 0),
            (["says", "clicks"], 5),
            (["clicks", "clicks"], 3),
            (["says", "says"], 5),
        ],
    )
    async def test_what_a_user_does_allows_so_many_messages(self, platform, acts, count):
        user = platform.account.user()
        for act in acts:
            getattr(user, act)(*([] if act == "follows" else ["something"]))

        taken = [user.take_message() for _ in range(count + 1)]

        assert taken == [0] * count + [45047 if count else 45015]

    async def test_the_windows_close_after_their_time(self, platform, clock):
        user = platform.account.user()
        user.says("您好")
        user.clicks("guides")
        clock.advance(timedelta(seconds=61))
        assert user.may_get == 5
        clock.advance(timedelta(hours=48))
        assert user.take_message() == 45015

    async def test_escapes_of_json_are_shown_as_they_stand(self, platform):
        user = platform.account.user("oA")
        user.says("您好")
        token = platform.account.tokens.stable(force=False)[0]
        body = json.dumps({"touser": "oA", "msgtype": "text", "text": {"content": "您好"}})
        address = f"{platform.url}/cgi-bin/message/custom/send"
        async with aiohttp.ClientSession() as session:
            await session.post(address, params={"access_token": token}, data=body)

        assert user.texts == ["\\u60a8\\u597d"]


class TestTerminal:
    async def test_a_developer_plays_a_citizen(self, run, service, tmp_path):
        account = await run()
        account.menu = {
            "button": [
                {"type": "click", "name": "办事指南", "key": "guides"},
                {
                    "name": "更多",
                    "sub_button": [{"type": "view", "name": "网页", "url": "https://a.example/w?a=1"}],
                },
            ]
        }
        (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")

        class Platform:
            url = "http://127.0.0.1:1"

        Platform.account = account
        said = []
        lines = iter(
            [
                "补办身份证\n",
                "/menu\n",
                "/menu guides\n",
                "/menu 办事指南\n",
                "/menu 网页\n",
                "/menu 没有的\n",
                "/scan kiosk-3\n",
                f"/image {tmp_path / 'a.jpg'}\n",
                "/image nowhere.jpg\n",
                "/location\n",
                "/quota\n",
                "/who oB\n",
                "/open https://a.example/\n",
                "/dance\n",
                "/quit\n",
            ]
        )

        async def read():
            await account.settled()
            return next(lines)

        await Terminal(Platform, said.append).run(read)

        printed = "\n".join(said)
        assert "  ◀ [被动回复]\n    您说：补办身份证" in printed
        assert "办事指南  guides" in printed
        assert "还能收 5 条" in printed
        assert "phone?openid=oB&next=https://a.example/" in printed
        assert "openid=oTerminal&next=https://a.example/w%3Fa%3D1" in printed
        assert "！菜单里没有「没有的」" in printed
        assert "！nowhere.jpg 打不开" in printed
        assert "！少了内容" in printed
        assert "！没有 /dance" in printed
        assert printed.count("/quit") == 2  # the help, at the start and for what isn't known
        kinds = [fields.get("Event") or fields["MsgType"] for _, fields, _ in service.requests]
        assert kinds == ["text", "CLICK", "CLICK", "VIEW", "SCAN", "image"]

    @pytest.mark.slow  # starts a Python process
    async def test_it_runs_on_its_own(self, service):
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.wechat_platform"),
            *("--callback", service.url, "--mode", "plain", "--port", "0"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        printed, _ = await running.communicate("补办身份证\n/quit\n".encode())

        assert running.returncode == 0
        assert "回调地址验证通过" in printed.decode()
        assert "您说：补办身份证" in printed.decode()

    def test_a_card_is_shown_with_its_link(self):
        card = Seen("news", "custom", 0.0, "材料 2 份", title="身份证补领", url="https://a.example/g")

        assert shown(card) == "  ◀ [客服消息] 身份证补领\n    材料 2 份\n    → https://a.example/g"

    def test_a_link_within_a_text_is_shown_with_its_address(self):
        text = Seen("text", "reply", 0.0, '还有两条，<a href="https://a.example/g">查看全部</a>。')

        assert shown(text) == "  ◀ [被动回复]\n    还有两条，查看全部 → https://a.example/g。"


def test_the_platform_knows_nothing_of_the_connector():
    folder = Path(protocol.__file__).parent
    sources = [path.read_text("utf-8") for path in folder.glob("*.py")]
    foreign = re.compile(r"^\s*(from|import) (bot|connectors|core|knowledge|server|video)\b", re.MULTILINE)

    assert len(sources) > 10
    assert not [each for each in sources if foreign.search(each)]
