"""A citizen in WeChat and the real bot: what they read there, and what their words bring about."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.ports import kept_port
from tests.scenarios.conftest import ANSWER_SECONDS, RunningService
from tests.scenarios.wechat_storm import ACCOUNT, account_settings
from tests.waiting import comes_true
from tests.wechat_platform import AccountSettings, WeChatPlatform

pytestmark = pytest.mark.slow

HEARD = {b"#!AMR clear": ("南关区居住证丢失补领要多少钱", 0.95), b"#!AMR mumbled": ("转人工", 0.4)}


async def hear(request: web.Request) -> web.Response:
    text, confidence = HEARD[await request.read()]
    return web.json_response({"text": text, "confidence": confidence})


@asynccontextmanager
async def city(data):
    """WeChat, and a service with the bot and ears."""
    ears = web.Application()
    ears.router.add_post("/hear", hear)
    port = kept_port()
    account = AccountSettings(callback=f"http://127.0.0.1:{port}/wechat/{ACCOUNT}")
    async with TestServer(ears) as asr, WeChatPlatform(account) as platform:
        own = account_settings(account, platform.url, port)
        service = RunningService(data, asr_url=asr.make_url("/hear"), **own)
        service.port = port
        await asyncio.to_thread(service.start)
        try:
            yield platform.account
        finally:
            await asyncio.to_thread(service.stop)


async def reads(citizen, *parts: str) -> None:
    """Comes back when all of these stand in what WeChat showed last, however it was split."""

    def shown() -> bool:
        return all(part in "\n".join(citizen.texts) for part in parts)

    try:
        await comes_true(shown, ANSWER_SECONDS)
    except TimeoutError:
        raise AssertionError(citizen.texts) from None


async def test_what_a_citizen_in_wechat_says_is_understood_and_answered(tmp_path, prepared_data):
    shutil.copytree(prepared_data, tmp_path / "var")
    async with city(tmp_path / "var") as account:
        # A question that is asked back, picked by number, and answered with its source.
        citizen = account.user()
        await citizen.says("身份证丢了怎么补办")
        await reads(citizen, "请问您在哪个区县办", "\n1. 朝阳区\n", "回复数字即可选择。")
        assert "\n".join(citizen.texts).count("1. 朝阳区") == 1
        await citizen.says("1")
        await citizen.says("1")
        await reads(
            citizen, "【朝阳区·", "所需材料：", "来源：朝阳区《丢失补领身份证（丢失补领居民身份证）》"
        )
        assert not account.complaints

        # A place instead of a number.
        citizen = account.user()
        await citizen.says("身份证丢了怎么补办")
        await citizen.sends_location(43.8, 125.3, label="吉林省长春市南关区人民大街1号")
        await reads(citizen, "按南关区为您查", "分几种情况")

        # A code on the wall.
        citizen = account.user()
        await citizen.scans("item:sample-residence-permit-home-chaoyang")
        await reads(citizen, "居住证申领")

        # Words for a person, of either kind.
        for words, told in {
            "转人工": "已为您登记人工服务",
            "人工": "已为您登记人工服务",
            "视频": "已为您登记视频帮办",
            "视频咨询": "已为您登记视频帮办",
        }.items():
            citizen = account.user()
            await citizen.says(words)
            await reads(citizen, told)

        # Voice: sure, and unsure.
        citizen = account.user()
        await citizen.sends_voice(b"#!AMR clear")
        await reads(citizen, "听到的是：“南关区居住证丢失补领要多少钱”。", "收费：")
        await citizen.sends_voice(b"#!AMR mumbled")
        await reads(citizen, "您是说“转人工”吗？")
        await citizen.says("是")
        await reads(citizen, "已为您登记人工服务")
