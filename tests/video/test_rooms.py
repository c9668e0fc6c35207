"""The calls of a media process, with legs that only remember what was done with them."""

import asyncio

import pytest

from core.errors import InvalidInput, MediaFull, NotFound, RecordingUnavailable
from tests.waiting import comes_true
from video import rooms as rooms_module
from video.rooms import Rooms


class FakeLeg:
    def __init__(self, offer, seats, sends, on_end):
        self.seats, self.sends = seats, sends
        self.answer = f"answer to {offer}"
        self.receivers = (f"audio of {offer}", f"video of {offer}")
        self.end = on_end
        self.others = []
        self.closed = False

    @property
    def other(self):
        return self.others[0]

    def receive_from(self, others):
        self.others = list(others)

    def stats(self):
        return {"state": "closed" if self.closed else "connected"}

    async def close(self):
        await asyncio.sleep(0)
        self.closed = True


class FakeRecorder:
    def __init__(self):
        self.tapped, self.closed, self.figures = [], 0, {"bytes": 1}

    def tap(self, party, receiver):
        self.tapped.append((party, receiver))

    async def close(self):
        self.closed += 1

    def stats(self):
        return self.figures


class Surroundings:
    """Rooms with what they opened."""

    def __init__(self, *, max_calls=3, with_recorder=True):
        self.legs, self.recorders = [], []
        self.rooms = Rooms(
            self.open_leg, max_calls=max_calls, open_recorder=self.open_recorder if with_recorder else None
        )

    async def open_leg(self, offer, *, seats, sends, on_end):
        await asyncio.sleep(0)
        if offer == "nonsense":
            raise InvalidInput("nonsense")
        self.legs.append(FakeLeg(offer, seats, sends, on_end))
        return self.legs[-1]

    def open_recorder(self, call_id):
        self.recorders.append(FakeRecorder())
        return self.recorders[-1]

    async def join(self, party, offer="o", *, call="c1", record=False):
        return await self.rooms.join(call, party, offer, record=record)


@pytest.fixture
def here():
    return Surroundings()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_answer_comes_back(here):
    assert await here.join("citizen", "mine") == "answer to mine"


async def test_each_party_gets_what_the_other_sends(here):
    await here.join("citizen")
    await here.join("agent")
    citizen, agent = here.legs

    assert (citizen.other, agent.other) == (agent, citizen)


async def test_a_third_party_is_seen_by_both_and_a_listener_by_nobody():
    here = Surroundings(max_calls=5)
    for party in ("listener", "guest", "agent", "citizen"):
        await here.join(party)
    listener, guest, agent, citizen = here.legs

    assert citizen.others == [agent, guest]
    assert agent.others == [citizen, guest]
    assert guest.others == [citizen, agent]
    assert listener.others == [citizen, agent, guest]
    assert [(leg.seats, leg.sends) for leg in here.legs] == [(3, False), (2, True), (2, True), (2, True)]


async def test_the_seat_of_who_leaves_is_empty(here):
    for party in ("citizen", "agent", "guest"):
        await here.join(party)
    await here.rooms.leave("c1", "guest")
    await settle()
    citizen, agent, guest = here.legs

    assert guest.closed
    assert (citizen.others, agent.others) == ([agent, None], [citizen, None])


async def test_a_third_party_takes_as_much_as_two_calls_and_a_listener_as_one():
    here = Surroundings(max_calls=4)
    await here.join("citizen")
    await here.join("guest")
    await here.join("citizen", call="c2")

    with pytest.raises(MediaFull):
        await here.join("citizen", call="c3")
    with pytest.raises(MediaFull):
        await here.join("listener", call="c2")
    assert len(here.legs) == 3


async def test_the_place_of_a_third_party_is_kept_while_its_network_is_gone_and_free_when_it_leaves():
    here = Surroundings(max_calls=3)
    await here.join("citizen")
    await here.join("guest")
    here.legs[1].end()
    await settle()

    with pytest.raises(MediaFull):
        await here.join("citizen", call="c2")
    await here.join("guest")
    await here.rooms.leave("c1", "guest")
    await here.join("citizen", call="c2")


async def test_a_third_party_whose_offer_is_without_use_takes_no_place():
    here = Surroundings(max_calls=3)
    await here.join("citizen")
    with pytest.raises(InvalidInput):
        await here.join("guest", "nonsense")

    await here.join("citizen", call="c2")


async def test_a_call_where_only_a_listener_is_left_is_forgotten(here, monkeypatch):
    monkeypatch.setattr(rooms_module, "FORGET_AFTER_S", 0.02)
    await here.join("citizen")
    await here.join("listener")
    await here.rooms.leave("c1", "citizen")

    await comes_true(lambda: here.rooms.stats()["calls"] == 0)
    await comes_true(lambda: here.legs[1].closed)


async def test_a_new_leg_takes_the_place_of_the_old_one_and_the_other_stays(here):
    await here.join("citizen")
    await here.join("agent")
    await here.join("citizen", "again")
    await settle()
    old, agent, new = here.legs

    assert (old.closed, agent.closed, new.closed) == (True, False, False)
    assert (agent.other, new.other) == (new, agent)


async def test_the_end_of_a_replaced_leg_takes_nobody_out_of_the_call(here):
    await here.join("citizen")
    await here.join("citizen", "again")
    here.legs[0].end()
    await settle()

    assert here.rooms.call_stats("c1")["legs"] == {"citizen": {"state": "connected"}}


