"""The citizen's side of a call, in a Chromium with a fake camera and a fake microphone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.agent import WITHOUT_H264
from tests.browser.conftest import is_breach, launch
from tests.browser.fake_call import CHECKLIST, FakeDesk
from tests.browser.patience import PATIENCE_MS, comes_true
from tests.browser.test_accessibility import LOOKS, assert_axe_is_content

pytestmark = pytest.mark.slow

FAKE_DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
REFUSE_DEVICES = """
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (wanted.video || %s) throw new DOMException('refused', '%s')
  return own.call(navigator.mediaDevices, wanted)
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright, FAKE_DEVICES)
        yield browser
        browser.close()


@pytest.fixture
def service() -> Iterator[FakeDesk]:
    service = FakeDesk()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def context(browser: Browser, service: FakeDesk) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=service.url,
        viewport={"width": 375, "height": 667},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        permissions=["camera", "microphone"],
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, service: FakeDesk) -> Iterator[Page]:
    """The call page, after an agent took the conversation and rang. Script errors fail the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_breach(message) else None)
    ring(page, service)
    enter(page)
    yield page

    assert complaints == []


def ring(page: Page, service: FakeDesk) -> None:
    page.request.post("/api/v1/conversations")  # the browser has its cookie, as if it had come from the chat
    service.agent_takes("李敏")
    service.agent_rings("c1")


def enter(page: Page, query: str = "") -> None:
    page.goto(f"/call/c1{query}")
    page.wait_for_selector("bb-call:defined")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def check_devices(page: Page) -> None:
    press(page, "打开摄像头和麦克风")
    expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
    press(page, "看得到、听得到，下一步")
    expect(page.get_by_role("heading", name="是否同意录音录像")).to_be_visible()


def go_live(page: Page, answer: str = "同意录制，进入通话") -> None:
    check_devices(page)
    press(page, answer)
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()


def press_act(page: Page, act: str) -> None:
    page.locator("bb-call").evaluate(
        "(page, act) => page.dispatchEvent(new CustomEvent('bb-call-act', { detail: act }))", act
    )


def frames(page: Page) -> int:
    return page.locator("video.remote").evaluate("v => v.getVideoPlaybackQuality().totalVideoFrames")


def heard(service: FakeDesk, kind: str) -> list[dict[str, Any]]:
    return [message for message in service.desk.heard if message["type"] == kind]


# --- before the call ---------------------------------------------------------------------------------


def test_nothing_opens_before_a_tap(page: Page):
    expect(page.get_by_role("button", name="打开摄像头和麦克风")).to_be_visible()

    assert page.evaluate("() => [...document.querySelectorAll('video')].every(({ srcObject }) => !srcObject)")
    expect(page.get_by_role("heading", name="视频前，先检查设备")).to_be_visible()


def test_each_check_says_its_result_in_words(page: Page):
    press(page, "打开摄像头和麦克风")
    expect(page.locator(".test", has_text="摄像头")).to_contain_text("正常，上面就是您的画面")
    expect(page.locator(".test", has_text="麦克风")).to_contain_text("听到您的声音了")  # Chromium's beeps
    expect(page.locator(".test", has_text="网络")).to_contain_text("网络良好")
    speaker = page.locator(".test", has_text="扬声器")
    press(page, "播放")
    press(page, "没听到")
    expect(speaker).to_contain_text("请把音量调大")
    press(page, "再放一次")
    press(page, "听到了")

    expect(speaker).to_contain_text("正常")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotAllowedError", "没有得到使用摄像头和麦克风的许可"),
        ("NotFoundError", "没有找到摄像头和麦克风"),
        ("NotReadableError", "摄像头和麦克风正被占用"),
    ],
)
def test_a_device_that_cannot_be_used_is_explained_and_writing_is_a_way_on(
    context: BrowserContext, service: FakeDesk, error: str, words: str
):
    context.add_init_script(
        "const own = navigator.mediaDevices.getUserMedia;" + REFUSE_DEVICES % ("true", error)
    )
    page = context.new_page()
    ring(page, service)
    enter(page)
    press(page, "打开摄像头和麦克风")
    expect(page.locator(".advice")).to_contain_text(words)
    press(page, "只用文字")

    page.wait_for_url("**/#latest")
    expect(page.locator("bb-waiting")).to_contain_text("李敏 正在为您服务")


def test_without_a_camera_one_goes_on_with_sound(context: BrowserContext, service: FakeDesk):
    context.add_init_script(
        "const own = navigator.mediaDevices.getUserMedia;" + REFUSE_DEVICES % ("false", "NotFoundError")
    )
    page = context.new_page()
    ring(page, service)
    enter(page)
    press(page, "打开摄像头和麦克风")
    expect(page.locator(".test", has_text="摄像头")).to_contain_text("没有打开，对方看不到您")
    press(page, "下一步，用语音通话")
    press(page, "不录制，进入通话")

    expect(page.locator("bb-call-room[data-step=live][data-mode=audio]")).to_be_visible()


@pytest.mark.parametrize(
    ("agent", "advice"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0", "在 Safari 中打开"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 MicroMessenger/8.0", "设置 › 应用 › 微信 › 权限"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari", "Safari 浏览器"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile", "设置 › 应用 › 浏览器 › 权限"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120", "地址栏左边"),
    ],
)
def test_the_advice_fits_the_device(page: Page, agent: str, advice: str):
    steps = page.evaluate(
        """async (agent) => {
             const { adviceFor, placeOf } = await import('/static/js/lib/device_advice.js')
             return adviceFor('denied', placeOf(agent)).steps.join()
           }""",
        agent,
    )

    assert advice in steps


def test_consent_is_shown_read_aloud_and_sent_with_its_version(context: BrowserContext, service: FakeDesk):
    context.add_init_script(
        "window.spoken = []; window.speechSynthesis.speak = (u) => window.spoken.push(u.text)"
    )
    page = context.new_page()
    ring(page, service)
    enter(page)
    check_devices(page)
    assert "录音录像" in "".join(page.evaluate("window.spoken"))
    version = page.locator("bb-consent").get_attribute("data-version")
    press(page, "同意录制，进入通话")
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()

    expect(page.get_by_text("正在录制")).to_be_visible()
    assert service.desk.consents == [("c1", {"version": version, "agree": True})]


def test_who_refuses_recording_talks_all_the_same(page: Page, service: FakeDesk):
    go_live(page, "不录制，进入通话")

    expect(page.get_by_text("正在录制")).to_be_hidden()
    assert service.desk.consents[0][1]["agree"] is False


def test_consent_is_taken_back_in_the_call_which_goes_on(page: Page, service: FakeDesk):
    go_live(page)
    press(page, "停止录制")
    expect(page.get_by_role("dialog", name="停止录制？")).to_contain_text("已录制的部分仍会按规定保存")
    press(page, "继续录制")
    expect(page.get_by_text("正在录制")).to_be_visible()
    assert len(service.desk.consents) == 1
    press(page, "停止录制")
    page.get_by_role("dialog").get_by_role("button", name="停止录制").click()
    expect(page.get_by_text("正在录制")).to_be_hidden()
    expect(page.locator("bb-status")).to_contain_text("已停止录制，通话照常进行")

    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()
    version = page.locator("bb-consent").get_attribute("data-version")
    assert service.desk.consents[1:] == [("c1", {"version": version, "agree": False})]


def test_nobody_is_told_that_the_recording_has_stopped_before_it_has(page: Page, service: FakeDesk):
    service.records_on = True
    go_live(page)
    press(page, "停止录制")
    page.get_by_role("dialog").get_by_role("button", name="停止录制").click()

    expect(page.locator("bb-status")).to_contain_text("已要求停止录制，请稍等")
    expect(page.get_by_text("正在录制")).to_be_visible()


def test_after_a_reload_nobody_agrees_anew_to_what_was_taken_back(page: Page, service: FakeDesk):
    service.rings_back = True  # while it does, a page that comes back says its answer again
    check_devices(page)
    press(page, "同意录制，进入通话")
    expect(page.locator(".room__plate")).to_contain_text("等工作人员接听")
    press_act(page, "unrecord")
    page.get_by_role("dialog").get_by_role("button", name="停止录制").click()
    expect(page.locator("bb-status")).to_contain_text("已停止录制")
    service.rings_back = False
    page.reload()
    press(page, "回到通话")
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()

    assert [answer["agree"] for _, answer in service.desk.consents] == [True, False, False]


# --- in the call -------------------------------------------------------------------------------------


def until_picture(page: Page, button: str) -> float:
    """How long it takes from that button to the other side's picture, in ms."""
    page.evaluate("document.addEventListener('click', () => (window.began = performance.now()), true)")
    press(page, button)
    took: float = page.evaluate(
        """async () => {
             const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
             while (!(document.querySelector('video.remote')?.videoWidth > 2)) await pause()
             return performance.now() - window.began
           }"""
    )
    return took


