"""A third party in a call: who is let in, what the others read, what is written down."""

import asyncio
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, RecordingUnavailable, Unauthenticated
from server.desk_wire import call_json
from server.pages.call.consent import consent_text, consent_version, notice_version
from tests.server.desk_world import CHIEF, LI, WANG, DeskWorld
from tests.server.test_calls import live
from tests.waiting import PATIENCE_S
from video.call import CallMode, Party
from video.evidence_files import EvidenceFile
from video.guest import PATIENCE, GuestState

VERSION = consent_version()


@pytest.fixture
async def world() -> DeskWorld:
    world = DeskWorld()
    await world.served()
    await world.on_line(LI)
    await world.stores.desk.put_agent(
        replace(await world.stores.desk.agent(LI.name), display_name="李强", departments=("户籍科",))
    )
    return world


@pytest.fixture
async def call_id(world) -> str:
    return await live(world)


async def notices(world: DeskWorld) -> list[str]:
    events = await world.stores.conversations.events("c1")
    return [event.body["text"] for event in events if event.kind == "notice"]


async def joined(world: DeskWorld, call_id: str):
    """An agent who was invited, agreed, and is connected."""
    guest, _ = await world.guests.invite(WANG, call_id, agent=LI.name)
    guest = await world.guests.answer(guest, VERSION, agree=True)
    await world.guests.offer(guest, "v=0")
    world.media.connect("guest")
    await world.calls.look_after()
    return await world.stores.guests.get(guest.guest_id)


async def test_an_invited_agent_agrees_joins_and_the_citizen_reads_who_it_is(world, call_id):
    with world.screens.open(LI, {}) as screen:
        guest = await joined(world, call_id)
        told = screen.subscription
        first = await anext(aiter(told))

    assert first.body["type"] == "call.invited"
    assert guest.state == GuestState.JOINED
    assert world.media.calls[call_id].keys() == {"citizen", "agent", "guest"}
    assert "李强（户籍科）已加入通话。" in await notices(world)
    assert world.media.recording[call_id]


async def test_what_an_invited_agent_is_told_holds_nothing_of_the_conversation(world, call_id):
    with world.screens.open(LI, {}) as screen:
        await world.guests.invite(WANG, call_id, agent=LI.name)
        news = await anext(aiter(screen.subscription))

    assert news.body.keys() == {"type", "call_id", "guest_id", "name", "invited_by", "state"}
    with pytest.raises(Forbidden):
        await world.desk.access(LI, "c1")


async def test_who_refuses_to_be_recorded_is_not_let_in(world, call_id):
    guest, _ = await world.guests.invite(WANG, call_id, agent=LI.name)

    refused = await world.guests.answer(guest, "", agree=False)

    assert (refused.state, refused.end_reason) == ("ended", "refuse")
    with pytest.raises(IllegalMove):
        await world.guests.offer(guest, "v=0")
    assert "guest" not in world.media.calls[call_id]


async def test_nobody_connects_before_agreeing(world, call_id):
    guest, token = await world.guests.invite(WANG, call_id, companion="女儿")
    guest, _ = await world.guests.arrive_by_link(call_id, token)

    with pytest.raises(IllegalMove):
        await world.guests.offer(guest, "v=0")


async def test_a_link_holds_once_and_its_page_goes_on_with_another_token(world, call_id):
    _, link = await world.guests.invite(WANG, call_id, companion="女儿")

    with pytest.raises(Unauthenticated):  # a link alone opens nothing
        await world.guests.guest_by_token(call_id, link)
    guest, page = await world.guests.arrive_by_link(call_id, link)
    assert guest.shown_name == "女儿（群众同伴）"
    for used in (link, "", "another"):
        with pytest.raises(Unauthenticated):
            await world.guests.arrive_by_link(call_id, used)
        with pytest.raises(Unauthenticated):
            await world.guests.guest_by_token(call_id, used)
    assert (await world.guests.guest_by_token(call_id, page)).guest_id == guest.guest_id


async def test_a_link_opens_nothing_once_the_agent_has_taken_it_back(world, call_id):
    _, link = await world.guests.invite(WANG, call_id, companion="女儿")
    await world.guests.remove(WANG, call_id)

    with pytest.raises(Unauthenticated):
        await world.guests.arrive_by_link(call_id, link)


