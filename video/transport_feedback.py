"""Tells a sender when each of its packets arrived, so that it can find its own bitrate.

Format: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. Browsers that get this
feedback run their own estimator on the uplink; without it they overrun a slow line for seconds.
Times are handed in.
"""

import struct

from video.serial_numbers import ahead_16

RTPFB = 205  # RTCP packet type: transport layer feedback (RFC 4585)
TRANSPORT_CC = 15  # its format
TICK_US = 250  # unit of a delta
REFERENCE_US = 64_000  # unit of the reference time
MOST_PACKETS = 400  # described in one message, so that it stays below a datagram of 1,200 bytes
REMEMBERED = 512  # packets back from the newest; one that comes later than that counts as lost
MOST_PER_VECTOR = 7  # symbols in a status vector chunk of two-bit symbols

NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA = 0, 1, 2


class TransportFeedback:
    """Arrival times of one transport's packets, and the messages made of them."""

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}  # unwrapped number to microseconds
        self._newest: int | None = None
        self._next = 0  # the first number that the next message describes
        self._messages = 0

    def add(self, sequence: int, arrival_us: int) -> None:
        """A packet with this transport-wide number (16 bits) arrived."""
        if self._newest is None:
            self._newest = self._next = sequence
            self._arrivals[sequence] = arrival_us
            return
        number = self._newest + ahead_16(sequence, self._newest)
        if number > self._newest + REMEMBERED:  # the sender began anew, or was away for long
            self._arrivals.clear()
            self._next = number
        elif number <= self._newest - REMEMBERED or number in self._arrivals:
            return
        self._arrivals[number] = arrival_us
        # One that overtook a message is told in the next, together with those around it.
        self._next = min(self._next, number)
        self._newest = max(self._newest, number)

    def build(self, sender_ssrc: int, media_ssrc: int) -> bytes | None:
        """The next RTCP message, or None when all is told. Call it until it returns None."""
        if self._newest is None or self._next > self._newest:
            return None
        described = self._describable()
        received = [number for number in described if number in self._arrivals]
        if not received:  # more was lost in a row than fits: go on with what came after
            self._next = min(n for n in self._arrivals if n >= self._next)  # the newest, if no other
            described = self._describable()
            received = [number for number in described if number in self._arrivals]
        reference = self._arrivals[received[0]] // REFERENCE_US
        clock = reference * REFERENCE_US
        symbols: list[int] = []
        deltas = b""
        for number in described:
            arrival = self._arrivals.get(number)
            if arrival is None:
                symbols.append(NOT_RECEIVED)
                continue
            ticks = (arrival - clock) // TICK_US
            if not -0x8000 <= ticks <= 0x7FFF:  # 8 s apart: it opens the next message
                break
            clock += ticks * TICK_US
            small = 0 <= ticks <= 0xFF
            symbols.append(SMALL_DELTA if small else LARGE_DELTA)
            deltas += struct.pack("!B" if small else "!h", ticks)
        self._next += len(symbols)
        self._forget()
        first = described[0]
        body = (
            struct.pack("!LLHH", sender_ssrc, media_ssrc, first & 0xFFFF, len(symbols))
            + ((reference & 0xFFFFFF) << 8 | self._messages & 0xFF).to_bytes(4, "big")
            + _vectors(symbols)
            + deltas
        )
        self._messages += 1
        body += bytes(-len(body) % 4)
        return struct.pack("!BBH", 0x80 | TRANSPORT_CC, RTPFB, len(body) // 4) + body

    def _describable(self) -> range:
        assert self._newest is not None
        return range(self._next, min(self._newest, self._next + MOST_PACKETS - 1) + 1)

    def _forget(self) -> None:
        assert self._newest is not None
        oldest = self._newest - REMEMBERED
        if len(self._arrivals) > 2 * REMEMBERED:
            self._arrivals = {n: at for n, at in self._arrivals.items() if n > oldest}


def _vectors(symbols: list[int]) -> bytes:
    """Status vector chunks: two bits of kind, then seven symbols of two bits."""
    chunks = b""
    for start in range(0, len(symbols), MOST_PER_VECTOR):
        chunk = 0xC000
        for place, symbol in enumerate(symbols[start : start + MOST_PER_VECTOR]):
            chunk |= symbol << (12 - 2 * place)
        chunks += struct.pack("!H", chunk)
    return chunks
