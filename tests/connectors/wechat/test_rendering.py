"""What a citizen reads in WeChat of what stands in the log."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.wechat.outbox import Reading as OutboxReading
from connectors.wechat.outbox import Rules, carry, take_up
from connectors.wechat.rendering import rendered
from connectors.wechat.splitting import size
from core.messages import Choice, ReplyMessage, Source, Statement
from core.outbox_ports import ChannelUser, Delivery, Outbox
from core.ports import ConversationEvent


def items_of(kind: str, **body: Any):
    event = ConversationEvent("c", 1, kind, body, datetime(2026, 3, 1, tzinfo=UTC))
    return list(rendered(event, shown=lambda name: {"li.min": "李敏"}.get(name, "")))


def texts_of(kind: str, **body: Any):
    return [item["text"] for item in items_of(kind, **body)]


def bot_says(*messages: ReplyMessage, **more: Any):
    return items_of("bot_message", messages=[message.as_json() for message in messages], **more)


def as_sent(items) -> str:
    """The text of the message in which the first of these items leave."""
    user = ChannelUser("hall", "o1", "c")
    read = take_up(OutboxReading("c", 0, 1, [(1, item) for item in items], "bot"), Rules())(Outbox(user))
    numbered = [replace(each, number=number) for number, each in enumerate(read.items, 1)]
    box = Outbox(user, numbered, Delivery("k", "o1"))
    made = carry(Rules(), lambda page: f"https://here/{page}")(box)
    return str(json.loads(made.delivery.answer)["text"])


TWO = (Choice("首次申领", "g1"), Choice("丢失补领", "g2"))


def test_choices_that_the_text_lists_already_are_not_listed_again():
    [item] = bot_says(ReplyMessage("您要办哪一种？\n1. 首次申领\n2. 丢失补领", choices=TWO))
    assert item["text"] == "您要办哪一种？\n1. 首次申领\n2. 丢失补领\n回复数字即可选择。"


def test_choices_that_it_doesnt_list_are_numbered():
    [item] = bot_says(ReplyMessage("您要办哪一种？", choices=TWO))
    assert item["text"] == "您要办哪一种？\n1. 首次申领\n2. 丢失补领\n回复数字即可选择。"


def test_a_single_offer_is_taken_by_its_number():
    [item] = bot_says(ReplyMessage("没有查到。\n1. 首次申领", choices=TWO[:1]))
    assert item["text"] == "没有查到。\n1. 首次申领\n要问这一项，请回复 1。"


def source(**more: Any) -> Source:
    return Source(**{"guide_id": "g", "version": 1, "element": "收费", "title": "居住证申领", **more})


def test_an_answer_names_each_guide_once_and_offers_a_card():
    answer = ReplyMessage(
        "【朝阳区·居住证申领】\n收费：不收费",
        type="answer",
        title="朝阳区·居住证申领",
        sources=(source(district="朝阳区"), source(district="朝阳区", element="办理时间")),
    )
    text, card = bot_says(answer)

    assert text["text"] == "【朝阳区·居住证申领】\n收费：不收费\n\n来源：朝阳区《居住证申领》"
    assert (card["title"], card["page"]) == ("朝阳区·居住证申领", "chat")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://zw.example.cn/1?a=b", '<a href="https://zw.example.cn/1?a=b">《居住证申领》</a>'),
        ('https://zw.example.cn/"><b>', "《居住证申领》"),
        ("javascript:alert(1)", "《居住证申领》"),
        ("", "《居住证申领》"),
    ],
)
def test_a_source_is_a_link_where_it_has_an_address(url, shown):
    text, _ = bot_says(ReplyMessage("不收费", type="answer", sources=(source(url=url),)))
    assert text["text"] == f"不收费\n\n来源：{shown}"


def test_of_many_sources_the_first_are_named_and_all_are_counted():
    many = tuple(source(district=f"第{number}区") for number in range(1, 6))
    text, _ = bot_says(ReplyMessage("不收费", type="answer", sources=many))
    assert text["text"].endswith("来源：第1区《居住证申领》；第2区《居住证申领》；第3区《居住证申领》等 5 份")


def test_statements_of_a_long_answer_stand_apart():
    statements = tuple(
        Statement(label, label, text, (0,))
        for label, text in (("收费", "不收费"), ("地点", "A"), ("时间", "B"))
    )
    long = ReplyMessage("【居住证】\n收费：不收费\n地点：A\n时间：B", statements=statements)
    short = ReplyMessage("【居住证】\n收费：不收费", statements=statements[:1])

    assert bot_says(long)[0]["text"] == "【居住证】\n\n收费：不收费\n\n地点：A\n\n时间：B"
    assert bot_says(short)[0]["text"] == "【居住证】\n收费：不收费"


def test_an_answer_without_a_heading_begins_without_an_empty_line():
    statements = tuple(Statement(label, label, "A") for label in ("甲", "乙", "丙"))
    assert bot_says(ReplyMessage("甲：A\n乙：A\n丙：A", statements=statements))[0]["text"].startswith(
        "甲：A\n\n乙"
    )


def test_who_waits_is_led_to_the_page_where_a_call_back_and_a_message_are_possible():
    by_words = bot_says(ReplyMessage("您排在第 1 位。", type="notice"), wish="text", waits=True)
    by_menu = items_of("notice", text="您排在第 1 位。", wish="text", waits=True)

    assert by_words == by_menu
    assert as_sent(by_words) == '您排在第 1 位。\n\n<a href="https://here/chat">预约回电、留言，请点这里</a>'


def test_who_is_served_already_is_led_nowhere():
    assert "page" not in items_of("notice", text="工作人员正在为您服务", wish="text", waits=False)[0]


def test_a_notice_leads_to_a_page_in_the_words_it_has_for_it():
    items = items_of("notice", text="听不了语音。", page="chat", link="打开网页咨询")
    assert as_sent(items) == '听不了语音。\n\n<a href="https://here/chat">打开网页咨询</a>'


def test_a_notice_is_its_words_and_what_is_noted_with_it_stays_inside():
    assert items_of("notice", text="您是说“居住证”吗？", reads_back="居住证") == [
        {"type": "text", "text": "您是说“居住证”吗？"}
    ]


def test_who_comes_is_told_by_the_name_that_citizens_know():
    assert texts_of("holder", holder="agent", agent="li.min") == [
        "工作人员李敏已接入，您可以直接在这里和工作人员说。"
    ]


@pytest.mark.parametrize("holder", ["queue", "bot"])
def test_who_goes_is_told_by_the_notice_that_comes_with_it_and_not_twice(holder):
    assert items_of("holder", holder=holder) == []


def test_a_summary_says_that_the_service_has_ended():
    [item] = items_of("summary", text="已办居住证。", agent="李敏")
    assert item["text"] == "人工服务已结束，接下来由我为您解答。\n已办居住证。"
    assert item["page"] == "chat"


def test_a_checklist_shows_what_was_ticked():
    items = [{"name": "户口簿", "checked": True}, {"name": "照片", "checked": False}]
    [text] = texts_of("checklist", title="居住证", items=items)
    assert text == "居住证 材料清单：\n☑ 户口簿\n□ 照片"


@pytest.mark.parametrize("kind", ["note", "tags", "whisper", "handover", "rating", "citizen_message"])
def test_what_is_for_staff_or_was_said_by_the_citizen_isnt_told(kind):
    assert items_of(kind, text="内部", by="微信") == []


def test_a_long_answer_leaves_in_messages_that_wechat_takes_the_answer_first():
    materials = "\n".join(f"{n}. 第 {n} 份材料（原件，1份）" for n in range(1, 120))
    answer = ReplyMessage(
        f"收费：不收费\n材料：\n{materials}", type="answer", sources=(source(district="东区"),)
    )
    text = as_sent(bot_says(answer))

    assert size(text) <= 2048
    assert text.startswith("收费：不收费\n材料：\n1. 第 1 份材料")
    assert text.endswith("（原件，1份）")
