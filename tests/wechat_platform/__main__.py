"""Plays WeChat for a service, and a citizen from this terminal."""

import argparse
import asyncio

import aiohttp

from tests.wechat_platform import AccountSettings, Rules, WeChatPlatform
from tests.wechat_platform.rules import MODES
from tests.wechat_platform.terminal import Terminal, read_line


def settings_of(arguments: argparse.Namespace) -> AccountSettings:
    return AccountSettings(
        callback=arguments.callback,
        token=arguments.token,
        app_id=arguments.app_id,
        app_secret=arguments.app_secret,
        aes_key=arguments.aes_key,
        mode=arguments.mode,
        original_id=arguments.original_id,
    )


async def play(arguments: argparse.Namespace) -> None:
    rules = Rules(reply_within=arguments.reply_within)
    async with WeChatPlatform(settings_of(arguments), rules=rules, port=arguments.port) as platform:
        print(f"微信接口在 {platform.url}，回调地址 {arguments.callback}")  # noqa: T201 - a terminal program
        try:
            verified = await platform.account.verify_callback()
        except aiohttp.ClientError as error:
            print(f"回调地址连不上，服务在运行吗？{error}")  # noqa: T201 - as above
        else:
            print("回调地址验证通过" if verified else "回调地址验证没有通过：Token 一致吗？")  # noqa: T201 - as above
        await Terminal(platform).run(read_line)


def parser() -> argparse.ArgumentParser:
    default = AccountSettings()
    found = argparse.ArgumentParser(prog="python -m tests.wechat_platform", description=__doc__)
    found.add_argument("--callback", required=True, help="the service's URL for pushes")
    found.add_argument("--token", default=default.token)
    found.add_argument("--aes-key", default=default.aes_key, help="EncodingAESKey, 43 characters")
    found.add_argument("--mode", default=default.mode, choices=MODES)
    found.add_argument("--app-id", default=default.app_id)
    found.add_argument("--app-secret", default=default.app_secret)
    found.add_argument("--original-id", default=default.original_id, help="gh_…")
    found.add_argument("--port", type=int, default=8099, help="of the API; 0 for any")
    found.add_argument("--reply-within", type=float, default=5.0, help="seconds until a push is cut")
    return found


if __name__ == "__main__":
    asyncio.run(play(parser().parse_args()))
