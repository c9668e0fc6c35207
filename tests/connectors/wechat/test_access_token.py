"""One token for all tasks and processes: who fetches it, when, and what is done when it is refused."""

import asyncio
import multiprocessing
from datetime import timedelta

import pytest

from connectors.wechat.access_token import EARLIEST, LATEST, LOOKS_AGAIN, SharedToken
from connectors.wechat.api import WeChatApi, create_session
from connectors.wechat.client import open_client
from connectors.wechat.error_codes import TokenExpired, TooOften
from core.database import Database
from core.errors import Unavailable
from core.stores.locks import PostgresqlLocks
from core.stores.wechat import DatabaseTokenStore
from core.wechat_ports import AccessToken
from tests.connectors.wechat.conftest import account_of
from tests.replica_fakes import ProcessLocks
from tests.waiting import comes_true
from tests.wechat_platform import AccountSettings, ApiFault, WeChatPlatform
from tests.wechat_platform.faults import ANSWER_LOST, HTTP_ERROR, REFUSED


class Issuer:
    """WeChat, as far as a SharedToken asks it; `gate` holds the answers back."""

    def __init__(self, clock):
        self._clock = clock
        self.asked = []
        self.failing_with = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.value = ""
        self.seconds = 7200

    async def __call__(self, force):
        self.asked.append(force)
        await self.gate.wait()
        if self.failing_with is not None:
            raise self.failing_with
        return AccessToken(
            self.value or f"token {len(self.asked)}", self._clock() + timedelta(seconds=self.seconds)
        )


@pytest.fixture
def issuer(clock):
    return Issuer(clock)


@pytest.fixture
async def start(store, hub, clock, issuer):
    """Starts processes, which share store and locks."""
    started = []

    def start(chance=0.5):
        locks = ProcessLocks(hub)
        names = {"account_id": "hall", "kind": "access_token"}
        token = SharedToken(issuer, store, locks, now=clock, chance=lambda: chance, **names)
        started.append(token)
        return token

    yield start
    for token in started:
        await token.close()


class TestFetching:
    async def test_many_tasks_of_many_processes_fetch_it_once(self, start, issuer):
        processes = [start() for _ in range(5)]

        values = await asyncio.gather(*(each.value() for each in processes for _ in range(20)))

        assert set(values) == {"token 1"}
        assert issuer.asked == [False]

    async def test_who_starts_later_finds_it_stored(self, start, issuer):
        await start().value()

        assert await start().value() == "token 1"
        assert len(issuer.asked) == 1

    async def test_who_gives_up_waiting_does_not_spoil_it_for_the_others(self, start, issuer):
        issuer.gate.clear()
        token = start()
        impatient, patient = asyncio.create_task(token.value()), asyncio.create_task(token.value())
        await comes_true(lambda: issuer.asked)
        impatient.cancel()
        issuer.gate.set()

        assert await patient == "token 1"

    async def test_an_expired_token_is_not_used(self, start, issuer, clock):
        token = start()
        await token.value()
        clock.advance(timedelta(hours=2))

        assert await token.value() == "token 2"
        assert await start().value() == "token 2"

    async def test_a_process_that_dies_while_fetching_leaves_it_to_the_next(self, start, issuer, hub):
        issuer.gate.clear()
        dying = start()
        asking = asyncio.create_task(dying.value())
        await comes_true(lambda: issuer.asked)
        await dying.close()
        await asyncio.gather(asking, return_exceptions=True)
        issuer.gate.set()

        assert await start().value() == "token 2"
        assert not hub.lock_owners


