"""What goes wrong on the way is said in plain words, nothing is lost, and nothing is said twice."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_service import COOKIE, FakeService
from tests.browser.held_routes import into
from tests.browser.patience import comes_true

pytestmark = pytest.mark.slow

ID_CARD = "身份证丢了怎么补办？要带什么？"
ANSWERED = (("citizen", ID_CARD), ("bot", "居民身份证丢失补领"))


def turns_of(service: FakeService) -> int:
    return sum(len(c.of_kind("citizen_message")) for c in service.conversations.values())


def test_a_request_that_gets_no_answer_is_sent_again_by_itself(citizen: Citizen, service: FakeService):
    service.faults.unanswered = 2
    citizen.asks(ID_CARD)

    citizen.sees_turns(*ANSWERED)
    assert len(service.attempts) == 3
    assert len(set(service.attempts)) == 1, "one message keeps one id"


def test_a_lost_answer_makes_no_second_turn(citizen: Citizen, service: FakeService):
    service.faults.answers_lost = 1
    citizen.asks(ID_CARD)

    citizen.sees_turns(*ANSWERED)
    assert turns_of(service) == 1


def test_a_lost_answer_makes_no_second_turn_without_a_socket_either(citizen: Citizen, service: FakeService):
    service.faults.no_sockets = True
    service.faults.answers_lost = 1
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    citizen.asks("谢谢")
    citizen.sees("不客气")

    citizen.sees_turns(*ANSWERED, ("citizen", "谢谢"), ("bot", "不客气"))
    assert turns_of(service) == 2


def test_after_the_last_attempt_the_citizen_is_asked_and_can_send_again(
    citizen: Citizen, page: Page, service: FakeService
):
    service.faults.statuses = [(503, 0)] * 4
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去：系统正忙，请稍后重试，或拨打热线 12345。")

    citizen.presses("重新发送")
    citizen.sees_turns(*ANSWERED)
    assert turns_of(service) == 1


def test_what_the_service_refuses_can_be_changed(citizen: Citizen, page: Page, service: FakeService):
    service.faults.statuses = [(400, 0)]
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去：服务器的原话 400")
    expect(page.get_by_role("button", name="重新发送")).to_have_count(0)

    citizen.presses("修改")
    expect(citizen.field).to_have_value(ID_CARD)
    expect(citizen.field).to_be_focused()
    citizen.sees_turns()


def test_too_many_messages_wait_as_long_as_the_service_asks(
    citizen: Citizen, page: Page, service: FakeService
):
    service.faults.statuses = [(429, 2)]
    citizen.asks(ID_CARD)

    expect(citizen.status).to_contain_text("还没有发出去，2 秒后自动重试")
    citizen.sees_turns(*ANSWERED)
    assert len(service.attempts) == 2
    expect(citizen.status).not_to_contain_text("自动重试")


def test_too_many_messages_for_longer_than_anyone_waits_are_handed_back(
    citizen: Citizen, service: FakeService
):
    service.faults.statuses = [(429, 600)]
    citizen.asks(ID_CARD)

    citizen.sees("没有发出去：您发得太快了，请稍等一会儿再重试。")
    assert len(service.attempts) == 1


def test_an_expired_conversation_is_explained_and_the_message_goes_into_a_new_one(
    citizen: Citizen, service: FakeService
):
    citizen.asks("谢谢")
    citizen.sees("不客气")
    service.forget_all()
    citizen.asks(ID_CARD)

    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"), ("line", "上一段对话已过期"), *ANSWERED)
    assert len(service.conversations) == 2
    assert service.conversation.of_kind("citizen_message")[0]["text"] == ID_CARD


def test_a_socket_that_breaks_comes_back_and_brings_what_was_missed_once(
    citizen: Citizen, page: Page, service: FakeService
):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    service.cut_sockets()
    service.log("notice", {"text": "您的材料已经收到。"}, quietly=True)

    citizen.sees_turns(*ANSWERED, ("line", "您的材料已经收到。"))


def test_what_others_say_arrives_by_itself_and_in_order(citizen: Citizen, service: FakeService):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    service.log("holder", {"holder": "agent"})
    service.log("notice", {"text": "您好，我是三号坐席。"})

    citizen.sees_turns(*ANSWERED, ("line", "工作人员已接入对话"), ("line", "您好，我是三号坐席。"))


def test_an_event_that_skips_others_fetches_them_first(citizen: Citizen, service: FakeService):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    service.log("notice", {"text": "第一条通知"}, quietly=True)
    service.log("notice", {"text": "第二条通知"})

    citizen.sees_turns(*ANSWERED, ("line", "第一条通知"), ("line", "第二条通知"))


def test_old_answers_keep_their_order_over_a_reconnect(citizen: Citizen, service: FakeService):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    service.faults.no_sockets = True
    service.cut_sockets()
    citizen.asks("那要多少钱？")
    citizen.asks("谢谢")
    citizen.sees("不客气")
    service.faults.no_sockets = False
    service.log("notice", {"text": "最后的通知"})

    citizen.sees_turns(
        *ANSWERED,
        ("citizen", "那要多少钱？"),
        ("bot", "居民身份证丢失补领"),
        ("citizen", "谢谢"),
        ("bot", "不客气"),
        ("line", "最后的通知"),
    )


def test_without_a_network_the_page_says_so_and_sends_when_it_is_back(
    citizen: Citizen, context: BrowserContext, service: FakeService
):
    citizen.asks("谢谢")
    citizen.sees("不客气")
    context.set_offline(True)
    expect(citizen.status).to_contain_text("网络已断开")
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去：网络断开了，接通网络后会自动重发。")

    context.set_offline(False)
    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"), *ANSWERED)
    expect(citizen.status).not_to_contain_text("网络已断开")


def test_a_reload_keeps_the_conversation(citizen: Citizen, page: Page):
    citizen.asks("居住证怎么办？")
    citizen.sees("请问您要办哪一种")
    page.reload()

    citizen.sees_turns(("citizen", "居住证怎么办？"), ("bot", "居住证有几种情况"))
    page.get_by_role("button", name="首次申领居住证").click()
    citizen.sees("居住证首次申领")


def test_a_reload_without_the_transcript_keeps_what_the_server_wrote_and_recovers(
    citizen: Citizen, page: Page, context: BrowserContext, service: FakeService
):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    service.faults.no_sockets = True
    context.route("**/api/v1/conversations/*", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("bb-chat:defined")
    expect(page.locator(".messages .card__title")).to_have_text("居民身份证丢失补领")

    context.unroute("**/api/v1/conversations/*")
    service.faults.no_sockets = False
    expect(page.locator(".messages bb-answer-card")).to_be_visible()
    citizen.sees_turns(*ANSWERED)
    expect(citizen.status).not_to_contain_text("居民户口簿")


def test_a_reload_keeps_what_was_being_written(citizen: Citizen, page: Page):
    citizen.field.fill("我想问一下")
    page.reload()

    expect(citizen.field).to_have_value("我想问一下")


def test_a_reload_in_the_middle_of_sending_sends_once(citizen: Citizen, page: Page, service: FakeService):
    service.faults.statuses = [(503, 0)] * 4
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去")
    page.reload()

    citizen.sees_turns(*ANSWERED)
    assert turns_of(service) == 1


def another_conversation_is_open_now(page: Page, service: FakeService) -> None:
    """As after a link from WeChat: the cookie names another conversation than this tab had."""
    another = service.begin_another("居住证怎么办？")
    page.context.add_cookies([{"name": COOKIE, "value": another, "url": service.url}])
    page.goto("/")
    page.wait_for_selector("bb-chat:defined")


def test_what_is_unsent_doesnt_follow_into_another_conversation(
    citizen: Citizen, page: Page, service: FakeService
):
    citizen.asks("谢谢")
    citizen.sees("不客气")
    own = next(cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE)
    service.faults.statuses = [(503, 0)] * 4
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去")
    another_conversation_is_open_now(page, service)
    citizen.sees_turns(("citizen", "居住证怎么办？"), ("bot", "居住证有几种情况"))

    page.context.add_cookies([{"name": COOKIE, "value": own["value"], "url": service.url}])
    page.goto("/")
    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"), *ANSWERED)


def test_what_was_said_before_any_conversation_began_doesnt_follow_into_another(
    citizen: Citizen, page: Page, context: BrowserContext, service: FakeService
):
    context.route("**/api/v1/conversations", lambda route: route.abort())
    citizen.asks(ID_CARD)
    citizen.sees("没有发出去")
    another_conversation_is_open_now(page, service)

    citizen.sees_turns(("citizen", "居住证怎么办？"), ("bot", "居住证有几种情况"))
    page.reload()
    citizen.sees_turns(("citizen", "居住证怎么办？"), ("bot", "居住证有几种情况"))


def test_a_failed_message_stays_where_it_was_said(citizen: Citizen, service: FakeService):
    service.faults.statuses = [(400, 0)]
    citizen.asks("太长的一句")
    citizen.sees("没有发出去")
    citizen.asks("谢谢")

    citizen.sees_turns(("citizen", "太长的一句"), ("citizen", "谢谢"), ("bot", "不客气"))


def test_starting_afresh_clears_the_page_and_begins_another_conversation(
    citizen: Citizen, page: Page, service: FakeService
):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    citizen.chooses_setting("清空并重新开始")
    expect(page.get_by_role("button", name="返回")).to_be_focused()
    citizen.presses("清空")
    citizen.sees_turns()
    expect(citizen.field).to_be_focused()
    citizen.asks("谢谢")
    citizen.sees("不客气")

    page.reload()
    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"))
    assert len(service.conversations) == 2


def starts_afresh(citizen: Citizen) -> None:
    citizen.chooses_setting("清空并重新开始")
    citizen.presses("清空")
    citizen.sees_turns()


def test_a_question_that_is_tried_again_does_not_follow_into_the_new_conversation(
    citizen: Citizen, service: FakeService
):
    citizen.page.clock.install()
    service.faults.statuses = [(503, 50)]
    citizen.asks(ID_CARD)
    expect(citizen.status).to_contain_text("自动重试")
    starts_afresh(citizen)
    expect(citizen.status).not_to_contain_text("自动重试")
    citizen.page.clock.fast_forward(60_000)  # longer than the old question wanted to wait
    citizen.asks("谢谢")
    citizen.sees("不客气")

    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"))
    assert turns_of(service) == 1
    assert len(set(service.attempts)) == len(service.attempts) == 2


def test_an_answer_to_the_conversation_before_is_not_told_in_the_new_one(
    citizen: Citizen, service: FakeService
):
    let_go = service.hold_replies()
    citizen.asks(ID_CARD)
    citizen.asks("那要多少钱？")
    comes_true(citizen.page, lambda: service.attempts)
    starts_afresh(citizen)
    let_go()
    citizen.asks("谢谢")

    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"))
    assert [m["text"] for m in service.conversation.of_kind("citizen_message")] == ["谢谢"]


def test_that_the_conversation_before_has_expired_does_not_end_the_new_one(
    citizen: Citizen, page: Page, service: FakeService
):
    held: list[Route] = []
    page.route("**/messages", into(held), times=1)
    with page.expect_request("**/messages"):
        citizen.asks(ID_CARD)
    starts_afresh(citizen)
    held[0].fulfill(status=401, body="{}")
    citizen.asks("谢谢")

    citizen.sees_turns(("citizen", "谢谢"), ("bot", "不客气"))
    assert len(service.conversations) == 2


def test_starting_afresh_can_be_taken_back(citizen: Citizen, page: Page):
    citizen.asks(ID_CARD)
    citizen.sees("居民户口簿")
    citizen.chooses_setting("清空并重新开始")
    page.keyboard.press("Escape")

    citizen.sees_turns(*ANSWERED)
