"""A call at the agents' desk, with a fake camera and a relay that sends everything back."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.browser.agent import FAKE_DEVICES, WITHOUT_H264, Agent, sign_in
from tests.browser.conftest import is_breach, launch
from tests.browser.fake_desk import FakeChat, FakeDeskService
from tests.browser.patience import comes_true

pytestmark = pytest.mark.slow

NOTE_TRACKS = """() => {
  window.tracks = []
  const own = navigator.mediaDevices.getUserMedia
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await own.call(navigator.mediaDevices, wanted)
    tracks.push(...stream.getTracks())
    return stream
  }
}"""


@pytest.fixture(scope="module")
def browser():
    """Chromium with a camera, a microphone and a screen to share that need no person."""
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, desk: FakeDeskService) -> Iterator[Page]:
    context = browser.new_context(
        base_url=desk.url,
        viewport={"width": 1280, "height": 800},
        locale="zh-CN",
        permissions=["camera", "microphone"],
    )
    sign_in(context, desk)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    yield page
    context.close()

    assert complaints == []


@pytest.fixture
def chat(desk: FakeDeskService) -> FakeChat:
    return desk.agent_has()


@pytest.fixture
def agent(page: Page, chat: FakeChat) -> Agent:
    """The agent, at the conversation."""
    agent = Agent(page)
    agent.opens_desk()
    agent.looks_at("居民身份证丢失补领")
    return agent


def calls(agent: Agent) -> None:
    agent.presses("视频")
    agent.sees("视频通话中")
    sees_moving_picture(agent)


def sees_moving_picture(agent: Agent) -> None:
    """Frames of the other side are shown, ever more of them."""
    before = frames(agent)

    def more_came() -> bool:
        nonlocal before
        now = frames(agent)
        before = min(before, now)  # counting begins anew with another connection
        return now > before + 5

    comes_true(agent.page, more_came)


def told(desk: FakeDeskService, kind: str) -> list[dict[str, Any]]:
    return [signal for signal in desk.done.signals if signal["type"] == kind]


def frames(agent: Agent) -> int:
    return int(
        agent.page.locator(".call__remote").evaluate(
            "video => video.getVideoPlaybackQuality().totalVideoFrames"
        )
    )


def test_a_call_brings_picture_quality_in_words_and_the_recording_sign(agent: Agent, desk: FakeDeskService):
    calls(agent)

    agent.sees("录音录像中")
    agent.sees("网络良好")
    offer = desk.done.signals[0]
    assert offer["type"] == "call.offer"
    assert "VP8" in offer["sdp"]
    assert "opus" in offer["sdp"]
    assert "H264" not in offer["sdp"]
    assert "a=candidate" in offer["sdp"], "candidates are gathered before the offer goes out"


def test_who_talks_reads_that_the_citizen_has_had_the_recording_stopped(agent: Agent, desk: FakeDeskService):
    calls(agent)
    agent.sees("录音录像中")
    taken_back = {
        "type": "call.state",
        "call_id": "call-1",
        "state": "live",
        "mode": "video",
        "withdrawn": True,
    }
    desk.news(**taken_back, recording=True)
    agent.sees("对方要求停止录制，正在停止…")
    desk.news(**taken_back, recording=False)

    agent.sees("对方已要求停止录制，现在不录音录像")
    expect(agent.page.get_by_text("录音录像中", exact=True)).to_be_hidden()
    agent.sees("视频通话中")


def test_an_agent_whose_browser_has_not_got_the_calls_codec_reads_it(
    page: Page, agent: Agent, desk: FakeDeskService
):
    desk.codec = "h264"
    page.evaluate(f"() => {{ {WITHOUT_H264} }}")
    agent.presses("视频")

    agent.sees("您的浏览器不支持本次通话的视频格式，只能语音通话。")
    expect(page.locator(".call__veil")).to_have_text("您的浏览器不支持本次通话的视频格式，只能语音通话。")
    for name in ("关摄像头", "开摄像头", "共享屏幕"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    expect(page.locator(".call__local")).to_be_hidden()
    assert "m=video" not in desk.done.signals[0]["sdp"]


def test_an_agent_reads_that_the_citizens_browser_has_not_got_the_calls_codec(
    agent: Agent, desk: FakeDeskService
):
    calls(agent)
    desk.news(type="call.quality", call_id="call-1", party="citizen", level="good", sound_only=True)

    agent.sees("对方的浏览器不支持本次通话的视频格式，只能语音通话。")


def test_statistics_of_the_call_are_told_to_the_service(agent: Agent, desk: FakeDeskService):
    calls(agent)
    agent.sees("网络良好")

    def told_so() -> list[dict[str, Any]]:
        return [each for each in told(desk, "call.stats") if each["stats"]["level"] == "good"]

    comes_true(agent.page, told_so)
    assert told_so()[0]["call_id"] == "call-1"
    assert told_so()[0]["stats"]["frames_decoded"] > 0


def test_nothing_is_offered_before_the_citizen_has_answered_for_the_recording(
    agent: Agent, desk: FakeDeskService
):
    desk.call_state = "ringing"
    agent.presses("视频")
    agent.sees("正在呼叫对方…")
    desk.news(type="call.state", call_id="call-1", state="consenting", mode="video")
    agent.sees("对方正在阅读录音录像告知，同意后接通")
    assert [signal["type"] for signal in desk.done.signals] == []
    desk.news(type="call.state", call_id="call-1", state="connecting", mode="video")

    agent.sees("视频通话中")
    sees_moving_picture(agent)


def test_who_asked_for_video_sees_the_agent_as_soon_as_they_are_accepted(agent: Agent, desk: FakeDeskService):
    desk.someone_waits("居住证首次申领", mode="video")
    agent.presses("接入：居住证首次申领")

    agent.sees("视频通话中")
    sees_moving_picture(agent)


def test_who_asked_for_text_is_not_called(agent: Agent, desk: FakeDeskService):
    desk.someone_waits("居住证首次申领")
    agent.presses("接入：居住证首次申领")

    agent.sees_heading("居住证首次申领")
    expect(agent.page.get_by_role("button", name="视频", exact=True)).to_be_visible()
    assert [what for _, what, _ in desk.done.acts] == []


def test_a_citizen_who_rings_is_shown_and_answered(agent: Agent, desk: FakeDeskService, chat: FakeChat):
    chat.call = {"call_id": "call-1", "state": "ringing", "mode": "video"}
    desk.log(chat, "call", chat.call)
    agent.sees("对方请求通话")
    agent.presses("接听视频")

    agent.sees("视频通话中")
    sees_moving_picture(agent)


def test_a_ring_is_not_forgotten_for_an_answer_that_was_on_its_way_when_it_came(
    agent: Agent, desk: FakeDeskService, chat: FakeChat
):
    def answer_late(route: Route) -> None:
        chat.present = False
        answer = route.fetch()
        chat.call = {"call_id": "call-1", "state": "ringing", "mode": "video"}
        desk.log(chat, "call", chat.call)
        agent.sees("对方请求通话")
        route.fulfill(response=answer)

    agent.page.route("**/conversations/c1?*", answer_late, times=1)
    with agent.page.expect_response("**/conversations/c1?*"):
        desk.news(type="inbox")  # has the desk read everything anew
    expect(agent.page.locator(".talk__facts")).to_contain_text("离开页面")  # the page has taken it

    agent.presses("接听视频")


def test_an_agent_who_missed_that_the_citizen_picked_up_is_in_the_call_all_the_same(
    agent: Agent, desk: FakeDeskService, chat: FakeChat
):
    desk.call_state = "ringing"
    agent.presses("视频")
    agent.sees("正在呼叫对方…")
    comes_true(agent.page, lambda: chat.call)
    desk.cut_sockets()
    chat.call = {"call_id": "call-1", "state": "connecting", "mode": "video"}  # which no log keeps

    agent.sees("视频通话中")


def test_an_invitation_that_came_while_the_desk_was_cut_off_is_read_afterwards(
    agent: Agent, desk: FakeDeskService
):
    told = {
        "invitations": [{"call_id": "call-9", "invited_by": "王芳"}],
        "consent": {"version": "1", "text": []},
    }
    agent.page.route("**/staff/invitations", lambda route: route.fulfill(json=told))
    desk.cut_sockets()

    agent.sees("王芳请您加入正在进行的通话。")


def test_muting_and_the_camera_are_switched_and_said(agent: Agent):
    agent.page.evaluate(NOTE_TRACKS)
    calls(agent)
    agent.page.keyboard.press("Alt+m")
    expect(agent.page.get_by_role("button", name="取消静音")).to_have_attribute("aria-pressed", "true")
    agent.presses("关摄像头")
    expect(agent.page.locator(".call__local")).to_be_hidden()
    camera_off = "[...tracks].some(({ kind, readyState }) => kind === 'video' && readyState === 'ended')"
    comes_true(agent.page, lambda: agent.page.evaluate(camera_off))  # a moment after the last black frames
    agent.presses("开摄像头")

    expect(agent.page.locator(".call__local")).to_be_visible()
    sees_moving_picture(agent)


def test_the_screen_is_shared_in_the_same_call_and_given_back(agent: Agent, desk: FakeDeskService):
    calls(agent)
    agent.presses("共享屏幕")
    agent.presses("停止共享")

    expect(agent.page.get_by_role("button", name="共享屏幕")).to_be_visible()
    sees_moving_picture(agent)
    assert [s["type"] for s in desk.done.signals if s["type"] != "call.stats"] == ["call.offer"]


def test_a_call_whose_media_break_comes_back_by_itself(agent: Agent, desk: FakeDeskService):
    calls(agent)
    desk.drop_media()
    agent.page.evaluate("window.dispatchEvent(new Event('online'))")  # the network is back
    comes_true(agent.page, lambda: told(desk, "call.rejoin"))

    agent.sees("视频通话中")
    sees_moving_picture(agent)


def test_a_call_outlives_a_broken_socket(agent: Agent, desk: FakeDeskService):
    calls(agent)
    desk.cut_sockets()
    sees_moving_picture(agent)
    agent.presses("挂断")

    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()
    comes_true(agent.page, lambda: told(desk, "call.hangup"))
    assert desk.done.signals[-1] == {"type": "call.hangup", "call_id": "call-1"}


def test_the_call_goes_on_while_another_conversation_is_read(agent: Agent, desk: FakeDeskService):
    desk.agent_has("新生儿落户")
    desk.news(type="inbox")
    calls(agent)
    agent.looks_at("新生儿落户")
    sees_moving_picture(agent)
    agent.presses("回到这段对话")

    agent.sees_heading("居民身份证丢失补领")


def test_hanging_up_ends_the_call_and_lets_the_devices_go(agent: Agent, desk: FakeDeskService):
    calls(agent)
    agent.presses("挂断")

    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()
    expect(agent.page.get_by_role("button", name="视频", exact=True)).to_be_visible()
    comes_true(agent.page, lambda: told(desk, "call.hangup"))
    assert desk.done.signals[-1] == {"type": "call.hangup", "call_id": "call-1"}
    assert agent.page.locator(".call__local").evaluate("video => video.srcObject") is None


def test_when_the_service_ends_the_call_the_panel_goes(agent: Agent, desk: FakeDeskService):
    calls(agent)
    desk.news(type="call.state", call_id="call-1", state="ended", mode="video")

    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()


def test_full_lines_are_said_in_words(agent: Agent, desk: FakeDeskService):
    desk.refusals = [(503, "media_full", "")]
    agent.presses("视频")

    agent.sees("视频线路已满，请先用文字沟通")
    expect(agent.page.get_by_role("region", name="通话")).to_be_hidden()


def test_a_citizen_whose_network_is_gone_keeps_the_place(agent: Agent, desk: FakeDeskService):
    calls(agent)
    away = {"connected": False}
    desk.news(type="call.state", call_id="call-1", state="held", mode="video", peer=away)

    agent.sees("对方网络中断，通话为对方保留")