class TestRenewing:
    async def test_it_is_renewed_before_its_end_without_making_anybody_wait(self, start, issuer, clock):
        token = start()
        await token.value()
        clock.advance(timedelta(hours=2) - LATEST)
        issuer.gate.clear()

        assert await token.value() == "token 1"  # which holds for another minute
        await comes_true(lambda: len(issuer.asked) == 2)
        assert await token.value() == "token 1"
        issuer.gate.set()

        await becomes(token, "token 2")
        assert len(issuer.asked) == 2

    async def test_processes_renew_at_moments_of_their_own_and_the_first_does_it_for_all(
        self, start, issuer, clock
    ):
        early, late = start(chance=1.0), start(chance=0.0)
        assert await early.value() == await late.value()

        clock.advance(timedelta(hours=2) - EARLIEST)
        assert await late.value() == "token 1"
        await early.value()
        await becomes(early, "token 2")
        assert len(issuer.asked) == 2

        clock.advance(EARLIEST - LATEST)
        await late.value()
        await becomes(late, "token 2")
        assert len(issuer.asked) == 2

    async def test_when_wechat_thinks_it_is_too_early_it_is_not_asked_at_every_call(
        self, start, issuer, clock
    ):
        issuer.value = "the same"
        token = start()
        await token.value()
        clock.advance(timedelta(hours=2) - LATEST)
        issuer.seconds = LATEST.seconds

        for _ in range(10):
            assert await token.value() == "the same"
            await asyncio.sleep(0.01)
        assert len(issuer.asked) == 2

        clock.advance(LOOKS_AGAIN)
        await token.value()
        await comes_true(lambda: len(issuer.asked) == 3)

    async def test_a_renewal_that_fails_early_harms_nobody(self, start, issuer, clock):
        token = start()
        await token.value()
        clock.advance(timedelta(hours=2) - LATEST)
        issuer.failing_with = Unavailable("no answer")

        for _ in range(5):
            assert await token.value() == "token 1"
            await asyncio.sleep(0.01)
        assert len(issuer.asked) == 2  # not again at every call

        issuer.failing_with = None
        clock.advance(timedelta(seconds=2))
        await token.value()
        await becomes(token, "token 3")


class TestRefused:
    async def test_of_all_who_were_refused_one_fetches_another(self, start, issuer):
        processes = [start() for _ in range(4)]
        await asyncio.gather(*(each.value() for each in processes))

        values = await asyncio.gather(*(each.instead_of("token 1") for each in processes for _ in range(10)))

        assert set(values) == {"token 2"}
        assert issuer.asked == [False, False]

    async def test_who_hears_of_it_late_takes_what_is_there(self, start, issuer):
        one, other = start(), start()
        await asyncio.gather(one.value(), other.value())
        await one.instead_of("token 1")

        assert await other.instead_of("token 1") == "token 2"
        assert await one.instead_of("token 1") == "token 2"
        assert len(issuer.asked) == 2

    async def test_if_wechat_gives_the_refused_one_again_another_is_forced(self, start, issuer):
        issuer.value = "stuck"
        token = start()
        await token.value()

        await token.instead_of("stuck")

        assert issuer.asked == [False, False, True]

    async def test_a_renewal_under_way_that_brings_the_refused_one_back_is_not_enough(
        self, start, store, issuer, clock
    ):
        token = start()
        issuer.value = "stuck"
        await token.value()
        clock.advance(timedelta(hours=2) - LATEST)
        issuer.gate.clear()
        await token.value()  # begins to renew
        await comes_true(lambda: len(issuer.asked) == 2)
        asking = asyncio.create_task(token.instead_of("stuck"))
        await asyncio.sleep(0.01)
        issuer.gate.set()
        await asking

        assert True in issuer.asked


class TestFailures:
    async def test_who_asks_again_at_once_gets_the_same_error_without_asking_wechat(
        self, start, issuer, clock
    ):
        token = start()
        issuer.failing_with = TooOften(45009, "reach max api daily quota limit")
        for _ in range(5):
            with pytest.raises(TooOften):
                await token.value()
        assert len(issuer.asked) == 1

        rests = []
        for _ in range(8):
            rest = timedelta()
            asked = len(issuer.asked)
            while len(issuer.asked) == asked:
                clock.advance(timedelta(seconds=1))
                rest += timedelta(seconds=1)
                with pytest.raises(TooOften):
                    await token.value()
            rests.append(rest.seconds)
        assert rests == [1, 2, 4, 8, 16, 32, 60, 60]

        issuer.failing_with = None
        clock.advance(timedelta(seconds=60))
        assert await token.value()

    async def test_a_lock_that_is_not_to_be_had_is_told(self, start, hub, monkeypatch):
        monkeypatch.setattr("connectors.wechat.access_token.WAIT_FOR_ANOTHER_SECONDS", 0.05)
        hub.lock_owners["wechat access_token of hall"] = ProcessLocks(hub)

        with pytest.raises(Unavailable):
            await start().value()

    async def test_a_lost_lock_leads_to_two_fetches_and_to_one_token(self, store, clock, issuer):
        """Two who think that each holds the lock: without locks, here."""
        names = {"account_id": "hall", "kind": "access_token", "now": clock}
        one, other = (SharedToken(issuer, store, None, **names) for _ in range(2))

        issuer.gate.clear()
        asking = asyncio.gather(one.value(), other.value())
        await comes_true(lambda: len(issuer.asked) == 2)
        issuer.gate.set()
        values = await asking

        assert set(values) == {(await store.get("hall", "access_token")).value}


