"""Forty citizens ask for a person in the same instant, and three agents come to all of them in turn."""

from collections import Counter
from pathlib import Path

import pytest

from bench.queue_load import PASSWORD, Course, play
from core.statuses import Role
from tests.scenarios.conftest import ScriptedService

pytestmark = pytest.mark.slow

CITIZENS, AGENTS = 40, ("an", "bo", "chen")


@pytest.fixture
async def course(tmp_path: Path):
    """What they went through."""
    service = ScriptedService(tmp_path / "var").start()
    try:
        for name in AGENTS:
            service.add_user(name, Role.AGENT, PASSWORD)
        yield await play(service.url, AGENTS, CITIZENS, talk_seconds=0.3)
    finally:
        service.stop()


async def test_everybody_is_served_once_and_in_turn_and_is_told_how_long_it_takes(course: Course):
    assert all(len(visit.reached) == 1 and visit.closed for visit in course.visits)
    assert Counter(Counter(taken.conversation_id for taken in course.taken).values()) == {1: CITIZENS}
    assert {taken.agent for taken in course.taken} == set(AGENTS)

    assert course.overtakings() == []
    elderly = {visit.conversation_id for visit in course.visits if visit.priority}
    assert 0 < len(elderly) < CITIZENS  # else nothing was tried

    for visit in course.visits:
        assert visit.told["position"] >= 1
        assert visit.told["wait_seconds"] is not None
        positions = [position for _, position, _ in visit.places]
        assert all(1 <= position <= CITIZENS for position in positions)
    assert course.published["count"] == CITIZENS
    assert course.published["mean_absolute"] > 0
