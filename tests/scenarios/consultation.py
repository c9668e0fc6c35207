"""A consultation by video as its two people live through it: real pages, real service, real media.

What a page's own statistics say is read from its connections, which a script gathers before the page
begins; the pages know nothing of it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.statuses import Role
from server.staff_access import COOKIE
from tests.browser.agent import Agent
from tests.browser.citizen import Citizen
from tests.browser.conftest import is_breach
from tests.scenarios.conftest import ANSWER_SECONDS, RunningService

PASSWORD = "a password that is long enough"
LONG_MS = 120_000
"""Nothing takes so long on any machine; what does hangs."""

# `choices` are put over what the page asks for, as `{iceTransportPolicy: 'relay'}`.
_WATCH = """(choices => {
  window.connections = []
  const Real = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Real {
    constructor(configuration) {
      super({ ...configuration, ...choices })
      window.connections.push(this)
    }
  }
})"""

_SEEN = """async () => {
  const connection = window.connections.findLast(({ connectionState }) => connectionState === 'connected')
  const seen = { connection: window.connections.indexOf(connection), way: '', frames: 0, sounds: 0 }
  if (!connection) return seen
  const report = await connection.getStats()
  for (const entry of report.values()) {
    if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
      seen.frames = entry.framesDecoded ?? 0
      seen.freezes = entry.freezeCount ?? 0
      seen.frozen = entry.totalFreezesDuration ?? 0
    }
    if (entry.type === 'inbound-rtp' && entry.kind === 'audio') {
      seen.sounds = entry.packetsReceived ?? 0
      seen.samples = entry.totalSamplesReceived ?? 0
      seen.concealed = entry.concealedSamples ?? 0
      seen.energy = entry.totalAudioEnergy ?? 0
    }
    if (entry.type === 'transport' && entry.selectedCandidatePairId) {
      const { localCandidateId } = report.get(entry.selectedCandidatePairId)
      const { candidateType, relayProtocol } = report.get(localCandidateId)
      seen.way = candidateType === 'relay' ? relayProtocol : 'direct'
    }
  }
  return seen
}"""


@dataclass(frozen=True)
class Side:
    """One person's page in the call."""

    page: Page

    def seen(self) -> Mapping[str, Any]:
        """What the page's newest standing connection has brought so far; `connection` -1: none stands."""
        seen: Mapping[str, Any] = self.page.evaluate(_SEEN)
        return seen

    def connections(self) -> int:
        """How many connections the page has made since it was loaded."""
        return int(self.page.evaluate("() => window.connections?.length ?? 0"))

    def sees_and_hears(self, *, after_connection: int = -1) -> Mapping[str, Any]:
        """Returns when ever more pictures and sounds come, by a connection made after that one."""
        before: Mapping[str, Any] | None = None

        def comes() -> bool:
            nonlocal before
            now = self.seen()
            if now["connection"] <= after_connection:
                return False
            if before is None or before["connection"] != now["connection"]:
                before = now
            return bool(now["frames"] > before["frames"] + 10 and now["sounds"] > before["sounds"] + 10)

        wait_for(self.page, comes, "no picture or sound came")
        return self.seen()

    def loses(self) -> None:
        """Returns when no more pictures come."""
        frames = -1

        def stands_still() -> bool:
            nonlocal frames
            before, frames = frames, self.seen()["frames"]
            return frames == before

        wait_for(self.page, stands_still, "pictures still come", every_ms=1000)


