"""An event loop whose UDP sockets take their ports from a range, so that a firewall can know them.

The media library asks for any port (0) and offers no choice; this is the place below it where ports
are chosen. Other sockets are left alone.
"""

import asyncio
import random
from typing import Any

Endpoint = tuple[asyncio.DatagramTransport, Any]


class PortRangeLoop(asyncio.SelectorEventLoop):
    """Takes UDP ports between `first` and `last`, both included."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self._ports = range(first, last + 1)

    async def create_datagram_endpoint(  # type: ignore[override]  # the rest goes through as it comes
        self, protocol_factory: Any, local_addr: Any = None, **others: Any
    ) -> Endpoint:
        """As always, but port 0 means one of the range. Raises OSError when all of them are taken."""
        if not local_addr or local_addr[1] != 0:
            return await super().create_datagram_endpoint(protocol_factory, local_addr, **others)
        # In any order: other media processes take theirs from the same range.
        for port in random.sample(self._ports, len(self._ports)):  # nothing secret about a port
            try:
                return await super().create_datagram_endpoint(
                    protocol_factory, (local_addr[0], port), **others
                )
            except OSError as error:
                refused = error
        raise refused


def make_loop(port_range: str) -> asyncio.AbstractEventLoop:
    """The event loop for the setting `media_port_range`; the usual one where it is empty."""
    if not port_range:
        return asyncio.new_event_loop()
    first, _, last = port_range.partition("-")
    return PortRangeLoop(int(first), int(last))
