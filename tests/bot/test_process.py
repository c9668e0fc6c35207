"""Rasa processes are started, watched, started again and stopped; a stand-in takes Rasa's place."""

import os
import re
import signal
import socket
import sys
from dataclasses import replace

import psutil
import pytest

from bot.client import create_session, is_ready
from bot.process import PACE, RasaPlan, RasaPool, describe_output
from core import kept_processes
from core.errors import ConfigurationError, DialogueUnavailable
from tests.bot.model_archive import write_model
from tests.ports import kept_port
from tests.waiting import comes_true

pytestmark = pytest.mark.slow

PATIENCE_S = 60  # far over what any step takes


@pytest.fixture
def plan(tmp_path):
    """A plan whose interpreter is a script that runs the stand-in with the launcher's arguments."""
    folder = tmp_path / "rasa"
    folder.mkdir()
    (folder / "model_id").write_text("m1")
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.bot.fake_rasa "$@"\n')
    interpreter.chmod(0o755)
    return RasaPlan(
        python=interpreter,
        model=write_model(tmp_path / "m.tar.gz", model_id="m1"),
        actions_url="http://127.0.0.1:1/s3cret/webhook",
        tracker=folder / "tracker.db",
    )


@pytest.fixture
async def session():
    async with create_session() as session:
        yield session


def starts(plan):
    return (plan.tracker.parent / "starts").read_text().splitlines()


async def test_entering_waits_until_rasa_understands_and_leaving_ends_it(plan, session):
    async with RasaPool(plan, session) as pool:
        (address,) = pool.addresses
        (pid,) = pool.pids
        assert await is_ready(session, address)

    assert not psutil.pid_exists(pid)


async def test_several_processes_have_ports_and_folders_of_their_own_and_share_the_tracker(plan, session):
    async with RasaPool(RasaPlan(**{**vars_of(plan), "processes": 3}), session) as pool:
        assert len({address.url for address in pool.addresses}) == 3
        assert len(set(pool.pids)) == 3

    assert {line.partition("--instance ")[2][:1] for line in starts(plan)} == {"0", "1", "2"}
    assert all(f"--tracker {plan.tracker}" in line for line in starts(plan))


async def test_a_fixed_port_is_the_first_of_as_many_as_are_needed(plan, session):
    port = kept_port()

    async with RasaPool(RasaPlan(**{**vars_of(plan), "port": port}), session) as pool:
        assert [address.url for address in pool.addresses] == [f"http://127.0.0.1:{port}"]


async def test_rasa_learns_how_long_it_may_remember(plan, session):
    async with RasaPool(RasaPlan(**{**vars_of(plan), "keep_days": 3}), session):
        assert "--keep-days 3 " in starts(plan)[0]


async def test_a_token_never_looks_like_an_option_of_the_command_line(plan, session):
    """One that began with a dash kept Rasa from starting, once in 64 starts."""
    async with RasaPool(plan, session) as pool:
        assert re.fullmatch("[0-9a-f]{32}", pool.addresses[0].token)


async def test_a_killed_process_is_started_again_at_the_same_address(plan, session):
    async with RasaPool(plan, session) as pool:
        (address,), (pid,) = pool.addresses, pool.pids

        os.kill(pid, signal.SIGKILL)

        await comes_true(lambda: answers_under_another_pid(pool, session, address, pid))
        assert pool.restarts == 1


async def answers_under_another_pid(pool, session, address, pid):
    return pool.pids not in ([], [pid]) and await is_ready(session, address)


async def test_a_process_whose_port_was_taken_meanwhile_gets_another(plan, session, monkeypatch):
    choose = kept_processes.free_ports
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        chosen = iter([[occupied.getsockname()[1]]])
        monkeypatch.setattr(
            kept_processes, "free_ports", lambda count, host: next(chosen, None) or choose(count, host)
        )

        async with RasaPool(plan, session) as pool:
            assert await is_ready(session, pool.addresses[0])
            assert str(occupied.getsockname()[1]) not in pool.addresses[0].url
            assert pool.restarts >= 1


async def test_a_process_that_hangs_is_replaced(plan, session, monkeypatch):
    monkeypatch.setattr("bot.client.READY_TIMEOUT_S", 0.2)
    pace = replace(PACE, check_every_s=0.05, stop_timeout_s=0.2)
    async with RasaPool(plan, session, pace=pace) as pool:
        (address,), (pid,) = pool.addresses, pool.pids

        os.kill(pid, signal.SIGSTOP)

        await comes_true(lambda: answers_under_another_pid(pool, session, address, pid))


async def test_a_process_that_ignores_the_request_to_end_is_killed(plan, session):
    (plan.tracker.parent / "stubborn").touch()

    async with RasaPool(plan, session, pace=replace(PACE, stop_timeout_s=0.3)) as pool:
        (pid,) = pool.pids

    assert not psutil.pid_exists(pid)


async def test_a_process_that_understands_nothing_is_not_waited_for_for_ever(plan, session):
    (plan.tracker.parent / "mute").touch()

    with pytest.raises(DialogueUnavailable):
        async with RasaPool(plan, session, pace=replace(PACE, start_timeout_s=2.0)):
            pass


async def test_a_process_that_serves_another_model_is_not_trusted(plan, session):
    (plan.tracker.parent / "model_id").write_text("the newest in the folder")

    with pytest.raises(DialogueUnavailable):
        async with RasaPool(plan, session, pace=replace(PACE, start_timeout_s=3.0)):
            pass


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "nowhere.tar.gz"},
        {"python": "no-python"},
    ],
)
async def test_a_plan_that_cannot_work_fails_at_once(plan, session, changes, tmp_path):
    impossible = {name: tmp_path / value for name, value in changes.items()}

    with pytest.raises(ConfigurationError):
        async with RasaPool(RasaPlan(**{**vars_of(plan), **impossible}), session):
            pass


async def test_a_model_that_needs_what_is_not_installed_fails_at_once(plan, session):
    write_model(plan.model, components=["DIETClassifier"])

    with pytest.raises(ConfigurationError, match="DIETClassifier"):
        async with RasaPool(plan, session):
            pass


async def test_secrets_are_not_on_the_command_line_where_anyone_may_read_them(plan, session):
    async with RasaPool(plan, session) as pool:
        (address,), (pid,) = pool.addresses, pool.pids
        command = " ".join(psutil.Process(pid).cmdline())

    assert address.token
    assert address.token not in command
    assert "s3cret" not in command
    assert starts(plan)[0].endswith(f"| {plan.actions_url}")


def test_the_pause_before_a_restart_grows_and_stays_bearable():
    pauses = [PACE.pause_after(failures) for failures in range(12)]

    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert 0 < pauses[1] < 1
    assert pauses[-1] == 30


def test_a_failed_turn_is_logged_without_what_was_said():
    line = (
        '{"event": "rest.message.received.failure", "level": "error", "text": "我身份证丢了", '
        '"exception": [{"exc_type": "RasaException", "exc_value": "我身份证丢了", "frames": []}]}'
    )

    assert describe_output(line) == {
        "rasa_event": "rest.message.received.failure",
        "rasa_level": "error",
        "errors": "RasaException",
    }


def test_other_output_is_kept_short():
    assert describe_output("Starting worker\n") == {"output": "Starting worker"}
    assert len(describe_output("x" * 10_000)["output"]) == 200


@pytest.mark.parametrize("line", ["[]", "3", '{"exception": "text"}', '{"exception": [1]}', "{}", ""])
def test_any_output_is_described(line):
    assert isinstance(describe_output(line), dict)


def vars_of(plan):
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}
