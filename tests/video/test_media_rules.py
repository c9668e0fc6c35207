"""The pure rules of the relay: numbers that go on, losses asked for, keyframes, bitrates, credentials."""

import base64
import hashlib
import hmac
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video.keyframe_throttle import INTERVAL_S, KeyframeThrottle
from video.nack_schedule import ASK_EVERY_S, ASK_FOR_S, MOST_MISSING, NackSchedule
from video.remb import CEILING, FLOOR, DownstreamLimit, bitrate_to_allow
from video.rtp_mapping import StreamMapping
from video.serial_numbers import ahead_16, ahead_32
from video.transport_feedback import MOST_PACKETS, REMEMBERED, TransportFeedback
from video.turn import ice_servers, issue_credentials


@pytest.mark.parametrize(
    ("number", "reference", "distance"),
    [
        (5, 3, 2),
        (3, 5, -2),
        (1, 65535, 2),
        (65535, 1, -2),
        (7, 7, 0),
        (0x7FFF, 0, 0x7FFF),
        (0x8000, 0, -0x8000),
    ],
)
def test_a_wrapped_number_is_as_far_ahead_as_the_short_way_round(number, reference, distance):
    assert ahead_16(number, reference) == distance
    assert ahead_32(number << 16, reference << 16) == distance << 16


class TestStreamMapping:
    """The receiver downstream sees one stream whatever happens to the sources."""

    def test_the_first_source_starts_at_the_first_numbers(self):
        mapping = StreamMapping(first_sequence=100, first_timestamp=5000)

        mapping.follow(1, 7, 900, clock_rate=90000, now=0.0)

        assert mapping.outgoing(7, 900, now=0.0) == (100, 5000)
        assert mapping.outgoing(8, 3900, now=0.03) == (101, 8000)

    def test_another_source_goes_on_where_the_last_stopped(self):
        mapping = StreamMapping(first_sequence=100, first_timestamp=0)
        mapping.follow(1, 7, 0, clock_rate=90000, now=0.0)
        mapping.outgoing(9, 6000, now=1.0)

        mapping.follow(2, 40000, 77, clock_rate=90000, now=3.0)

        assert mapping.outgoing(40000, 77, now=3.0) == (103, 6000 + 2 * 90000)

    def test_a_gap_upstream_is_a_gap_downstream(self):
        mapping = StreamMapping(first_sequence=0, first_timestamp=0)
        mapping.follow(1, 10, 0, clock_rate=90000, now=0.0)

        assert [mapping.outgoing(n, 0, now=0.0)[0] for n in (10, 13, 12, 11)] == [0, 3, 2, 1]

    def test_a_packet_from_before_the_change_is_never_sent_under_a_number_of_the_last_source(self):
        mapping = StreamMapping(first_sequence=0, first_timestamp=0)
        mapping.follow(1, 10, 0, clock_rate=90000, now=0.0)
        mapping.outgoing(10, 0, now=0.0)
        mapping.follow(2, 500, 0, clock_rate=90000, now=1.0)

        assert mapping.outgoing(499, 0, now=1.0) is None
        assert mapping.outgoing(500, 0, now=1.0)[0] == 1

    def test_reports_are_mapped_like_packets(self):
        mapping = StreamMapping(first_sequence=0, first_timestamp=0xFFFFFFF0)
        mapping.follow(1, 10, 0, clock_rate=90000, now=0.0)

        assert mapping.timestamp(0x20) == 0x10

    @given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=6), st.integers(0, 32767))
    def test_numbers_never_repeat_and_never_jump_over_any_number_of_sources(self, starts, first):
        mapping = StreamMapping(first_sequence=first, first_timestamp=0)
        sent = []
        for ssrc, start in enumerate(starts):
            mapping.follow(ssrc, start, 0, clock_rate=90000, now=float(ssrc))
            sent += [mapping.outgoing((start + n) & 0xFFFF, 0, now=float(ssrc))[0] for n in range(5)]

        assert sent == [(first + n) & 0xFFFF for n in range(5 * len(starts))]

    def test_it_goes_on_after_seventy_thousand_packets(self):
        mapping = StreamMapping(first_sequence=0, first_timestamp=0)
        mapping.follow(1, 60000, 0, clock_rate=90000, now=0.0)

        sent = [mapping.outgoing((60000 + n) & 0xFFFF, 0, now=0.0)[0] for n in range(70000)]

        assert sent == [n & 0xFFFF for n in range(70000)]