def test_picture_and_sound_are_there_in_under_two_seconds(page: Page, service: FakeDesk):
    check_devices(page)
    took = until_picture(page, "同意录制，进入通话")
    for _ in range(2):  # the quickest counts: the machine may have been busy with something else
        if took < 2000:
            break
        page.reload()
        took = until_picture(page, "回到通话")
    expect(page.locator("bb-call-room[data-picture]")).to_be_visible()

    before = frames(page)
    comes_true(page, lambda: frames(page) > before)
    assert took < 2000


def test_the_call_page_says_how_good_the_network_is(page: Page, service: FakeDesk):
    go_live(page)

    expect(page.locator(".room__quality")).to_contain_text("网络")
    comes_true(page, lambda: heard(service, "call.stats"))
    assert heard(service, "call.stats")[0]["call_id"] == "c1"


def test_mute_and_camera_are_switches_that_say_their_state(page: Page, service: FakeDesk):
    go_live(page)
    press(page, "静音")
    expect(page.get_by_role("button", name="已静音")).to_have_attribute("aria-pressed", "true")
    press(page, "关摄像头")
    expect(page.locator("video.own")).to_be_hidden()
    press(page, "开摄像头")

    expect(page.locator("video.own")).to_be_visible()


def test_hanging_up_is_asked_back_and_ends_the_call(page: Page, service: FakeDesk):
    go_live(page)
    press(page, "挂断")
    press(page, "继续通话")
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()
    press(page, "挂断")
    press(page, "结束")

    expect(page.get_by_role("heading", name="通话已结束")).to_be_focused()
    expect(page.get_by_role("link", name="回到对话")).to_have_attribute("href", "/#latest")
    comes_true(page, lambda: heard(service, "call.hangup"))
    assert len(heard(service, "call.hangup")) == 1


