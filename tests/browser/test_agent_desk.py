"""The agents' desk: signing in, taking citizens, talking, guides, letting go, and what fails."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.agent import Agent
from tests.browser.desk_examples import ASKED_BACK
from tests.browser.fake_desk import COOKIE, FakeDeskService
from tests.browser.held_routes import into
from tests.browser.patience import comes_true

pytestmark = pytest.mark.slow


@pytest.fixture
def at_desk(agent: Agent, desk: FakeDeskService) -> Agent:
    """The agent, with one conversation and two who wait."""
    desk.agent_has()
    desk.someone_waits("居住证首次申领", minutes=6, mode="video", priority=2)
    desk.someone_waits("灵活就业参保登记", district="东岭区")
    agent.opens_desk()
    agent.page.locator(".own").first.wait_for()
    return agent


def test_the_desk_opens_after_signing_in_and_says_when_the_password_is_wrong(
    agent: Agent,
    agent_page: Page,
):
    agent_page.context.clear_cookies()
    agent.opens()
    agent_page.get_by_label("账号").fill("agent.li")
    agent_page.get_by_label("密码").fill("wrong")
    agent.presses("登录")
    agent.sees("账号或密码不对")
    expect(agent_page.get_by_label("密码")).to_be_focused()

    agent_page.get_by_label("密码").fill("right")
    agent.presses("登录")

    expect(agent_page.get_by_role("radio", name="在线")).to_be_checked()


def test_the_inbox_says_topic_mode_district_waiting_and_priority(at_desk: Agent):
    first = at_desk.page.locator(".waiting").first

    expect(first).to_contain_text("居住证首次申领")
    expect(first).to_contain_text("视频")
    expect(first).to_contain_text("南湖区")
    expect(first).to_contain_text("已等 6 分钟")
    expect(first).to_contain_text("老年人、残疾人")
    expect(at_desk.page.locator(".waiting")).to_have_count(2)


@pytest.mark.parametrize(("channel", "words"), [("wechat", "微信"), ("web", "网页"), ("kiosk", "自助终端")])
def test_every_list_says_by_which_way_the_citizen_comes(
    agent: Agent, desk: FakeDeskService, channel: str, words: str
):
    desk.agent_has(channel=channel)
    desk.someone_waits(channel=channel)
    desk.follow_ups.ended_here("护照换发", "c9", channel=channel)
    agent.opens_desk()

    expect(agent.page.locator(".own .channel")).to_have_text(words)
    expect(agent.page.locator(".waiting .channel")).to_have_text(words)
    agent.presses("跟进")
    expect(agent.page.locator(".follow .channel")).to_have_text(words)


def test_accepting_opens_the_conversation_and_takes_it_off_the_queue(at_desk: Agent):
    at_desk.presses("接入：居住证首次申领")

    at_desk.sees_heading("居住证首次申领")
    expect(at_desk.page.locator(".talk__title")).to_be_focused()
    expect(at_desk.page.locator(".waiting")).to_have_count(1)
    expect(at_desk.page.locator(".own")).to_have_count(2)


def test_a_citizen_who_was_accepted_is_looked_at_although_the_answer_got_lost(at_desk: Agent):
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    at_desk.page.route("**/accept", lose_the_answer, times=1)
    at_desk.presses("接入：居住证首次申领")

    at_desk.sees_heading("居住证首次申领")
    expect(at_desk.page.locator(".own")).to_have_count(2)


def test_a_press_too_many_is_no_refusal(at_desk: Agent):
    asked: list[str] = []
    at_desk.page.on("request", lambda request: asked.append(request.url))
    at_desk.page.get_by_role("button", name="接入：居住证首次申领").dblclick()

    at_desk.sees_heading("居住证首次申领")
    assert len([url for url in asked if url.endswith("/accept")]) == 1


def test_whom_another_agent_took_first_stays_off_and_the_agent_is_told(
    at_desk: Agent,
    desk: FakeDeskService,
):
    def another_is_faster(route: Route) -> None:
        desk.waiting.pop(0)
        route.continue_()

    at_desk.page.route("**/accept", another_is_faster)
    at_desk.presses("接入：居住证首次申领")

    at_desk.sees("刚被别的坐席接入")
    expect(at_desk.page.locator(".waiting")).to_have_count(1)


def test_somebody_new_in_the_queue_shows_in_inbox_and_title(at_desk: Agent, desk: FakeDeskService):
    desk.someone_waits("社保卡补领")

    expect(at_desk.page.locator(".waiting")).to_have_count(3)
    at_desk.told("新的等候：社保卡补领")
    expect(at_desk.page).to_have_title(re.compile(r"^\("))


def test_a_message_in_another_conversation_is_marked_unread_until_it_is_read(
    at_desk: Agent,
    desk: FakeDeskService,
):
    other = desk.agent_has("新生儿落户")
    desk.news(type="inbox")
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.locator(".own", has_text="新生儿落户").wait_for()
    desk.citizen_says(other, "请问还在吗")

    item = at_desk.page.locator(".own", has_text="新生儿落户")
    expect(item).to_contain_text("3 条未读")
    at_desk.looks_at("新生儿落户")
    expect(item.locator(".own__unread")).to_be_hidden()


def test_the_transcript_shows_what_was_said_and_how_the_bot_understood_it(at_desk: Agent):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.sees("身份证丢了怎么补办？要带什么？")
    at_desk.page.get_by_text("怎么理解的").first.click()

    at_desk.sees("问材料，把握 94%")
    at_desk.sees("居民身份证丢失补领（87%）")
    at_desk.sees("居民身份证到期换领（6%）")


def test_a_reply_is_shown_once_and_arrives_once(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.says("您好，我来帮您看看")

    expect(at_desk.page.locator(".entry--agent", has_text="您好，我来帮您看看")).to_have_count(1)
    expect(at_desk.page.get_by_text("发送中…")).to_have_count(0)
    assert [body["text"] for body in desk.done.of("messages")] == ["您好，我来帮您看看"]


def test_a_reply_that_fails_stays_with_the_reason_and_goes_out_again(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.looks_at("居民身份证丢失补领")
    desk.refusals = [(400, "invalid", "这句话太长了")]
    at_desk.says("第一次发不出去")
    at_desk.sees("没有发出去：这句话太长了")
    at_desk.presses("重新发送")

    expect(at_desk.page.locator(".entry__problem")).to_have_count(0)
    expect(at_desk.page.locator(".entry--agent", has_text="第一次发不出去")).to_have_count(1)


def test_what_the_citizen_spoke_is_marked_since_it_may_be_misheard(at_desk: Agent, desk: FakeDeskService):
    [chat] = [chat for chat in desk.chats.values() if chat.handover["topic"] == "居民身份证丢失补领"]
    at_desk.looks_at("居民身份证丢失补领")
    desk.log(chat, "citizen_message", {"text": "居住证怎么办", "client_message_id": "", "spoken": True})
    desk.citizen_says(chat, "打字的")

    said = at_desk.page.locator(".entry--citizen")
    expect(said.filter(has_text="居住证怎么办")).to_contain_text("市民 · 语音转文字")
    expect(said.filter(has_text="打字的")).not_to_contain_text("语音")


def test_a_note_goes_to_staff_and_never_to_the_citizen(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.keyboard.press("Alt+n")
    expect(at_desk.page.get_by_role("button", name="存备注")).to_be_visible()
    at_desk.says("情绪有些急")

    expect(at_desk.page.locator(".entry--note")).to_contain_text("情绪有些急")
    assert desk.done.of("messages") == []
    expect(at_desk.page.get_by_role("radio", name="回复对方")).to_be_checked()


def test_each_conversation_keeps_its_own_draft(at_desk: Agent, desk: FakeDeskService):
    at_desk.presses("接入：居住证首次申领")
    at_desk.sees_heading("居住证首次申领")
    at_desk.field.fill("写给居住证的话")
    at_desk.looks_at("居民身份证丢失补领")
    expect(at_desk.field).to_have_value("")

    at_desk.looks_at("居住证首次申领")

    expect(at_desk.field).to_have_value("写给居住证的话")


def test_a_canned_reply_is_put_in_to_be_changed(at_desk: Agent):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.keyboard.press("Alt+y")
    at_desk.page.get_by_label("筛选常用语").fill("材料")
    at_desk.page.get_by_label("筛选常用语").press("Enter")

    expect(at_desk.field).to_have_value("请把材料对着摄像头，或者拍照发给我。")
    expect(at_desk.field).to_be_focused()


def test_the_linked_guide_stands_beside_and_its_materials_are_ticked(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.get_by_label("居民户口簿").check()
    at_desk.sees("材料核对：已齐 1 项，共 3 项")

    assert desk.done.of("checklist")[-1]["checked"] == ["居民户口簿"]
    at_desk.page.get_by_label("情形").select_option("他人代为领取")
    at_desk.page.get_by_label("委托书").check()
    at_desk.sees("已齐 1 / 3")


def test_what_is_ticked_belongs_to_its_conversation_however_soon_another_is_looked_at(
    at_desk: Agent, desk: FakeDeskService
):
    at_desk.presses("接入：居住证首次申领")
    at_desk.sees_heading("居住证首次申领")
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.get_by_label("居民户口簿").check()
    at_desk.looks_at("居住证首次申领")

    comes_true(at_desk.page, lambda: desk.done.of("checklist"))
    [ticked] = [(chat, body["checked"]) for chat, what, body in desk.done.acts if what == "checklist"]
    assert ticked == ("c1", ["居民户口簿"])


def test_a_tick_that_is_on_its_way_is_not_undone_by_other_news(at_desk: Agent, desk: FakeDeskService):
    held: list[Route] = []
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.route("**/checklist", into(held), times=1)
    at_desk.page.get_by_label("居民户口簿").check()
    comes_true(at_desk.page, lambda: held)
    desk.citizen_says(desk.chats["c1"], "我有户口簿")
    at_desk.sees("我有户口簿")

    expect(at_desk.page.get_by_label("居民户口簿")).to_be_checked()
    held[0].continue_()
    at_desk.sees("材料核对：已齐 1 项，共 3 项")
    expect(at_desk.page.get_by_label("居民户口簿")).to_be_checked()


def test_a_guide_that_comes_late_does_not_replace_what_was_asked_for_since(
    at_desk: Agent, desk: FakeDeskService
):
    held: list[Route] = []
    at_desk.page.route("**/guides/residence-first", into(held), times=1)
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.get_by_label("查指南").fill("居住证")
    at_desk.page.get_by_label("查指南").press("Enter")
    at_desk.page.locator(".found__name", has_text="居住证首次申领").click()
    comes_true(at_desk.page, lambda: held)
    at_desk.page.locator(".found__name", has_text="居住证签注").click()
    expect(at_desk.page.locator(".guide__title")).to_have_text("居住证签注")
    with at_desk.page.expect_response("**/guides/residence-first"):
        held[0].continue_()
    at_desk.page.evaluate("() => new Promise((go) => setTimeout(go))")

    expect(at_desk.page.locator(".guide__title")).to_have_text("居住证签注")


def test_what_the_bot_offered_is_there_to_open_where_it_only_asked_back(agent: Agent, desk: FakeDeskService):
    chat = desk.agent_has("居住证")
    chat.events.clear()
    desk.citizen_says(chat, "居住证要带什么")
    desk.log(chat, "bot_message", ASKED_BACK, quietly=True)
    agent.opens_desk()
    agent.looks_at("居住证")
    agent.sees("机器人给出过这些指南，还没有选定：")
    agent.page.get_by_role("button", name="居住证签注 南湖区").click()
    expect(agent.page.locator(".guide__title")).to_have_text("居住证签注")

    agent.page.locator(".guide__others").get_by_role("button", name="居住证首次申领").click()
    expect(agent.page.locator(".guide__title")).to_have_text("居住证首次申领")


def test_a_guide_is_found_and_sent_with_one_press(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.page.keyboard.press("Alt+g")
    at_desk.page.get_by_label("查指南").fill("居住证")
    at_desk.page.get_by_label("查指南").press("Enter")
    at_desk.presses("发送指南卡片：居住证首次申领")

    at_desk.sees("指南卡片已发送")
    assert desk.done.of("guide-card") == [{"guide_id": "residence-first"}]
    expect(at_desk.page.locator(".folded-card")).to_have_count(2)


def test_tags_are_added_and_taken_off(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    field = at_desk.page.get_by_label("加标签")
    field.fill("加急")
    field.press("Enter")
    at_desk.page.get_by_role("button", name="去掉标签 加急").click()

    expect(at_desk.page.locator(".tag")).to_have_count(0)
    assert desk.done.of("tags") == [{"tags": ["加急"]}, {"tags": []}]


def test_closing_sends_the_drafted_summary_as_the_agent_changed_it(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.presses("办结")
    summary = at_desk.page.get_by_role("textbox", name="小结")
    expect(summary).to_have_value(re.compile("^您咨询的事项：居民身份证丢失补领"))
    summary.fill("请带户口簿到南湖区政务服务中心。")
    at_desk.presses("办结并发送")

    at_desk.sees("已办结，小结已发送")
    assert desk.done.of("close") == [{"summary": "请带户口簿到南湖区政务服务中心。"}]
    expect(at_desk.page.locator(".own")).to_have_count(0)


def test_a_summary_that_is_refused_stays_in_the_dialog(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.presses("办结")
    at_desk.page.get_by_role("textbox", name="小结").fill("我写的小结")
    desk.refusals = [(503, "unavailable", "")]
    at_desk.presses("办结并发送")

    expect(at_desk.page.get_by_role("alert").filter(has_text="系统正忙")).to_be_visible()
    expect(at_desk.page.get_by_role("textbox", name="小结")).to_have_value("我写的小结")


def test_handing_back_and_transferring_let_the_conversation_go(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.presses("接入：居住证首次申领")
    at_desk.sees_heading("居住证首次申领")
    at_desk.presses("转接")
    at_desk.page.get_by_role("radio", name="一组坐席").check()
    at_desk.page.get_by_label("部门").fill("社保")
    at_desk.page.get_by_role("dialog").get_by_role("button", name="转接").click()
    at_desk.sees("已转接")
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.presses("交回机器人")

    at_desk.sees("已交回机器人")
    assert desk.done.of("transfer") == [{"skills": {"department": "社保"}}]
    expect(at_desk.page.locator(".own")).to_have_count(0)


def test_the_state_is_chosen_and_said(at_desk: Agent, desk: FakeDeskService):
    at_desk.page.get_by_role("radio", name="小休").click()  # it is checked when the service says so

    at_desk.sees("您现在小休")
    expect(at_desk.page.get_by_role("radio", name="小休")).to_be_checked()
    assert desk.done.states == ["break"]


def test_shortcuts_are_listed_by_a_question_mark_and_work(at_desk: Agent):
    at_desk.page.locator("body").press("?")
    expect(at_desk.page.get_by_role("dialog", name="快捷键")).to_be_visible()
    at_desk.page.keyboard.press("Escape")
    expect(at_desk.page.get_by_role("dialog")).to_have_count(0)
    at_desk.page.keyboard.press("Alt+a")
    at_desk.sees_heading("居住证首次申领")
    at_desk.page.keyboard.press("Alt+k")

    at_desk.sees_heading("居民身份证丢失补领")


def test_a_question_mark_that_is_written_opens_nothing(at_desk: Agent):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.field.press("?")

    expect(at_desk.page.get_by_role("dialog")).to_have_count(0)


def test_sound_is_switched_off_and_stays_off(at_desk: Agent):
    at_desk.presses("提示音")
    at_desk.page.reload()

    button = at_desk.page.get_by_role("button", name="提示音")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_what_happened_while_the_connection_was_cut_is_there_afterwards(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.looks_at("居民身份证丢失补领")
    desk.cut_sockets()
    desk.log(next(iter(desk.chats.values())), "citizen_message", {"text": "断线时说的话"}, quietly=True)

    at_desk.sees("断线时说的话")


def test_a_session_that_has_run_out_asks_to_sign_in_and_keeps_the_draft(
    at_desk: Agent,
    desk: FakeDeskService,
):
    at_desk.looks_at("居民身份证丢失补领")
    at_desk.field.fill("还没写完")
    desk.signed_in = False
    desk.news(type="inbox")
    at_desk.sees("请重新登录，写的内容还在")
    at_desk.page.get_by_label("账号").fill("agent.li")
    at_desk.page.get_by_label("密码").fill("right")
    at_desk.presses("登录")

    expect(at_desk.field).to_have_value("还没写完")


def test_signing_out_goes_offline_first(at_desk: Agent, desk: FakeDeskService):
    at_desk.page.locator(".bar summary").click()
    at_desk.presses("退出登录")

    expect(at_desk.page.get_by_label("账号")).to_be_visible()
    assert desk.done.states == ["offline"]
    assert COOKIE not in {cookie["name"] for cookie in at_desk.page.context.cookies()}


def test_an_agent_has_no_wall_and_a_supervisor_listens_whispers_and_takes_over(
    agent: Agent,
    desk: FakeDeskService,
):
    desk.role = "supervisor"
    other = desk.another_has("护照换发", "wang.fang")
    desk.wall = {
        "agents": [
            {"name": "wang.fang", "display_name": "王芳", "state": "available", "chats": 1, "calls": 0}
        ],
        "conversations": [other.handover],
        "alarms": [{"code": "long_wait", "text": "有 1 人等了 10 分钟以上"}],
    }
    agent.opens_desk()
    agent.presses("值班总览")
    agent.sees("有 1 人等了 10 分钟以上")
    agent.presses("悄悄话")
    agent.page.get_by_label("只有坐席看得到").fill("先核对户口")
    agent.presses("发给坐席")
    agent.presses("旁听")
    agent.sees("您在旁听")
    desk.citizen_says(other, "我的护照到期了")
    agent.sees("我的护照到期了")
    expect(agent.field).to_be_hidden()
    agent.presses("值班总览")
    agent.presses("接管")

    expect(agent.field).to_be_visible()
    assert [what for _, what, _ in desk.done.acts] == ["whisper", "listen", "take-over"]


def test_an_agent_sees_no_wall(at_desk: Agent):
    expect(at_desk.page.get_by_role("button", name="值班总览")).to_be_hidden()


def test_every_module_of_the_desk_is_preloaded(at_desk: Agent, desk: FakeDeskService):
    page = at_desk.page
    preloaded = page.locator("link[rel=modulepreload]").evaluate_all("all => all.map(e => e.href)")
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name).filter(name => name.endsWith('.js'))"
    )
    starts = {f"{desk.url}static/js/pages/{name}.js" for name in ("appearance", "agent")}

    assert sorted(preloaded) == sorted(set(loaded) - starts)


def test_a_picture_of_the_citizen_is_seen_and_can_be_had_as_a_file(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    file = {"file_id": "f9", "name": "户口簿.png", "media_type": "image/png", "size": 9000, "by": "citizen"}
    desk.log(next(iter(desk.chats.values())), "file", file)

    entry = at_desk.page.locator(".entry--citizen", has_text="户口簿.png（9 KB）")
    expect(entry.get_by_role("link")).to_have_attribute("download", "户口簿.png")
    comes_true(at_desk.page, lambda: entry.locator("img").evaluate("image => image.naturalWidth") > 0)


def test_a_file_is_sent_to_the_citizen_and_a_refusal_is_said(at_desk: Agent, desk: FakeDeskService):
    at_desk.looks_at("居民身份证丢失补领")
    form = {"name": "填写样表.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    desk.refusals = [(415, "unsupported_media", "这种文件不能发。")]
    for answer in ("这种文件不能发。", "已发送 填写样表.pdf"):
        with at_desk.page.expect_file_chooser() as chooser:
            at_desk.presses("发文件")
        chooser.value.set_files(form)
        at_desk.sees(answer)

    expect(at_desk.page.locator(".entry--agent", has_text="填写样表.pdf")).to_have_count(1)
