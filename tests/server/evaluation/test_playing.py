"""Cases are played as a citizen would: over HTTP, a conversation each, turn by turn."""

import json

from core.messages import BotReply, Choice, ReplyMessage, Source
from core.statuses import TurnStatus
from server.api_client import ApiClient
from server.evaluation.cases import parse_cases
from server.evaluation.playing import play, prediction_of
from server.keys import LIMITS
from server.rate_limit import Rate, RateLimiter
from tests.fakes import say
from tests.server.conftest import Service

SINGLE = {"id": "s1", "text": "补证多少钱", "gold": [{"fee": "否"}], "gold_mode": "all", "guide_ids": ["g1"]}
DIALOGUE = {
    "id": "d1",
    "turns": [
        {"user": "去哪办", "expect": {"kind": "clarify"}},
        {"user": "2", "expect": {"kind": "answer", "gold": []}},
        {"user": "谢谢", "expect": {"kind": "smalltalk"}},
    ],
}


async def played(service: Service, *rows):
    cases = parse_cases([json.dumps(row) for row in rows])
    client = ApiClient(service.client.session, str(service.client.make_url("/")))
    return cases, await play(client, cases, concurrency=2)


async def test_replies_carry_the_text_the_guides_and_the_kind(service):
    sources = (
        Source("g1", 1, "fee", "补证"),
        Source("g1", 1, "phone", "补证"),
        Source("g2", 1, "fee", "补证"),
    )
    service.engine.otherwise = BotReply(
        TurnStatus.ANSWERED, (ReplyMessage("不收费。", sources=sources), ReplyMessage("还有别的事吗？"))
    )

    cases, [[reply]] = await played(service, SINGLE)

    assert prediction_of(cases[0], [reply]) == {
        "id": "s1",
        "text": "不收费。\n还有别的事吗？",
        "guide_ids": ["g1", "g2"],
        "kind": "answer",
    }
    assert reply.milliseconds > 0


async def test_a_dialogue_is_one_conversation_and_small_talk_has_its_name_there(service):
    choices = (Choice("东区", "d:1"), Choice("西区", "d:2"))
    service.engine.answers |= {
        "去哪办": BotReply(TurnStatus.CLARIFYING, (ReplyMessage("哪个区？", choices=choices),)),
        "谢谢": say("不客气", TurnStatus.SMALL_TALK),
    }

    cases, [replies] = await played(service, DIALOGUE)

    assert [turn["kind"] for turn in prediction_of(cases[0], replies)["turns"]] == [
        "clarify",
        "answer",
        "smalltalk",
    ]
    assert len({sender for sender, *_ in service.engine.turns}) == 1
    assert service.engine.turns[1][2] == "d:2"


async def test_every_case_has_a_conversation_of_its_own(service):
    await played(service, SINGLE, {**SINGLE, "id": "s2"}, {**SINGLE, "id": "s3"})

    assert len({sender for sender, *_ in service.engine.turns}) == 3


async def test_over_the_rate_the_player_waits_as_it_is_told(start_service, monkeypatch):
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        service.app[LIMITS]._messages = RateLimiter(Rate(10))

    service = await start_service(rate_messages_per_minute=2)
    monkeypatch.setattr("server.api_client.sleep", sleep)
    await played(service, DIALOGUE)

    assert len(waited) == 1
    assert 1 <= waited[0] <= 60
    assert len(service.engine.turns) == 3
