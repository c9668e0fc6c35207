"""`bangban wechat check` names each thing that is wrong, says what to do, and tries the rest all the same."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from connectors.wechat.api import WeChatApi
from connectors.wechat.client import open_client
from connectors.wechat.menu import load_menu, to_wechat
from connectors.wechat.trial_pushes import OPENID
from core.clock import utc_now
from server import wechat_probe
from server.wechat_accounts import OwnTokens
from server.wechat_check import AccountCheck
from server.wechat_findings import Sign
from server.wechat_values import account_of
from tests.ports import kept_port
from tests.server.wechat_proxies import MENU, PUBLIC, hall_of, proxied, self_signed, serving
from tests.wechat_platform import AccountSettings, WeChatPlatform
from tests.wechat_platform.faults import DROPPED, REFUSED, ApiFault

OTHER_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"


async def no_pause(_seconds):
    return None


async def say_nothing(_request):
    return web.Response()


@pytest.fixture
async def platform():
    async with WeChatPlatform() as running:
        yield running


@pytest.fixture
def menu_file(platform, tmp_path):
    """A menu that WeChat has as well."""
    file = tmp_path / "menu.toml"
    file.write_text(MENU, "utf-8")
    platform.account.menu = to_wechat(load_menu(MENU, PUBLIC))
    return file


class World:
    """The service as it runs, and the check with the settings as they are now."""

    def __init__(self, platform, start_service, menu_file):
        self.platform, self._start, self._menu = platform, start_service, menu_file

    async def serve(self, name="hall", **account):
        """Starts a service with that account; returns its address."""
        service = await self._start(wechat={name: hall_of(self.platform, **account)}, public_url=PUBLIC)
        self.service = service
        return f"http://127.0.0.1:{service.client.port}"

    async def check(self, url, *, public=PUBLIC, now=utc_now, **account):
        """What each step of a check of those settings showed, by the step's name."""
        own = hall_of(self.platform, **{"menu": self._menu, **account})
        async with aiohttp.ClientSession() as session:
            api = WeChatApi(session, base_url=own.api_url, sleep=no_pause)
            client = open_client(api, account_of("hall", own), OwnTokens(), None)
            check = AccountCheck("hall", own, public, url, client, session, now)
            found = {finding.step: finding async for finding in check.run()}
            await client.close()
        return found


@pytest.fixture
def world(platform, start_service, menu_file):
    return World(platform, start_service, menu_file)


def wrong_in(found):
    return [step for step, finding in found.items() if finding.sign is Sign.WRONG]


CHECK = "回调地址验证"
PUSH = "消息推送（安全模式）"
FORGERY = "伪造的推送"
ENTRY = "网页入口"
MENU_COMPARED = "菜单：与微信比较"
TOKEN = "微信接口：接口凭证 access_token"


class TestAllIsWell:
    """Nothing is wrong, and nothing is left behind."""

    @pytest.mark.parametrize(
        ("mode", "named"), [("plain", "明文模式"), ("compatible", "兼容模式"), ("safe", "安全模式")]
    )
    async def test_in_every_mode_nothing_is_wrong(self, world, mode, named):
        found = await world.check(await world.serve(mode=mode), mode=mode)

        assert wrong_in(found) == []
        for step in (
            "公网地址",
            CHECK,
            f"消息推送（{named}）",
            FORGERY,
            ENTRY,
            "时钟",
            TOKEN,
            "微信接口：调用接口",
            "微信接口：自定义菜单",
            "微信接口：网页 JS-SDK",
            MENU_COMPARED,
        ):
            assert found[step].sign is Sign.WELL, step

    async def test_what_only_the_console_shows_is_left_to_the_operator_with_the_value(self, world):
        found = await world.check(await world.serve())

        domains = found["网页授权域名、JS 接口安全域名"]
        assert domains.sign is Sign.LOOK
        assert "bangban.example.gov.cn（不带" in domains.advice

    async def test_the_trial_leaves_no_user_and_no_conversation(self, world):
        found = await world.check(await world.serve())

        assert found[PUSH].sign is Sign.WELL
        assert await world.service.stores.outbox.user("hall", OPENID) is None
        assert await world.service.conversations.purge_before(utc_now() + timedelta(days=1)) == 0

    async def test_without_an_original_id_the_trial_is_taken_as_well(self, world):
        found = await world.check(await world.serve(original_id=""), original_id="")

        assert wrong_in(found) == []


