"""The conversation as plain HTML."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from core.messages import Choice, ReplyMessage, Source, Statement
from core.ports import ConversationEvent
from core.text import MAX_CHARACTERS
from server.pages.citizen.page import CitizenView, citizen_page
from server.pages.citizen.transcript import transcript_html, without_choice_lines
from server.pages.render import fill

WHICH = ReplyMessage(
    text="哪一种？\n1. 补领\n2. 换领",
    type="question",
    choices=(Choice("补领", "guide:1"), Choice("换领", "guide:2")),
)
SCRIPT = "<script>alert(1)</script>"


def event(sequence: int, kind: str, body: dict) -> ConversationEvent:
    return ConversationEvent("c", sequence, kind, body, datetime(2026, 11, 22, 6, 5, tzinfo=UTC))


def citizen(sequence: int, text: str) -> ConversationEvent:
    return event(sequence, "citizen_message", {"text": text, "client_message_id": str(sequence)})


def bot(sequence: int, *messages: ReplyMessage, open_choices: tuple[Choice, ...] = ()) -> ConversationEvent:
    body = {
        "status": "answered",
        "messages": [message.as_json() for message in messages],
        "reply_to": sequence - 1,
        "open_choices": [{"title": choice.title, "value": choice.value} for choice in open_choices],
    }
    return event(sequence, "bot_message", body)


class WellFormed(HTMLParser):
    """Counts what is opened and closed."""

    VOID = frozenset({"br", "input", "link", "meta", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_well_formed(html: str) -> None:
    assert WellFormed(html).open == []


def test_times_are_those_of_china():
    assert ">14:05</time>" in transcript_html([citizen(1, "您好")])


def test_texts_from_anywhere_are_escaped():
    message = ReplyMessage(
        text=SCRIPT,
        title=SCRIPT,
        choices=(Choice(SCRIPT, SCRIPT),),
        sources=(Source(SCRIPT, 1, SCRIPT, SCRIPT, SCRIPT, 'https://x/"><script>'),),
        statements=(Statement(SCRIPT, SCRIPT, SCRIPT, (0,), SCRIPT),),
    )
    html = transcript_html(
        [
            citizen(1, SCRIPT),
            bot(2, message, ReplyMessage(SCRIPT, title=SCRIPT)),
            event(3, "notice", {"text": SCRIPT}),
        ],
        nonce=SCRIPT,
    )

    assert "<script" not in html
    assert_well_formed(html)


def test_an_address_that_is_no_web_address_is_no_link():
    message = ReplyMessage("答复", sources=(Source("g", 1, "收费", "指南", url="javascript:alert(1)"),))

    assert "javascript:" not in transcript_html([bot(2, message)])


def test_a_sent_form_leads_to_the_last_question():
    html = transcript_html([citizen(1, "甲"), bot(2, WHICH), citizen(3, "乙"), bot(4, ReplyMessage("好的"))])

    assert html.count('id="latest"') == 1
    assert html.index('id="latest"') < html.index("乙") < html.index("好的")
    assert html.index("甲") < html.index('id="latest"')


def test_what_the_text_says_beyond_the_facts_is_kept():
    message = ReplyMessage(
        "【南湖区·补领】\n材料：\n1. 甲\n2. 乙\n收费：40元\n指南没有写明时限。",
        "answer",
        "南湖区·补领",
        sources=(Source("g", 1, "收费", "补领", "南湖区"),),
        statements=(
            Statement("materials", "材料", "1. 甲", (0,), "2. 乙"),
            Statement("fee", "补领 收费", "40元", (0,)),
        ),
    )
    html = transcript_html([bot(2, message)])

    assert '<p class="card__remark">指南没有写明时限。</p>' in html
    assert '<h3 class="card__title">补领</h3><p class="card__district">南湖区</p>' in html


def test_danger_stands_out():
    events = [
        event(2, "bot_message", {"status": "safety", "messages": [{"text": "拨打 110"}], "reply_to": 1})
    ]

    assert '<div class="bubble bubble--safety"><p>拨打 110</p>' in transcript_html(events)


def test_choices_of_the_last_reply_are_buttons_that_send_their_value():
    html = transcript_html([citizen(1, "身份证"), bot(2, WHICH)], nonce="n1")

    assert '<button class="choice" name="text" value="guide:1">' in html
    assert 'name="client_message_id" value="n1"' in html
    assert "1. 补领" not in html


def test_choices_that_were_put_aside_are_text():
    html = transcript_html([bot(2, WHICH), citizen(3, "别的"), bot(4, ReplyMessage("好的"))])

    assert "<button" not in html
    assert "<li>补领</li>" in html


def test_choices_that_a_later_reply_left_open_stay_buttons():
    events = [bot(2, WHICH), citizen(3, "谢谢"), bot(4, ReplyMessage("不客气"), open_choices=WHICH.choices)]

    assert transcript_html(events).count("<button") == 2


def test_sources_are_listed_by_guide_version_with_their_elements():
    sources = (
        Source("g1", 3, "收费", "补领", "南湖区"),
        Source("g1", 3, "办理地点", "补领", "南湖区"),
        Source("g2", 1, "收费", "补领", "东湖区"),
    )
    html = transcript_html([bot(2, ReplyMessage("40元", sources=sources))])

    assert html.count('class="sources__title"') == 2
    assert "引用：收费、办理地点</span>" in html
    assert "引用：收费</span>" in html


@pytest.mark.parametrize(
    ("kind", "body", "line"),
    [
        ("notice", {"text": "请稍候"}, "请稍候"),
        ("handover", {"mode": "video", "topic": "", "position": 3}, "已登记人工服务（视频），排在第 3 位"),
        ("holder", {"holder": "agent"}, "工作人员已接入对话"),
        ("rating", {"score": 4, "comment": ""}, "您的评价：满意"),
    ],
)
def test_what_happens_beside_the_messages_is_a_line(kind: str, body: dict, line: str):
    assert f'<p class="line">{line}</p>' in transcript_html([event(1, kind, body)])


def test_kinds_that_this_page_does_not_know_show_nothing():
    assert transcript_html([event(1, "from the future", {})]) == ""


def test_a_reply_without_messages_shows_nothing():
    assert transcript_html([bot(2)]) == ""


def test_numbered_lines_are_left_out_only_if_they_are_exactly_the_choices():
    assert without_choice_lines("哪一种？\n1. 补领\n2. 换领", WHICH.choices) == "哪一种？"
    assert without_choice_lines("材料：\n1. 户口簿", WHICH.choices) == "材料：\n1. 户口簿"


def view(**changes: object) -> CitizenView:
    fields = {"bot_name": "帮办", "hotline": "12345", "assets": "/static", "nonce": "n"}
    return CitizenView(**{**fields, **changes})


def test_the_page_is_well_formed_and_holds_no_inline_script_or_style():
    html = citizen_page(view(events=[citizen(1, "身份证"), bot(2, WHICH)], notice="太长了", draft="草稿"))

    assert_well_formed(html.removeprefix("<!doctype html>"))
    assert " style=" not in html
    assert "<style" not in html
    assert " on" + "click=" not in html
    assert "{{" not in html


def test_what_could_not_be_sent_stays_in_the_field_and_the_reason_is_told():
    html = citizen_page(view(notice="内容太长 <了>", draft="我的话 <b>"))

    assert "我的话 &lt;b&gt;</textarea>" in html
    assert 'role="status"><p class="status__notice">内容太长 &lt;了&gt;</p>' in html


def test_the_page_names_the_conversation_for_the_script_and_hides_the_token_from_logs():
    with_conversation = view(conversation_id="c1", token="secret-token")

    assert 'data-conversation="c1" data-token="secret-token"' in citizen_page(with_conversation)
    assert "secret-token" not in repr(with_conversation)


def test_the_field_takes_as_much_as_the_bot_reads():
    assert f'maxlength="{MAX_CHARACTERS}"' in citizen_page(view())


def test_suggested_questions_are_buttons_that_send_themselves():
    html = citizen_page(view(suggestions=["居住证怎么办？", "a <b>?"]))

    assert 'name="text" value="居住证怎么办？"' in html
    assert 'name="text" value="a &lt;b&gt;?"' in html
    assert_well_formed(html.removeprefix("<!doctype html>"))


def test_without_suggestions_nothing_promises_any():
    assert "suggestion" not in citizen_page(view())


def test_a_placeholder_is_escaped_unless_it_is_markup_by_name():
    assert fill("{{a}} {{b_html}}", {"a": "<i>", "b_html": "<i>"}) == "&lt;i&gt; <i>"


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again():
    assert fill("{{a}}", {"a": "{{b}}", "b": "secret"}) == "{{b}}"


def test_a_placeholder_without_a_value_is_an_error():
    with pytest.raises(KeyError):
        fill("{{missing}}", {})


def test_what_an_agent_sends_is_shown():
    html = transcript_html(
        [
            event(1, "agent_message", {"text": "您好 <b>", "agent": "李敏", "client_message_id": "a"}),
            event(
                2,
                "guide_card",
                {
                    "guide_id": "g7",
                    "version": 3,
                    "title": "居住证首次申领",
                    "district": "南湖区",
                    "statements": [
                        {"element": "fee", "label": "收费", "text": "不收费", "more": "", "sources": []}
                    ],
                    "sources": [],
                },
            ),
            event(
                3,
                "checklist",
                {
                    "guide_id": "g7",
                    "items": [{"name": "身份证", "checked": True}, {"name": "合同", "checked": False}],
                },
            ),
            event(4, "summary", {"text": "请周三来取"}),
            event(5, "holder", {"holder": "agent", "agent": "李敏"}),
            event(6, "call", {"call_id": "c1", "state": "ended", "mode": "video"}),
            event(7, "show", {"what": "file", "name": "租赁合同.jpg"}),
            event(8, "show", {"what": "element", "title": "居住证首次申领", "label": "收费"}),
            event(9, "show_ended", {"show": 8, "by": "citizen"}),
        ]
    )

    assert "您好 &lt;b&gt;" in html
    assert "工作人员李敏：" in html
    assert "居住证首次申领" in html
    assert "不收费" in html
    assert "身份证：已备好" in html
    assert "合同：还缺" in html
    assert "请周三来取" in html
    assert "工作人员李敏已接入对话" in html
    assert "通话已结束" in html
    assert "工作人员请您看：租赁合同.jpg" in html
    assert "工作人员请您看：居住证首次申领 收费" in html


@pytest.mark.parametrize("kind", ["note", "tags", "whisper"])
def test_what_only_staff_may_see_is_not_shown(kind: str):
    assert transcript_html([event(1, kind, {"text": "内部", "by": "li", "tags": ["内部"]})]) == ""
