"""Calls of browsers that reach nobody directly: their media go through coturn, as our how-to sets it up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aioice.ice import get_host_addresses
from playwright.sync_api import Browser, sync_playwright

from tests.browser.agent import FAKE_DEVICES
from tests.browser.conftest import launch
from tests.scenarios.conftest import ScriptedService
from tests.scenarios.consultation import Consultation
from tests.turn_server import TurnServer

pytestmark = pytest.mark.slow

SECRET = "a secret that service and TURN server share"
RELAYED = {"iceTransportPolicy": "relay"}
"""What a browser gets by whose firewall nothing else is let through: only what TURN carries."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The certificate of the test's coturn is signed by nobody.
        browser = launch(playwright, [*FAKE_DEVICES, "--ignore-certificate-errors"])
        yield browser
        browser.close()


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[list[TurnServer]]:
    """Two coturns on this machine's own address, where its media processes are too."""
    address = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
    servers = [
        TurnServer(tmp_path / name, SECRET, address, media=address).start() for name in ("one", "other")
    ]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[list[ScriptedService]]:
    """Those that a test starts; stopped at the end."""
    started: list[ScriptedService] = []
    yield started
    for service in started:
        service.stop()


def serving(services: list[ScriptedService], folder: Path, *urls: str) -> ScriptedService:
    """A service that tells browsers of these TURN addresses."""
    service = ScriptedService(folder, turn_urls=",".join(urls), turn_secret=SECRET)
    services.append(service)
    service.start()
    return service


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_people_behind_a_firewall_see_and_hear_each_other(browser, services, turns, tmp_path, way):
    service = serving(services, tmp_path / "var", getattr(turns[0], way))
    consultation = Consultation(browser, service, choices=RELAYED)
    consultation.meet()

    consultation.call()

    assert {consultation.citizen_side.seen()["way"], consultation.agent_side.seen()["way"]} == {way}
    consultation.close()


def test_the_conversation_outlives_the_turn_server(browser, services, turns, tmp_path):
    one = turns[0]
    service = serving(services, tmp_path / "var", one.tcp)
    consultation = Consultation(browser, service, choices=RELAYED)
    consultation.meet()
    consultation.call()
    before = consultation.connections()

    one.stop()

    consultation.citizen.sees("网络断开，正在自动接回")
    consultation.write_to_each_other()

    one.start()

    consultation.both_see_and_hear(after=before)
    consultation.agent.sees("视频通话中")
    consultation.close()


def test_a_second_turn_server_carries_the_call_on(browser, services, turns, tmp_path):
    one, other = turns
    service = serving(services, tmp_path / "var", one.tcp, other.tcp)
    consultation = Consultation(browser, service, choices=RELAYED)
    consultation.meet()
    consultation.call()
    before = consultation.connections()

    one.stop()  # whichever of the two their media went through,
    one.start()
    other.stop()
    other.start()
    one.stop()  # one of them is gone in the end

    consultation.both_see_and_hear(after=before)
    consultation.write_to_each_other()
    consultation.close()
