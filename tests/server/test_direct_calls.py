"""Calls from browser to browser over both sockets: what is passed on, to whom alone, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp import ClientWebSocketResponse

from core.errors import IllegalMove, NotFound, RecordingUnavailable
from core.statuses import Role
from server.direct_calls import BELIEVED_FOR_S, DirectMedia
from server.pages.call.consent import NOTICE, consent_version, notice_version
from tests.fakes import ManualClock
from tests.server.conftest import assert_canonical_error
from tests.server.desk_api import Citizen, Desk, accepted, agent_at_desk, citizen_who_asks, desk_of, until
from video.call import Party
from video.evidence_files import EvidenceFile
from video.signalling import MAX_SDP_BYTES

agent = agent_at_desk
citizen = citizen_who_asks

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AB\r\nm=audio 9 X 0\r\n"
CANDIDATE = "candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host"


@pytest.fixture
async def service(start_service):
    return await start_service(rate_messages_per_minute=1000, call_media="direct")


@dataclass
class Talk:
    """A call with both sockets open; the citizen has read that nothing is recorded."""

    call_id: str
    desk: ClientWebSocketResponse
    page: ClientWebSocketResponse

    async def say(self, socket, kind, **body):
        await socket.send_json({"type": kind, "call_id": self.call_id, **body})

    async def refusal(self, socket, kind, **body) -> str:
        await self.say(socket, kind, **body)
        return (await until(socket, lambda news: news.get("type") == "error"))["code"]

    async def round(self) -> dict:
        """Both are ready; what the agent's page is told then."""
        await self.say(self.page, "peer.ready", page="c1")
        await self.say(self.desk, "peer.ready", page="a1")
        return await heard(self.desk, "peer.wanted")

    async def agreed(self) -> str:
        """Both have described themselves; the round."""
        round_ = (await self.round())["round"]
        await self.say(self.desk, "peer.offer", page="a1", round=round_, sdp=SDP)
        await heard(self.page, "peer.offer")
        await self.say(self.page, "peer.answer", page="c1", round=round_, sdp=SDP)
        await heard(self.desk, "peer.answer")
        return round_


async def heard(socket, kind) -> dict:
    return await until(socket, lambda news: news.get("type") == kind)