class TestTheCallback:
    """The address as WeChat asks it."""

    async def test_another_token_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(), token="TokenOfYesterday")

        assert wrong_in(found) == [CHECK]
        assert "Token 不一样" in found[CHECK].told
        assert "重启服务" in found[CHECK].advice

    async def test_a_service_that_does_not_know_the_account_yet(self, world):
        found = await world.check(await world.serve(name="tax"))

        assert wrong_in(found) == [CHECK]
        assert "没有这个账号" in found[CHECK].told

    async def test_nobody_listens(self, world):
        found = await world.check(f"http://127.0.0.1:{kept_port()}")

        assert wrong_in(found) == [CHECK]
        assert "连接被拒绝" in found[CHECK].told

    async def test_a_host_that_is_nowhere(self, world):
        found = await world.check("https://bangban.invalid", public="https://bangban.invalid")

        assert wrong_in(found) == ["域名解析", CHECK]
        assert "查不到" in found[CHECK].told

    async def test_an_address_without_tls(self, world):
        url = await world.serve()

        found = await world.check(url.replace("http:", "https:"))

        assert "建立不了 HTTPS 连接" in found[CHECK].told

    async def test_a_certificate_that_nobody_vouches_for(self, world, tmp_path):
        async with serving(say_nothing, self_signed(tmp_path)) as url:
            found = await world.check(url)

        assert "证书有问题" in found[CHECK].told
        assert "证书链" in found[CHECK].advice

    async def test_an_address_that_says_nothing(self, world, monkeypatch):
        monkeypatch.setattr(wechat_probe, "MOST_SECONDS", 0.2)
        let_go = asyncio.Event()

        async def wait(_):
            await let_go.wait()

        async with serving(wait) as url:
            found = await world.check(url)
            let_go.set()

        assert "没有应答" in found[CHECK].told

    async def test_a_proxy_that_keeps_the_query_to_itself(self, world):
        async with proxied(await world.serve(), keeps_query=False) as url:
            found = await world.check(url)

        assert wrong_in(found) == [CHECK]
        assert "? 后面的参数丢了" in found[CHECK].told
        assert "proxy_pass" in found[CHECK].advice

    async def test_a_proxy_that_adds_to_answers(self, world):
        async with proxied(await world.serve(), adds=b"\r\n") as url:
            found = await world.check(url)

        assert "多了空白" in found[CHECK].told

    @pytest.mark.parametrize(
        ("answer", "told", "advice"),
        [
            (lambda: web.Response(text="<html>请登录</html>"), "应答的不是帮办", "登录页"),
            (
                lambda: web.Response(status=302, headers={"Location": "https://a.example/x?k=1"}),
                "a.example",
                "跳转",
            ),
            (lambda: web.Response(status=401), "401", "登录"),
            (lambda: web.Response(status=403, text="<html>blocked</html>"), "403", "WAF"),
            (lambda: web.Response(status=404, text="<html>404</html>"), "404", "/wechat/"),
            (lambda: web.Response(status=502), "502", "请启动服务"),
            (lambda: web.Response(status=504), "504", "/readyz"),
            (lambda: web.Response(status=418), "418", "日志"),
            (
                lambda: web.json_response({"error": {"code": "starting_up"}}, status=503),
                "正在启动",
                "过一会儿",
            ),
        ],
    )
    async def test_something_else_answers(self, world, answer, told, advice):
        async def give(_):
            return answer()

        async with serving(give) as url:
            found = await world.check(url)

        assert wrong_in(found) == [CHECK]
        assert told in found[CHECK].told
        assert "k=1" not in found[CHECK].told
        assert advice in found[CHECK].advice

    async def test_an_address_not_of_the_public_net_is_said(self, world):
        found = await world.check(await world.serve())

        assert found["公网访问"].sign is Sign.LOOK


class TestPushes:
    """What WeChat would push."""

    async def test_another_key_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(), aes_key=OTHER_KEY)

        assert wrong_in(found) == [PUSH]
        assert "EncodingAESKey" in found[PUSH].advice

    async def test_another_mode_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(), mode="plain")

        assert wrong_in(found) == ["消息推送（明文模式）"]
        assert "拒收" in found["消息推送（明文模式）"].told

    async def test_another_account_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(), original_id="gh_other")

        assert wrong_in(found) == [PUSH]
        assert "原始 ID" in found[PUSH].advice

    @pytest.mark.parametrize(("status", "advice"), [(405, "GET 和 POST"), (413, "client_max_body_size")])
    async def test_a_proxy_that_refuses_what_is_posted(self, world, status, advice):
        async with proxied(await world.serve(), posts=web.Response(status=status)) as url:
            found = await world.check(url)

        assert wrong_in(found) == [PUSH, FORGERY]
        assert advice in found[PUSH].advice

    async def test_somebody_who_takes_everything(self, world):
        everything = web.Response(status=200, body=b"success")
        async with proxied(await world.serve(), posts=everything) as url:
            found = await world.check(url)

        assert wrong_in(found) == [FORGERY]
        assert "签名不对也收下了" in found[FORGERY].told