async def test_a_broken_connection_leaves_the_place_and_the_other_party(here):
    await here.join("citizen")
    await here.join("agent")
    here.legs[0].end()
    await settle()

    assert here.legs[0].closed
    assert here.legs[1].other is None
    assert here.rooms.call_stats("c1")["legs"].keys() == {"agent"}
    await here.join("citizen")
    assert here.legs[1].other is here.legs[2]


async def test_leaving_twice_is_no_mistake_but_an_unknown_call_is(here):
    await here.join("citizen")
    await here.rooms.leave("c1", "citizen")
    await here.rooms.leave("c1", "citizen")

    with pytest.raises(NotFound):
        await here.rooms.leave("c2", "citizen")


async def test_above_the_limit_new_calls_are_refused_and_known_ones_are_not():
    here = Surroundings(max_calls=1)
    await here.join("citizen")

    with pytest.raises(MediaFull):
        await here.join("citizen", call="c2")
    await here.join("agent")
    await here.rooms.close("c1")
    await here.join("citizen", call="c2")

    assert here.rooms.stats()["refused"] == 1


async def test_an_offer_without_use_takes_no_place():
    here = Surroundings(max_calls=1)

    with pytest.raises(InvalidInput):
        await here.join("citizen", "nonsense")
    await comes_true(lambda: here.rooms.stats()["calls"] == 0)


async def test_an_offer_without_use_leaves_the_old_leg_where_it_is(here):
    await here.join("citizen")

    with pytest.raises(InvalidInput):
        await here.join("citizen", "nonsense")

    assert not here.legs[0].closed
    assert here.rooms.call_stats("c1")["legs"].keys() == {"citizen"}


async def test_closing_ends_legs_and_recording_and_joins_under_way(here):
    await here.join("citizen", record=True)
    joining = asyncio.create_task(here.join("agent"))
    await asyncio.sleep(0)
    await here.rooms.close("c1")

    with pytest.raises(NotFound):
        await joining
    await settle()
    assert all(leg.closed for leg in here.legs)
    assert here.recorders[0].closed == 1
    assert here.rooms.stats()["calls"] == 0


async def test_everything_ends_with_the_process(here):
    await here.join("citizen")
    await here.join("agent", call="c2", record=True)

    await here.rooms.close_all()

    assert all(leg.closed for leg in here.legs)
    assert here.rooms.stats() == {"calls": 0, "max_calls": 3, "legs": 0, "recording": 0, "refused": 0}


async def test_a_call_without_anybody_is_forgotten_after_a_while(here, monkeypatch):
    monkeypatch.setattr(rooms_module, "FORGET_AFTER_S", 0.02)
    await here.join("citizen", record=True)
    here.legs[0].end()

    await comes_true(lambda: here.rooms.stats()["calls"] == 0)
    await comes_true(lambda: here.recorders[0].closed == 1)


async def test_who_returns_in_time_finds_the_call(here, monkeypatch):
    monkeypatch.setattr(rooms_module, "FORGET_AFTER_S", 0.05)
    await here.join("citizen")
    here.legs[0].end()
    await settle()
    await here.join("citizen")
    await asyncio.sleep(0.1)

    assert here.rooms.stats()["calls"] == 1


async def test_recording_takes_in_both_parties_and_each_new_leg(here):
    await here.join("citizen")
    await here.rooms.record("c1", on=True)
    await here.rooms.record("c1", on=True)
    await here.join("agent", "b", record=True)
    await here.join("citizen", "c", record=True)

    (recorder,) = here.recorders
    assert recorder.tapped == [
        (party, f"{kind} of {offer}")
        for party, offer in (("citizen", "o"), ("agent", "b"), ("citizen", "c"))
        for kind in ("audio", "video")
    ]


async def test_recording_begun_anew_gets_a_recorder_of_its_own(here):
    await here.join("citizen", record=True)
    await here.rooms.record("c1", on=False)
    await here.rooms.record("c1", on=False)
    await here.rooms.record("c1", on=True)

    assert [recorder.closed for recorder in here.recorders] == [1, 0]


async def test_where_nothing_can_be_recorded_nobody_is_told_that_it_is():
    here = Surroundings(with_recorder=False)

    with pytest.raises(RecordingUnavailable):
        await here.join("citizen", record=True)

    assert here.legs == []


async def test_who_comes_back_without_wanting_a_recording_ends_it(here):
    await here.join("citizen", record=True)
    await here.join("citizen", "again", record=False)

    assert [recorder.closed for recorder in here.recorders] == [1]
    assert here.rooms.call_stats("c1")["recording"] is None


async def test_a_recorder_that_has_given_up_makes_way_for_a_new_one(here):
    await here.join("citizen", record=True)
    here.recorders[0].figures = {"state": "disk_full"}

    await here.rooms.record("c1", on=True)

    assert [recorder.closed for recorder in here.recorders] == [1, 0]
    assert len(here.recorders[1].tapped) == 2


async def test_a_leg_that_cannot_be_closed_keeps_neither_the_others_nor_the_recorder_open(here, monkeypatch):
    await here.join("citizen", record=True)
    await here.join("agent", record=True)

    async def fails():
        raise OSError("any error")

    monkeypatch.setattr(here.legs[0], "close", fails)
    await here.rooms.close("c1")

    assert here.legs[1].closed
    assert here.recorders[0].closed == 1
