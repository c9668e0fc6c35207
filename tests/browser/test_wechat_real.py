"""From a question in WeChat to the page and to video, in the browser that opens WeChat's links."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.agent import Agent
from tests.browser.citizen import Citizen
from tests.browser.real_service import browser_with_devices
from tests.browser.test_accessibility import assert_axe_is_content
from tests.browser.test_agent_real_service import comes_to_see
from tests.browser.wechat_phone import (
    ID_CARD,
    ON_ANDROID,
    ON_IPHONE,
    InWeChat,
    WeChat,
    desk,
    phone,
    wechat_service,
)
from tests.server.wechat_world import ACCOUNT

pytestmark = pytest.mark.slow

browser = browser_with_devices

COUNT_DEVICE_USES = """
window.deviceUses = 0
const own = navigator.mediaDevices?.getUserMedia
if (own) navigator.mediaDevices.getUserMedia = (...wanted) => {
  window.deviceUses += 1
  return own.apply(navigator.mediaDevices, wanted)
}
"""


@pytest.fixture
def wechat(tmp_path: Path) -> Iterator[WeChat]:
    with wechat_service(tmp_path / "var") as running:
        yield running


@pytest.fixture
def page(browser: Browser, wechat: WeChat) -> Iterator[Page]:
    with phone(browser, wechat) as page:
        page.add_init_script(COUNT_DEVICE_USES)
        yield page


@pytest.fixture
def citizen(wechat: WeChat) -> InWeChat:
    return wechat.citizen_with_an_answer()


def asks_for_video(citizen: InWeChat, page: Page, wechat: WeChat) -> None:
    """By the entry of the menu, and one tap."""
    citizen.opens(page, f"{wechat.url}/wechat/{ACCOUNT}/enter?to=video")
    expect(page.get_by_role("dialog", name="找工作人员")).to_be_visible()
    page.get_by_role("button", name="视频帮办").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()


def takes(agent: Agent) -> None:
    """Takes the next citizen, whose wish for video becomes a call."""
    agent.takes_the_next()
    agent.sees("等对方同意录音录像")


def assert_nothing_is_open(page: Page) -> None:
    assert page.evaluate("window.deviceUses") == 0
    assert page.evaluate("[...document.querySelectorAll('video')].every(({ srcObject }) => !srcObject)")


def test_from_a_question_in_wechat_to_faces(browser: Browser, wechat: WeChat, page: Page, citizen: InWeChat):
    citizen.opens(page, citizen.card("居民身份证丢失补领"))
    on_page = Citizen(page)
    on_page.sees_turns(("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))
    assert citizen.user.openid not in page.url + page.content()

    on_page.asks("那要多少钱？")
    on_page.sees("40元/证")

    with desk(browser, wechat) as agent:
        asks_for_video(citizen, page, wechat)
        expect(page.locator("bb-waiting")).to_contain_text("您排在")
        assert_nothing_is_open(page)
        takes(agent)
        page.get_by_role("link", name="进入视频通话").tap()
        page.wait_for_selector("bb-call:defined")
        assert "/call/" in page.url
        expect(page.get_by_role("button", name="打开摄像头和麦克风")).to_be_visible()
        assert_nothing_is_open(page)

        page.get_by_role("button", name="打开摄像头和麦克风").tap()
        page.get_by_role("button", name="看得到、听得到，下一步").tap()
        page.get_by_role("button", name="不录制，进入通话").tap()
        comes_to_see(page, "video.remote")
        comes_to_see(agent.page, ".call__remote")
        inline = "all => all.map(video => video.hasAttribute('playsinline'))"
        assert all(page.locator("video").evaluate_all(inline))
        agent.presses("挂断")
        expect(page.locator("bb-call")).to_have_attribute("data-step", "ended")


def test_the_card_for_video_leads_to_the_place_in_the_queue(
    browser: Browser, wechat: WeChat, page: Page, citizen: InWeChat
):
    with desk(browser, wechat) as agent:
        citizen.taps_menu("video")
        citizen.opens(page, citizen.card("进入视频帮办"))
        expect(page.locator("bb-waiting")).to_be_in_viewport()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert page.url == f"{wechat.url}/", "a reload doesn't offer it again"
        takes(agent)
        expect(page.get_by_role("link", name="进入视频通话")).to_be_visible()
        assert_nothing_is_open(page)
        page.get_by_role("link", name="进入视频通话").tap()
        page.get_by_role("button", name="只用文字").tap()
        page.wait_for_url("**/#latest")


def test_another_user_of_wechat_gets_their_own_conversation(
    browser: Browser, wechat: WeChat, page: Page, citizen: InWeChat
):
    other = wechat.citizen()
    other.says("居住证怎么办？")
    other.reads("请问您要办哪一种")
    other.opens(page, citizen.card("居民身份证丢失补领"))

    expect(page.get_by_text("这个链接是发给别人的，只有本人能打开。")).to_be_in_viewport()
    Citizen(page).sees("请问您要办哪一种")
    expect(page.get_by_text("居民户口簿")).to_have_count(0)


def test_what_says_that_a_link_leads_nowhere_is_a_page_for_everybody(wechat: WeChat, page: Page):
    page.goto(f"{wechat.url}/wechat/{ACCOUNT}/enter/AbCdEf")
    expect(page.get_by_role("heading", name="链接不完整")).to_be_visible()
    assert_axe_is_content(page)
    page.get_by_role("link", name="不登录，直接提问").tap()

    page.wait_for_selector("bb-chat:defined")


def test_a_link_that_was_used_opens_the_conversation_all_the_same(
    browser: Browser, wechat: WeChat, page: Page, citizen: InWeChat
):
    url = citizen.card("居民身份证丢失补领")
    for _ in range(2):
        citizen.opens(page, url)
        Citizen(page).sees("居民户口簿")
    with phone(browser, wechat) as another:
        citizen.opens(another, url)
        Citizen(another).sees("居民户口簿")


def test_who_looked_at_another_conversation_in_this_browser_before_sees_the_right_one(
    page: Page, citizen: InWeChat
):
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")
    Citizen(page).asks("谢谢")
    Citizen(page).sees("不客气")
    citizen.opens(page, citizen.card("居民身份证丢失补领"))

    Citizen(page).sees_turns(("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))


NOTE_SOCKETS = """
window.shownTo = 0  // the last event that came
window.tells = []  // how far the page said that it showed them
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given)
    window.newest = this
    this.addEventListener('message', ({ data }) => {
      shownTo = JSON.parse(data).sequence ?? shownTo
    })
  }
  send(data) {
    super.send(data)
    if (JSON.parse(data).type === 'seen') tells.push(JSON.parse(data).sequence)
  }
}
"""
HIDE = """() => {
  Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
  document.dispatchEvent(new Event('visibilitychange'))
}"""


@pytest.fixture
def served(browser: Browser, wechat: WeChat, page: Page, citizen: InWeChat) -> Iterator[Agent]:
    """The agent who took the citizen, who has the page open since."""
    with desk(browser, wechat) as agent:
        citizen.taps_menu("person")
        agent.takes_the_next()
        citizen.reads("已接入")
        page.add_init_script(NOTE_SOCKETS)
        citizen.opens(page, citizen.card("居民身份证丢失补领"))
        yield agent


def test_what_was_read_on_the_page_is_not_sent_when_it_closes(
    wechat: WeChat, page: Page, citizen: InWeChat, served: Agent
):
    may_get = wechat.within(lambda: citizen.user.may_get)
    served.says("请带户口簿")
    expect(page.locator(".turn--agent", has_text="请带户口簿")).to_be_visible()
    page.wait_for_function(
        "() => tells.length > 0 && tells.at(-1) === shownTo && newest.bufferedAmount === 0"
    )
    page.close()
    served.says("和照片")
    citizen.reads("和照片")

    assert not any("请带户口簿" in seen.text for seen in citizen.user.seen)
    assert wechat.within(lambda: citizen.user.may_get) == may_get - 1


def test_what_came_while_the_page_was_out_of_sight_is_sent_when_it_closes(
    page: Page, citizen: InWeChat, served: Agent
):
    page.evaluate(HIDE)
    served.says("请带户口簿")
    expect(page.locator(".turn--agent", has_text="请带户口簿")).to_have_count(1)
    page.close()

    citizen.reads("请带户口簿")


REFUSE = """
const own = navigator.mediaDevices.getUserMedia
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (wanted.%s) throw new DOMException('refused', 'NotAllowedError')
  return own.call(navigator.mediaDevices, wanted)
}
"""
WITHOUT_DEVICES = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined })"


@pytest.fixture
def at_the_call(browser: Browser, wechat: WeChat, citizen: InWeChat) -> Iterator[Callable[[str, str], Page]]:
    """Opens the page of a call by its card, in a WeChat of that kind and with a script that changes it."""

    def come(user_agent: str, script: str) -> Page:
        page = opened.enter_context(phone(browser, wechat, user_agent))
        page.add_init_script(script)
        citizen.taps_menu("video")
        takes(agent)
        citizen.opens(page, citizen.link("视频通话准备好了"))
        return page

    with ExitStack() as opened:
        agent = opened.enter_context(desk(browser, wechat))
        yield come


IPHONE_STEPS = ("打开手机「设置」", "「微信」", "点右上角「…」", "在 Safari 中打开")


def test_a_refused_camera_is_named_with_the_way_through_wechats_settings(at_the_call):
    page = at_the_call(ON_IPHONE, REFUSE % "video")
    page.get_by_role("button", name="打开摄像头和麦克风").tap()

    advice = page.locator(".advice")
    expect(advice).to_contain_text("没有得到使用摄像头的许可")
    for words in IPHONE_STEPS:
        expect(advice).to_contain_text(words)
    expect(page.get_by_role("button", name="下一步，用语音通话")).to_be_visible()


def test_a_refused_microphone_is_named_too(at_the_call):
    page = at_the_call(ON_IPHONE, REFUSE % "audio")
    page.get_by_role("button", name="打开摄像头和麦克风").tap()

    expect(page.locator(".advice")).to_contain_text("没有得到使用麦克风的许可")
    expect(page.locator(".test", has_text="麦克风")).to_contain_text("对方听不到您，可以打字")
    expect(page.get_by_role("button", name="下一步，不用麦克风")).to_be_visible()


def test_who_refuses_both_reads_so_and_may_write(at_the_call):
    page = at_the_call(ON_IPHONE, REFUSE % "audio || true")
    page.get_by_role("button", name="打开摄像头和麦克风").tap()

    expect(page.locator(".advice")).to_contain_text("没有得到使用摄像头和麦克风的许可")
    expect(page.get_by_role("button", name="再试一次")).to_be_visible()
    page.get_by_role("button", name="只用文字").tap()
    page.wait_for_url("**/#latest")


@pytest.mark.parametrize(
    ("user_agent", "browser_name"), [(ON_IPHONE, "在 Safari 中打开"), (ON_ANDROID, "在浏览器打开")]
)
def test_a_wechat_without_a_camera_for_pages_says_what_to_do(at_the_call, user_agent, browser_name):
    page = at_the_call(user_agent, WITHOUT_DEVICES)
    page.get_by_role("button", name="打开摄像头和麦克风").tap()

    advice = page.locator(".advice")
    expect(advice).to_contain_text("点右上角「…」")
    expect(advice).to_contain_text(browser_name)
    expect(page.get_by_role("button", name="只用文字")).to_be_visible()
    expect(page.get_by_role("button", name="不用摄像头，只用语音")).to_have_count(0)
