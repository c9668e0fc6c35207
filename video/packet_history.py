"""Keeps the packets that were sent last, so that those which were lost can be sent again.

The memory is taken once. Packets kept one by one, each of another size, leave holes between what else a
process needs, and a process with eight calls was seen to grow by a megabyte a minute.
"""

from typing import Final

HISTORY: Final = 1024  # packets: some four seconds of a good picture
LONGEST: Final = 1408  # octets; what is longer, SRTP refuses here anyway


class PacketHistory:
    """The last packets of one stream, by their sequence number."""

    def __init__(self) -> None:
        self._memory = bytearray()
        self._kept: list[tuple[int, int]] = []  # number and length, by number modulo the history's

    def keep(self, sequence: int, packet: bytes) -> None:
        """Remembers the packet, and forgets the one HISTORY before it."""
        if not self._kept:  # many streams never send
            self._memory = bytearray(HISTORY * LONGEST)
            self._kept = [(-1, 0)] * HISTORY
        place, length = sequence % HISTORY, len(packet)
        if length > LONGEST:
            self._kept[place] = (-1, 0)
            return
        self._memory[place * LONGEST : place * LONGEST + length] = packet
        self._kept[place] = (sequence, length)

    def find(self, sequence: int) -> bytes | None:
        """The packet of this number, or None when it isn't remembered."""
        if not self._kept:
            return None
        place = sequence % HISTORY
        number, length = self._kept[place]
        start = place * LONGEST
        return bytes(self._memory[start : start + length]) if number == sequence else None

    def clear(self) -> None:
        """Forgets everything and gives the memory back."""
        self._memory, self._kept = bytearray(), []
