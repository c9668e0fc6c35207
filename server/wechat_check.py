"""Tries each step of setting an official account up. What the answers mean: `server.wechat_findings`."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from connectors.wechat.client import WeChatClient
from connectors.wechat.menu import Menu, click_keys, diff, from_wechat, load_menu
from connectors.wechat.trial_pushes import ANY_ACCOUNT, EVENT, LEAVE, forged, trial_check, trial_push
from core.clock import utc_now
from core.errors import BangbanError, ConfigurationError
from core.wechat_settings import WeChatAccountSettings
from server import wechat_findings as findings
from server.wechat_findings import Finding, Sign
from server.wechat_probe import Answer, Unreached, addresses_of, get, post
from server.wechat_scenes import KINDS, is_known
from server.wechat_values import keys_of

OFFICIAL: Final = "https://api.weixin.qq.com"
MENU: Final = "菜单"
COMPARED: Final = "菜单：与微信比较"
BROWSER: Final = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """The check of one account.

    `public_url` is the address of the settings, `tried_url` where the service is asked: the same, or one that
    is reached without the proxy.
    """

    name: str
    account: WeChatAccountSettings
    public_url: str
    tried_url: str
    client: WeChatClient
    session: aiohttp.ClientSession
    now: Callable[[], datetime] = utc_now

    async def run(self) -> AsyncIterator[Finding]:
        """What each step showed, as soon as it is known. No step needs the one before."""
        yield self._settings()
        yield findings.of_address(self.public_url)
        host = urlsplit(self.public_url).hostname or ""
        if self.tried_url != self.public_url:
            told = f"从 {self.tried_url} 试，没有经过 {host}"
            yield Finding(Sign.LOOK, "公网访问", told, "请再不带 --url 查一次，微信走的是公网。")
        elif host and not findings.is_ip(host):
            yield findings.of_names(host, await addresses_of(host))
        async for finding in self._callback():
            yield finding
        yield await self._clock()
        steps = await self.client.self_check()
        for step in steps:
            yield findings.of_step(step)
        async for finding in self._menu(has_token=steps[0].error is None):
            yield finding
        yield findings.of_domains(host)

    def _settings(self) -> Finding:
        own, step = self.account, "设置"
        told = f"账号 {self.name}，AppID {own.app_id}，{findings.MODES[keys_of(own).mode]}"
        if own.api_url != OFFICIAL:
            return Finding(Sign.LOOK, step, f"{told}，接口在 {own.api_url}", "这不是微信的接口，只用于测试。")
        if own.mode != "safe":
            return Finding(Sign.LOOK, step, told, "建议改用安全模式：只有它能证明推送的内容没有被改过。")
        return Finding(Sign.WELL, step, told)

    async def _callback(self) -> AsyncIterator[Finding]:
        """The address, as WeChat's console and its pushes call it, and as somebody else might."""
        keys, url = keys_of(self.account), f"{self.tried_url}/wechat/{self.name}"
        host = urlsplit(self.tried_url).netloc
        echo = str(secrets.randbelow(10**18))
        query = trial_check(keys, now=int(time.time()), nonce=secrets.token_hex(8), echo=echo)
        checked = findings.of_check(await get(self.session, url, query), echo, host)
        yield checked
        # Where the address can't be reached, or is somebody else's, pushes would say the same once more.
        if checked.sign is Sign.WELL:
            yield findings.of_push(await self._push(url, EVENT), keys.mode, host)
            await self._push(url, LEAVE)
            yield findings.of_forgery(await self._push(url, EVENT, forge=True), host)
            entered = await get(self.session, f"{url}/enter", {"to": "chat"}, browser=BROWSER)
            back = f"{self.public_url}/wechat/{self.name}/entered"
            yield findings.of_entry(entered, self.account, back, host)

    async def _push(self, url: str, event: str, *, forge: bool = False) -> Answer | Unreached:
        push = trial_push(
            keys_of(self.account),
            event,
            account_id=self.account.original_id or ANY_ACCOUNT,
            now=int(time.time()),
            nonce=secrets.token_hex(8),
            random16=secrets.token_bytes(16),
        )
        push = forged(push) if forge else push
        return await post(self.session, url, push.query, push.body)

    async def _clock(self) -> Finding:
        answer = await get(self.session, f"{self.account.api_url}/cgi-bin/get_api_domain_ip", {})
        theirs = answer.at if isinstance(answer, Answer) else None
        return findings.of_clock(theirs, self.now(), self.account.clock_window_s)

    async def _menu(self, *, has_token: bool) -> AsyncIterator[Finding]:
        if self.account.menu is None:
            yield Finding(
                Sign.LOOK, MENU, "设置里没有写 menu，不比较", "菜单文件的写法见 docs/howto/wechat.md。"
            )
            return
        try:
            wanted = read_menu(self.account.menu, self.public_url)
        except BangbanError as error:
            yield Finding(Sign.WRONG, MENU, str(error), f"请改正 {self.account.menu}。")
            return
        if unknown := unknown_keys(wanted):
            told = "点了没有反应的 click：" + "、".join(unknown)
            yield Finding(Sign.WRONG, MENU, told, f"click 要写成 {'、'.join(KINDS)} 中的一种。")
        if not has_token:  # said already
            yield Finding(Sign.LOOK, COMPARED, "没有拿到接口凭证，没有比较")
            return
        try:
            differences = diff(from_wechat(await self.client.menu() or {}), wanted)
        except BangbanError as error:
            yield findings.of_failure(COMPARED, error)
            return
        if differences:
            told, advice = (
                f"与微信上的有 {len(differences)} 处不同",
                f"查看：bangban wechat menu diff {self.name}",
            )
            yield Finding(Sign.WRONG, COMPARED, told, f"{advice}；更新：把 diff 换成 push。")
        else:
            yield Finding(Sign.WELL, COMPARED, "一致")


def read_menu(file: Path, public_url: str) -> Menu:
    """The menu of an account's file. Raises ConfigurationError."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"菜单文件 {file} 打不开：{error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"菜单文件 {file} 不是 UTF-8 编码") from None
    return load_menu(text, public_url)


def unknown_keys(menu: Menu) -> list[str]:
    """The keys of that menu that nothing happens for."""
    return [key for key in click_keys(menu) if not is_known(key)]
