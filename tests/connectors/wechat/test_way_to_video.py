"""Who asks for video in WeChat gets, with the answer, a card of the page on which it takes place."""

import pytest

from connectors.wechat import outbox
from connectors.wechat.outbox import Reading, Rules
from connectors.wechat.quota import GrantKind, Ledger, Limits
from connectors.wechat.rendering import CALL_PAGE, VIDEO_PAGE, rendered
from connectors.wechat.tickets import PAGES
from core.outbox_ports import ChannelUser, Outbox, OutgoingItem
from core.ports import ConversationEvent
from tests.fakes import ManualClock

NOW = ManualClock()()
WAITING = "已为您排队等视频帮办，排在第 1 位"


def event(kind, body):
    return ConversationEvent("c1", 1, kind, body, NOW)


def said(kind, body):
    return [(item["type"], item.get("page", "")) for item in rendered(event(kind, body))]


ANSWERS = {
    "notice": {"text": WAITING},
    "bot_message": {"status": "waiting_for_agent", "messages": [{"text": WAITING, "type": "notice"}]},
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_behind_the_answer_stands_the_card_of_the_page(kind):
    assert said(kind, {**ANSWERS[kind], "wish": "video"}) == [("text", ""), ("card", VIDEO_PAGE)]


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_who_wishes_to_write_writes_here_and_gets_none(kind):
    assert said(kind, {**ANSWERS[kind], "wish": "text"}) == [("text", "")]
    assert said(kind, ANSWERS[kind]) == [("text", "")]


def test_the_wish_itself_and_the_queue_say_nothing_more():
    assert said("handover", {"mode": "video", "position": 1}) == []
    assert said("holder", {"holder": "queue"}) == []


@pytest.mark.parametrize(("state", "caller"), [("ringing", "agent"), ("consenting", "citizen")])
def test_a_call_that_waits_for_the_citizen_has_its_own_card(state, caller):
    body = {"call_id": "k1", "state": state, "mode": "video", "caller": caller}

    assert said("call", body) == [("card", CALL_PAGE)]


def test_nobody_is_invited_into_the_call_that_they_make_themselves():
    assert said("call", {"call_id": "k1", "state": "ringing", "mode": "video", "caller": "citizen"}) == []


def test_every_page_that_an_item_names_has_a_ticket():
    assert {VIDEO_PAGE, CALL_PAGE} <= set(PAGES)


@pytest.mark.parametrize(("spent", "messages"), [(0, 2), (3, 1)])
def test_where_little_may_be_sent_the_card_becomes_a_link_in_the_answer(spent, messages):
    ledger = Ledger(Limits()).grant(GrantKind.MESSAGE, NOW.timestamp() - 10)
    for _ in range(spent):
        ledger = ledger.spend(NOW.timestamp() - 5)
    bodies = rendered(event("notice", {"text": WAITING, "wish": "video"}))
    user = ChannelUser("city", "o1", "c1", ledger=ledger.as_json())
    taken = outbox.take_up(Reading("c1", 0, 1, [(1, body) for body in bodies], "bot"), Rules())(Outbox(user))
    items = [OutgoingItem(item.body, number=n, since=NOW) for n, item in enumerate(taken.items, start=1)]
    sent = []
    while items:
        found = []
        outbox.begin_sending(Rules(), lambda page: f"https://here/{page}", NOW, found)(Outbox(user, items))
        sent.append(found[0].body)
        items = items[len(found[0].items) :]

    assert len(sent) == messages
    assert WAITING in sent[0]["text"]
    assert "https://here/video" in (sent[-1].get("url") or sent[-1]["text"])