def test_nothing_is_offered_before_the_agent_has_picked_up(page: Page, service: FakeDesk):
    service.rings_back = True
    check_devices(page)
    press(page, "不录制，进入通话")
    expect(page.locator(".room__plate")).to_contain_text("等工作人员接听")
    page.wait_for_timeout(800)
    assert heard(service, "call.offer") == []
    service.news(type="call.state", call_id="c1", state="connecting", mode="video", peer={"connected": False})

    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()


def test_who_missed_that_the_agent_picked_up_is_in_the_call_all_the_same(page: Page, service: FakeDesk):
    service.rings_back = True
    check_devices(page)
    press(page, "不录制，进入通话")
    expect(page.locator(".room__plate")).to_contain_text("等工作人员接听")
    service.rings_back = False
    service.cut_sockets()

    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()
    assert service.desk.consents[0] == service.desk.consents[1], "the same answer, said again"


def test_what_is_chosen_without_a_connection_is_told_as_soon_as_there_is_one(page: Page, service: FakeDesk):
    go_live(page)
    service.faults.no_sockets = True
    service.cut_sockets()
    comes_true(page, lambda: service.refused_sockets)
    press_act(page, "audio")
    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()
    service.faults.no_sockets = False

    comes_true(page, lambda: [told["mode"] for told in heard(service, "call.mode")] == ["audio"])


