"""A citizen asks and gets an answer."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_service import FakeService
from tests.browser.patience import comes_true
from tests.browser.scripted_replies import LONG_CONDITIONS

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"


def test_a_question_is_answered_with_a_card_of_facts(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)

    card = page.get_by_role("article")
    expect(card.get_by_role("heading", name="居民身份证丢失补领")).to_be_visible()
    expect(card.get_by_role("term")).to_have_text(
        ["所需材料", "承诺办结时限", "收费", "办理地点", "办理时间", "咨询电话"]
    )
    expect(card.get_by_text("收费，40元/证")).to_be_visible()
    citizen.sees_turns(("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))


def test_what_may_be_left_at_home_is_marked_in_words(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)

    materials = page.get_by_role("article").get_by_role("listitem")
    photo = materials.filter(has_text="数字相片采集凭证")
    expect(photo).to_have_text("数字相片采集凭证 可选原件，1份，现场可免费拍照")
    expect(materials.filter(has_text="委托书")).to_contain_text("容缺")
    household_register = materials.filter(has_text="居民户口簿")
    expect(household_register).to_have_text("居民户口簿 原件，1份")


def test_telephone_numbers_can_be_called_and_house_numbers_can_not(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    page.get_by_text("再看 2 项").click()

    links = page.get_by_role("article").locator("a[href^='tel:']")
    assert links.evaluate_all("links => links.map(a => a.getAttribute('href'))") == [
        "tel:05556120018",
        "tel:05556120110",
        "tel:05556120220",
        "tel:05556120330",
        "tel:05556120018",
        "tel:12345",
    ]
    citizen.sees("东岭大街12333号")


def test_sources_stand_behind_one_button_by_guide_and_version(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    source = page.locator(".sources li")
    expect(source).to_be_hidden()

    page.get_by_text("查看出处").click()

    expect(source).to_have_count(1)
    expect(source).to_contain_text("南湖区 · 办事指南第 3 版")
    expect(source).to_contain_text("引用：所需材料、承诺办结时限、收费")
    link = source.get_by_role("link", name="居民身份证丢失补领 （新窗口打开）")
    expect(link).to_have_attribute("href", "https://guides.example/id-card")


def test_a_fact_from_several_guides_names_them_by_number(citizen: Citizen, page: Page):
    citizen.asks("那要多少钱？")
    page.get_by_text("查看出处（2）").click()

    expect(page.locator(".fact__reference")).to_have_text("出处 1、2")
    expect(page.locator(".sources li")).to_contain_text(["第 3 版", "第 2 版"])


def test_what_the_guide_is_silent_on_is_said_below_the_facts_once(citizen: Citizen, page: Page):
    citizen.asks("那要多少钱？")

    expect(page.locator(".card__remark")).to_have_text("指南没有写明办理结果，可拨打咨询电话确认。")


def test_an_answer_that_says_no_more_than_its_facts_has_no_remark(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")

    expect(page.locator(".card__remark")).to_have_count(0)


def test_the_one_district_of_an_answer_stands_beside_its_title(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)

    expect(page.locator(".card__header")).to_have_text("居民身份证丢失补领南湖区")


def test_an_answer_that_holds_in_several_districts_names_none(citizen: Citizen, page: Page):
    citizen.asks("那要多少钱？")

    expect(page.locator(".card__header")).to_have_text("居民身份证丢失补领")


def test_an_answer_to_two_questions_has_two_parts(citizen: Citizen, page: Page):
    citizen.asks("补身份证和办居住证各要多少钱？")

    expect(page.locator(".card__part")).to_have_text(["居民身份证丢失补领", "居住证首次申领"])
    expect(page.locator(".fact__label")).to_have_text(["收费", "收费"])
    expect(page.locator(".fact__value .text")).to_have_text(["收费，40元/证", "不收费"])


def test_a_suggested_question_is_asked_by_a_click(citizen: Citizen, page: Page):
    citizen.presses(ID_CARD)

    citizen.sees_turns(("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))


def test_a_choice_is_picked_by_a_click_and_shown_by_its_title(
    citizen: Citizen, page: Page, service: FakeService
):
    citizen.asks("居住证怎么办？")
    page.get_by_role("group", name="请选择").get_by_role("button", name="首次申领居住证").click()

    citizen.sees_turns(
        ("citizen", "居住证怎么办？"),
        ("bot", "居住证有几种情况"),
        ("citizen", "首次申领居住证"),
        ("bot", "居住证首次申领"),
    )
    expect(page.get_by_role("group", name="请选择")).to_have_count(0)
    expect(page.locator(".choices__picked")).to_have_text("首次申领居住证（已选）")


def test_a_choice_is_picked_by_keyboard_and_the_focus_goes_to_what_was_said(citizen: Citizen, page: Page):
    citizen.asks("居住证怎么办？")
    first = page.get_by_role("button", name="首次申领居住证")
    first.wait_for()
    first.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="居住证签注（每年一次）")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    citizen.sees_turns(
        ("citizen", "居住证怎么办？"),
        ("bot", "居住证有几种情况"),
        ("citizen", "首次申领居住证"),
        ("bot", "居住证首次申领"),
    )
    expect(page.locator(":focus")).to_have_text(re.compile("^您说：首次申领居住证"))


def test_a_choice_may_be_typed_by_its_number(citizen: Citizen):
    citizen.asks("居住证怎么办？")
    citizen.sees("请问您要办哪一种")
    citizen.asks("1")

    citizen.sees("居住证首次申领")


def test_choices_are_buttons_once_and_not_lines_of_text_as_well(citizen: Citizen, page: Page):
    citizen.asks("居住证怎么办？")

    expect(page.locator(".turn--bot .bubble").last).to_have_text("居住证有几种情况，请问您要办哪一种？")


def test_choices_can_still_be_picked_after_small_talk(citizen: Citizen, page: Page):
    citizen.asks("居住证怎么办？")
    citizen.sees("请问您要办哪一种")
    citizen.asks("谢谢")
    citizen.sees("不客气")

    page.get_by_role("button", name="首次申领居住证").click()
    citizen.sees("居住证首次申领")


def test_choices_are_closed_when_something_else_was_answered(citizen: Citizen, page: Page):
    citizen.asks("居住证怎么办？")
    citizen.sees("请问您要办哪一种")
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")

    expect(page.get_by_role("group", name="请选择")).to_have_count(0)
    expect(page.locator(".choices--past li")).to_have_count(3)


def test_a_long_text_is_folded_and_unfolds(citizen: Citizen, page: Page):
    citizen.asks("办居住证有什么条件？")
    text = page.locator(".fact__value .text")
    button = page.get_by_role("button", name="展开全文")
    expect(button).to_have_attribute("aria-expanded", "false")
    folded = text.bounding_box()["height"]
    button.click()

    comes_true(page, lambda: text.bounding_box()["height"] > folded * 2)
    expect(page.get_by_role("button", name="收起")).to_have_attribute("aria-expanded", "true")
    expect(text).to_have_text(LONG_CONDITIONS)


def test_many_short_names_stand_side_by_side(citizen: Citizen, page: Page):
    citizen.asks("居住证在哪里办？")
    page.get_by_role("button", name="东湖区").wait_for()
    first, second = (
        page.get_by_role("button", name="南湖区")
        .or_(page.get_by_role("button", name="东湖区"))
        .evaluate_all("both => both.map((each) => each.getBoundingClientRect().toJSON())")
    )

    assert first["y"] == second["y"]
    assert first["x"] < second["x"]


def test_danger_gets_numbers_that_can_be_called(citizen: Citizen, page: Page):
    citizen.asks("家里着火了")

    links = page.locator(".bubble--safety a")
    expect(links).to_have_text(["110", "119", "120"])


def test_while_a_reply_takes_long_dots_show_that_it_is_coming(
    citizen: Citizen, page: Page, service: FakeService
):
    release = service.hold_replies()
    citizen.asks(ID_CARD)
    expect(page.locator(".typing")).to_be_visible()
    citizen.sees_turns(("citizen", ID_CARD))

    release()
    citizen.sees("居民户口簿")
    expect(page.locator(".typing")).to_have_count(0)


def test_several_messages_in_a_row_are_answered_in_their_order(
    citizen: Citizen, service: FakeService, page: Page
):
    release = service.hold_replies()
    citizen.asks(ID_CARD)
    citizen.asks("那要多少钱？")
    citizen.asks("谢谢")
    release()

    citizen.sees_turns(
        ("citizen", ID_CARD),
        ("bot", "居民身份证丢失补领"),
        ("citizen", "那要多少钱？"),
        ("bot", "居民身份证丢失补领"),
        ("citizen", "谢谢"),
        ("bot", "不客气"),
    )


def test_an_empty_message_is_not_sent_but_asked_for(citizen: Citizen, page: Page, service: FakeService):
    citizen.field.fill("   ")
    citizen.presses("发送")

    expect(citizen.status).to_contain_text("请先写下您的问题")
    expect(citizen.field).to_be_focused()
    assert service.attempts == []


def test_shift_and_enter_break_the_line_instead_of_sending(citizen: Citizen, service: FakeService):
    citizen.field.press_sequentially("第一行")
    citizen.field.press("Shift+Enter")
    citizen.field.press_sequentially("第二行")

    expect(citizen.field).to_have_value("第一行\n第二行")
    assert service.attempts == []


def test_enter_that_picks_a_word_in_an_input_method_does_not_send(
    citizen: Citizen, page: Page, service: FakeService
):
    citizen.field.fill("shen fen zheng")
    citizen.field.evaluate(
        """field => {
             const picksWord = {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}
             field.dispatchEvent(new KeyboardEvent('keydown', picksWord))
           }"""
    )
    expect(citizen.field).to_have_value("shen fen zheng")
    assert service.attempts == []


def test_how_many_characters_are_left_is_told_when_it_matters(citizen: Citizen, page: Page):
    citizen.field.fill("办" * 400)
    expect(page.locator("#text-hint")).not_to_contain_text("还能写")

    citizen.field.fill("办" * 480)
    expect(page.locator("#text-hint")).to_contain_text("还能写 20 个字")


def test_a_reply_is_announced_once_in_the_one_live_region(citizen: Citizen, page: Page):
    assert page.locator("[role=status], [role=alert], [role=log], [aria-live]").count() == 1
    citizen.asks("谢谢")

    expect(citizen.status).to_contain_text("不客气，还有什么要办的，请随时告诉我。")


def test_after_typing_the_focus_stays_in_the_field(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")

    expect(citizen.field).to_be_focused()
    expect(citizen.field).to_have_value("")


def test_a_long_answer_is_shown_from_the_question_on(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")

    expect(page.locator(".turn--citizen")).to_be_in_viewport()
    expect(page.locator(".card__title")).to_be_in_viewport()


def test_markup_in_what_is_said_stays_text(citizen: Citizen, page: Page):
    citizen.asks("<img src=x onerror=alert(1)>")

    expect(page.locator(".turn--citizen .bubble")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator(".messages img").count() == 0
