"""Every channel gives the same facts from the same sources: who asks where makes no difference."""

from typing import Any

import pytest

from connectors.registry import API_CHANNELS
from tests.scenarios.conftest import RunningService, guides_cited

pytestmark = pytest.mark.slow

OTHERS = sorted(API_CHANNELS.keys() - {"web"})
CONVERSATIONS = {
    "an answer and what leans on it": [
        "南关区居住证丢失补领要带什么材料",
        "那要多少钱",
        "在哪办",
        "朝阳区的呢",
    ],
    "a question that is asked back": ["身份证丢了怎么补办？要带什么？", "第一个", "第二个"],
    "several things at once": ["南关区居住证丢失补领要几天，收费吗，电话多少"],
    "what no guide answers": ["发烧三十九度吃什么药好", "北京的居住证怎么办"],
    "courtesy, danger and a person": ["你好", "我家着火了", "转人工"],
}


def facts(reply: dict[str, Any]) -> dict[str, Any]:
    """What a citizen learns: not the wording of courtesies, which varies by chance."""
    return {
        "status": reply["status"],
        "statements": [message.get("statements", []) for message in reply["messages"]],
        "sources": [message["sources"] for message in reply["messages"]],
        "choices": [[choice["title"] for choice in message["choices"]] for message in reply["messages"]],
    }


def played(service: RunningService, channel: str, texts: list[str]) -> list[dict[str, Any]]:
    """The replies of a new conversation on that channel."""
    talk = service.talk(channel)
    return [talk.say(text) for text in texts]


def test_there_is_another_channel_to_compare_with():
    assert OTHERS


@pytest.mark.parametrize("channel", OTHERS)
@pytest.mark.parametrize("about", CONVERSATIONS)
def test_a_conversation_brings_the_same_on_every_channel(running_service, channel, about):
    texts = CONVERSATIONS[about]

    on_the_page = played(running_service, "web", texts)
    elsewhere = played(running_service, channel, texts)

    assert [facts(reply) for reply in elsewhere] == [facts(reply) for reply in on_the_page]


@pytest.mark.parametrize("channel", sorted(API_CHANNELS))
def test_an_answer_has_statements_and_cites_its_guide_on_every_channel(running_service, channel):
    (reply,) = played(running_service, channel, ["南关区居住证丢失补领要带什么材料"])

    assert reply["status"] == "answered"
    assert any(message["statements"] for message in reply["messages"])
    assert all("nanguan" in guide_id for guide_id in guides_cited(reply))
