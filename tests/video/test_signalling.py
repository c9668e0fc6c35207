"""What a browser says about a call is understood whole, or refused by name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BangbanError, BodyTooLarge, InvalidInput, InvalidJson, UnknownMessage
from video.call import CallMode
from video.signalling import (
    MAX_FRAME_BYTES,
    MAX_SDP_BYTES,
    MAX_STATS,
    ChangeMode,
    Hangup,
    Offer,
    PeerCandidate,
    PeerDescription,
    PeerReady,
    PeerState,
    Rejoin,
    Stats,
    parse_agent,
    parse_citizen,
)

CANDIDATE = "candidate:842163049 1 udp 1677729535 203.0.113.5 46154 typ srflx raddr 10.0.0.4 rport 46154"
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

BOTH_PARSERS = pytest.mark.parametrize("parse", [parse_citizen, parse_agent])


def frame(kind, **fields):
    return json.dumps({"type": kind, "call_id": "c1", **fields})


@BOTH_PARSERS
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (frame("call.offer", sdp=SDP), Offer("c1", SDP)),
        (frame("call.rejoin", sdp=SDP), Rejoin("c1", SDP)),
        (frame("call.mode", mode="audio"), ChangeMode("c1", CallMode.AUDIO)),
        (frame("call.hangup"), Hangup("c1")),
        (
            frame("call.stats", stats={"fps": 24.5, "loss_in": 0, "round_trip_ms": None, "level": "good"}),
            Stats("c1", {"fps": 24.5, "loss_in": 0, "round_trip_ms": None, "level": "good"}),
        ),
        (frame("peer.ready", page="p1"), PeerReady("c1", "p1")),
        (
            frame("peer.offer", page="p1", round="r1", sdp=SDP),
            PeerDescription("c1", "p1", "r1", SDP, answers=False),
        ),
        (
            frame("peer.answer", page="p1", round="r1", sdp=SDP),
            PeerDescription("c1", "p1", "r1", SDP, answers=True),
        ),
        (
            frame("peer.candidate", page="p1", round="r1", candidate=CANDIDATE, mid="0", fragment="Ab+/"),
            PeerCandidate("c1", "p1", "r1", CANDIDATE, "0", "Ab+/"),
        ),
        (
            frame("peer.candidate", page="p1", round="r1", candidate="", mid="", fragment=""),
            PeerCandidate("c1", "p1", "r1", "", "", ""),
        ),
        (frame("peer.state", page="p1", round="r1", connected=True), PeerState("c1", "p1", "r1", True)),
    ],
)
def test_each_message_is_understood(parse, text, message):
    assert parse(text) == message


@BOTH_PARSERS
@pytest.mark.parametrize(
    "text",
    [
        frame("call.answer", sdp=SDP),  # the service's own word
        frame("call.state", state="live"),
        frame("queue", position=1),
        frame("CALL.OFFER", sdp=SDP),
        frame("", sdp=SDP),
        frame(None),
        frame(["call.offer"]),
        "{}",
    ],
)
def test_a_message_of_another_type_is_unknown(parse, text):
    with pytest.raises(UnknownMessage):
        parse(text)


@BOTH_PARSERS
@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"call.offer"', "{", "\x00", '{"type": NaN}', "[" * 100_000, '{"a":' * 20_000]
)
def test_what_is_no_json_object_is_refused(parse, text):
    with pytest.raises(InvalidJson):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        frame("call.offer"),
        frame("call.offer", sdp=1),
        frame("call.offer", sdp=""),
        frame("call.offer", sdp="hello"),
        frame("call.offer", sdp=SDP + "\x00"),
        frame("call.offer", sdp=SDP + "\ud800"),
        frame("call.mode"),
        frame("call.mode", mode="VIDEO"),
        frame("call.mode", mode=["video"]),
        frame("call.stats"),
        frame("call.stats", stats=[1]),
        frame("call.stats", stats={"a": {"b": 1}}),
        frame("call.stats", stats={"a": "x" * 65}),
        frame("call.stats", stats={"a": "\x1b[2J"}),
        frame("call.stats", stats={"a": 10**40}),
        frame("call.stats", stats={"<b>": 1}),
        frame("call.stats", stats={"a": 1}).replace("1}", "1e999}"),
        frame("call.hangup", call_id=""),
        frame("call.hangup", call_id="../c1"),
        frame("call.hangup", call_id="c" * 65),
        frame("call.hangup", call_id=7),
        frame("call.hangup", call_id="c1\n"),
        '{"type":"call.hangup"}',
        frame("peer.ready"),
        frame("peer.ready", page=""),
        frame("peer.ready", page="p" * 33),
        frame("peer.ready", page=SDP),
        frame("peer.offer", page="p1", sdp=SDP),
        frame("peer.offer", page="p1", round="r1", sdp="hello"),
        frame("peer.candidate", page="p1", round="r1", candidate="hello", mid="0", fragment=""),
        frame("peer.candidate", page="p1", round="r1", candidate=CANDIDATE + "\r\na=x", mid="", fragment=""),
        frame("peer.candidate", page="p1", round="r1", candidate=CANDIDATE + "x" * 400, mid="", fragment=""),
        frame("peer.candidate", page="p1", round="r1", candidate=CANDIDATE, mid="<0>", fragment=""),
        frame("peer.candidate", page="p1", round="r1", candidate=CANDIDATE, mid="0"),
        frame("peer.state", page="p1", round="r1", connected=1),
        frame("peer.state", page="p1", connected=True),
    ],
)
def test_a_field_that_does_not_hold_is_refused(text):
    with pytest.raises(InvalidInput):
        parse_citizen(text)


def test_an_sdp_is_taken_up_to_its_limit_and_not_over_it():
    room = MAX_SDP_BYTES - len(SDP) - 2
    assert len(parse_citizen(frame("call.offer", sdp=SDP + "a" * room + "\r\n")).sdp) == MAX_SDP_BYTES
    with pytest.raises(BodyTooLarge):
        parse_citizen(frame("call.offer", sdp=SDP + "a" * (room + 1) + "\r\n"))


def test_the_limit_counts_bytes_and_not_characters():
    with pytest.raises(BodyTooLarge):
        parse_citizen(frame("call.offer", sdp=SDP + "帮" * (MAX_SDP_BYTES // 3)))


def test_a_frame_over_the_limit_is_not_even_read():
    with pytest.raises(BodyTooLarge):
        parse_citizen(" " * (MAX_FRAME_BYTES + 1))
    with pytest.raises(BodyTooLarge):
        parse_citizen("帮" * (MAX_FRAME_BYTES // 2))


def test_stats_are_bounded_in_number():
    stats = {f"s{number}": number for number in range(MAX_STATS + 1)}
    with pytest.raises(BodyTooLarge):
        parse_citizen(frame("call.stats", stats=stats))
    stats.popitem()
    assert parse_citizen(frame("call.stats", stats=stats)).stats == stats


def test_a_message_cannot_say_who_it_is_from():
    forged = parse_citizen(frame("call.hangup", party="agent", agent="li", conversation_id="other"))

    assert forged == Hangup("c1")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["call.offer", "call.rejoin", "call.mode", "call.hangup", "call.stats"])
FRAMES = st.builds(
    lambda kind, fields: json.dumps({**fields, "type": kind}),
    KINDS,
    st.fixed_dictionaries(
        {},
        optional={"call_id": ANYTHING | st.just("c1"), "sdp": ANYTHING, "mode": ANYTHING, "stats": ANYTHING},
    ),
)


@given(st.one_of(st.text(), ANYTHING.map(json.dumps), FRAMES))
def test_whatever_comes_is_understood_or_refused_by_name_and_never_breaks_anything(text):
    for parse in (parse_citizen, parse_agent):
        refused = None
        try:
            parse(text)
        except BangbanError as error:
            refused = error.status
        assert refused in {None, 400, 413}