async def test_a_page_is_out_once_the_agent_has_its_guest_leave(world, call_id):
    _, link = await world.guests.invite(WANG, call_id, companion="女儿")
    guest, page = await world.guests.arrive_by_link(call_id, link)
    guest = await world.guests.answer(guest, VERSION, agree=True)
    await world.guests.remove(WANG, call_id)

    with pytest.raises(Unauthenticated):
        await world.guests.guest_by_token(call_id, page)
    with pytest.raises(IllegalMove):
        await world.guests.offer(guest, "v=0")


async def test_no_link_is_like_another_and_none_is_kept_as_it_is(world, call_id):
    links = set()
    for _ in range(20):
        guest, link = await world.guests.invite(WANG, call_id, companion="女儿")
        links.add(link)
        assert link not in repr(guest)
        assert link not in str(asdict(guest))
        await world.guests.remove(WANG, call_id)

    assert len(links) == 20
    assert all(len(link) >= 32 for link in links)  # 24 bytes of chance


@pytest.mark.parametrize("is_looked_at", [True, False])
async def test_a_link_expires(world, call_id, is_looked_at):
    _, link = await world.guests.invite(WANG, call_id, companion="女儿")
    world.clock.time += PATIENCE[GuestState.INVITED] + timedelta(seconds=1)
    if is_looked_at:
        await world.calls.look_after()

    with pytest.raises(Unauthenticated):
        await world.guests.arrive_by_link(call_id, link)


async def test_only_the_agent_of_the_call_invites_and_removes(world, call_id):
    for user in (LI, CHIEF):
        with pytest.raises(Forbidden):
            await world.guests.invite(user, call_id, companion="女儿")
    guest = await joined(world, call_id)
    with pytest.raises(Forbidden):
        await world.guests.remove(LI, call_id)

    await world.guests.remove(WANG, call_id)

    assert (await world.stores.guests.get(guest.guest_id)).end_reason == "remove"
    assert "guest" not in world.media.calls[call_id]
    assert "李强（户籍科）已离开通话。" in await notices(world)


async def test_nobody_is_invited_who_cannot_come(world, call_id):
    for nobody in ("无名", CHIEF.name):
        with pytest.raises(Conflict):
            await world.guests.invite(WANG, call_id, agent=nobody)
    with pytest.raises(InvalidInput):
        await world.guests.invite(WANG, call_id, agent=WANG.name)
    with pytest.raises(InvalidInput):
        await world.guests.invite(WANG, call_id, companion="  ")
    world.later(minutes=5)
    with pytest.raises(Conflict):
        await world.guests.invite(WANG, call_id, agent=LI.name)


async def test_there_is_one_guest_at_a_time_and_only_in_a_call_with_sound(world, call_id):
    await joined(world, call_id)
    with pytest.raises(Conflict):
        await world.guests.invite(WANG, call_id, companion="女儿")
    await world.guests.remove(WANG, call_id)
    await world.calls.change_mode(call_id, Party.AGENT, CallMode.TEXT)

    with pytest.raises(Conflict):
        await world.guests.invite(WANG, call_id, companion="女儿")


async def test_a_guest_whose_network_is_gone_keeps_the_place_for_a_while(world, call_id):
    guest = await joined(world, call_id)
    world.media.lose("guest")
    await world.calls.look_after()
    assert (await world.stores.guests.get(guest.guest_id)).state == "away"

    await world.guests.offer(guest, "v=0")
    world.media.connect("guest")
    await world.calls.look_after()
    assert (await world.stores.guests.get(guest.guest_id)).state == "joined"
    assert (await notices(world)).count("李强（户籍科）已加入通话。") == 1

    world.media.lose("guest")
    await world.calls.look_after()
    world.clock.time += PATIENCE[GuestState.AWAY]
    await world.calls.look_after()
    assert (await world.stores.guests.get(guest.guest_id)).end_reason == "expired"


