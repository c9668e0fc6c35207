"""A WeChat platform and clients of it."""

import pytest

from connectors.wechat.account import Account
from connectors.wechat.api import WeChatApi, create_session
from connectors.wechat.client import open_client
from tests.fakes import ManualClock
from tests.replica_fakes import ProcessLocks, ReplicaHub
from tests.waiting import PATIENCE_S
from tests.wechat_fakes import InMemoryTokenStore
from tests.wechat_platform import WeChatPlatform


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def platform(clock):
    async with WeChatPlatform(now=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def session():
    async with create_session() as opened:
        yield opened


@pytest.fixture
def hub():
    return ReplicaHub()


@pytest.fixture
def store():
    return InMemoryTokenStore()


def account_of(settings, account_id="hall", **changes):
    return Account(account_id, settings.app_id, settings.app_secret, **changes)


async def no_pause(_seconds):
    return None


@pytest.fixture
async def start_client(platform, session, store, hub, clock):
    """Starts clients as so many processes would: they share store and locks, nothing else."""
    started = []

    def start(settings=None, *, timeout_s=PATIENCE_S, **changes):
        api = WeChatApi(session, base_url=platform.url, timeout_s=timeout_s, sleep=no_pause)
        account = account_of(settings or platform.account.settings, **changes)
        client = open_client(api, account, store, ProcessLocks(hub), now=clock)
        started.append(client)
        return client

    yield start
    for client in started:
        await client.close()


@pytest.fixture
def client(start_client):
    return start_client()
