"""`bangban wechat` as an operator uses it: accounts, exit status, menus, codes, and no secret anywhere."""

import asyncio
import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from connectors.wechat.menu import from_wechat, load_menu, to_wechat
from tests.ports import kept_port
from tests.server.wechat_proxies import MENU, PUBLIC, hall_of
from tests.wechat_platform import WeChatPlatform

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "wechat-menu.toml"


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture
async def platform():
    async with WeChatPlatform() as running:
        yield running


@pytest.fixture
def wechat(platform, bangban, tmp_path):
    """Runs `bangban wechat …` with one account in the settings, beside the running platform."""
    write_settings(tmp_path, hall=platform)
    (tmp_path / "menu.toml").write_text(MENU, "utf-8")

    async def run(*words):
        return await asyncio.to_thread(bangban, "wechat", *words)

    return run


def write_settings(folder, **accounts):
    lines = [f'public_url = "{PUBLIC}"']
    for name, platform in accounts.items():
        own = platform.account.settings
        lines += [
            f"[wechat.{name}]",
            f'app_id = "{own.app_id}"',
            f'app_secret = "{own.app_secret}"',
            f'token = "{own.token}"',
            f'aes_key = "{own.aes_key}"',
            f'original_id = "{own.original_id}"',
            f'api_url = "{platform.url}"',
            'menu = "menu.toml"',
        ]
    (folder / "bangban.toml").write_text("\n".join(lines), "utf-8")


def type_in(monkeypatch, line):
    """The operator sits at a terminal and types that."""
    typed = io.StringIO(line + "\n")
    typed.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", typed)