async def test_the_call_goes_on_when_its_guest_leaves_and_the_guest_goes_with_the_call(world, call_id):
    guest = await joined(world, call_id)
    await world.guests.leave(guest)
    assert (await world.stores.calls.get(call_id)).state == "live"

    guest, _ = await world.guests.invite(WANG, call_id, agent=LI.name)
    await world.calls.hang_up(call_id, Party.CITIZEN)
    assert (await world.stores.guests.get(guest.guest_id)).end_reason == "call_ended"


async def test_a_guest_who_takes_the_consent_back_leaves_and_the_call_goes_on_recorded(world, call_id):
    guest = await joined(world, call_id)

    left = await world.guests.answer(guest, VERSION, agree=False)

    assert (left.state, left.end_reason, left.consented) == ("ended", "refuse", False)
    assert "guest" not in world.media.calls[call_id]
    call = await world.stores.calls.get(call_id)
    assert (call.state, call.recording, call.consented) == ("live", True, True)


async def test_after_a_restart_a_guest_comes_back_with_the_same_token(world, call_id):
    _, link = await world.guests.invite(WANG, call_id, companion="女儿")
    guest, page = await world.guests.arrive_by_link(call_id, link)
    await world.guests.answer(guest, VERSION, agree=True)
    await world.guests.offer(guest, "v=0")
    world.media.connect("guest")
    await world.calls.look_after()

    again = world.restarted()
    await again.calls.take_up()
    guest = await again.guests.guest_by_token(call_id, page)
    await again.calls.offer(call_id, Party.CITIZEN, "v=0", again=True)
    await again.guests.offer(guest, "v=0")

    assert (await again.stores.guests.get(guest.guest_id)).state == "away"
    assert again.media.calls[call_id].keys() == {"citizen", "guest"}


async def test_invitation_consent_with_its_text_coming_and_going_are_evidence(world, call_id, tmp_path):
    world.keep_evidence(tmp_path)
    guest = await joined(world, call_id)
    await world.guests.leave(guest)

    entries = EvidenceFile(tmp_path, call_id).entries()[1:]  # the first opens the chain
    assert [entry.body.get("event", entry.kind) for entry in entries] == [
        "guest_invited",
        "consent",
        "guest_joined",
        "guest_left",
    ]
    consent = entries[1].body
    assert consent["by"] == f"guest {guest.guest_id}"
    assert (consent["agreed"], consent["version"]) == (True, VERSION)
    assert consent["text"] == consent_text()
    assert entries[3].body["reason"] == "leave"


async def test_who_agrees_to_another_text_or_where_it_cannot_be_kept_is_not_let_in(world, call_id, tmp_path):
    guest, _ = await world.guests.invite(WANG, call_id, agent=LI.name)
    (tmp_path / "file").write_text("no folder")
    world.keep_evidence(tmp_path / "file")
    with pytest.raises(RecordingUnavailable):
        await world.guests.answer(guest, VERSION, agree=True)
    world.keep_evidence(tmp_path)
    with pytest.raises(Conflict):
        await world.guests.answer(guest, notice_version(), agree=True)

    with pytest.raises(IllegalMove):
        await world.guests.offer(guest, "v=0")


async def test_those_in_the_call_hear_of_a_guest_whom_a_restart_had_made_unknown(world, call_id):
    await world.guests.invite(WANG, call_id, companion="女儿")

    again = world.restarted()
    await again.calls.take_up()
    with again.fan_out.subscribe("c1") as page:
        await again.calls.look_after()
        async with asyncio.timeout(PATIENCE_S):
            while (news := await anext(aiter(page))).body.get("guest") is None:
                pass

    assert news.body["guest"] == {"name": "女儿（群众同伴）", "state": "invited"}


async def test_each_invitation_and_each_coming_is_in_the_access_log(world, call_id):
    await joined(world, call_id)

    noted = [(each.user, each.action, each.kind) for each in await world.stores.access.entries()]
    assert noted == [(LI.name, "join", "call"), (WANG.name, "invite", "call")]


