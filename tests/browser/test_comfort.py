"""Large print, contrast, looks, reading aloud, copying."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.citizen import Citizen
from tests.browser.patience import comes_true

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"

RECORD_SPEECH = """
  window.spoken = [];
  window.speechSynthesis.speak = (utterance) => window.spoken.push(utterance.text);
  window.speechSynthesis.cancel = () => window.spoken.push('cancel');
"""


def font_size(page: Page) -> float:
    return page.locator(".bubble").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")


def test_large_print_is_one_and_a_half_times_as_large_and_stays(citizen: Citizen, page: Page):
    normal = font_size(page)
    citizen.presses("大字")
    assert font_size(page) == pytest.approx(normal * 1.5)
    expect(page.get_by_role("button", name="大字")).to_have_attribute("aria-pressed", "true")

    page.reload()
    page.wait_for_selector("bb-chat:defined")
    assert font_size(page) == pytest.approx(normal * 1.5)
    citizen.presses("大字")
    assert font_size(page) == pytest.approx(normal)


def test_more_contrast_is_black_on_white(citizen: Citizen, page: Page):
    citizen.chooses_setting("高对比度")

    assert page.locator("body").evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"
    assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"


def test_the_looks_follow_the_system_until_one_is_chosen(citizen: Citizen, page: Page):
    def becomes(darker_or_lighter: str) -> None:
        page.wait_for_function(
            """than => {
              const parts = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)
              const brightness = parts.reduce((sum, part) => sum + Number(part), 0)
              return than === 'dark' ? brightness < 150 : brightness > 600
            }""",
            arg=darker_or_lighter,
        )

    page.emulate_media(color_scheme="dark")
    becomes("dark")
    page.locator("summary", has_text="设置").click()
    page.get_by_label("浅色").check()
    becomes("light")
    page.get_by_label("深色").check()
    page.emulate_media(color_scheme="light")
    becomes("dark")


def test_the_menu_closes_by_escape_and_gives_the_focus_back(citizen: Citizen, page: Page):
    menu = page.locator("summary", has_text="设置")
    menu.click()
    expect(page.get_by_role("button", name="高对比度")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="高对比度")).to_be_hidden()
    expect(menu).to_be_focused()


def test_an_answer_is_copied_as_plain_text(citizen: Citizen, page: Page, context: BrowserContext):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    citizen.asks("那要多少钱？")
    citizen.presses("复制")

    expect(citizen.status).to_contain_text("已复制这条答复")
    assert (
        page.evaluate("navigator.clipboard.readText()")
        == "【居民身份证丢失补领】\n收费：收费，40元/证\n指南没有写明办理结果，可拨打咨询电话确认。"
    )


def test_an_answer_is_read_aloud_and_stopped(citizen: Citizen, page: Page):
    page.evaluate(RECORD_SPEECH)
    citizen.asks("那要多少钱？")
    citizen.presses("朗读")
    expect(page.get_by_role("button", name="停止")).to_be_visible()
    citizen.presses("停止")

    expect(page.get_by_role("button", name="朗读")).to_be_visible()
    spoken = page.evaluate("window.spoken.filter(text => text !== 'cancel').join('')")
    assert spoken == "【居民身份证丢失补领】\n收费：收费，40元/证\n指南没有写明办理结果，可拨打咨询电话确认。"


def test_new_answers_are_read_aloud_if_wished_and_old_ones_are_not(citizen: Citizen, page: Page):
    citizen.chooses_setting("自动朗读答复")
    citizen.asks("谢谢")
    citizen.sees("不客气")
    page.reload()
    page.wait_for_selector("bb-chat:defined")
    page.evaluate(RECORD_SPEECH)
    citizen.sees("不客气")
    citizen.asks("那要多少钱？")
    citizen.sees("40元/证")

    spoken = "window.spoken.filter(text => text !== 'cancel').join('')"
    comes_true(page, lambda: "40元" in page.evaluate(spoken))
    assert "不客气" not in page.evaluate(spoken)


def test_times_are_shown_with_their_full_moment(citizen: Citizen, page: Page):
    citizen.asks("谢谢")
    citizen.sees("不客气")

    times = page.locator(".messages time")
    expect(times).to_have_count(2)
    for shown in times.all():
        assert shown.inner_text().count(":") == 1
        assert shown.get_attribute("datetime").endswith("Z")