@pytest.mark.slow  # starts a Python process
def test_the_command_runs_in_a_process_of_its_own():
    command = [sys.executable, "-m", "server", "wechat", "check", "-h"]

    ran = subprocess.run(command, cwd=SAMPLE.parents[2], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


class TestTheAccount:
    """Which one is meant."""

    @pytest.mark.parametrize("words", [("check",), ("menu", "diff"), ("menu", "show"), ("menu", "push")])
    def test_without_accounts_it_is_said_where_they_are_set(self, bangban, words):
        status, _, err = bangban("wechat", *words)

        assert status == 1
        assert "设置里没有公众号账号" in err
        assert "docs/howto/wechat.md" in err

    async def test_an_unknown_name_is_said_with_those_that_are_known(self, wechat):
        status, _, err = await wechat("menu", "diff", "halle")

        assert (status, err) == (1, "bangban：没有账号 halle，设置里有：hall\n")

    async def test_of_several_one_must_be_named(self, wechat, platform, tmp_path):
        write_settings(tmp_path, hall=platform, tax=platform)

        status, _, err = await wechat("menu", "diff")

        assert (status, err) == (1, "bangban：有 2 个账号，请写明哪一个：hall、tax\n")
        assert (await wechat("menu", "diff", "tax"))[0] == 4

    def test_settings_that_are_wrong_are_said_without_their_values(self, bangban, tmp_path):
        (tmp_path / "bangban.toml").write_text(
            f'public_url = "{PUBLIC}"\n[wechat.hall]\napp_secret = "s3cret"\naes_key = "k3y"\n', "utf-8"
        )

        status, _, err = bangban("wechat", "check")

        assert status == 1
        assert "wechat.hall.app_id：没有写" in err
        assert "wechat.hall.aes_key：应为微信的 EncodingAESKey" in err
        assert "s3cret" not in err
        assert "k3y" not in err


class TestCheck:
    """Exit status and words; each finding has its test in test_wechat_check.py."""

    async def test_the_status_is_0_if_nothing_is_wrong(self, wechat, platform, start_service):
        platform.account.menu = to_wechat(load_menu(MENU, PUBLIC))
        service = await start_service(wechat={"hall": hall_of(platform)}, public_url=PUBLIC)

        status, out, err = await wechat("check", "--url", f"http://127.0.0.1:{service.client.port}/")

        assert (status, err) == (0, "")
        assert out.endswith("没有发现不对的地方。\n")
        assert "✗" not in out
        assert "✓ 消息推送（安全模式）：收到了" in out

    async def test_the_status_is_4_if_something_is_and_what_to_do_stands_below(self, wechat):
        status, out, err = await wechat("check", "hall", "--url", f"http://127.0.0.1:{kept_port()}")

        assert (status, err) == (4, "")
        told = out.splitlines()
        [line] = [number for number, each in enumerate(told) if each.startswith("✗ 回调地址验证")]
        assert told[line + 1] == "    请检查帮办和反向代理都在运行，防火墙放行了这个端口。"
        assert told[-1] == "有 2 项不对，改好后再查一次。"

    async def test_no_secret_is_printed_whatever_is_wrong(self, wechat, platform, monkeypatch):
        own = platform.account.settings
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__APP_SECRET", "AnotherSecret")

        _, out, err = await wechat("check", "--url", f"http://127.0.0.1:{kept_port()}")

        assert "AppSecret" in out
        for secret in (own.token, own.aes_key, own.app_secret, "AnotherSecret", "signature="):
            assert secret not in out + err


class TestMenu:
    """show, diff, push."""

    async def test_differences_are_listed_and_change_nothing(self, wechat, platform):
        status, out, _ = await wechat("menu", "diff")

        assert (status, out) == (4, "新增「人工」（点击 person）\n")
        assert platform.account.menu is None

    async def test_a_push_asks_first(self, wechat, platform, monkeypatch):
        type_in(monkeypatch, "否")
        refused = await wechat("menu", "push")
        assert platform.account.menu is None

        type_in(monkeypatch, "是")
        agreed = await wechat("menu", "push")

        assert (refused[0], agreed[0]) == (4, 0)
        assert "新增「人工」" in refused[1]
        assert refused[1].endswith("没有更新\n")
        assert from_wechat(platform.account.menu) == load_menu(MENU, PUBLIC)

    async def test_without_a_terminal_a_push_must_be_agreed_to_before(self, wechat, platform, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("是\n"))

        status, _, err = await wechat("menu", "push")
        assert status == 1
        assert "--yes" in err
        assert platform.account.menu is None

        assert (await wechat("menu", "push", "--yes"))[0] == 0
        assert platform.account.menu is not None

    async def test_nothing_to_do_is_said(self, wechat):
        await wechat("menu", "push", "--yes")

        assert (await wechat("menu", "diff"))[:2] == (0, "菜单没有不同\n")
        assert (await wechat("menu", "push"))[:2] == (0, "菜单没有不同，不用更新\n")

    async def test_wechats_menu_is_shown(self, wechat, platform, tmp_path):
        none = await wechat("menu", "show")
        (tmp_path / "menu.toml").write_text(SAMPLE.read_text("utf-8"), "utf-8")
        await wechat("menu", "push", "--yes")

        status, out, _ = await wechat("menu", "show")

        assert none[:2] == (0, "微信上没有菜单\n")
        assert status == 0
        assert "办事咨询\n    身份证补办  点击 ask:身份证丢了怎么补办\n" in out
        assert f"视频咨询  打开 {PUBLIC}/wechat/hall/enter?to=video\n" in out

    async def test_a_file_that_cannot_be_used_is_not_pushed(self, wechat, platform, tmp_path):
        (tmp_path / "menu.toml").write_text(MENU.replace("person", "perspn"), "utf-8")
        unknown = await wechat("menu", "push", "--yes")
        (tmp_path / "menu.toml").unlink()
        missing = await wechat("menu", "push", "--yes")

        assert (unknown[0], missing[0]) == (1, 1)
        assert "点了没有反应的 click：perspn" in unknown[2]
        assert "menu.toml 打不开" in missing[2]
        assert platform.account.menu is None

    async def test_what_wechat_refuses_is_said_with_what_to_do(self, wechat, monkeypatch):
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__APP_SECRET", "AnotherSecret")

        status, out, err = await wechat("menu", "diff")

        assert (status, out) == (1, "")
        assert "40125" in err
        assert "AppSecret" in err
        assert "AnotherSecret" not in err

    async def test_where_each_new_token_ends_the_last_the_services_own_is_used(
        self, wechat, platform, monkeypatch
    ):
        monkeypatch.setenv("BANGBAN_WECHAT__HALL__STABLE_TOKEN", "false")

        await wechat("menu", "diff")
        await wechat("menu", "diff")

        assert platform.account.tokens.renewed == 1


class TestCodes:
    """qr."""

    @pytest.mark.parametrize(
        "scene",
        [
            "ask:身份证丢了怎么补办",
            "item:11220100MB1519637X",
            "window:社保3号",
            "kiosk:07",
            "person",
            "video",
        ],
    )
    async def test_a_code_is_made_for_good_or_for_days(self, wechat, scene):
        status, out, _ = await wechat("qr", "hall", scene)
        some_days = await wechat("qr", scene, "--days", "30")

        assert (status, some_days[0]) == (0, 0)
        assert f"场景：{scene}\n有效：永久\n二维码内容：http://weixin.qq.com/q/" in out
        assert "有效：30 天" in some_days[1]

    @pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml")])
    async def test_a_picture_is_written(self, wechat, tmp_path, name, begins):
        status, out, _ = await wechat("qr", "kiosk:7", "--out", name)

        assert status == 0
        assert f"已写到 {name}" in out
        assert (tmp_path / name).read_bytes().startswith(begins)

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("hall", "hello"), "场景要写成"),
            (("ask:",), "场景要写成"),
            (("ask:  ",), "场景要写成"),
            (("window:" + "长" * 58,), "最多 64 个字符，现有 65 个"),
            (("kiosk:7", "--days", "31"), "1 到 30"),
            (("kiosk:7", "--days", "0"), "1 到 30"),
            (("kiosk:7", "--out", "code.gif"), ".png 或 .svg"),
            (("kiosk:7", "--out", "nowhere/code.png"), "不是目录"),
        ],
    )
    async def test_what_cannot_be_is_said_before_wechat_is_asked(self, wechat, platform, words, told):
        status, _, err = await wechat("qr", *words)

        assert status == 1
        assert told in err
        assert platform.calls == []
