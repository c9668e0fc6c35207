"""A citizen's WeChat in a terminal: lines are typed, and what WeChat would show is printed."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.wechat_platform.account import PlatformAccount
from tests.wechat_platform.platform import WeChatPlatform
from tests.wechat_platform.users import CUSTOM, NOTICE, REPLY, SUBSCRIPTION, PlatformUser, Seen

HELP = """直接输入文字就是发消息。其他：
  /follow [场景]  关注（可带扫码场景）   /unfollow  取消关注
  /menu           看菜单               /menu 名称  点菜单（名称或 KEY）
  /scan 场景      扫带参数的二维码       /image 文件  发图片
  /voice 文件     发语音（AMR）         /video 文件  发视频
  /location 纬度 经度 [地点]  发位置     /link 网址 [标题]  发链接
  /subscribe 模板  同意订阅一次          /quota  还能收几条客服消息
  /expire         让 access_token 失效   /who [openid]  换一个人
  /open 网址      给出在浏览器里以此人身份打开的地址
  /quit           结束"""
LINK = re.compile(r'<a href="([^"]*)"[^>]*>([^<]*)</a>')
HOW = {REPLY: "被动回复", CUSTOM: "客服消息", SUBSCRIPTION: "订阅通知", NOTICE: "微信提示"}


def shown(seen: Seen) -> str:
    """What is printed of something on the citizen's screen."""
    lines = [f"  ◀ [{HOW[seen.via]}] {seen.title}".rstrip()]
    lines += LINK.sub(r"\2 → \1", seen.text).splitlines()
    if seen.media_id:
        lines.append(f"（{seen.kind} {seen.media_id[:12]}…）")
    lines += [f"{name}：{value}" for name, value in seen.details.items()]
    if seen.url:
        lines.append(f"→ {seen.url}")
    return "\n    ".join(lines)


def menu_lines(account: PlatformAccount) -> Iterator[str]:
    """The menu, one button a line."""
    buttons = (account.menu or {}).get("button", [])
    if not buttons:
        yield "  （没有菜单）"
    for button in buttons:
        yield f"  {button['name']}  {button.get('key') or button.get('url') or ''}"
        for each in button.get("sub_button") or []:
            yield f"    {each['name']}  {each.get('key') or each.get('url') or ''}"


def ends_of(account: PlatformAccount) -> Iterator[Mapping[str, Any]]:
    """The buttons and entries that do something."""
    for button in (account.menu or {}).get("button", []):
        yield from button.get("sub_button") or [button]


class Terminal:
    """Plays one user at a time."""

    def __init__(self, platform: WeChatPlatform, say: Callable[[str], None] = print) -> None:
        self._platform = platform
        self._account = platform.account
        self._say = say
        self._user = self._become("oTerminal")

    async def run(self, read: Callable[[], Awaitable[str]]) -> None:
        """Takes lines until the end of the input or /quit."""
        self._say(HELP)
        while line := await read():
            if line.strip() == "/quit":
                break
            try:
                await self.take(line.strip())
            except IndexError:
                self._say("  ！少了内容，写法见 /help")
            except OSError as error:
                self._say(f"  ！{error.filename or ''} 打不开：{error.strerror or error}")
            except ValueError as error:
                self._say(f"  ！{error}")
        await self._account.settled()

    async def take(self, line: str) -> None:
        """Does what a line says. Raises OSError, ValueError or IndexError for one that can't be done."""
        if not line:
            return
        if not line.startswith("/"):
            self._user.says(line)
            return
        command, *rest = line[1:].split() or ["help"]
        pushing = self._pushing(command, rest)
        if pushing is None and not self._telling(command, rest):
            if command != "help":
                self._say(f"  ！没有 /{command}")
            self._say(HELP)

    def _pushing(self, command: str, rest: list[str]) -> object | None:
        """The push that the command makes, if it makes one."""
        user = self._user
        if command == "image":
            return user.sends_image(Path(rest[0]).read_bytes())
        if command == "voice":
            return user.sends_voice(Path(rest[0]).read_bytes())
        if command == "video":
            return user.sends_video(Path(rest[0]).read_bytes())
        if command == "location":
            return user.sends_location(float(rest[0]), float(rest[1]), label=" ".join(rest[2:]))
        if command == "link":
            return user.sends_link(" ".join(rest[1:]) or rest[0], rest[0])
        if command == "follow":
            return user.follows(*rest[:1])
        if command == "unfollow":
            return user.unfollows()
        if command == "scan":
            return user.scans(rest[0])
        if command == "menu" and rest:
            return self._press(" ".join(rest))
        if command == "subscribe":
            self._account.templates.add(rest[0])
            return user.answers_subscription({rest[0]: True})
        return None

    def _press(self, named: str) -> object:
        """Presses the menu's entry of that name or key. Raises ValueError for a name that is in no menu."""
        for button in ends_of(self._account):
            if named not in (button["name"], button.get("key")):
                continue
            if button["type"] == "view":
                self._say(f"  打开 {self._in_browser(button['url'])}")
                return self._user.views(button["url"])
            return self._user.clicks(button["key"])
        if not any(True for _ in ends_of(self._account)):
            return self._user.clicks(named)  # without a menu any key can be tried
        raise ValueError(f"菜单里没有「{named}」")

    def _in_browser(self, url: str) -> str:
        """The address that opens a page in a browser which from then on is this citizen's WeChat."""
        return (
            f"{self._platform.url}/phone?{urlencode({'openid': self._user.openid, 'next': url}, safe=':/')}"
        )

    def _telling(self, command: str, rest: list[str]) -> bool:
        """Whether the command is one that only looks, or changes the platform."""
        if command == "menu":
            for line in menu_lines(self._account):
                self._say(line)
        elif command == "quota":
            self._say(f"  还能收 {self._user.may_get} 条客服消息")
        elif command == "expire":
            self._account.tokens.expire()
            self._say("  access_token 已失效")
        elif command == "who":
            self._user = self._become(rest[0] if rest else "")
        elif command == "open":
            self._say(f"  {self._in_browser(rest[0])}")
        else:
            return False
        return True

    def _become(self, openid: str) -> PlatformUser:
        user = self._account.user(openid)
        user.sees = lambda seen: self._say(shown(seen))
        self._say(f"  您现在是 {user.openid}")
        return user


async def read_line() -> str:
    """A line of the standard input; empty at its end."""
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
