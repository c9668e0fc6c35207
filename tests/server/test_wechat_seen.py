"""A citizen in WeChat with their page open: what they saw there isn't sent to WeChat again."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Unavailable
from core.outbox_ports import ItemState, OutboxStep
from server import keys
from server.wechat_links import page_token
from tests.server.conftest import CONVERSATIONS
from tests.server.desk_api import desk_of, until
from tests.server.test_wechat_desk import comes_true_of, says, served, standing_in
from tests.server.wechat_world import ACCOUNT, wechat_world
from tests.waiting import comes_true


@pytest.fixture
async def world(settings, monkeypatch):
    monkeypatch.setattr("connectors.wechat.sender.BETWEEN_PAGES", timedelta(milliseconds=1))
    async with wechat_world(settings) as made:
        made.service.app[keys.SEEN_ON_PAGE]._pause = 0.02
        yield made


@pytest.fixture
async def agent(world):
    return await desk_of(world.service)


@asynccontextmanager
async def page_of(service, conversation_id: str, after: int = 0):
    """The socket of the citizen's page."""
    token = page_token(service.app[keys.SECRETS].pages, conversation_id)
    async with service.client.ws_connect(
        f"{CONVERSATIONS}/{conversation_id}/events?after={after}", protocols=("bangban.v1", f"bearer.{token}")
    ) as socket:
        yield socket


async def sees(page, sequence: int) -> None:
    """Has the event shown, and says so."""
    await until(page, lambda m: m.get("sequence") == sequence)
    await page.send_json({"type": "seen", "sequence": sequence})


async def states_of(service, citizen, sequence: int) -> set[ItemState]:
    items = await service.stores.outbox.items(ACCOUNT, citizen.openid, all_states=True)
    return {item.state for item in items if item.sequence == sequence}


async def becomes(world, citizen, sequence: int, state: ItemState) -> None:
    async def holds() -> bool:
        return await states_of(world.service, citizen, sequence) == {state}

    await comes_true(holds)


def trying(world, monkeypatch) -> asyncio.Event:
    """Is set as soon as what a page told was looked at."""
    seen_on_page, tried = world.service.app[keys.SEEN_ON_PAGE], asyncio.Event()
    take_in = seen_on_page._take_in

    async def tries(*noted):
        is_done = await take_in(*noted)
        tried.set()
        return is_done

    monkeypatch.setattr(seen_on_page, "_take_in", tries)
    return tried


async def test_what_was_seen_is_never_sent_and_costs_nothing(world, agent):
    citizen, path = await served(world, agent)
    before = (citizen.may_get, await agent.done("GET", path))
    async with page_of(world.service, path.rpartition("/")[2]) as page:
        first = await says(agent, path, "请带户口簿")
        await sees(page, first)
        await becomes(world, citizen, first, ItemState.SEEN)
        second = await says(agent, path, "和照片")
        await until(page, lambda m: m.get("sequence") == second)  # without a word that it was shown
    await world.sees(citizen, "和照片")

    assert not any("请带户口簿" in text for text in citizen.texts)
    after = await comes_true_of(agent, path, lambda found: found["left"] == before[1]["standing"]["left"] - 1)
    assert (after["waiting"], citizen.may_get) == (0, before[0] - 1)


async def test_a_page_says_so_before_the_outbox_knows_of_the_event(world, agent):
    citizen, path = await served(world, agent)
    world.service.app[keys.FAN_OUT].grown.clear()  # nobody tells the sender
    held = (await world.known(citizen)).held
    async with page_of(world.service, path.rpartition("/")[2]) as page:
        spoken = await says(agent, path, "请带户口簿")
        await agent.done("POST", path + "/close", json={"summary": "已办好"})
        last = (await world.log_of(citizen))[-1].sequence
        await sees(page, last)
        await becomes(world, citizen, spoken, ItemState.SEEN)
    user = await world.known(citizen)

    assert (user.read_to, held, user.held) == (last, "agent", "bot")
    assert await world.service.stores.outbox.items(ACCOUNT, citizen.openid) == ()


async def test_who_asks_in_wechat_with_the_page_open_is_answered_in_wechat(world, monkeypatch):
    citizen = world.citizen()
    await citizen.says("你好")
    engine, seen_on_page = world.account.engine, world.service.app[keys.SEEN_ON_PAGE]
    conclude, tried = engine._conclude, trying(world, monkeypatch)

    async def later(push, user):
        await tried.wait()
        return await conclude(push, user)

    monkeypatch.setattr(engine, "_conclude", later)
    async with page_of(world.service, (await world.known(citizen)).conversation_id, after=2) as page:
        asked = citizen.says("身份证丢了怎么补办")
        await sees(page, 4)  # the answer, before WeChat has it
        delivery = await asked
        await comes_true(lambda: not seen_on_page._noted)

    assert delivery.reply is not None
    assert citizen.texts == ["您说的是：你好", "您说的是：身份证丢了怎么补办"]


