"""Two processes serve one account over one PostgreSQL: one token, and nothing said twice."""

import asyncio
import re
from collections import Counter

import pytest
from aiohttp.test_utils import TestClient

from core.clock import utc_now
from core.outbox_ports import ItemState
from core.settings import Settings
from server.app import create_app
from server.keys import REPLICAS, STORES, WECHAT
from tests import redis_server
from tests.conftest import empty_tables
from tests.fakes import ScriptedEngine, say
from tests.ports import ReservedPort
from tests.server.conftest import Service, find_district
from tests.server.desk_world import FakeMedia
from tests.server.replica_world import SESSION_SECRET
from tests.server.test_wechat_seen import page_of, states_of
from tests.server.wechat_world import ACCOUNT, wechat_table
from tests.waiting import comes_true
from tests.wechat_platform import AccountSettings, WeChatPlatform
from tests.wechat_platform.faults import Faults

pytestmark = pytest.mark.slow  # PostgreSQL and Redis


class Unhurried(ScriptedEngine):
    """Takes longer than a delivery may, for every third message."""

    async def reply(self, sender_id, text, **more):
        number = int(re.findall(r"\d+", text)[0])
        await asyncio.sleep(0.5 if number % 3 == 0 else 0.01)
        return say(f"答〔{text}〕")


@pytest.fixture(params=["alone", "redis"])
def joined_by(request):
    """How the processes know of each other: not at all, or as replicas."""
    if request.param == "alone":
        yield {}
        return
    with redis_server.running_server() as server:
        yield {"redis_url": server.url, "media_url": "http://127.0.0.1:9", "media_secret": "x" * 32}


@pytest.fixture
async def world(tmp_path, migrated_postgresql, joined_by):
    await empty_tables(migrated_postgresql)
    ports = [ReservedPort(), ReservedPort()]
    first, second = (f"{port.url}/wechat/{ACCOUNT}" for port in ports)
    account = AccountSettings(callback=first, more_callbacks=(second,))
    faults = Faults(pushed_twice=0.4, reply_lost=0.1, api_delay=(0.0, 0.05))
    async with WeChatPlatform(account, faults=faults) as platform:
        # Each new token of the older API ends the one before it, so that a race would show.
        table = wechat_table(account, platform.url, stable_token=False, answer_within_s=0.3)
        clients = []
        for port in ports:
            settings = Settings.load(
                {
                    "data": tmp_path / "var",
                    "database_url": migrated_postgresql,
                    "session_secret": SESSION_SECRET,
                    "rate_messages_per_minute": 1000,
                    "log_level": "error",
                    "public_url": ports[0].url,
                    "wechat": {ACCOUNT: table},
                    **joined_by,
                }
            )
            app = create_app(settings, engine=Unhurried(), media=FakeMedia(), find_district=find_district)
            clients.append(TestClient(port.server(app)))
            await clients[-1].start_server()
        try:
            services = [Service(c.app, c, {"stores": c.app[STORES], "engine": None}) for c in clients]
            await comes_true(lambda: all(s.app[REPLICAS].connected for s in services))
            yield platform, services
        finally:
            for client in clients:
                await client.close()


async def all_said(stores, users) -> bool:
    """Whether nothing is being answered or sent, and everything that is to be said was."""
    if await stores.outbox.undone(ACCOUNT, utc_now()) or await stores.outbox.behind(ACCOUNT):
        return False
    return not any([await stores.outbox.items(ACCOUNT, user.openid) for user in users])


async def test_no_message_is_answered_twice_and_one_process_at_a_time_renews_the_token(world, joined_by):
    platform, (service, _) = world
    users = [platform.account.user() for _ in range(20)]
    said = []
    for round_number in range(3):
        for number, user in enumerate(users):
            said.append(user.says(f"第{round_number * 100 + number}问"))
        await platform.account.settled()
        await comes_true(lambda: all_said(service.stores, users))
        platform.account.tokens.expire(42001)

    for user in users:
        texts = "\n".join(user.texts)
        answers = re.findall(r"答〔第(\d+)问〕", texts)
        assert set(Counter(answers).values()) == {1}, texts
        assert len(answers) == 3, texts
        if joined_by:
            assert answers == sorted(answers, key=int)
    assert platform.account.tokens.renewed <= 3
    assert {call.errcode for call in platform.calls_of("message/custom/send")} <= {0, 42001}


@pytest.mark.parametrize("joined_by", ["redis"], indirect=True)
async def test_what_a_page_at_one_process_has_shown_no_other_process_sends(world):
    platform, (first, second) = world
    citizen = platform.account.user()
    await citizen.says("第1问")
    await comes_true(lambda: all_said(first.stores, [citizen]))
    conversation_id = (await first.stores.outbox.user(ACCOUNT, citizen.openid)).conversation_id
    async with page_of(second, conversation_id) as page:
        await comes_true(lambda: first.app[REPLICAS].is_watched(conversation_id))
        event, _ = await first.stores.conversations.append(
            conversation_id, "agent_message", {"text": "请带户口簿", "agent": "li"}
        )
        sender = first.app[WECHAT][ACCOUNT].sender
        sender.note(conversation_id)
        await sender.look()
        assert await states_of(first, citizen, event.sequence) == {ItemState.WAITING}
        await page.send_json({"type": "seen", "sequence": event.sequence})

        async def is_seen() -> bool:
            return await states_of(first, citizen, event.sequence) == {ItemState.SEEN}

        await comes_true(is_seen)
