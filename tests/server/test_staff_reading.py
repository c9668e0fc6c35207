"""Who of the staff may read a conversation, and which look is in the access log."""

import pytest

from core.errors import Forbidden, NotFound
from server.staff_reading import ONE_LOOK, READABLE_AFTERWARDS, StaffReading
from tests.server.desk_world import CHIEF, LI, WANG, DeskWorld


@pytest.fixture
def world() -> DeskWorld:
    return DeskWorld()


@pytest.fixture
def reading(world) -> StaffReading:
    return StaffReading(
        world.stores.conversations, world.stores.desk, world.desk, world.stores.access, now=world.clock
    )


async def looks(world) -> list[tuple[str, str, str, bool]]:
    """What the access log holds of conversations, oldest first."""
    entries = [e for e in await world.stores.access.entries() if e.kind == "conversation"]
    return [(e.user, e.action, e.record_id, e.allowed) for e in reversed(entries)]


async def ended(world, name: str = "c1") -> None:
    """王芳 served the citizen, who goes on with the bot afterwards."""
    await world.served(name)
    await world.desk.say(WANG, name, "材料齐了")
    world.later(minutes=5)
    await world.desk.close(WANG, name, "已核对材料")
    world.later(minutes=5)
    await world.stores.conversations.append(name, "citizen_message", {"text": "与坐席无关"})


# --- what is noted ---------------------------------------------------------------------------------


async def test_an_agents_own_conversation_is_read_without_a_note(world, reading):
    await world.served()

    await reading.read(WANG, "c1", "read")

    assert await looks(world) == []


@pytest.mark.parametrize("user", [WANG, CHIEF], ids=["an agent", "a supervisor"])
async def test_a_look_at_someone_who_waits_is_noted_with_where_it_came_from(world, reading, user):
    await world.on_line()
    await world.asks()

    await reading.read(user, "c1", "read", client="10.0.0.7")

    [entry] = await world.stores.access.entries(record_id="c1")
    assert (entry.user, entry.action, entry.kind, entry.allowed) == (user.name, "read", "conversation", True)
    assert (entry.conversation_id, entry.client, entry.at) == ("c1", "10.0.0.7", world.clock())


async def test_a_page_that_asks_again_and_again_is_one_look(world, reading):
    await world.served()

    for _ in range(3):
        await reading.read(CHIEF, "c1", "read")
        world.later(minutes=3)
    await reading.read(CHIEF, "c1", "draft")

    assert await looks(world) == [(CHIEF.name, "read", "c1", True), (CHIEF.name, "draft", "c1", True)]


async def test_a_look_that_goes_on_is_noted_anew(world, reading):
    await world.served()

    await reading.read(CHIEF, "c1", "read")
    world.clock.advance(ONE_LOOK)
    await reading.read(CHIEF, "c1", "read")

    assert len(await looks(world)) == 2


async def test_who_may_not_look_is_noted_as_kept_from_it(world, reading):
    await world.served()

    for _ in range(2):
        with pytest.raises(Forbidden):
            await reading.read(LI, "c1", "read")

    assert await looks(world) == [(LI.name, "read", "c1", False)]


async def test_a_look_that_could_not_be_noted_is_refused_and_noted_the_next_time(world, reading, monkeypatch):
    await world.served()

    async def full(entry):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(world.stores.access, "add", full)
        with pytest.raises(OSError, match="disk full"):
            await reading.read(CHIEF, "c1", "read")
    await reading.read(CHIEF, "c1", "read")

    assert await looks(world) == [(CHIEF.name, "read", "c1", True)]


async def test_what_is_not_there_is_not_found(world, reading):
    with pytest.raises(NotFound):
        await reading.read(CHIEF, "nobody", "read")


# --- looking back ----------------------------------------------------------------------------------


async def test_an_agent_looks_back_on_what_ended_with_them_and_it_is_noted(world, reading):
    await ended(world)

    found = await reading.read(WANG, "c1", "read")

    part = found.part_of(await world.stores.conversations.events("c1"))
    assert [event.kind for event in part[-3:]] == ["agent_message", "summary", "holder"]
    assert "与坐席无关" not in repr(part)
    assert await looks(world) == [(WANG.name, "read", "c1", True)]
    assert [each.conversation_id for each in await reading.ended(WANG)] == ["c1"]


async def test_what_the_citizen_sent_later_is_not_the_agents(world, reading):
    await ended(world)

    found = await reading.read(WANG, "c1", "read")

    assert found.includes(found.until)
    assert not found.includes(world.clock())


async def test_an_agent_reads_what_belongs_to_a_message_that_is_to_be_seen_to(world, reading):
    await world.on_line()
    await world.asks()
    await world.handovers.leave_message(await world.stores.conversations.get("c1"), "请联系我")
    [left] = await world.stores.desk.follow_ups()

    assert (await reading.read(LI, "c1", "read")).until is None
    assert await looks(world) == [(LI.name, "read", "c1", True)]
    await world.stores.desk.finish_follow_up(left.follow_up_id, LI.name, "已联系")
    with pytest.raises(Forbidden):
        await reading.read(LI, "c1", "read")


async def test_a_message_opens_nothing_that_another_agent_has(world, reading):
    await world.asks()
    conversation = await world.stores.conversations.get("c1")
    await world.handovers.leave_message(conversation, "请联系我")
    await world.on_line(WANG)
    ticket = await world.handovers.request(conversation, world.wish(), None)
    await world.desk.accept(WANG, ticket.handover.handover_id)

    with pytest.raises(Forbidden):
        await reading.read(LI, "c1", "read")


async def test_another_agent_does_not_look_back_on_it(world, reading):
    await ended(world)

    with pytest.raises(Forbidden):
        await reading.read(LI, "c1", "read")
    assert await reading.ended(LI) == ()


async def test_once_another_has_the_citizen_it_is_theirs_alone(world, reading):
    await ended(world)
    await world.on_line(LI)
    conversation = await world.stores.conversations.get("c1")
    ticket = await world.handovers.request(conversation, world.wish(), None)
    await world.desk.accept(LI, ticket.handover.handover_id)

    with pytest.raises(Forbidden):
        await reading.read(WANG, "c1", "read")


async def test_after_some_days_the_agent_no_longer_looks_back(world, reading):
    await ended(world)
    world.clock.advance(READABLE_AFTERWARDS)

    with pytest.raises(Forbidden):
        await reading.read(WANG, "c1", "read")
    assert await reading.ended(WANG) == ()


async def test_one_conversation_that_ended_twice_is_listed_once(world, reading):
    await ended(world)
    conversation = await world.stores.conversations.get("c1")
    ticket = await world.handovers.request(conversation, world.wish(), None)
    await world.desk.accept(WANG, ticket.handover.handover_id)
    await world.desk.hand_back(WANG, "c1")
    await ended(world, "c2")

    listed = await reading.ended(WANG)

    assert [(each.conversation_id, each.outcome) for each in listed] == [
        ("c2", "closed"),
        ("c1", "handed_back"),
    ]
