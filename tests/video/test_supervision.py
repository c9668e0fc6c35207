"""Media processes are started, watched, started again, and end with the service."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from core import kept_processes
from core.errors import MediaUnavailable
from core.settings import Settings
from server.media_part import environment_of, media_plan, open_media
from tests.video.media_peer import Peer
from tests.waiting import PATIENCE_S, comes_true
from video.client import MediaClient, create_session, request
from video.relay.leg import offering
from video.supervision import PACE, MediaPlan, MediaPool

STAND_IN = """
import os, signal, sys
from aiohttp import web
from tests.video.test_rooms import Surroundings
from video.relay.leg import offering
from video.supervision import end_with
from video.worker import create_media_app
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
end_with(int(options["--parent"]))
app = create_media_app(Surroundings().rooms, secret=os.environ["BANGBAN_MEDIA_SECRET"])
web.run_app(app, host=options["--host"], port=int(options["--port"]), print=None)
"""


@pytest.fixture
def plan():
    """A plan whose processes relay nothing and start fast."""
    return MediaPlan(command=(sys.executable, "-c", STAND_IN))


@pytest.fixture
async def session():
    async with create_session() as session:
        yield session


@pytest.mark.slow
async def test_entering_waits_until_all_answer_and_leaving_ends_them(plan, session):
    plan = MediaPlan(command=plan.command, processes=2)
    async with MediaPool(plan, session) as pool:
        pids = list(pool.pids)
        client = MediaClient(session, pool.addresses)
        assert [figures["calls"] for figures in await client.stats()] == [0, 0]
        assert len({address.secret for address in pool.addresses}) == 2

    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.slow
async def test_a_process_whose_port_was_taken_meanwhile_gets_another(plan, session, monkeypatch):
    choose = kept_processes.free_ports
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        taken = occupied.getsockname()[1]
        chosen = iter([[taken]])
        monkeypatch.setattr(
            kept_processes, "free_ports", lambda count, host: next(chosen, None) or choose(count, host)
        )

        async with MediaPool(plan, session) as pool:
            assert await MediaClient(session, pool.addresses).stats()
            assert str(taken) not in pool.addresses[0].url


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_a_process_that_was_lost_is_started_again_at_the_same_address(plan, session, blow, monkeypatch):
    # Every look that a process which is well doesn't answer in time is one too many: there is time.
    pace = replace(PACE, check_every_s=0.2, failed_checks=3, stop_timeout_s=0.5)
    lost = []
    async with MediaPool(plan, session, on_lost=lost.append, pace=pace) as pool:
        (pid,), (address,) = pool.pids, pool.addresses
        assert lost == []
        os.kill(pid, blow)
        await comes_true(lambda: lost == [0])

        assert await request(session, address, "GET", "/stats")
        assert pool.restarts == 1
        assert list(pool.pids) != [pid]
        assert not psutil.pid_exists(pid)


@pytest.mark.slow
async def test_processes_that_dont_start_make_calls_unavailable(session):
    plan = MediaPlan(command=(sys.executable, "-c", "raise SystemExit(1)"))

    with pytest.raises(MediaUnavailable):
        async with MediaPool(plan, session, pace=replace(PACE, start_timeout_s=0.5)):
            pass


@pytest.mark.slow
def test_no_process_outlives_a_service_that_was_killed(plan):
    service = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import asyncio
from video.client import create_session
from video.relay.leg import offering
from video.supervision import MediaPlan, MediaPool
async def main():
    plan = MediaPlan(command={plan.command!r})
    async with create_session() as session, MediaPool(plan, session) as pool:
        print("#", *pool.pids, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
""",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(next(line for line in service.stdout if line[0] == "#")[1:])
    assert psutil.pid_exists(pid)
    service.kill()
    service.wait()

    give_up = time.monotonic() + PATIENCE_S
    while is_running(pid):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 0.2), (3, 0.8), (50, 15)])
def test_pauses_grow_to_an_end(failures, seconds):
    assert PACE.pause_after(failures) == pytest.approx(seconds)


def test_a_media_process_is_told_its_settings_and_no_others(tmp_path):
    settings = Settings.load(
        {
            "data": tmp_path,
            "media_addresses": "10.0.0.4,10.0.0.5",
            "session_secret": "x" * 40,
            "turn_secret": "y" * 40,
            "media_max_calls": 3,
        }
    )

    told = environment_of(settings)

    assert told["BANGBAN_DATA"] == str(tmp_path)
    assert told["BANGBAN_MEDIA_ADDRESSES"] == "10.0.0.4,10.0.0.5"
    assert told["BANGBAN_MEDIA_MAX_CALLS"] == "3"
    assert "y" * 40 not in told.values()
    assert "BANGBAN_DATABASE_URL" not in told
    assert media_plan(settings).processes == 1


async def test_processes_elsewhere_are_used_as_they_are():
    settings = Settings.load({"media_url": "http://a:1/, http://b:2", "media_secret": "k"})

    async with open_media(settings) as client:
        assert client.processes == 2


@pytest.mark.slow
async def test_the_service_starts_a_real_media_process_and_a_party_connects(tmp_path):
    settings = Settings.load(
        {
            "data": tmp_path,
            "media_addresses": "127.0.0.1",
            "media_port_range": "42100-42199",
            "log_level": "error",
        }
    )
    async with open_media(settings) as client:
        peer = Peer()
        answer = await client.join("c1", "citizen", await peer.offer())
        ports = {int(line.split()[5]) for line in answer.splitlines() if line.startswith("a=candidate")}
        assert ports <= set(range(42100, 42200))
        # aiortc's own parties are offered no loopback; the check from there reaches ours all the same.
        assert (await client.stats())[0]["legs"] == 1
        await peer.close()
        await client.close("c1")


@pytest.mark.slow
async def test_a_call_through_the_services_own_process_is_seen_and_recorded(tmp_path):
    settings = Settings.load({"data": tmp_path, "media_addresses": "127.0.0.1", "log_level": "error"})
    with offering(("127.0.0.1",)):
        async with open_media(settings) as client:
            citizen, agent = Peer(60), Peer(180)
            for peer, name in ((citizen, "citizen"), (agent, "agent")):
                await peer.answered(await client.join("c1", name, await peer.offer(), record=True))
            await asyncio.gather(citizen.sees_and_hears(pictures=15), agent.sees_and_hears(pictures=15))
            recorded = (await client.call_stats("c1"))["recording"]
            await client.close("c1")
            await asyncio.gather(citizen.close(), agent.close())

    assert recorded["state"] == "recording"
    assert {path.name.split(".")[1] for path in (tmp_path / "recordings").iterdir()} >= {"citizen", "agent"}
