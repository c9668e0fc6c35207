"""What breaks in the middle of a call ends neither the call nor the conversation."""

import io
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, expect

from core.statuses import Role
from tests.browser.real_service import browser_with_devices
from tests.scenarios.conftest import ROOT, ScriptedService, wait_until
from tests.scenarios.consultation import Colleague, Consultation
from tests.scenarios.small_disk import fill, mounted

pytestmark = pytest.mark.slow

browser = browser_with_devices

RECORDED_S = 6
LOST_S = 2.5
"""So much of a recording may be missing at its end: what was in memory, and the moment of the kill."""
LONGEST_S = 120
FLOOR_MB = 64  # the least that the setting allows


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    service = ScriptedService(tmp_path / "var").start()
    yield service
    service.stop()


@pytest.fixture
def consultation(browser: Browser, service: ScriptedService) -> Iterator[Consultation]:
    """Citizen and agent see and hear each other."""
    consultation = Consultation(browser, service)
    consultation.meet()
    consultation.call()
    yield consultation
    consultation.close()


@dataclass(frozen=True)
class Film:
    """A recording as a supervisor gets it, and what is in it."""

    party: str
    state: str
    seconds: float
    pictures: int
    sounds: int


def films_of(service: ScriptedService, conversation_id: str, *, finished: int) -> list[Film]:
    """All recordings of the conversation, once that many are finished."""
    supervisor = Colleague(service, "zhao", Role.SUPERVISOR)

    def listed() -> list[dict[str, Any]]:
        answer = supervisor.ask("GET", "recordings", params={"conversation": conversation_id})
        return [each for each in answer.json()["recordings"] if each["state"] != "recording"]

    wait_until(lambda: len(listed()) >= finished, LONGEST_S)
    films = []
    for each in listed():
        content = supervisor.ask("GET", f"recordings/{each['id']}").content
        kinds: Counter[str] = Counter()
        seconds = 0.0
        with av.open(io.BytesIO(content)) as opened:  # packets are of no use after its end
            for packet in opened.demux():
                if packet.pts is not None:
                    kinds[packet.stream.type] += 1
                    seconds = max(seconds, float(packet.pts * packet.time_base))
        films.append(Film(each["party"], each["state"], seconds, kinds["video"], kinds["audio"]))
    return films


def check_evidence(service: ScriptedService, call_id: str) -> None:
    """Once the call's chain is closed, an outsider's check finds it whole, with all its recordings."""
    chain = service.data / "evidence" / f"{call_id}.evidence.jsonl"
    wait_until(lambda: '"kind":"closed"' in chain.read_text("utf-8"), LONGEST_S)
    command = [sys.executable, "-m", "server", "evidence", "verify", str(chain)]
    command += ["--recordings", str(service.data / "recordings")]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for number in (1, 2):
        for party in ("citizen", "agent"):
            assert f"{call_id}.{party}.{number}.webm 完整" in done.stdout


def test_a_killed_service_comes_back_with_call_queue_and_recording(consultation, service):
    waiting = [service.talk(), service.talk()]
    for each in waiting:
        each.ask_for_person()
    conversation_id, call_id = consultation.conversation_id, consultation.call_id
    consultation.agent.page.wait_for_timeout(RECORDED_S * 1000)
    before = consultation.connections()

    service.kill()
    service.start()

    consultation.both_see_and_hear(after=before)
    consultation.agent.sees("视频通话中")
    consultation.agent.sees("录音录像中")
    consultation.write_to_each_other()
    assert consultation.conversation_id == conversation_id  # held once, by the same agent
    assert [each.ask_for_person()["position"] for each in waiting] == [1, 2]
    consultation.hang_up()
    films = films_of(service, conversation_id, finished=4)
    for party in ("citizen", "agent"):
        own = [film for film in films if film.party == party]
        assert len(own) == 2  # until the kill, and after it
        assert own[0].seconds >= RECORDED_S - LOST_S
        assert all(film.pictures and film.sounds for film in own)
    check_evidence(service, call_id)


