"""From the wish for a person to their goodbye, on the citizen's page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.citizen import Citizen
from tests.browser.fake_call import CHECKLIST, GUIDE_CARD, FakeDesk
from tests.browser.test_accessibility import LOOKS, assert_axe_is_content, wear

pytestmark = pytest.mark.slow


@pytest.fixture
def service() -> Iterator[FakeDesk]:
    service = FakeDesk()
    service.start()
    yield service
    service.stop()


def ask_for_person(citizen: Citizen, mode: str = "视频帮办") -> None:
    citizen.presses("找人工")
    citizen.page.get_by_role("button", name=mode).click()
    expect(citizen.page.get_by_role("dialog")).to_be_hidden()


def card(page: Page):
    return page.locator("bb-waiting section")


def test_the_place_in_the_queue_is_shown_with_wait_and_agents(
    citizen: Citizen, page: Page, service: FakeDesk
):
    service.queues(position=3, wait_seconds=280, agents=2, open=True, hours="周一至周五 9:00–17:00")
    ask_for_person(citizen)

    expect(card(page)).to_contain_text("第 3 位")
    expect(card(page)).to_contain_text("约 5 分钟")
    expect(card(page)).to_contain_text("在线工作人员 2 人")
    expect(card(page)).to_contain_text("周一至周五 9:00–17:00")
    expect(page.get_by_role("button", name="第 3 位 · 约 5 分钟")).to_be_in_viewport()


def test_the_queue_moves_without_a_new_line(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=3, wait_seconds=280, agents=2, open=True)
    ask_for_person(citizen)
    expect(card(page)).to_contain_text("第 3 位")
    service.queues(position=1, wait_seconds=40, agents=2, open=True)

    expect(card(page)).to_contain_text("第 1 位")
    expect(card(page)).to_contain_text("不到 1 分钟")
    assert len([who for who, _ in citizen.turns() if who == "line"]) == 2


def test_a_reload_keeps_the_place_on_screen(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=3, wait_seconds=280, agents=2, open=True)
    ask_for_person(citizen)
    expect(card(page)).to_contain_text("第 3 位")
    page.reload()

    expect(card(page)).to_contain_text("第 3 位")


def test_a_wait_that_nobody_can_tell_is_not_guessed(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=3, wait_seconds=None, agents=1, open=True)
    ask_for_person(citizen)

    expect(card(page)).to_contain_text("暂时估不准")


def test_who_needs_it_can_say_so_and_is_put_first(citizen: Citizen, page: Page, service: FakeDesk):
    citizen.presses("找人工")
    page.get_by_label("需要优先照顾吗").select_option("我是老年人")
    page.get_by_role("button", name="视频帮办").click()
    expect(page.get_by_role("dialog")).to_be_hidden()

    assert service.wishes == [{"mode": "video", "priority": "elderly"}]


def test_leaving_the_queue_is_asked_back_and_then_done(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=3, wait_seconds=280, agents=2, open=True)
    ask_for_person(citizen)
    citizen.presses("离开排队")
    citizen.presses("继续等")
    assert service.desk.left == 0
    citizen.presses("离开排队")
    citizen.presses("离开")

    expect(card(page)).to_be_hidden()
    expect(page.get_by_role("button", name="找人工", exact=True)).to_be_visible()
    assert service.desk.left == 1


def test_when_nobody_is_there_a_call_back_is_offered_without_looking_for_it(
    citizen: Citizen, page: Page, service: FakeDesk
):
    service.queues(position=1, wait_seconds=None, agents=0, open=False, hours="周一至周五 9:00–17:00")
    ask_for_person(citizen)
    expect(card(page)).to_contain_text("现在不在服务时间")
    form = page.locator(".offer", has_text="您的电话号码")
    form.get_by_role("button", name="预约回电").click()
    expect(form).to_contain_text("请填写能接听的电话号码")
    form.get_by_label("您的电话号码").fill("0431 8877 6655")
    form.get_by_label("哪一天").select_option(index=1)
    form.get_by_label("几点").select_option("9:30")
    form.get_by_role("button", name="预约回电").click()

    citizen.sees("已登记回电")
    expect(citizen.status).to_contain_text("回电，号码 0431 8877 6655")
    [wish] = service.desk.callbacks
    assert wish["contact"] == "0431 8877 6655"
    assert wish["at"].endswith("T09:30:00+08:00")


def test_a_time_that_is_refused_is_told_where_it_was_chosen(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=1, wait_seconds=None, agents=0, open=True)
    service.refusals = [409]
    ask_for_person(citizen)
    form = page.locator(".offer", has_text="您的电话号码")
    form.get_by_label("您的电话号码").fill("13900001111")
    form.get_by_role("button", name="预约回电").click()

    expect(form).to_contain_text("那个时间没有人上班")
    expect(form.get_by_label("您的电话号码")).to_have_value("13900001111")


def test_a_message_can_be_left(citizen: Citizen, page: Page, service: FakeDesk):
    service.queues(position=1, wait_seconds=None, agents=0, open=False)
    ask_for_person(citizen)
    page.get_by_label("留言内容").fill("想问居住证续签")
    citizen.presses("提交留言")

    citizen.sees("留言已收到")
    [message] = service.desk.messages
    assert message["text"] == "想问居住证续签"
    assert message["client_message_id"]  # sent again, it is the same message


def test_an_agent_has_a_name_and_what_they_send_is_shown(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes("李敏")
    citizen.sees("工作人员李敏已接入对话")
    expect(card(page)).to_contain_text("李敏 正在为您服务")
    service.log("agent_message", {"text": "您好，请问办什么？", "agent": "李敏", "client_message_id": "a1"})
    service.log("guide_card", GUIDE_CARD)
    service.log("checklist", CHECKLIST)
    service.log("summary", {"text": "已核对材料，请周三来取。"})

    citizen.sees("您好，请问办什么？")
    citizen.sees("15 个工作日")
    expect(page.locator(".card", has_text="材料核对清单")).to_contain_text("已备好 1 项，共 3 项")
    citizen.sees("已核对材料，请周三来取。")


def test_what_is_typed_to_an_agent_arrives_and_no_bot_answers(
    citizen: Citizen, page: Page, service: FakeDesk
):
    ask_for_person(citizen)
    service.agent_takes()
    expect(citizen.field).to_have_attribute("placeholder", "写给工作人员…")
    service.agent_hands_back()

    expect(citizen.field).to_have_attribute("placeholder", "说说您要办的事…")
    citizen.sees("人工服务已结束，现在由帮办答复")
    expect(card(page)).to_be_hidden()


def test_a_checklist_that_is_ticked_further_stays_one(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes()
    service.log("checklist", CHECKLIST)
    citizen.sees("已备好 1 项，共 3 项")
    items = [{**item, "checked": True} for item in CHECKLIST["items"]]
    service.log("checklist", {**CHECKLIST, "items": items})

    citizen.sees("已备好 3 项，共 3 项")
    expect(page.locator(".card", has_text="材料核对清单")).to_have_count(1)


def test_a_picture_is_shown_and_a_photo_can_be_sent(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes()
    file = {"file_id": "f9", "name": "样表.png", "media_type": "image/png", "size": 70, "by": "agent"}
    service.log("file", file)
    expect(page.get_by_role("button", name="放大查看：样表.png")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        citizen.presses("发照片或文件")
    chooser.value.set_files({"name": "身份证.jpg", "mimeType": "image/jpeg", "buffer": b"12345"})

    expect(page.get_by_role("button", name="身份证.jpg")).to_be_visible()
    assert service.desk.files == [("身份证.jpg", 5)]


def test_an_invitation_is_one_big_link_into_the_call(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes()
    service.agent_rings("c42")
    link = page.get_by_role("link", name="进入视频通话")
    expect(link).to_have_attribute("href", "/call/c42")
    assert link.bounding_box()["height"] >= 56
    service.agent_ends_call("c42")

    expect(link).to_have_count(0)


def test_a_call_can_be_asked_for(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen, "文字沟通")
    service.agent_takes()
    citizen.presses("语音通话")

    page.wait_for_url("**/call/c1?mode=audio")
    assert service.desk.calls == [{"mode": "audio"}]


def test_the_citizen_can_end_the_service(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes()
    citizen.presses("结束人工服务")
    citizen.presses("结束")

    citizen.sees("人工服务已结束，现在由帮办答复")
    assert service.desk.left == 1


def test_a_transfer_keeps_the_citizen_informed(citizen: Citizen, page: Page, service: FakeDesk):
    ask_for_person(citizen)
    service.agent_takes("李敏")
    service.log("holder", {"holder": "queue"})
    citizen.sees("正在为您转接其他工作人员")
    expect(card(page)).to_contain_text("您的位置已保留")
    service.agent_takes("王强")

    citizen.sees("工作人员王强已接入对话")


@pytest.mark.parametrize("look", list(LOOKS))
def test_axe_finds_nothing_serious_while_waiting_and_with_an_agent(
    citizen: Citizen, page: Page, service: FakeDesk, look: str
):
    wear(page, look)
    service.queues(position=2, wait_seconds=4000, agents=0, open=False, hours="周一至周五 9:00–17:00")
    ask_for_person(citizen)
    expect(card(page)).to_contain_text("现在不在服务时间")
    assert_axe_is_content(page)
    service.agent_takes()
    service.log("agent_message", {"text": "您好", "agent": "李敏", "client_message_id": "a1"})
    service.log("guide_card", GUIDE_CARD)
    service.log("checklist", CHECKLIST)
    service.log("summary", {"text": "办好了。"})
    service.agent_rings()
    expect(page.get_by_role("link", name="进入视频通话")).to_be_visible()
    assert_axe_is_content(page)
    narrow = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(narrow)