class TestListening:
    """A supervisor hears a call, is known to, and takes it over."""

    async def test_who_listens_connects_and_those_in_the_call_are_told(self, world, call_id):
        with world.fan_out.subscribe("c1") as watching:
            await world.listening.begin(CHIEF, call_id)
            news = await anext(aiter(watching))
        await world.listening.offer(CHIEF, call_id, "v=0")

        assert news.body["listened"] is True
        assert world.media.calls[call_id]["listener"] == "connecting"
        (noted,) = await world.stores.access.entries()
        assert (noted.user, noted.action, noted.kind, noted.record_id) == (
            CHIEF.name,
            "listen",
            "call",
            call_id,
        )

    async def test_who_has_not_begun_hears_nothing(self, world, call_id):
        with pytest.raises(Forbidden):
            await world.listening.offer(CHIEF, call_id, "v=0")

    async def test_one_listens_at_a_time_and_nobody_to_their_own_call(self, world, call_id):
        await world.listening.begin(CHIEF, call_id)
        await world.listening.begin(CHIEF, call_id)

        with pytest.raises(Conflict):
            await world.listening.begin(LI, call_id)
        with pytest.raises(Conflict):
            await world.listening.begin(WANG, call_id)

    async def test_who_ends_or_has_gone_listens_no_more(self, world, call_id):
        await world.listening.begin(CHIEF, call_id)
        await world.listening.offer(CHIEF, call_id, "v=0")
        await world.listening.end(CHIEF, call_id)
        assert "listener" not in world.media.calls[call_id]

        await world.listening.begin(CHIEF, call_id)
        world.later(minutes=1)
        await world.calls.look_after()
        with pytest.raises(Forbidden):
            await world.listening.offer(CHIEF, call_id, "v=0")

    async def test_taking_over_keeps_the_call_and_the_supervisor_comes_in_the_agents_place(
        self, world, call_id
    ):
        await world.listening.begin(CHIEF, call_id)
        await world.listening.offer(CHIEF, call_id, "v=0")

        await world.supervision.take_over(CHIEF, "c1")

        assert (await world.stores.calls.get(call_id)).state == "held"
        assert world.media.calls[call_id].keys() == {"citizen"}
        with pytest.raises(Forbidden):
            await world.calls.offer(call_id, Party.AGENT, "v=0", again=True, agent=WANG.name)
        await world.calls.offer(call_id, Party.AGENT, "v=0", again=True, agent=CHIEF.name)
        world.media.connect("citizen", "agent")
        await world.calls.look_after()
        stored = await world.stores.calls.get(call_id)
        assert (stored.state, stored.agent) == ("live", CHIEF.name)
        assert world.media.recording[call_id]

    async def test_who_takes_over_as_a_guest_is_no_guest_any_more(self, world, call_id):
        await world.on_line(CHIEF)
        guest, _ = await world.guests.invite(WANG, call_id, agent=CHIEF.name)

        await world.supervision.take_over(CHIEF, "c1")

        assert (await world.stores.guests.get(guest.guest_id)).end_reason == "leave"

    async def test_a_call_learns_late_of_its_new_agent_where_taking_over_was_cut_off(self, world, call_id):
        world.supervision._pass_call_on = nothing
        await world.supervision.take_over(CHIEF, "c1")
        assert (await world.stores.calls.get(call_id)).agent == WANG.name

        await world.calls.offer(call_id, Party.AGENT, "v=0", again=True, agent=CHIEF.name)

        assert (await world.stores.calls.get(call_id)).agent == CHIEF.name
        with pytest.raises(Forbidden):
            await world.calls.offer(call_id, Party.AGENT, "v=0", again=True, agent=WANG.name)

    async def test_taking_over_stays_done_when_the_call_ends_at_that_moment(self, world, call_id):
        await world.calls.hang_up(call_id, Party.CITIZEN)
        await world.calls.pass_on("c1", CHIEF.name)

        assert (await world.stores.calls.get(call_id)).agent == WANG.name

    async def test_nobody_at_the_desk_reads_off_the_call_who_listens_unless_told(self, world, call_id):
        await world.listening.begin(CHIEF, call_id)
        stored = await world.stores.calls.get(call_id)
        course = (await world.calls.entry(call_id)).course()

        body = call_json(replace(stored, quality={"level": "good", "course": course}))

        assert body["quality"] == {"level": "good"}


async def nothing(*_):
    """What a process that is killed does."""
