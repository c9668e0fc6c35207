"""What each skill makes of a turn."""

import pytest

from bot.actions.consult import consult
from bot.actions.contract import Services
from bot.actions.handover import hand_over
from bot.actions.safety import protect_others
from bot.actions.small_talk import affirm, deny, introduce
from bot.actions.tracker import LastTurn, TrackerView
from core.messages import Choice, Source, Statement
from core.ports import Consultation
from core.statuses import TurnStatus
from tests.bot.fake_consultant import PreparedConsultant

ASKED = LastTurn("ask_situation", "clarifying", "残疾人证换领")
OFFERED = LastTurn("no_guide", "no_guide", "")
ANSWERED = LastTurn("answer", "answered", "居住证申领")


def services(outcome=None):
    consultant = PreparedConsultant(outcome) if outcome else PreparedConsultant()
    return Services(consultant, bot_name="小帮", hotline="0431-12345"), consultant


class TestConsult:
    async def test_the_consultant_learns_all_that_is_known(self):
        given, consultant = services()
        tracker = TrackerView(
            text="那多少钱",
            intent="ask_fee",
            confidence=0.9,
            focus={"items": ["a"]},
            picked="b",
            district="绿园区",
        )

        await consult(tracker, given)

        (question,) = consultant.questions
        assert question.text == "那多少钱"
        assert (question.intent, question.confidence) == ("ask_fee", 0.9)
        assert (question.focus, question.picked, question.district) == ({"items": ["a"]}, "b", "绿园区")

    async def test_the_outcome_names_the_response_and_carries_everything_along(self):
        found = Consultation(
            "answer",
            TurnStatus.ANSWERED,
            {"text": "免费。"},
            title="居住证",
            statements=(Statement("fee", "费用", "不收费", (0,)),),
            sources=(Source("g1", 1, "fee", "居住证"),),
            choices=(Choice("流程", "aspect:process"),),
            focus={"items": ["g1"]},
            trace={"kept": 1},
            timings_ms={"search": 2.0},
        )
        given, _ = services(found)

        reply = (await consult(TrackerView(intent="ask_fee"), given)).as_json()

        (response,) = reply["responses"]
        assert response["response"] == "utter_answer"
        assert (response["text"], response["hotline"]) == ("免费。", "0431-12345")
        custom = response["custom"]
        assert (custom["type"], custom["status"], custom["title"]) == ("turn", "answered", "居住证")
        assert custom["choices"] == [{"title": "流程", "value": "aspect:process"}]
        assert custom["statements"][0]["sources"] == [0]
        assert custom["sources"][0]["guide_id"] == "g1"
        assert custom["trace"] == {"intent": "ask_fee", "confidence": 0.0, "kept": 1}

    async def test_what_the_conversation_is_about_is_kept_for_the_next_turn(self):
        given, _ = services(
            Consultation("answer", TurnStatus.ANSWERED, title="居住证", focus={"items": ["g1"]})
        )

        events = (await consult(TrackerView(), given)).as_json()["events"]

        assert {e["name"]: e["value"] for e in events} == {
            "focus": {"items": ["g1"]},
            "last_turn": {"outcome": "answer", "status": "answered", "title": "居住证"},
        }

    async def test_a_complaint_about_no_service_is_heard_as_a_complaint(self):
        given, _ = services(Consultation("unclear", TurnStatus.CLARIFYING))

        outcome = await consult(TrackerView(text="态度太差了", intent="complain"), given)

        assert outcome.name == "complaint"

    async def test_a_complaint_that_asks_something_is_answered(self):
        given, _ = services(Consultation("answer", TurnStatus.ANSWERED))

        outcome = await consult(TrackerView(text="都催三遍了到底几天", intent="complain"), given)

        assert outcome.name == "answer"


class TestHandover:
    @pytest.mark.parametrize(("intent", "mode"), [("request_human", "text"), ("request_video", "video")])
    async def test_a_wish_for_a_person_says_how_and_about_what(self, intent, mode):
        outcome = await hand_over(TrackerView(intent=intent, last_turn=ANSWERED), services()[0])

        assert outcome.status is TurnStatus.WAITING_FOR_AGENT
        assert outcome.custom["handover"] == {"mode": mode, "topic": "居住证申领", "reason": "asked"}
        assert not outcome.slots


class TestYesAndNo:
    @pytest.mark.parametrize("action", [affirm, deny])
    async def test_they_answer_a_question_of_the_bot(self, action):
        given, consultant = services()

        await action(TrackerView(text="嗯", last_turn=ASKED), given)

        assert [q.text for q in consultant.questions] == ["嗯"]

    async def test_yes_accepts_a_person_that_was_offered(self):
        outcome = await affirm(TrackerView(text="行", last_turn=OFFERED), services()[0])

        assert outcome.status is TurnStatus.WAITING_FOR_AGENT
        assert outcome.custom["handover"]["reason"] == "no_guide"

    async def test_no_declines_a_person_that_was_offered(self):
        outcome = await deny(TrackerView(text="不用", last_turn=OFFERED), services()[0])

        assert outcome.status is TurnStatus.SMALL_TALK

    @pytest.mark.parametrize("action", [affirm, deny])
    async def test_otherwise_they_are_small_talk_and_change_nothing(self, action):
        given, consultant = services()

        outcome = await action(TrackerView(text="嗯", last_turn=ANSWERED), given)

        assert outcome.status is TurnStatus.SMALL_TALK
        assert not outcome.slots
        assert not consultant.questions


class TestIntroduction:
    @pytest.mark.parametrize("intent", ["greet", "bot_identity"])
    async def test_it_says_the_name_it_goes_by(self, intent):
        outcome = await introduce(TrackerView(intent=intent), services()[0])

        assert outcome.name == intent
        assert outcome.variables == {"bot_name": "小帮"}
        assert outcome.status is TurnStatus.SMALL_TALK


class TestSafety:
    async def test_who_asks_about_others_is_told_the_citys_own_hotline(self):
        outcome = await protect_others(TrackerView(intent="privacy_of_others"), services()[0])

        assert (outcome.name, outcome.status) == ("privacy_of_others", TurnStatus.SAFETY)
        assert outcome.variables == {"hotline": "0431-12345"}
        assert not outcome.slots
