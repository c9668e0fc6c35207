"""`bangban wechat check|menu|qr`: official accounts, from the operator's side."""

import argparse
import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.wechat.client import LONGEST_SCENE_SECONDS, SceneCode
from connectors.wechat.menu import Entry, Menu, diff, from_wechat, in_words, to_wechat
from core.errors import BangbanError, ConfigurationError, InvalidInput
from core.logs import configure_logs
from core.settings import Settings
from core.wechat_settings import WeChatAccountSettings
from server import scene_pictures, wechat_scenes
from server.cli.options import add_data
from server.cli.printing import say
from server.wechat_accounts import chosen, opened
from server.wechat_check import AccountCheck, read_menu, unknown_keys
from server.wechat_findings import Sign, of_failure

NOT_WELL = 4
DIFFERENT = 4
LONGEST_DAYS = LONGEST_SCENE_SECONDS // 86400


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's actions."""
    actions = parser.add_subparsers(required=True, title="操作", metavar="操作")
    check = actions.add_parser(
        "check",
        help="逐项检查一个账号",
        description="逐项检查账号的设置、回调地址、微信接口和菜单，说明哪里不对、怎么办。"
        f"✓ 正常，？ 要您自己看，✗ 不对。没有 ✗ 时退出码为 0，否则为 {NOT_WELL}。",
    )
    _add_account(check)
    check.add_argument("--url", metavar="地址", default="", help="从这个地址找服务，而不是 public_url")
    check.set_defaults(run=run_check)
    _add_menu(actions)
    _add_code(actions)