class TestNackSchedule:
    """Lost packets are asked for at once, again and again, and not for ever."""

    def test_a_gap_is_asked_for_at_once_and_again_after_a_while(self):
        schedule = NackSchedule()
        schedule.received(10, 0.0)

        assert schedule.received(13, 0.0)
        assert schedule.due(0.0) == [11, 12]
        assert schedule.due(ASK_EVERY_S / 2) == []
        assert schedule.due(ASK_EVERY_S) == [11, 12]
        assert schedule.asked == 4

    def test_what_came_is_asked_for_no_more(self):
        schedule = NackSchedule()
        schedule.received(65534, 0.0)
        schedule.received(1, 0.0)
        assert schedule.is_missing(65535)

        schedule.received(65535, 0.01)

        assert schedule.due(1.0) == [0]
        assert not schedule.is_missing(65535)

    def test_what_never_comes_is_given_up(self):
        schedule = NackSchedule()
        schedule.received(0, 0.0)
        schedule.received(2, 0.0)

        assert schedule.due(ASK_FOR_S + 0.01) == []
        assert not schedule.waiting
        assert schedule.given_up == 1

    def test_a_jump_is_no_loss(self):
        schedule = NackSchedule()
        schedule.received(0, 0.0)

        assert not schedule.received(MOST_MISSING + 1, 0.0)
        assert not schedule.waiting

    def test_order_alone_asks_for_nothing(self):
        schedule = NackSchedule()

        assert not any(schedule.received(n & 0xFFFF, 0.0) for n in range(65500, 65600))


class TestKeyframeThrottle:
    """Keyframes are asked for at most every half second, and no wish is forgotten."""

    def test_the_first_wish_is_granted_at_once(self):
        assert KeyframeThrottle().request(100.0)

    def test_a_wish_that_comes_too_early_is_granted_later_and_once(self):
        throttle = KeyframeThrottle()
        throttle.request(0.0)

        assert not throttle.request(0.1)
        assert not throttle.request(0.2)
        assert throttle.pending
        assert not throttle.due(INTERVAL_S - 0.01)
        assert throttle.due(INTERVAL_S)
        assert not throttle.due(2 * INTERVAL_S)

    def test_nothing_is_due_that_nobody_wished(self):
        assert not KeyframeThrottle().due(100.0)

    @given(st.lists(st.integers(0, 20).map(lambda parts: parts / 64), min_size=1))  # sums are exact
    def test_wishes_are_never_lost_and_never_too_frequent(self, pauses):
        throttle, now, asked = KeyframeThrottle(), 0.0, []
        for pause in pauses:
            now += pause
            if throttle.request(now):
                asked.append(now)
        now += INTERVAL_S
        if throttle.due(now):
            asked.append(now)

        assert not throttle.pending
        assert all(later - earlier >= INTERVAL_S for earlier, later in itertools.pairwise(asked))


class TestDownstreamLimit:
    """Only a report below what is being sent limits a sender."""

    def sending(self, rate, seconds=1.0):
        limit = DownstreamLimit()
        limit.report(10_000_000, octets_sent=0, now=0.0)
        return limit, int(rate * seconds / 8)

    @pytest.mark.parametrize(
        ("reported", "expected"),
        [(1_500_000, None), (1_000_000, None), (960_000, None), (600_000, 600_000), (10_000, FLOOR)],
    )
    def test_the_trap_of_two_chained_estimators_is_avoided(self, reported, expected):
        limit, octets = self.sending(1_000_000)

        limit.report(reported, octets_sent=octets, now=1.0)

        assert limit.bitrate == expected

    def test_after_congestion_the_limit_rises_step_by_step_until_it_is_gone(self):
        limit, octets = self.sending(1_000_000)
        limit.report(500_000, octets_sent=octets, now=1.0)
        seen, now = [], 1.0
        while limit.bitrate is not None:
            seen.append(limit.bitrate)
            now += 1.0
            octets += limit.bitrate // 8
            limit.report(int(limit.bitrate * 1.5), octets_sent=octets, now=now)

        assert seen == sorted(seen)
        assert seen[0] == 500_000
        assert len(seen) < 12

    def test_what_is_sent_beside_has_its_share_of_what_the_receiver_can_take(self):
        limit, octets = self.sending(600_000)

        limit.report(800_000, octets_sent=octets, octets_beside=octets, now=1.0)

        assert limit.bitrate == 400_000

    def test_a_seat_that_nobody_has_taken_has_no_share(self):
        limit, octets = self.sending(600_000)

        limit.report(500_000, octets_sent=octets, octets_beside=0, now=1.0)

        assert limit.bitrate == 500_000

    @pytest.mark.parametrize(
        ("limits", "allowed"), [([], CEILING), ([None], CEILING), ([None, 300_000, 200_000], 200_000)]
    )
    def test_the_slowest_receiver_decides(self, limits, allowed):
        assert bitrate_to_allow(limits) == allowed


def read_feedback(message):
    """Number to arrival in ticks of 250 µs (None: not received), as a browser reads the message."""
    first, kind, words = struct.unpack("!BBH", message[:4])
    assert (first, kind, (words + 1) * 4) == (0x8F, 205, len(message))
    base, count = struct.unpack("!HH", message[12:16])
    clock = int.from_bytes(message[16:19], "big") * 256
    position, symbols = 20, []
    while len(symbols) < count:
        (chunk,) = struct.unpack("!H", message[position : position + 2])
        position += 2
        assert chunk >> 14 == 0b11
        symbols += [(chunk >> shift) & 3 for shift in range(12, -2, -2)]
    arrivals = {}
    for number, symbol in enumerate(symbols[:count], start=base):
        if symbol == 0:
            arrivals[number & 0xFFFF] = None
            continue
        size, form = ((1, "!B"), (2, "!h"))[symbol - 1]
        clock += struct.unpack(form, message[position : position + size])[0]
        position += size
        arrivals[number & 0xFFFF] = clock
    assert message[position:] == bytes(-position % 4)
    return arrivals