async def test_while_a_delivery_is_open_it_is_remembered_and_taken_in_afterwards(world, agent, monkeypatch):
    citizen, path = await served(world, agent)
    tried = trying(world, monkeypatch)
    store, openid = world.service.stores.outbox, citizen.openid
    now = world.account.sender._now

    def answers(until_when):
        return lambda box: OutboxStep(replace(box.user, answering_until=until_when))

    await store.change(ACCOUNT, openid, answers(now() + timedelta(hours=1)))
    async with page_of(world.service, path.rpartition("/")[2]) as page:
        spoken = await says(agent, path, "请带户口簿")
        await becomes(world, citizen, spoken, ItemState.WAITING)
        await sees(page, spoken)
        await tried.wait()
        assert await states_of(world.service, citizen, spoken) == {ItemState.WAITING}
        await store.change(ACCOUNT, openid, answers(None))
        await becomes(world, citizen, spoken, ItemState.SEEN)


async def test_the_desk_hears_that_nothing_waits_any_more(world, agent):
    _, path = await served(world, agent)
    async with page_of(world.service, path.rpartition("/")[2]) as page, agent.events() as screen:
        spoken = await says(agent, path, "请带户口簿")
        await until(screen, lambda m: standing_in(m).get("waiting_events") == [spoken])
        await sees(page, spoken)
        await until(screen, lambda m: standing_in(m).get("waiting_events") == [])


@pytest.mark.parametrize(
    "garbage",
    [
        '{"type": "seen"}',
        '{"type": "seen", "sequence": -1}',
        '{"type": "seen", "sequence": 1.5}',
        '{"type": "seen", "sequence": true}',
        '{"type": "seen", "sequence": "1"}',
        '{"type": "seen", "sequence": NaN}',
        '{"type": "seen", "sequence": 1, "more": "%s"}' % ("x" * 600),
    ],
)
async def test_garbage_is_refused_and_the_socket_stays_open(world, agent, garbage):
    citizen, path = await served(world, agent)
    async with page_of(world.service, path.rpartition("/")[2]) as page:
        await page.send_str(garbage)
        refused = await until(page, lambda m: m.get("type") == "seen.refused")
        spoken = await says(agent, path, "请带户口簿")
        await sees(page, spoken)
        await becomes(world, citizen, spoken, ItemState.SEEN)

    assert refused["code"] in {"invalid_input", "invalid_json", "body_too_large"}
    assert refused["message"]


async def test_a_number_that_the_log_does_not_have_is_ignored(world, agent):
    citizen, path = await served(world, agent)
    seen_on_page = world.service.app[keys.SEEN_ON_PAGE]
    async with page_of(world.service, path.rpartition("/")[2]) as page:
        spoken = await says(agent, path, "请带户口簿")
        await until(page, lambda m: m.get("sequence") == spoken)
        await page.send_json({"type": "seen", "sequence": spoken + 1})
        await page.send_json({"type": "seen", "sequence": "the frame before was read"})
        await until(page, lambda m: m.get("type") == "seen.refused")
        await comes_true(lambda: not seen_on_page._noted)
    await world.sees(citizen, "请带户口簿")


async def test_of_other_channels_nothing_is_kept(service):
    started = conversation_id, token = await service.started()
    await service.said(started, "一")
    url = f"{CONVERSATIONS}/{conversation_id}/events"
    async with service.client.ws_connect(url, protocols=("bangban.v1", f"bearer.{token}")) as page:
        await sees(page, 2)
        await page.send_json({"type": "seen", "sequence": None})  # answered, so the frame before was read
        await until(page, lambda m: m.get("type") == "seen.refused")

    assert service.app[keys.SEEN_ON_PAGE]._noted == {}


@pytest.mark.parametrize("failure", [Unavailable("the database is away"), ZeroDivisionError()])
async def test_a_failure_ends_nothing(world, agent, failure, monkeypatch):
    citizen, path = await served(world, agent)
    store, failures = world.service.stores.outbox, [failure]
    find = store.users_of

    async def users_of(conversation_ids):
        if failures:
            raise failures.pop()
        return await find(conversation_ids)

    async with page_of(world.service, path.rpartition("/")[2]) as page:
        spoken = await says(agent, path, "请带户口簿")
        await until(page, lambda m: m.get("sequence") == spoken)
        monkeypatch.setattr(world.service.app[keys.SEEN_ON_PAGE]._store, "users_of", users_of)
        await page.send_json({"type": "seen", "sequence": spoken})
        await comes_true(lambda: not failures)
        if isinstance(failure, ZeroDivisionError):  # what can't be done isn't tried for ever
            await page.send_json({"type": "seen", "sequence": spoken})
        await becomes(world, citizen, spoken, ItemState.SEEN)