def test_a_killed_media_process_is_replaced_while_the_conversation_goes_on(consultation, service):
    conversation_id, call_id = consultation.conversation_id, consultation.call_id
    consultation.agent.page.wait_for_timeout(RECORDED_S * 1000)
    before = consultation.connections()

    service.media().kill()

    consultation.write_to_each_other()
    consultation.both_see_and_hear(after=before)
    consultation.agent.sees("录音录像中")
    consultation.hang_up()
    films = films_of(service, conversation_id, finished=4)
    for party in ("citizen", "agent"):
        own = [film for film in films if film.party == party]
        assert own[0].state == "interrupted"
        assert own[0].seconds >= RECORDED_S - LOST_S
        assert own[0].pictures
        assert own[0].sounds
    check_evidence(service, call_id)


def test_a_citizen_who_reloads_the_page_is_back_in_the_call_by_one_press(consultation):
    before = consultation.connections()

    consultation.citizen.page.reload()
    consultation.citizen.page.wait_for_selector("bb-call:defined")
    consultation.citizen.page.get_by_role("button", name="回到通话").click()

    consultation.both_see_and_hear(after=(-1, -1))
    assert consultation.connections()[1] == before[1]  # the agent's side stayed as it was
    consultation.agent.sees("视频通话中")
    consultation.write_to_each_other()


@pytest.fixture
def impatient_service(tmp_path: Path) -> Iterator[ScriptedService]:
    """A service that takes an agent for gone after 15 seconds; the desk shows life every ten."""
    service = ScriptedService(tmp_path / "var", "--absent-after", "15").start()
    yield service
    service.stop()


def test_a_citizen_whose_agent_is_gone_is_told_and_is_the_first_that_another_takes(
    browser, impatient_service
):
    service = impatient_service
    consultation = Consultation(browser, service)
    consultation.meet()
    consultation.call()
    conversation_id = consultation.conversation_id
    waited_before = service.talk()
    waited_before.ask_for_person()
    colleague = Colleague(service, "wang.fang", Role.AGENT)
    colleague.ask("PUT", "me", json={"state": "available"})

    consultation.close_agent()

    consultation.citizen.sees("工作人员的连接断开了，正在为您转接，您的位置已保留。")
    colleague.ask("PUT", "me", json={"state": "available"})
    first, *others = colleague.ask("GET", "queue").json()["waiting"]
    assert first["conversation_id"] == conversation_id
    assert [each["conversation_id"] for each in others] == [waited_before.conversation_id]
    colleague.ask("POST", f"handovers/{first['id']}/accept")
    colleague.ask("POST", f"conversations/{conversation_id}/messages", json={"text": "您好，我接着办"})
    expect(consultation.citizen.page.get_by_text("您好，我接着办").first).to_be_attached()
    consultation.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def cramped_service(small_disk: Path) -> Iterator[ScriptedService]:
    """A service whose data are on that disk."""
    limits = {"recording_floor_mb": FLOOR_MB, "recording_warning_mb": FLOOR_MB + 8}
    service = ScriptedService(small_disk / "var", **limits).start()
    yield service
    service.stop()


def test_a_full_disk_ends_the_recording_with_a_warning_and_the_call_goes_on(
    browser, small_disk, cramped_service
):
    service, data = cramped_service, small_disk / "var"
    consultation = Consultation(browser, service)
    consultation.meet()
    consultation.call()
    conversation_id, call_id = consultation.conversation_id, consultation.call_id
    consultation.agent.page.wait_for_timeout(RECORDED_S * 1000)

    fill(small_disk, leave_mb=FLOOR_MB - 4)

    consultation.agent.sees("录像中断了，通话照常进行")
    expect(consultation.agent.page.get_by_text("录音录像中")).to_be_hidden()
    consultation.both_see_and_hear()
    consultation.write_to_each_other()  # there is still room for words
    films = films_of(service, conversation_id, finished=2)
    assert {film.state for film in films} == {"disk_full"}
    assert all(film.seconds >= RECORDED_S - LOST_S for film in films)
    chain = (data / "evidence" / f"{call_id}.evidence.jsonl").read_text("utf-8")
    assert '"recording_broken"' in chain
    consultation.close()