class Consultation:
    """A citizen and an agent, each in a browser of their own as far as pages can tell."""

    def __init__(
        self,
        browser: Browser,
        service: RunningService,
        *,
        choices: Mapping[str, Any] | None = None,
        citizens_browser: Browser | None = None,
    ) -> None:
        self.service = service
        self._choices = choices or {}
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        service.add_user("li.min", Role.AGENT, PASSWORD)
        self.agent = Agent(self._open(browser, {"width": 1280, "height": 800}))
        self.citizen = Citizen(self._open(citizens_browser or browser, {"width": 375, "height": 667}))

    @property
    def citizen_side(self) -> Side:
        return Side(self.citizen.page)

    @property
    def agent_side(self) -> Side:
        return Side(self.agent.page)

    def meet(self) -> None:
        """The citizen asks for a person, and the agent takes the conversation."""
        page = self.agent.page
        self.agent.opens()
        page.get_by_label("账号").fill("li.min")
        page.get_by_label("密码").fill(PASSWORD)
        self.agent.presses("登录")
        page.get_by_role("radio", name="在线").click()
        self.agent.sees("您现在在线")
        self.citizen.page.goto("/")
        self.citizen.page.wait_for_selector("bb-chat:defined")
        self.citizen.asks("身份证丢了怎么补办？要带什么？")
        self.citizen.sees("居民户口簿")
        self.citizen.presses("找人工")
        self.citizen.page.get_by_role("button", name="文字沟通").click()
        page.locator(".waiting").wait_for()
        page.keyboard.press("Alt+a")
        page.locator(".own[aria-current]").wait_for()

    def call(self) -> None:
        """They see and hear each other, and are recorded."""
        self.agent.presses("视频")
        self.agent.sees("正在呼叫对方…")
        self.citizen.page.locator("a[href^='/call/']").first.click()
        self.citizen.page.wait_for_selector("bb-call:defined")
        self.citizen.presses("打开摄像头和麦克风")
        self.citizen.presses("看得到、听得到，下一步")
        self.citizen.presses("同意录制，进入通话")
        self.both_see_and_hear()
        self.agent.sees("录音录像中")

    def both_see_and_hear(self, *, after: Sequence[int] = (-1, -1)) -> None:
        """Returns when both get ever more from the other, by connections made after those."""
        sides = (self.citizen_side, self.agent_side)
        for side, connection in zip(sides, after, strict=True):
            side.sees_and_hears(after_connection=connection)

    def connections(self) -> tuple[int, int]:
        """The numbers of the newest connections of both, to be given to `both_see_and_hear`."""
        return self.citizen_side.connections() - 1, self.agent_side.connections() - 1

    def write_to_each_other(self) -> None:
        """The conversation goes on in writing, whatever becomes of the media."""
        stamp = f"{time.monotonic():.3f}"
        self.agent.says(f"我在 {stamp}")
        expect(self.citizen.page.get_by_text(f"我在 {stamp}").first).to_be_attached()

    @property
    def conversation_id(self) -> str:
        """The one that the agent holds."""
        held = self.as_agent("GET", "conversations").json()["conversations"]
        assert len(held) == 1, held
        return str(held[0]["conversation_id"])

    @property
    def call_id(self) -> str:
        """That of the citizen's page."""
        return self.citizen.page.url.partition("/call/")[2].partition("?")[0]

    def as_agent(self, method: str, path: str, **more: Any) -> requests.Response:
        """What the service answers to the agent's page."""
        [cookie] = [each for each in self._contexts[0].cookies() if each["name"] == COOKIE]
        return requests.request(
            method,
            f"{self.service.url}/api/v1/staff/{path}",
            cookies={cookie["name"]: cookie["value"]},
            timeout=ANSWER_SECONDS,
            **more,
        )

    def hang_up(self) -> None:
        """The agent ends the call."""
        self.agent.presses("挂断")
        expect(self.agent.page.get_by_role("region", name="通话")).to_be_hidden()

    def close_agent(self) -> None:
        """The agent's browser is gone, without a word."""
        self._contexts[0].close()

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        assert self.complaints == []

    def _open(self, browser: Browser, viewport: Any) -> Page:
        context = browser.new_context(
            base_url=self.service.url,
            viewport=viewport,
            locale="zh-CN",
            permissions=["camera", "microphone"],
        )
        context.add_init_script(f"{_WATCH}({json.dumps(self._choices)})")
        page = context.new_page()
        page.set_default_timeout(LONG_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console", lambda message: self.complaints.append(message.text) if is_breach(message) else None
        )
        self._contexts.append(context)
        return page


class Colleague:
    """A member of staff who needs no page."""

    def __init__(self, service: RunningService, name: str, role: Role) -> None:
        service.add_user(name, role, PASSWORD)
        self._service = service
        self._session = requests.Session()
        self.ask("POST", "session", json={"name": name, "password": PASSWORD})

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """What the service answers. Fails for anything but success."""
        url = f"{self._service.url}/api/v1/staff/{path}"
        response = self._session.request(method, url, timeout=ANSWER_SECONDS, **more)
        assert response.ok, response.text
        return response


def wait_for(page: Page, condition: Callable[[], bool], complaint: str, *, every_ms: int = 200) -> None:
    """Returns when the condition holds; the page goes on meanwhile."""
    until = time.monotonic() + LONG_MS / 1000
    while not condition():
        assert time.monotonic() < until, complaint
        page.wait_for_timeout(every_ms)