def test_the_agent_ends_the_call(page: Page, service: FakeDesk):
    go_live(page)
    service.agent_ends_call("c1")

    expect(page.get_by_role("heading", name="通话已结束")).to_be_visible()


def test_messages_come_and_go_beside_the_call(page: Page, service: FakeDesk):
    go_live(page)
    service.log("agent_message", {"text": "请出示身份证", "agent": "李敏", "client_message_id": "a1"})
    service.log("checklist", CHECKLIST)
    expect(page.get_by_role("button", name="文字 2")).to_be_visible()
    press(page, "文字 2")
    expect(page.get_by_text("请出示身份证")).to_be_visible()
    page.get_by_label("写给工作人员").fill("好的")
    page.get_by_label("写给工作人员").press("Enter")
    expect(page.locator(".turn--citizen", has_text="好的")).to_be_visible()
    expect(page.get_by_text("没有找到这件事").first).to_be_visible()  # come later, it would count as unread
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="文字", exact=True)).to_be_focused()


def test_a_screen_is_shared_on_a_desktop_only(context: BrowserContext, service: FakeDesk):
    context.add_init_script(
        """navigator.mediaDevices.getDisplayMedia = async () => {
             const canvas = document.createElement('canvas')
             canvas.getContext('2d').fillRect(0, 0, 20, 20)
             return canvas.captureStream(5)
           }"""
    )
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    ring(page, service)
    enter(page)
    go_live(page)
    press(page, "共享屏幕")

    expect(page.get_by_role("button", name="停止共享")).to_have_attribute("aria-pressed", "true")


# --- what goes wrong -----------------------------------------------------------------------------------


def test_a_lost_network_is_told_and_the_call_comes_back_by_itself(page: Page, service: FakeDesk):
    go_live(page)
    service.refuse_offers = "unavailable"  # for as long as it takes to read what is said
    service.drop_media()
    expect(page.locator(".room__box")).to_contain_text("您不用挂断")
    service.refuse_offers = ""
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()

    assert len(heard(service, "call.rejoin")) >= 1


def test_the_ladder_goes_down_to_writing_and_up_again_in_the_same_call(page: Page, service: FakeDesk):
    go_live(page)
    press_act(page, "audio")
    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()
    press_act(page, "text")
    expect(page.locator("bb-call-room[data-step=text]")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".room__box").get_by_role("button", name="打开视频").click()
    expect(page.locator("bb-call-room[data-step=live][data-mode=video]")).to_be_visible()

    assert len(service.desk.consents) == 1, "nothing is asked twice"
    assert len(heard(service, "call.rejoin")) == 1


def test_the_page_goes_along_when_the_agent_turns_to_sound_alone(page: Page, service: FakeDesk):
    go_live(page)
    expect(page.locator("video.own")).to_be_visible()

    service.agent_changes_mode("audio")

    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()
    expect(page.locator("video.own")).to_be_hidden()
    expect(page.locator("bb-status")).to_contain_text("工作人员改用语音，您的摄像头已关闭")
    expect(page.get_by_role("button", name="开摄像头")).to_be_visible()
    assert heard(service, "call.mode") == [], "what the agent said isn't said back"


def test_a_camera_stays_off_until_the_citizen_opens_it(page: Page, service: FakeDesk):
    go_live(page)
    service.agent_changes_mode("audio")
    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()

    service.agent_changes_mode("video")

    box = page.locator(".room__box")
    expect(box).to_contain_text("您也可以打开摄像头，不打开不影响办事")
    expect(page.locator("bb-call-room[data-mode=video]")).to_be_visible()
    expect(page.locator("video.own")).to_be_hidden()
    box.get_by_role("button", name="打开摄像头").click()
    expect(page.locator("video.own")).to_be_visible()
    expect(box).to_be_hidden()


def test_who_would_rather_not_be_seen_says_so_once(page: Page, service: FakeDesk):
    go_live(page)
    service.agent_changes_mode("audio")
    service.agent_changes_mode("video")
    page.locator(".room__box").get_by_role("button", name="先不打开").click()

    expect(page.locator(".room__box")).to_be_hidden()
    expect(page.locator("video.own")).to_be_hidden()


