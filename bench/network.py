"""What a citizen goes through in a call over a bad network: two Chromium pages through the whole service.

    .venv/bin/python -m bench.network [--seconds 20] [--only NAME …]

Takes root and /dev/net/tun: the citizen's browser runs in a network of its own, behind a link that
loses, delays and cuts packets both ways (`bench.lossy_link`); the agent's is beside the service.
Dialogue scripted, all else real; where nothing but TCP 443 is open, media go through coturn. For each
kind of weather the table says what the citizen's page decoded and what the agent's did, and after a
cut how long it took from the network's return until pictures moved again on both pages.
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.lossy_link import SERVICE, TURN, Weather, lossy_link
from tests.browser.agent import FAKE_DEVICES
from tests.browser.conftest import CHROMIUM, QUIET
from tests.scenarios.conftest import ScriptedService
from tests.scenarios.consultation import Consultation
from tests.turn_server import TurnServer

FINE = Weather()
LOSSES = {
    "no fault": FINE,
    "2 % loss": Weather(loss=0.02),
    "5 % loss": Weather(loss=0.05),
    "10 % loss": Weather(loss=0.10),
    "300 ms jitter": Weather(delay_ms=150, jitter_ms=150),
}
CUT, CHANGE, FIREWALL = "10 s cut", "change of address", "TCP 443 only"
SECRET = "a secret that service and TURN server share"
SETTLE_S = 4
LONGEST_S = 90
HTTPS = 443


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", nargs="+", choices=[*LOSSES, CUT, CHANGE, FIREWALL])
    arguments = parser.parse_args()
    wanted = arguments.only or [*LOSSES, CUT, CHANGE, FIREWALL]
    print("| network | citizen: pictures/s | frozen | sound concealed | agent: pictures/s | frozen"
          " | sound concealed | back after | page says |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bangban-bench-") as folder, lossy_link(Path(folder)) as link:
        if set(wanted) - {FIREWALL}:
            with call(Path(folder) / "open", link) as consultation:
                for name in wanted:
                    if name in LOSSES:
                        weather(consultation, link, name, arguments.seconds)
                if CUT in wanted:
                    cut(consultation, link)
                if CHANGE in wanted:
                    change(consultation, link)
        if FIREWALL in wanted:
            with call(Path(folder) / "firewall", link, Weather(only_tcp_port=HTTPS)) as consultation:
                weather(consultation, link, FIREWALL, arguments.seconds, Weather(only_tcp_port=HTTPS))
                print(f"(media by {consultation.citizen_side.seen()['way']} on the citizen's side)")


@contextlib.contextmanager
def call(folder, link, at_first=FINE):
    """Citizen and agent see and hear each other."""
    folder.mkdir()
    is_walled = at_first.only_tcp_port == HTTPS
    turn = TurnServer(folder / "turn", SECRET, TURN, media=SERVICE, tls_port=HTTPS)
    settings = {"media_addresses": SERVICE, "log_level": "error"}
    settings |= {"turn_urls": turn.tls, "turn_secret": SECRET} if is_walled else {}
    service = ScriptedService(folder / "var", "--host", SERVICE, **settings)
    service.port = HTTPS if is_walled else 0
    with contextlib.ExitStack() as stack:
        if is_walled:
            turn.start()
            stack.callback(turn.stop)
        service.start()
        stack.callback(service.stop)
        link.be(at_first)
        playwright = stack.enter_context(sync_playwright())
        flags = [
            *QUIET,
            *FAKE_DEVICES,
            "--no-sandbox",
            "--ignore-certificate-errors",  # that of the measurement's own coturn
            f"--unsafely-treat-insecure-origin-as-secure={service.url.removesuffix(':80')}",
        ]
        near, far = (
            playwright.chromium.launch(executable_path=program, args=flags)
            for program in (CHROMIUM, link.inside(CHROMIUM))
        )
        stack.callback(far.close)
        stack.callback(near.close)
        consultation = Consultation(near, service, citizens_browser=far)
        consultation.meet()
        consultation.call()
        yield consultation
        check_goes_on(consultation)


def weather(consultation, link, name, seconds, kind=None):
    """Measures while the link is like that."""
    link.be(kind or LOSSES[name])
    consultation.citizen.page.wait_for_timeout(SETTLE_S * 1000)
    sides = (consultation.citizen_side, consultation.agent_side)
    before, began = [side.seen() for side in sides], time.monotonic()
    consultation.citizen.page.wait_for_timeout(seconds * 1000)
    after, passed = [side.seen() for side in sides], time.monotonic() - began
    said = words_of(consultation)
    link.be(kind if kind and kind.only_tcp_port else Weather())
    row(name, [figures(*pair, passed) for pair in zip(before, after, strict=True)], None, said)
    check_goes_on(consultation)


def cut(consultation, link):
    """The network is gone for ten seconds, as in a lift."""

    def comes_back():
        link.be(Weather(cut=True))
        consultation.citizen.page.wait_for_timeout(10_000)
        said = words_of(consultation)
        link.be(Weather())
        return said

    measure_return(consultation, CUT, comes_back)


def change(consultation, link):
    """The telephone leaves one network for another."""

    def comes_back():
        link.change_address()
        return words_of(consultation)

    measure_return(consultation, CHANGE, comes_back)


def measure_return(consultation, name, comes_back):
    said = comes_back()
    returned = time.monotonic()
    sides = {"citizen": consultation.citizen_side, "agent": consultation.agent_side}
    frames = dict.fromkeys(sides)
    back = {}
    while len(back) < len(sides) and time.monotonic() - returned < LONGEST_S:
        for party, side in sides.items():
            now = side.seen()
            known = frames[party]
            moved = known is not None and (
                now["frames"] > known["frames"] + 2 or now["connection"] > known["connection"]
            )
            if moved and party not in back and now["frames"] > 2:
                back[party] = time.monotonic() - returned
            if known is None or now["connection"] != known["connection"] or moved:
                frames[party] = now
        consultation.citizen.page.wait_for_timeout(50)
    said = said or words_of(consultation)
    row(name, [None, None], back, said)
    check_goes_on(consultation)
    consultation.citizen.page.wait_for_timeout(SETTLE_S * 1000)


def figures(before, after, seconds):
    """Pictures a second, share of the time frozen, share of sound made up, of one page."""
    if before["connection"] != after["connection"]:  # a rejoin: the counters began anew
        before = {**dict.fromkeys(after, 0), "connection": after["connection"]}
    samples = max(after["samples"] - before["samples"], 1)
    return (
        (after["frames"] - before["frames"]) / seconds,
        (after["frozen"] - before["frozen"]) / seconds,
        (after["concealed"] - before["concealed"]) / samples,
    )


def words_of(consultation):
    """What the citizen's page says about the network."""
    page = consultation.citizen.page
    parts = page.locator(".room__words, .room__quality")
    return " / ".join(part for part in (text.strip() for text in parts.all_inner_texts()) if part)


def check_goes_on(consultation):
    """The one who had the conversation has it still, and the call with it."""
    assert consultation.conversation_id
    consultation.agent.sees("视频通话中")


def row(name, measured, back, said):
    cells = [
        cell
        for each in measured
        for cell in ((f"{each[0]:.1f}", f"{each[1]:.1%}", f"{each[2]:.1%}") if each else ("–", "–", "–"))
    ]
    returned = ", ".join(f"{party} {seconds:.1f} s" for party, seconds in back.items()) if back else "–"
    print(f"| {name} | {' | '.join(cells)} | {returned} | {said} |", flush=True)


if __name__ == "__main__":
    main()