class TestWithWeChat:
    @pytest.mark.parametrize("errcode", [40001, 40014, 42001])
    @pytest.mark.parametrize("stable", [True, False])
    async def test_a_refused_token_is_replaced_once_and_the_message_arrives_once(
        self, start_client, platform, errcode, stable
    ):
        user = platform.account.user("oCitizen")
        user.says("你好")
        clients = [start_client(stable_token=stable) for _ in range(2)]
        await asyncio.gather(*(client.menu() for client in clients))
        platform.account.tokens.expire(errcode)

        await asyncio.gather(*(client.send_text("oCitizen", "您好") for client in clients))

        assert user.texts == ["您好"] * 2
        assert platform.account.tokens.renewed == 2

    async def test_a_token_that_wechat_goes_on_giving_though_it_refuses_it_is_forced_out(
        self, client, platform
    ):
        await client.menu()
        platform.account.tokens.expire(40001, still_given=True)

        assert await client.menu() is None

    async def test_a_token_that_is_refused_twice_is_told(self, client, platform):
        platform.faults.next_calls("menu/get", *[ApiFault(REFUSED, errcode=40001)] * 2)

        with pytest.raises(TokenExpired):
            await client.menu()
        assert len(platform.calls_of("menu/get")) == 2

    async def test_over_two_hours_and_more_no_call_meets_an_expired_token(
        self, start_client, platform, clock
    ):
        clients = [start_client() for _ in range(3)]
        for _ in range(6 * 60):
            clock.advance(timedelta(minutes=1))
            for client in clients:
                await client.menu()
                await has_renewed(client)

        assert {call.errcode for call in platform.calls_of("menu/get")} == {46003}
        assert platform.account.tokens.renewed <= 5

    async def test_a_lost_answer_with_a_token_costs_nothing(self, client, platform):
        platform.faults.next_calls("stable_token", ApiFault(ANSWER_LOST), ApiFault(HTTP_ERROR))

        assert await client.menu() is None
        assert platform.account.tokens.renewed == 1

    async def test_an_answer_without_a_token_is_no_token(self, clock, store):
        class Odd:
            async def ask(self, *_args, **_kwargs):
                return {"access_token": "", "expires_in": 7200}

        client = open_client(Odd(), account_of(AccountSettings()), store, None, now=clock)

        with pytest.raises(Unavailable):
            await client.menu()


async def has_renewed(client):
    """Returns when a renewal in the background, if there is one, is over: it takes less than a minute."""
    if (renewing := client._tokens._renewing) is not None:
        await asyncio.wait({renewing})


async def becomes(token, value):
    """Returns when that token is the one to use."""

    async def is_so():
        return await token.value() == value

    await comes_true(is_so)


# --- processes ------------------------------------------------------------------------------------

PROCESSES, CALLS = 3, 20


def run_process(platform_url, database_url, ready, results):
    """A service process: many tasks that call at once, again after the token was refused."""
    results.put(asyncio.run(call_often(platform_url, database_url, ready)))


async def call_often(platform_url, database_url, ready):
    database, locks = Database.open(database_url), PostgresqlLocks(database_url)
    errors = []
    async with create_session() as session:
        api = WeChatApi(session, base_url=platform_url)
        client = open_client(api, account_of(AccountSettings()), DatabaseTokenStore(database), locks)
        for _ in range(2):
            await asyncio.to_thread(ready.wait)
            done = await asyncio.gather(*(client.menu() for _ in range(CALLS)), return_exceptions=True)
            errors += [repr(each) for each in done if each is not None]
            await asyncio.to_thread(ready.wait)
        await client.close()
    await locks.close()
    await database.close()
    return errors


@pytest.mark.slow  # starts Python processes
async def test_processes_on_one_postgresql_fetch_one_token_and_replace_it_once(migrated_postgresql):
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(PROCESSES + 1), context.Queue()
    async with WeChatPlatform() as platform:
        arguments = (platform.url, migrated_postgresql, ready, results)
        processes = [context.Process(target=run_process, args=arguments) for _ in range(PROCESSES)]
        for process in processes:
            process.start()
        for round_number in (1, 2):
            await asyncio.to_thread(ready.wait, 120)
            await asyncio.to_thread(ready.wait, 120)
            assert platform.account.tokens.asked == round_number
            platform.account.tokens.expire(42001)
        errors = [await asyncio.to_thread(results.get, True, 60) for _ in processes]
        for process in processes:
            await asyncio.to_thread(process.join, 60)

    assert errors == [[]] * PROCESSES
    assert platform.account.tokens.renewed == 2
    assert len(platform.calls_of("menu/get")) >= 2 * PROCESSES * CALLS
