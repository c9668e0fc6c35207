"""Which packets can be sent again."""

import pytest

from video.packet_history import HISTORY, LONGEST, PacketHistory


def packet(number):
    return b"%d " % number * (1 + number % 7)


@pytest.mark.parametrize("first", [0, 65_000], ids=["from the beginning", "over the wrap of the numbers"])
def test_the_last_packets_are_found_and_none_older(first):
    history = PacketHistory()
    numbers = [(first + step) % 65536 for step in range(3 * HISTORY)]
    for number in numbers:
        history.keep(number, packet(number))

    assert [history.find(number) for number in numbers[-HISTORY:]] == [
        packet(number) for number in numbers[-HISTORY:]
    ]
    assert {history.find(number) for number in numbers[:-HISTORY]} == {None}


def test_what_was_never_sent_is_not_found():
    history = PacketHistory()
    assert history.find(7) is None

    history.keep(6, b"packet")
    history.keep(8, b"packet")

    assert history.find(7) is None


def test_one_of_another_length_in_the_same_place_leaves_nothing_behind():
    history = PacketHistory()
    history.keep(1, b"a long packet")
    history.keep(1 + HISTORY, b"short")
    history.keep(2, b"its neighbour")

    assert history.find(1) is None
    assert history.find(1 + HISTORY) == b"short"
    assert history.find(2) == b"its neighbour"


def test_one_that_is_too_long_is_not_kept_and_harms_no_other():
    history = PacketHistory()
    history.keep(1, b"longest" + bytes(LONGEST - 7))
    history.keep(2, b"neighbour")
    history.keep(1 + HISTORY, bytes(LONGEST + 1))

    assert history.find(1) is None
    assert history.find(1 + HISTORY) is None
    assert history.find(2) == b"neighbour"


def test_a_cleared_history_knows_nothing_and_can_go_on():
    history = PacketHistory()
    history.keep(1, b"packet")
    history.clear()
    assert history.find(1) is None

    history.keep(2, b"packet")

    assert history.find(2) == b"packet"
