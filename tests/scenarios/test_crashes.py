"""Killed without warning, at any moment: nothing acknowledged is lost, and the conversation goes on."""

import random
import shutil
import threading
import time

import psutil
import pytest
import requests

from tests.scenarios.conftest import (
    ANSWER_SECONDS,
    SAMPLES,
    START_SECONDS,
    RunningService,
    guides_cited,
    wait_until,
)

pytestmark = pytest.mark.slow

FIRST = "南关区居住证丢失补领要带什么材料"
THEN = "那要多少钱"


def test_the_service_is_killed_in_the_middle_of_a_turn(service):
    service.start()
    talk = service.talk()
    before = talk.say(FIRST, "m1")
    assert before["status"] == "answered"
    sending = threading.Thread(target=_say_into_the_void, args=(talk, THEN, "m2"), daemon=True)
    sending.start()
    wait_until(lambda: len(talk.events()) >= 3, ANSWER_SECONDS)  # m2 is stored

    service.kill()
    service.start()

    answer = talk.say(THEN, "m2")
    assert talk.say(FIRST, "m1") == before
    assert answer["status"] == "answered"
    assert guides_cited(answer) == guides_cited(before)
    events = talk.events()
    assert [e["sequence"] for e in events] == list(range(1, len(events) + 1))
    assert [e["kind"] for e in events] == ["citizen_message", "bot_message"] * 2


def test_the_service_is_killed_again_and_again_and_every_message_is_answered_once(service):
    dice = random.Random(1)
    service.start()
    talk = service.talk()
    for round_ in range(3):
        sending = threading.Thread(
            target=_say_into_the_void, args=(talk, "在哪办" if round_ else FIRST, f"m{round_}"), daemon=True
        )
        sending.start()
        time.sleep(dice.uniform(0.0, 0.3))
        service.kill()
        service.start()
        assert talk.say("在哪办" if round_ else FIRST, f"m{round_}")["status"] == "answered"

    events = talk.events()
    replies = [e["body"]["reply_to"] for e in events if e["kind"] == "bot_message"]
    questions = [e["sequence"] for e in events if e["kind"] == "citizen_message"]
    assert sorted(replies) == questions
    assert len(questions) == 3


def test_rasa_is_killed_and_the_conversation_goes_on(service):
    service.start()
    talk = service.talk()
    before = talk.say(FIRST)
    assert before["status"] == "answered"

    service.rasa().kill()

    wait_until(lambda: talk.say(THEN)["status"] == "answered", START_SECONDS)
    assert guides_cited(talk.say("在哪办")) == guides_cited(before)


def test_rasa_does_not_outlive_a_killed_service(service):
    service.start()
    rasa = service.rasa()

    service.kill()

    _, alive = psutil.wait_procs([rasa], timeout=60)
    assert alive == []


def test_an_import_is_killed_and_the_next_one_finishes_it(tmp_path):
    service = RunningService(tmp_path / "var")
    dice = random.Random(2)
    for _ in range(4):
        importing = service.start_import(*SAMPLES)
        time.sleep(dice.uniform(0.5, 6.0))
        importing.kill()
        importing.wait()

    finished = service.import_guides(*SAMPLES)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    again = service.import_guides(*SAMPLES)
    assert "更新 0 份" in again.stdout
    assert "新增 1" not in again.stdout
    assert "新增 0 份，更新 0 份，未变 45 份" in again.stdout


def test_the_service_is_killed_while_it_takes_in_publications(service):
    shutil.rmtree(service.data / "index")  # so that everything is to be taken in
    dice = random.Random(3)
    for _ in range(3):
        service.launch()
        wait_until((service.data / "index").exists, START_SECONDS)
        time.sleep(dice.uniform(0.0, 3.0))
        service.kill()

    service.start()

    answer = service.talk().say(FIRST)
    assert answer["status"] == "answered"
    assert guides_cited(answer)


def _say_into_the_void(talk, text: str, client_message_id: str) -> None:
    try:
        talk.say(text, client_message_id)
    except (requests.RequestException, AssertionError):
        return  # the service was killed before it answered