async def told_nothing_of_peers(socket) -> None:
    """What is on its way to this socket comes, and none of it is a page's word to another."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until(socket, lambda news: news.get("type", "").startswith("peer.")), 0.3)


@asynccontextmanager
async def talking(agent: Desk, citizen: Citizen) -> AsyncIterator[Talk]:
    path = await accepted(agent, citizen)
    async with agent.events() as desk, citizen.watching() as page:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        answer = {"version": notice_version(), "agree": False}
        _, consented = await citizen.call("POST", f"/calls/{call['call_id']}/consent", json=answer)
        assert consented["state"] == "connecting"
        yield Talk(call["call_id"], desk, page)


async def test_offer_answer_and_addresses_go_to_the_other_page_and_the_call_is_live(agent, citizen):
    async with talking(agent, citizen) as talk:
        wanted = await talk.round()
        assert (wanted["page"], wanted["fresh"]) == ("a1", True)
        round_ = wanted["round"]
        await talk.say(talk.desk, "peer.offer", page="a1", round=round_, sdp=SDP)
        await talk.say(
            talk.desk, "peer.candidate", page="a1", round=round_, candidate=CANDIDATE, mid="0", fragment="u"
        )
        offer = await heard(talk.page, "peer.offer")
        assert (offer["page"], offer["sdp"]) == ("c1", SDP)
        candidate = await heard(talk.page, "peer.candidate")
        assert (candidate["candidate"], candidate["mid"], candidate["fragment"]) == (CANDIDATE, "0", "u")
        await talk.say(talk.page, "peer.answer", page="c1", round=round_, sdp=SDP)
        assert (await heard(talk.desk, "peer.answer"))["sdp"] == SDP
        for socket, page in ((talk.desk, "a1"), (talk.page, "c1")):
            await talk.say(socket, "peer.state", page=page, round=round_, connected=True)
        for socket in (talk.desk, talk.page):
            live = await until(socket, lambda news: news.get("state") == "live")
            assert live["recording"] is False


async def test_a_page_that_lost_the_connection_has_the_path_looked_for_anew(agent, citizen):
    async with talking(agent, citizen) as talk:
        round_ = await talk.agreed()
        for socket, page in ((talk.desk, "a1"), (talk.page, "c1")):
            await talk.say(socket, "peer.state", page=page, round=round_, connected=True)
        await until(talk.desk, lambda news: news.get("state") == "live")
        await talk.say(talk.page, "peer.state", page="c1", round=round_, connected=False)
        await until(talk.desk, lambda news: news.get("state") == "held")
        await talk.say(talk.page, "peer.ready", page="c1")
        wanted = await heard(talk.desk, "peer.wanted")

    assert wanted["round"] != round_
    assert not wanted["fresh"]


async def test_down_to_text_and_up_again_is_the_same_call(agent, citizen):
    async with talking(agent, citizen) as talk:
        round_ = await talk.agreed()
        await talk.say(talk.page, "call.mode", mode="text")
        late = await talk.refusal(talk.page, "peer.state", page="c1", round=round_, connected=False)
        assert late == "out_of_turn"
        assert await talk.refusal(talk.page, "peer.ready", page="c2") == "illegal_move"
        await talk.say(talk.page, "call.mode", mode="audio")
        await talk.say(talk.page, "peer.ready", page="c2")
        await talk.say(talk.desk, "peer.ready", page="a2")
        wanted = await heard(talk.desk, "peer.wanted")

    assert wanted["fresh"]


async def test_a_supervisor_who_follows_the_conversation_hears_no_page_speak_to_the_other(
    service, agent, citizen
):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    async with talking(agent, citizen) as talk, chief.events() as listening:
        await chief.done("POST", f"/conversations/{citizen.id}/listen")
        await talk.agreed()
        await told_nothing_of_peers(listening)


async def test_nobody_else_speaks_in_the_call(service, agent, citizen):
    stranger = Citizen(service, await service.started())
    other = await desk_of(service, "李强")
    async with talking(agent, citizen) as talk, stranger.watching() as page, other.events() as desk:
        round_ = (await talk.round())["round"]
        for kind, body in [
            ("peer.ready", {}),
            ("peer.offer", {"round": round_, "sdp": SDP}),
            ("peer.candidate", {"round": round_, "candidate": CANDIDATE, "mid": "0", "fragment": ""}),
            ("peer.state", {"round": round_, "connected": True}),
        ]:
            assert await talk.refusal(page, kind, page="a1", **body) == "not_found"
            assert await talk.refusal(desk, kind, page="a1", **body) == "forbidden"
        await told_nothing_of_peers(talk.page)


async def test_forged_early_and_oversized_words_are_refused_and_change_nothing(agent, citizen):
    async with talking(agent, citizen) as talk:
        round_ = (await talk.round())["round"]
        for socket, kind, body, code in [
            (talk.page, "peer.offer", {"page": "c1", "round": round_, "sdp": SDP}, "forbidden"),
            (talk.desk, "peer.answer", {"page": "a1", "round": round_, "sdp": SDP}, "forbidden"),
            (talk.desk, "peer.offer", {"page": "a9", "round": round_, "sdp": SDP}, "forbidden"),
            (talk.desk, "peer.offer", {"page": "a1", "round": "r0", "sdp": SDP}, "out_of_turn"),
            (talk.page, "peer.answer", {"page": "c1", "round": round_, "sdp": SDP}, "out_of_turn"),
            (talk.page, "peer.state", {"page": "c1", "round": round_, "connected": True}, "out_of_turn"),
            (talk.desk, "peer.offer", {"page": "a1", "round": round_, "sdp": "x"}, "invalid_input"),
            (
                talk.desk,
                "peer.offer",
                {"page": "a1", "round": round_, "sdp": SDP + "m=application 9 X 0\r\n"},
                "invalid_input",
            ),
            (
                talk.desk,
                "peer.offer",
                {"page": "a1", "round": round_, "sdp": SDP.replace("a=fingerprint", "a=x")},
                "invalid_input",
            ),
            (
                talk.desk,
                "peer.offer",
                {"page": "a1", "round": round_, "sdp": SDP + "a" * MAX_SDP_BYTES},
                "body_too_large",
            ),
            (talk.desk, "call.offer", {"sdp": SDP}, "illegal_move"),
            (talk.page, "call.rejoin", {"sdp": SDP}, "illegal_move"),
        ]:
            assert await talk.refusal(socket, kind, **body) == code
        await told_nothing_of_peers(talk.page)
        await talk.say(talk.desk, "peer.offer", page="a1", round=round_, sdp=SDP)
        await heard(talk.page, "peer.offer")


async def test_nothing_is_passed_on_before_the_citizen_was_told_that_nothing_is_recorded(agent, citizen):
    path = await accepted(agent, citizen)
    async with agent.events() as desk:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        talk = Talk(call["call_id"], desk, desk)

        assert await talk.refusal(desk, "peer.ready", page="a1") == "illegal_move"


async def test_no_consent_to_a_recording_is_taken_and_the_notice_is_in_the_evidence(agent, citizen, settings):
    async with talking(agent, citizen) as talk:
        agreeing = {"version": consent_version(), "agree": True}
        response, _ = await citizen.call("POST", f"/calls/{talk.call_id}/consent", json=agreeing)
        assert response.status == 409
        entries = EvidenceFile(settings.data / "evidence", talk.call_id).entries()

    [told] = [entry.body for entry in entries if entry.kind == "consent"]
    assert (told["agreed"], told["version"], told["text"]) == (False, notice_version(), "\n".join(NOTICE))


async def test_where_media_are_relayed_pages_dont_speak_to_each_other(start_service):
    service = await start_service(rate_messages_per_minute=1000)
    agent, citizen = await desk_of(service), Citizen(service, await service.started())
    await agent.done("PUT", "/me", json={"state": "available"})
    path = await accepted(agent, citizen)
    async with agent.events() as desk:
        call = await agent.done("POST", path + "/calls", json={"mode": "video"})
        talk = Talk(call["call_id"], desk, desk)

        assert await talk.refusal(desk, "peer.ready", page="a1") == "illegal_move"


async def test_pages_and_wall_are_told_that_media_go_directly(service, agent, citizen):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)

    assert (await agent.done("GET", "/ice"))["media"] == "direct"
    assert (await citizen.call("GET", "/ice"))[1]["media"] == "direct"
    assert (await chief.done("GET", "/wall"))["call_media"] == "direct"
    async with service.client.get("/call/c1") as page:
        assert 'data-recorded="false"' in await page.text()


async def test_no_third_party_comes_and_nobody_listens_and_both_are_told_why(service, agent, citizen):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    other = await desk_of(service, "李强")
    await other.done("PUT", "/me", json={"state": "available"})
    async with talking(agent, citizen) as talk:
        for desk, what, body in [
            (agent, "guest", {"companion": "女儿"}),
            (agent, "guest", {"agent": "李强"}),
            (chief, "listen", None),
        ]:
            response, data = await desk.call("POST", f"/calls/{talk.call_id}/{what}", json=body)
            assert_canonical_error(response, data, 409, "two_parties_only")
            assert "直连" in data["error"]["message"]
        assert await service.stores.guests.open_guest_of(talk.call_id) is None
        assert (await service.stores.calls.get(talk.call_id)).state == "connecting"


async def test_who_takes_over_agrees_on_a_connection_of_their_own_and_the_agent_before_is_out(
    service, agent, citizen
):
    chief = await desk_of(service, "赵主管", Role.SUPERVISOR)
    async with talking(agent, citizen) as talk, chief.events() as desk:
        round_ = await talk.agreed()
        for socket, page in ((talk.desk, "a1"), (talk.page, "c1")):
            await talk.say(socket, "peer.state", page=page, round=round_, connected=True)
        await until(talk.page, lambda news: news.get("state") == "live")

        await chief.done("POST", f"/conversations/{citizen.id}/take-over")

        await until(talk.desk, lambda news: news.get("state") == "ended")
        await until(talk.page, lambda news: news.get("state") == "held")
        late = {"page": "a1", "round": round_, "connected": True}
        assert await talk.refusal(talk.desk, "peer.state", **late) == "forbidden"
        assert await talk.refusal(talk.desk, "peer.ready", page="a1") == "forbidden"
        await talk.say(desk, "peer.ready", page="b1")
        wanted = await heard(desk, "peer.wanted")
        assert (wanted["page"], wanted["fresh"]) == ("b1", True)
        await talk.say(desk, "peer.offer", page="b1", round=wanted["round"], sdp=SDP)
        assert (await heard(talk.page, "peer.offer"))["fresh"]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def media(clock):
    """Two pages that have just said that they are connected."""
    media = DirectMedia(now=lambda: clock().timestamp())
    for party, page in PAGES.items():
        await media.join("call", party, page)
    exchange = media.exchange_of("call")
    exchange = exchange.offered(Party.AGENT, "a1", exchange.round)
    media.agree("call", exchange.answered(Party.CITIZEN, "c1", exchange.round))
    report(media, *PAGES)
    return media


PAGES = {Party.CITIZEN: "c1", Party.AGENT: "a1"}


def report(media, *parties):
    for party in parties:
        exchange = media.exchange_of("call")
        media.agree("call", exchange.reported(party, PAGES[party], exchange.round, connected=True))
        media.hear("call", party)


async def test_a_page_that_says_nothing_any_more_counts_as_gone(media, clock):
    clock.advance(timedelta(seconds=BELIEVED_FOR_S - 1))
    assert (await media.call_stats("call"))["legs"].keys() == {"citizen", "agent"}
    report(media, Party.AGENT)
    clock.advance(timedelta(seconds=2))

    assert (await media.call_stats("call"))["legs"].keys() == {"agent"}


async def test_nothing_is_recorded_and_nobody_else_joins(media):
    with pytest.raises(RecordingUnavailable):
        await media.record("call", on=True)
    with pytest.raises(RecordingUnavailable):
        await media.join("call", "citizen", "c1", record=True)
    with pytest.raises(IllegalMove):
        await media.join("call", "supervisor", "s1")
    assert (await media.call_stats("call"))["recording"] is None


async def test_a_call_that_is_closed_is_forgotten(media):
    await media.close("call")
    await media.close("call")

    with pytest.raises(NotFound):
        await media.call_stats("call")