def test_news_from_before_the_citizens_choice_does_not_undo_it(page: Page, service: FakeDesk):
    go_live(page)
    service.deaf = True  # the service hasn't taken the citizen's word yet
    page.clock.set_fixed_time(datetime(2026, 11, 26, 9, 0))  # however slow the machine, it is but a moment
    press_act(page, "audio")
    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()

    service.news(type="call.state", call_id="c1", state="live", mode="video", recording=False)

    expect(page.locator(".room__recorded")).to_be_hidden()  # the news has come
    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()


def test_a_bad_network_brings_the_proposal_of_sound_alone(page: Page, service: FakeDesk):
    go_live(page)
    page.evaluate(
        """() => {
             const room = document.querySelector('bb-call-room')
             for (let i = 0; i < 3; i += 1) room.showQuality({ level: 'poor', words: '网络较差' })
             room.showQuality = () => {} // the network here is good
           }"""
    )
    expect(page.locator(".room__box")).to_contain_text("只用语音会更稳")
    page.locator(".room__box").get_by_role("button", name="只用语音").click()

    expect(page.locator("bb-call-room[data-mode=audio]")).to_be_visible()


def test_a_browser_without_the_calls_codec_says_so_instead_of_showing_nothing(
    context: BrowserContext, service: FakeDesk
):
    context.add_init_script(WITHOUT_H264)
    service.codec = "h264"
    page = context.new_page()
    ring(page, service)
    enter(page)
    go_live(page)

    words = "您的浏览器不支持本次通话的视频格式，只能语音通话。"
    expect(page.locator(".room__plate")).to_have_text(words)
    expect(page.locator("bb-status")).to_contain_text(words)
    expect(page.get_by_role("button", name="关摄像头")).to_be_hidden()
    expect(page.get_by_role("button", name="开摄像头")).to_be_hidden()
    expect(page.locator("video.own")).to_be_hidden()
    expect(page.get_by_role("button", name="静音")).to_be_visible()
    [offer] = heard(service, "call.offer")
    assert "m=video" not in offer["sdp"]
    comes_true(page, lambda: heard(service, "call.stats"))
    assert heard(service, "call.stats")[0]["stats"]["sound_only"] is True


def test_it_is_said_whose_browser_can_do_no_pictures(page: Page, service: FakeDesk):
    service.sends_pictures = False
    go_live(page, "不录制，进入通话")
    service.news(type="call.quality", call_id="c1", party="agent", level="good", sound_only=True)

    expect(page.locator(".room__plate")).to_contain_text("工作人员的浏览器不支持本次通话的视频格式")
    expect(page.locator(".room__plate")).to_be_visible()


def test_a_full_service_is_told_honestly_with_other_ways(page: Page, service: FakeDesk):
    service.refuse_offers = "media_full"
    check_devices(page)
    press(page, "不录制，进入通话")
    box = page.locator(".room__box")
    expect(box).to_contain_text("线路已满")
    box.get_by_text("预约回电或留言").click()
    expect(box.get_by_label("您的电话号码")).to_be_visible()
    service.refuse_offers = ""
    box.get_by_role("button", name="再试一次").click()

    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()


def test_a_call_that_is_gone_leads_back(page: Page, service: FakeDesk):
    service.refuse_offers = "not_found"
    check_devices(page)
    press(page, "不录制，进入通话")

    expect(page.get_by_role("heading", name="通话已结束")).to_be_visible()


def test_a_reload_leads_back_into_the_call_by_one_tap(page: Page, service: FakeDesk):
    go_live(page)
    page.reload()
    press(page, "回到通话")
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()

    assert len(service.desk.consents) == 1


def test_a_reload_while_connecting_asks_the_service_how_it_stands(page: Page, service: FakeDesk):
    service.rings_back = True
    check_devices(page)
    press(page, "不录制，进入通话")
    expect(page.locator(".room__plate")).to_contain_text("等工作人员接听")
    service.rings_back = False
    page.reload()
    press(page, "回到通话")
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()

    assert service.desk.consents[0] == service.desk.consents[1], "the same answer, said again"


