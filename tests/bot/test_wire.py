"""What is sent to Rasa, and what is read from its answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire import compose_message, read_reply
from core.errors import DialogueUnavailable, InvalidInput
from core.messages import Choice, Source, Statement
from core.statuses import HandoverMode, TurnStatus
from core.text import MAX_CHARACTERS


def turn(text="好的。", status="answered", **custom):
    """Rasa's answer to a message: the text, and as an entry of its own the custom part."""
    return [
        {"recipient_id": "c1", "text": text},
        {"recipient_id": "c1", "custom": {"type": "turn", "status": status, **custom}},
    ]


class TestSending:
    def test_words_are_sent_as_they_are_with_what_is_known_beside_them(self):
        message = compose_message("c1", "补身份证带啥", metadata={"district": "绿园区"})

        assert message == {
            "sender": "c1",
            "message": "补身份证带啥",
            "metadata": {"district": "绿园区", "text": "补身份证带啥"},
        }

    @pytest.mark.parametrize("text", ["/restart", "//restart", " / /restart", "　/restart"])
    def test_what_a_citizen_types_is_never_a_command(self, text):
        assert compose_message("c1", text)["message"] == "restart"

    def test_a_picked_choice_is_a_command_and_the_words_go_along(self):
        message = compose_message("c1", "第二个", picked='item:"甲"{乙}')

        command, _, choice = message["message"].partition("{")
        assert command == "/pick"
        assert json.loads("{" + choice) == {"choice": 'item:"甲"{乙}'}
        assert message["metadata"]["text"] == "第二个"

    def test_a_long_text_is_cut_since_rasa_would_stand_still_over_it(self):
        assert len(compose_message("c1", "办" * 10_000)["message"]) == MAX_CHARACTERS

    @pytest.mark.parametrize("text", ["", "   ", "/", " / "])
    def test_nothing_to_say_is_refused(self, text):
        with pytest.raises(InvalidInput):
            compose_message("c1", text)

    def test_a_message_without_a_sender_is_refused_since_rasa_would_share_one(self):
        with pytest.raises(InvalidInput):
            compose_message("", "你好")

    @given(st.text(), st.text())
    def test_no_text_becomes_a_command(self, text, picked):
        try:
            message = compose_message("c1", text, picked=picked)["message"]
        except InvalidInput:
            return
        assert message.startswith("/pick{") if picked else not message.startswith("/")


class TestReading:
    def test_an_answer_has_its_text_statements_and_sources(self):
        source = {
            "guide_id": "g1",
            "version": 2,
            "element": "fee",
            "title": "居住证",
            "district": "",
            "url": "",
        }
        statement = {"element": "fee", "label": "费用", "text": "不收费", "sources": [0], "more": ""}

        reply = read_reply(turn("免费。", title="居住证", sources=[source], statements=[statement]))

        (message,) = reply.messages
        assert reply.status is TurnStatus.ANSWERED
        assert (message.type, message.title, message.text) == ("answer", "居住证", "免费。")
        assert message.sources == (Source("g1", 2, "fee", "居住证"),)
        assert message.statements == (Statement("fee", "费用", "不收费", (0,)),)

    def test_choices_stand_as_numbered_lines_under_the_question(self):
        choices = [{"title": "户籍地申请", "value": "a"}, {"title": "居住地申请", "value": "b"}]

        reply = read_reply(turn("请问您属于哪一种？", "clarifying", choices=choices))

        (message,) = reply.messages
        assert message.type == "question"
        assert message.text == "请问您属于哪一种？\n1. 户籍地申请\n2. 居住地申请"
        assert message.choices == (Choice("户籍地申请", "a"), Choice("居住地申请", "b"))

    def test_a_wish_for_a_person_comes_with_what_is_known(self):
        wish = {"mode": "video", "topic": "居住证", "reason": "asked"}

        reply = read_reply(turn(status="waiting_for_agent", handover=wish))

        assert reply.handover is not None
        assert reply.handover.mode is HandoverMode.VIDEO
        assert reply.handover.topic == "居住证"

    def test_the_trace_and_the_timings_are_for_staff(self):
        reply = read_reply(turn(outcome="answer", trace={"intent": "ask_fee"}, timings_ms={"search": 3.5}))

        assert reply.trace == {"outcome": "answer", "intent": "ask_fee"}
        assert reply.timings_ms == {"search": 3.5}

    @pytest.mark.parametrize(
        "body",
        [
            [],
            None,
            {},
            "好的",
            [None],
            [{"text": "只有文字"}],
            [{"custom": {"type": "turn", "status": "answered"}}],
            turn(status="无此状态"),
            turn(choices=[{"title": "没有值"}]),
            turn(handover={"mode": "smoke"}),
            turn(choices="不是列表"),
        ],
    )
    def test_an_answer_that_is_no_turn_counts_as_no_answer(self, body):
        with pytest.raises(DialogueUnavailable):
            read_reply(body)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_no_answer_whatsoever_raises_anything_else(self, body):
        for answer in (body, [body], turn(choices=body), turn(handover=body), turn(trace=body)):
            try:
                read_reply(answer)
            except DialogueUnavailable:
                continue