class TestTheWayToThePage:
    """Where a tap on a link leads."""

    async def test_another_public_address_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(), public="https://other.example.gov.cn")

        assert wrong_in(found) == [ENTRY]
        assert "public_url" in found[ENTRY].told

    async def test_another_app_id_than_the_running_service_has(self, world):
        found = await world.check(await world.serve(mode="plain"), mode="plain", app_id="wx0other")

        assert "app_id" in found[ENTRY].told

    async def test_the_state_that_is_on_the_way_is_not_shown(self, world):
        found = await world.check(await world.serve(authorize_url="https://a.example/authorize"))

        assert wrong_in(found) == [ENTRY]
        assert found[ENTRY].told.endswith("跳转到 https://a.example/authorize")


class TestTheApi:
    """What WeChat says to our calls."""

    async def test_a_wrong_secret(self, world):
        found = await world.check(await world.serve(), app_secret="another")

        assert wrong_in(found) == [TOKEN]
        assert "40125" in found[TOKEN].told
        assert "AppSecret" in found[TOKEN].advice

    async def test_a_secret_that_wechat_calls_an_invalid_credential(self, world):
        world.platform.faults.next_calls("stable_token", ApiFault(REFUSED, 40001))

        found = await world.check(await world.serve())

        assert "不认这个 AppSecret" in found[TOKEN].told

    async def test_a_wrong_app_id(self, world):
        found = await world.check(await world.serve(mode="plain"), mode="plain", app_id="wx0other")

        assert TOKEN in wrong_in(found)
        assert "40013" in found[TOKEN].told

    async def test_an_address_that_is_not_listed_is_named(self, start_service, tmp_path):
        async with WeChatPlatform(AccountSettings(allowed_ips=("203.0.113.7",))) as platform:
            world = World(platform, start_service, None)
            found = await world.check(await world.serve())

        assert TOKEN in wrong_in(found)
        assert "127.0.0.1 不在白名单" in found[TOKEN].told
        assert "加上 127.0.0.1" in found[TOKEN].advice

    async def test_wechat_cannot_be_reached(self, world):
        found = await world.check(await world.serve(), api_url=f"http://127.0.0.1:{kept_port()}")

        assert wrong_in(found) == [TOKEN]
        assert "外网" in found[TOKEN].advice
        assert found["时钟"].sign is Sign.LOOK
        assert found[CHECK].sign is found[PUSH].sign is Sign.WELL

    async def test_a_right_that_the_account_does_not_have(self, world):
        world.platform.faults.next_calls("ticket/getticket", ApiFault(REFUSED, 48001))

        found = await world.check(await world.serve())

        assert wrong_in(found) == ["微信接口：网页 JS-SDK"]
        assert "接口权限" in found["微信接口：网页 JS-SDK"].advice

    async def test_a_call_that_breaks_is_tried_again(self, world):
        world.platform.faults.next_calls("get_api_domain_ip", ApiFault(DROPPED), ApiFault(DROPPED))

        assert wrong_in(await world.check(await world.serve())) == []

    @pytest.mark.parametrize(("ahead", "sign"), [(0, Sign.WELL), (60, Sign.LOOK), (400, Sign.WRONG)])
    async def test_a_clock_that_goes_wrong(self, world, ahead, sign):
        found = await world.check(await world.serve(), now=lambda: utc_now() + timedelta(seconds=ahead))

        assert found["时钟"].sign is sign
        assert ("NTP" in found["时钟"].advice) == bool(ahead)


class TestTheMenu:
    """The file, and what WeChat has."""

    async def test_an_account_without_a_file_is_not_compared(self, world):
        found = await world.check(await world.serve(), menu=None)

        assert found["菜单"].sign is Sign.LOOK
        assert MENU_COMPARED not in found

    async def test_a_file_that_is_not_there(self, world, tmp_path):
        found = await world.check(await world.serve(), menu=tmp_path / "none.toml")

        assert wrong_in(found) == ["菜单"]
        assert "打不开" in found["菜单"].told

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"\xff\xfe", "UTF-8"),
            (b"[[menu]\n", "不是有效的 TOML"),
            ('[[menu]]\nname = "视频咨询"\nlink = "http://a.example"\n'.encode(), "https://"),
        ],
    )
    async def test_a_file_that_cannot_be_used(self, world, menu_file, content, told):
        menu_file.write_bytes(content)

        found = await world.check(await world.serve())

        assert wrong_in(found) == ["菜单"]
        assert told in found["菜单"].told

    async def test_a_key_for_which_nothing_happens(self, world, menu_file):
        menu_file.write_text(MENU.replace("person", "perspn"), "utf-8")

        found = await world.check(await world.serve())

        assert "点了没有反应的 click：perspn" in found["菜单"].told

    async def test_another_menu_than_wechat_has(self, world):
        world.platform.account.menu = None

        found = await world.check(await world.serve())

        assert wrong_in(found) == [MENU_COMPARED]
        assert "bangban wechat menu diff hall" in found[MENU_COMPARED].advice