def _add_menu(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser("menu", help="公众号底部的菜单", description="公众号底部的菜单")
    of_menu = parser.add_subparsers(required=True, title="操作", metavar="操作")
    told = f"比较菜单文件与微信上的菜单；有不同时退出码为 {DIFFERENT}"
    for name, run, about in (
        ("show", run_show, "列出微信上的菜单"),
        ("diff", run_diff, told),
        ("push", run_push, "把菜单文件更新到微信，先列出不同，确认后才改"),
    ):
        action = of_menu.add_parser(name, help=about, description=about)
        _add_account(action)
        action.set_defaults(run=run)
        if name == "push":
            action.add_argument("--yes", action="store_true", help="不再确认")


def _add_code(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "qr",
        help="生成带场景的二维码",
        description="生成带场景的公众号二维码，市民扫码后直接问到这件事或这个地点。"
        f"场景写成 {'、'.join(wechat_scenes.KINDS)}。",
    )
    _add_account(parser)
    parser.add_argument("scene", metavar="场景", help="例如 ask:身份证丢了怎么补办")
    parser.add_argument(
        "--days",
        type=int,
        metavar="天数",
        help=f"有效天数，1 到 {LONGEST_DAYS}；不写则永久有效（每个账号限十万个）",
    )
    parser.add_argument("--out", type=Path, metavar="文件", help="二维码图片，.png 或 .svg")
    parser.set_defaults(run=run_code)


def _add_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", metavar="账号", nargs="?", default="", help="只有一个账号时可以不写")
    add_data(parser)


def run_check(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints what each step showed; the status says whether all went well."""
    name, account = _quietly(arguments, settings)
    return asyncio.run(_check(settings, name, account, arguments.url))


async def _check(settings: Settings, name: str, account: WeChatAccountSettings, url: str) -> int:
    wrong = 0
    public = settings.public_url.rstrip("/")
    async with opened(settings, name, account) as (client, session):
        check = AccountCheck(name, account, public, url.rstrip("/") or public, client, session)
        async for finding in check.run():
            say(f"{finding.sign} {finding.step}：{finding.told}")
            if finding.advice:
                say(f"    {finding.advice}")
            wrong += finding.sign is Sign.WRONG
    say(f"有 {wrong} 项不对，改好后再查一次。" if wrong else "没有发现不对的地方。")
    return NOT_WELL if wrong else 0


def run_show(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints the menu that WeChat has. Raises what the API raises."""
    name, account = _quietly(arguments, settings)
    menu = asyncio.run(_current(settings, name, account))
    for line in _lines(menu) if menu.buttons else ["微信上没有菜单"]:
        say(line)
    return 0


def run_diff(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints what a push would change. Raises ConfigurationError, and what the API raises."""
    name, account = _quietly(arguments, settings)
    differences = diff(asyncio.run(_current(settings, name, account)), _wanted(account, settings))
    for line in differences or ["菜单没有不同"]:
        say(line)
    return DIFFERENT if differences else 0


def run_push(arguments: argparse.Namespace, settings: Settings) -> int:
    """Puts the file's menu in place of WeChat's after asking.

    Raises ConfigurationError, InvalidInput if nobody can be asked, and what the API raises.
    """
    name, account = _quietly(arguments, settings)
    wanted = _wanted(account, settings)
    differences = diff(asyncio.run(_current(settings, name, account)), wanted)
    for line in differences or ["菜单没有不同，不用更新"]:
        say(line)
    if not differences:
        return 0
    if not (arguments.yes or _agreed()):
        say("没有更新")
        return DIFFERENT
    asyncio.run(_put(settings, name, account, wanted))
    say("已更新。市民重新进入公众号后看到，最多等五分钟。")
    return 0


def run_code(arguments: argparse.Namespace, settings: Settings) -> int:
    """Makes a code and says what it holds.

    Raises InvalidInput, before anything is asked of WeChat, and what the API raises.
    """
    name, account = _quietly(arguments, settings)
    if problem := wechat_scenes.problem_of(arguments.scene):
        raise InvalidInput(problem)
    if arguments.days is not None and not 1 <= arguments.days <= LONGEST_DAYS:
        raise InvalidInput(f"--days 要在 1 到 {LONGEST_DAYS} 之间")
    if arguments.out:
        scene_pictures.check_name(arguments.out)
    code = asyncio.run(_code(settings, name, account, arguments.scene, arguments.days))
    say(f"场景：{arguments.scene}")
    say(f"有效：{f'{arguments.days} 天' if arguments.days else '永久'}")
    say(f"二维码内容：{code.url}")
    if arguments.out:
        scene_pictures.draw(code.url, arguments.out)
        say(f"已写到 {arguments.out}")
    else:
        say("用任何工具把上面的内容做成二维码，或加 --out 文件.png")
    return 0


def _quietly(arguments: argparse.Namespace, settings: Settings) -> tuple[str, WeChatAccountSettings]:
    """The chosen account, with logs that leave the terminal to what is printed."""
    configure_logs(settings.model_copy(update={"log_level": "error", "log_format": "console"}))
    return chosen(settings, arguments.account)


def _wanted(account: WeChatAccountSettings, settings: Settings) -> Menu:
    if account.menu is None:
        raise ConfigurationError("账号没有写 menu（菜单文件），见 docs/howto/wechat.md")
    menu = read_menu(account.menu, settings.public_url)
    if unknown := unknown_keys(menu):
        told = "、".join(unknown)
        raise ConfigurationError(
            f"点了没有反应的 click：{told}；要写成 {'、'.join(wechat_scenes.KINDS)} 中的一种"
        )
    return menu


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput("这里没法确认，请加 --yes")
    say("这样更新到微信吗？输入 是 确认：")
    return sys.stdin.readline().strip() in {"是", "y", "Y", "yes"}


async def _current(settings: Settings, name: str, account: WeChatAccountSettings) -> Menu:
    async with opened(settings, name, account) as (client, _):
        try:
            return from_wechat(await client.menu() or {})
        except BangbanError as error:
            raise _said(error) from None


async def _put(settings: Settings, name: str, account: WeChatAccountSettings, menu: Menu) -> None:
    async with opened(settings, name, account) as (client, _):
        try:
            await client.put_menu(to_wechat(menu))
        except BangbanError as error:
            raise _said(error) from None


async def _code(
    settings: Settings, name: str, account: WeChatAccountSettings, scene: str, days: int | None
) -> SceneCode:
    seconds = None if days is None else int(timedelta(days=days).total_seconds())
    async with opened(settings, name, account) as (client, _):
        try:
            return await client.scene_code(scene, seconds)
        except BangbanError as error:
            raise _said(error) from None


def _said(error: BangbanError) -> BangbanError:
    """The error with what to do, for the terminal."""
    finding = of_failure("微信接口", error)
    return ConfigurationError(f"微信接口：{finding.told}。{finding.advice}")


def _lines(menu: Menu) -> list[str]:
    lines = []
    for button in menu.buttons:
        if isinstance(button, Entry):
            lines.append(f"{button.name}  {in_words(button.act)}")
            continue
        lines.append(button.name)
        lines += [f"    {entry.name}  {in_words(entry.act)}" for entry in button.entries]
    return lines