def test_without_a_conversation_there_is_no_call_and_one_may_begin_here(context: BrowserContext):
    """So it is where the advice led, from WeChat's browser into another."""
    page = context.new_page()
    enter(page)
    expect(page.get_by_text("没有找到这次通话")).to_be_visible()
    assert_axe_is_content(page)
    page.get_by_role("link", name="在这里找视频帮办").click()

    expect(page.get_by_role("dialog", name="找工作人员")).to_be_visible()
    expect(page.get_by_role("button", name="视频帮办")).to_be_focused()


# --- for everybody -------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", list(LOOKS))
def test_axe_finds_nothing_serious_in_any_step(page: Page, service: FakeDesk, look: str):
    for name, value in LOOKS[look].items():
        page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page.reload()
    expect(page.get_by_role("button", name="打开摄像头和麦克风")).to_be_visible()
    assert_axe_is_content(page)
    press(page, "打开摄像头和麦克风")
    expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
    assert_axe_is_content(page)
    press(page, "看得到、听得到，下一步")
    assert_axe_is_content(page)
    press(page, "同意录制，进入通话")
    expect(page.locator("bb-call-room[data-picture]")).to_be_visible()
    assert_axe_is_content(page)
    service.log("agent_message", {"text": "请出示身份证", "agent": "李敏", "client_message_id": "a1"})
    press(page, "文字 1")
    assert_axe_is_content(page)
    page.keyboard.press("Escape")
    press(page, "挂断")
    press(page, "结束")
    expect(page.get_by_role("heading", name="通话已结束")).to_be_visible()
    assert_axe_is_content(page)


@pytest.mark.parametrize("look", ["light", "large print"])
@pytest.mark.parametrize("size", [(320, 568), (375, 667), (768, 1024), (1280, 800), (1080, 1920)])
def test_everything_fits_and_is_large_enough_for_a_finger(page: Page, look: str, size: tuple[int, int]):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for name, value in LOOKS[look].items():
        page.evaluate(f"localStorage.setItem('bangban.{name}', JSON.stringify('{value}'))")
    page.reload()
    go_live(page)

    buttons = page.locator(".control:visible").evaluate_all(
        "all => all.map(e => [e.textContent, e.getBoundingClientRect().toJSON()])"
    )
    small = [name for name, box in buttons if box["height"] < 44 or box["width"] < 44]
    outside = [n for n, box in buttons if box["right"] > size[0] + 1 or box["bottom"] > size[1] + 1]
    stage = page.locator(".room__stage").bounding_box()
    assert small == []
    assert outside == []
    assert stage is not None
    assert stage["height"] > size[1] * 0.35, "the picture has the room"


def test_what_the_agent_shows_leaves_the_calls_buttons_free(page: Page, service: FakeDesk):
    go_live(page)
    lines = {"title": "居住证首次申领", "label": "收费", "lines": ["不收费"], "version": 3}
    service.agent_shows(what="element", **lines)
    shown = page.get_by_role("region", name="工作人员请您看")
    expect(shown).to_contain_text("不收费")
    press(page, "静音")
    expect(page.get_by_role("button", name="已静音")).to_be_visible()
    shown.get_by_role("button", name="关闭").click()

    expect(shown).to_have_count(0)
    comes_true(page, lambda: service.desk.closed)
    expect(page.locator("bb-call-room[data-step=live]")).to_be_visible()


def test_what_the_agent_writes_is_seen_whole_beside_the_call(page: Page, service: FakeDesk):
    page.set_viewport_size({"width": 1280, "height": 800})
    go_live(page)
    for number in range(1, 13):
        text = f"第 {number} 件要看的材料：\n请把它平放在桌上，\n对准镜头。"
        service.log("agent_message", {"text": text, "agent": "李敏", "client_message_id": f"a{number}"})

    expect(page.locator(".bubble--agent", has_text="第 12 件")).to_be_in_viewport(ratio=1)