def all_feedback(feedback):
    told = {}
    while (message := feedback.build(1, 2)) is not None:
        assert len(message) < 1200
        told |= read_feedback(message)
    return told


class TestTransportFeedback:
    """A sender learns when each packet arrived, to a quarter of a millisecond."""

    def test_nothing_arrived_nothing_is_told(self):
        assert TransportFeedback().build(1, 2) is None

    def test_the_message_names_sender_source_and_its_own_number(self):
        feedback = TransportFeedback()
        feedback.add(1, 64_000_000)
        first = feedback.build(0xAAAA, 0xBBBB)
        feedback.add(2, 64_001_000)

        assert struct.unpack("!LL", first[4:12]) == (0xAAAA, 0xBBBB)
        assert (first[19], feedback.build(0xAAAA, 0xBBBB)[19]) == (0, 1)

    def test_arrivals_losses_and_reordering_are_told(self):
        feedback = TransportFeedback()
        for number, at in ((10, 1_000_000), (12, 1_010_000), (11, 1_020_000), (14, 1_500_000)):
            feedback.add(number, at)

        assert all_feedback(feedback) == {10: 4000, 11: 4080, 12: 4040, 13: None, 14: 6000}

    def test_what_was_lost_between_two_messages_is_told_as_lost(self):
        feedback = TransportFeedback()
        feedback.add(1, 1_000_000)
        feedback.build(1, 2)
        feedback.add(4, 1_010_000)

        assert all_feedback(feedback) == {2: None, 3: None, 4: 4040}

    def test_a_packet_that_came_after_its_message_is_told_again_with_those_around_it(self):
        feedback = TransportFeedback()
        feedback.add(1, 1_000_000)
        feedback.add(3, 1_000_000)
        assert all_feedback(feedback) == {1: 4000, 2: None, 3: 4000}

        feedback.add(2, 1_002_000)

        assert all_feedback(feedback) == {2: 4008, 3: 4000}

    def test_numbers_wrap(self):
        feedback = TransportFeedback()
        for number in (65534, 65535, 0, 1):
            feedback.add(number, 1_000_000)

        assert list(all_feedback(feedback)) == [65534, 65535, 0, 1]

    def test_arrivals_far_apart_take_two_messages(self):
        feedback = TransportFeedback()
        feedback.add(1, 1_000_000)
        feedback.add(2, 30_000_000)

        assert all_feedback(feedback) == {1: 4000, 2: 120_000}

    @pytest.mark.parametrize(
        "lost", [MOST_PACKETS - 1, MOST_PACKETS + 1, REMEMBERED - 1, REMEMBERED + 1, 30_000]
    )
    def test_it_goes_on_after_any_gap(self, lost):
        feedback = TransportFeedback()
        feedback.add(1, 1_000_000)
        all_feedback(feedback)
        for number in (lost + 2, lost + 3):
            feedback.add(number, 2_000_000)

        told = all_feedback(feedback)

        assert (told[lost + 2], told[lost + 3]) == (8000, 8000)

    @given(st.lists(st.integers(0, 300), min_size=1, unique=True))
    def test_every_arrival_is_told_whatever_the_order(self, numbers):
        feedback, told = TransportFeedback(), {}
        for place, number in enumerate(numbers):
            feedback.add(number, 1_000_000 + 1000 * number)
            if place % 7 == 6:
                told |= all_feedback(feedback)
        told |= all_feedback(feedback)

        assert {n: at for n, at in told.items() if at is not None} == {n: 4000 + 4 * n for n in numbers}


class TestTurnCredentials:
    """Credentials as coturn's `use-auth-secret` checks them."""

    def test_the_name_holds_the_expiry_and_the_password_proves_it(self):
        issued = issue_credentials("s3cr3t", name="call-1", now=1_700_000_000.9, ttl_s=600)

        assert issued.username == "1700000600:call-1"
        expected = hmac.new(b"s3cr3t", b"1700000600:call-1", hashlib.sha1).digest()
        assert base64.b64decode(issued.password) == expected

    def test_the_password_is_not_shown_by_accident(self):
        issued = issue_credentials("s3cr3t", name="call-1", now=0, ttl_s=1)

        assert issued.password not in repr(issued)

    def test_without_a_server_there_is_nothing_to_offer(self):
        assert ice_servers([], "s3cr3t", name="call-1", now=0, ttl_s=1) == []

    def test_browsers_get_all_addresses_with_one_pair_of_credentials(self):
        urls = ["turn:media.example:3478", "turns:media.example:443?transport=tcp"]

        (server,) = ice_servers(urls, "s3cr3t", name="call-1", now=0, ttl_s=60)

        assert server["urls"] == urls
        assert server["username"] == "60:call-1"
