"""What a citizen gets from the sample guides, through page to Rasa to knowledge and back."""

import json

import pytest
import requests

from tests.scenarios.conftest import ANSWER_SECONDS, RunningService, guides_cited, text_of, wait_until

pytestmark = pytest.mark.slow


def published(service: RunningService, guide_id: str, **query: int) -> requests.Response:
    """The guide as anyone may read it."""
    return requests.get(f"{service.url}/api/v1/guides/{guide_id}", params=query, timeout=ANSWER_SECONDS)


def test_an_open_question_is_asked_back_and_a_pick_answers_it_with_sources(running_service):
    talk = running_service.talk()

    asked = talk.say("身份证丢了怎么补办？要带什么？")
    while asked["status"] == "clarifying":
        choices = asked["messages"][-1]["choices"]
        assert 2 <= len(choices) <= 20
        asked = talk.say(choices[0]["value"])

    assert asked["status"] == "answered"
    assert "户口簿" in text_of(asked)
    assert guides_cited(asked)


def test_what_was_said_before_need_not_be_said_again(running_service):
    talk = running_service.talk()
    talk.say("南关区居住证丢失补领要带什么材料")

    fee, place = talk.say("那要多少钱"), talk.say("在哪办")

    for answer in (fee, place):
        assert answer["status"] == "answered"
        assert all("nanguan" in guide_id for guide_id in guides_cited(answer))


def test_a_neighbouring_matter_needs_no_name_of_its_own(running_service):
    talk = running_service.talk()
    talk.say("南关区居住证丢失补领要带什么材料")

    answer = talk.say("满一年了，那签注要带啥")

    assert answer["status"] == "answered"
    assert all("签注" in source["title"] for source in answer["messages"][-1]["sources"])


def test_every_statement_of_an_answer_names_a_source_that_can_be_read(running_service):
    answer = running_service.talk().say("南关区居住证丢失补领要多久，收费吗")

    for message in answer["messages"]:
        for statement in message["statements"]:
            assert statement["sources"], statement
            for position in statement["sources"]:
                source = message["sources"][position]
                cited = published(running_service, source["guide_id"], version=source["version"])
                assert cited.json()["version"] == source["version"]


def test_traditional_characters_and_full_width_forms_are_understood(running_service):
    answer = running_service.talk().say("南關區居住證遺失補領，要幾天？ＯＫ嗎")

    assert answer["status"] == "answered"
    assert guides_cited(answer)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("你好", "small_talk"),
        ("谢谢你", "small_talk"),
        ("转人工", "waiting_for_agent"),
        ("我要视频", "waiting_for_agent"),
        ("我家着火了", "safety"),
    ],
)
def test_what_is_no_question_about_a_guide_cites_none(running_service, text, status):
    reply = running_service.talk().say(text)

    assert reply["status"] == status
    assert guides_cited(reply) == set()


def test_danger_to_life_gets_the_number_first(running_service):
    assert "119" in running_service.talk().say("我家着火了")["messages"][0]["text"]


def test_a_question_that_no_guide_answers_is_declined_with_a_way_on(running_service):
    reply = running_service.talk().say("发烧三十九度吃什么药好")

    assert guides_cited(reply) == set()
    assert reply["status"] in {"no_guide", "safety"}


@pytest.mark.parametrize(
    "text", ["/restart", '/pick{"choice":"x"}', "/session_start", '/inform{"district":"x"}']
)
def test_commands_of_the_dialogue_engine_do_nothing(running_service, text):
    talk = running_service.talk()
    talk.say("南关区居住证丢失补领要带什么材料")
    talk.say(text)

    answer = talk.say("要多少钱")

    assert answer["status"] == "answered"
    assert all("nanguan" in guide_id for guide_id in guides_cited(answer))


def test_one_citizen_does_not_disturb_another(running_service):
    one, other = running_service.talk(), running_service.talk()
    one.say("南关区居住证丢失补领要带什么材料")
    other.say("朝阳区户口簿遗失补发要带什么材料")

    assert all("nanguan" in guide_id for guide_id in guides_cited(one.say("在哪办")))
    assert all("chaoyang" in guide_id for guide_id in guides_cited(other.say("在哪办")))


def test_a_changed_guide_is_answered_from_while_the_service_runs(running_service, tmp_path):
    question = "南关区普通护照签发在哪里办"
    before = running_service.talk().say(question)
    [guide_id] = guides_cited(before)
    guide = requests.get(f"{running_service.url}/api/v1/guides/{guide_id}", timeout=ANSWER_SECONDS).json()[
        "guide"
    ]
    guide["places"] = [{"address": "南关区新址路1号"}]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps([guide], ensure_ascii=False), "utf-8")

    assert running_service.import_guides(path).returncode == 0

    wait_until(lambda: "新址路1号" in text_of(running_service.talk().say(question)), ANSWER_SECONDS)
    [source] = {
        (s["guide_id"], s["version"])
        for m in running_service.talk().say(question)["messages"]
        for s in m["sources"]
    }
    assert source == (guide_id, 2)


def test_a_withdrawn_guide_is_never_answered_from_again(running_service, tmp_path):
    question = "农安县普通护照签发在哪里办"
    [guide_id] = guides_cited(running_service.talk().say(question))
    guide = requests.get(f"{running_service.url}/api/v1/guides/{guide_id}", timeout=ANSWER_SECONDS).json()[
        "guide"
    ]
    path = tmp_path / "withdrawn.json"
    path.write_text(json.dumps([{**guide, "status": "withdrawn"}], ensure_ascii=False), "utf-8")

    assert running_service.import_guides(path).returncode == 0

    wait_until(lambda: guide_id not in guides_cited(running_service.talk().say(question)), ANSWER_SECONDS)
    assert (
        requests.get(f"{running_service.url}/api/v1/guides/{guide_id}", timeout=ANSWER_SECONDS).status_code
        == 404
    )


def test_the_form_without_script_gets_the_same_answer(running_service):
    browser = requests.Session()

    page = browser.post(
        running_service.url + "/", data={"text": "南关区居住证丢失补领要几天"}, timeout=ANSWER_SECONDS
    )

    assert page.status_code == 200
    assert "工作日" in page.text
