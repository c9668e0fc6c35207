"""The page suggests what the published guides can answer, and nothing else."""

import pytest

from core.errors import Unavailable
from core.statuses import GuideStatus
from server.suggestions import LONGEST_NAME, LOOK_EVERY_SECONDS, SHOWN, USUAL, Suggestions
from tests.fakes import InMemoryKnowledgeStore
from tests.server.conftest import guide_record

ID_CARD = "身份证丢了怎么补办？要带什么？"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def until_the_next_look(self) -> None:
        self.time += LOOK_EVERY_SECONDS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> InMemoryKnowledgeStore:
    return InMemoryKnowledgeStore()


@pytest.fixture
def suggestions(store, clock) -> Suggestions:
    return Suggestions(store, now=clock)


async def publish(store, *items: str) -> None:
    await store.publish_guides([guide_record(f"g{n:03}", item=item) for n, item in enumerate(items)])


async def test_without_guides_nothing_is_suggested(suggestions):
    assert await suggestions.questions() == ()


async def test_usual_questions_are_suggested_if_their_item_is_published(store, suggestions):
    await publish(store, *(suggestion.items[-1] for suggestion in USUAL))

    assert await suggestions.questions() == tuple(suggestion.question for suggestion in USUAL[:SHOWN])


async def test_what_is_missing_is_filled_up_with_other_published_items(store, suggestions):
    await publish(store, "老年人优待证", "丢失补领身份证", "老年人优待证", "长" * (LONGEST_NAME + 1))

    assert await suggestions.questions() == (ID_CARD, "老年人优待证怎么办理？")


async def test_what_was_withdrawn_is_suggested_no_longer(store, suggestions, clock):
    await publish(store, "丢失补领身份证", "老年人优待证")
    assert ID_CARD in await suggestions.questions()
    await store.set_status("g000", 1, GuideStatus.WITHDRAWN)

    clock.until_the_next_look()

    assert await suggestions.questions() == ("老年人优待证怎么办理？",)


async def test_the_store_is_asked_rarely_and_searched_only_after_a_change(
    store, suggestions, clock, monkeypatch
):
    await publish(store, "丢失补领身份证")
    first = await suggestions.questions()

    async def unexpected(**_: object) -> None:
        raise AssertionError("nothing was published since")

    monkeypatch.setattr(store, "list_guides", unexpected)
    clock.until_the_next_look()

    assert await suggestions.questions() == first


async def test_while_the_store_is_away_the_last_ones_stay(store, suggestions, clock, monkeypatch):
    await publish(store, "丢失补领身份证")
    first = await suggestions.questions()

    async def away() -> None:
        raise Unavailable("away")

    monkeypatch.setattr(store, "last_change", away)
    clock.until_the_next_look()

    assert await suggestions.questions() == first


async def test_the_page_shows_them(service):
    await publish(service.knowledge, "丢失补领身份证")

    html = await (await service.client.get("/")).text()

    assert f'value="{ID_CARD}"' in html
    assert "孩子刚出生" not in html
