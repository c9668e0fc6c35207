"""The secured way to one party, shortened: a packet is taken in, passed on and sent in one go.

In aiortc a datagram is first tried as STUN, then waits in a queue for a task that decrypts it, and what is
sent passes five coroutines that never wait. For a relay that is half of the cost and helps nobody,
so RTP goes straight from socket to receiver and from sender to socket. STUN, DTLS and RTCP, which are
rare, go aiortc's way.
"""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpparameters import RTCRtpParameters

from video.rtp_packet import ExtensionNumbers, RtpPacket

COMPONENT = 1  # of an ICE connection; RTCP has none of its own


class RelayTransport(RTCDtlsTransport):
    """One party's secured transport, for RelayReceiver and RelaySender."""

    _numbers = ExtensionNumbers()

    def agree(self, parameters: RTCRtpParameters) -> ExtensionNumbers:
        """The numbers of extensions that were agreed on; from now on packets are read so."""
        found = ExtensionNumbers.agreed((each.uri, each.id) for each in parameters.headerExtensions)
        self._numbers = ExtensionNumbers(*map(max, astuple(self._numbers), astuple(found)))
        return found

    def send_packet(self, data: bytes) -> None:
        """Encrypts RTP and sends it; does nothing when the party is gone."""
        self._send_protected(data, self._tx_srtp.protect)

    def send_feedback(self, data: bytes) -> None:
        """Encrypts RTCP and sends it; does nothing when the party is gone."""
        self._send_protected(data, self._tx_srtp.protect_rtcp)

    def _send_protected(self, data: bytes, protect: Callable[[bytes], bytes]) -> None:
        pair = self.transport._connection._nominated.get(COMPONENT)
        if self._state is not State.CONNECTED or pair is None:
            return
        try:
            datagram = protect(data)
        except (pylibsrtp.Error, ValueError):  # longer than any datagram may be, say
            return
        socket = pair.protocol.transport
        if not socket.is_closing():
            socket.sendto(datagram, pair.remote_addr)

    # --- as aiortc's peer connection sees it ---

    async def start(self, remoteParameters: Any) -> None:  # noqa: N803 - aiortc's name
        """Secures the connection; packets come the short way."""
        for protocol in self.transport._connection._protocols:
            shortened: Any = self._shortened(protocol.datagram_received)
            setattr(protocol, "datagram_received", shortened)  # noqa: B010 - mypy lets no method change
        await super().start(remoteParameters)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._take(data)  # it waited in aiortc's queue while the connection was being secured

    # --- what happens inside ---

    def _shortened(self, others: Callable[[bytes, Any], None]) -> Callable[[bytes, Any], None]:
        """Takes in a datagram: RTP itself, what else there is by `others` (RFC 7983, RFC 5761)."""

        def datagram_received(data: bytes, address: Any) -> None:
            if len(data) <= 1:
                return  # aiortc would end the connection for an empty one, which anybody can send
            if not 127 < data[0] < 192 or 191 < data[1] < 224 or self._rx_srtp is None:
                others(data, address)
                return
            try:
                packet = self._rx_srtp.unprotect(data)
            except (pylibsrtp.Error, ValueError):  # came twice, isn't from the party, or is too long
                return
            self._take(packet)

        return datagram_received

    def _take(self, data: bytes) -> None:
        try:
            packet = RtpPacket(data, self._numbers)
        except ValueError:
            return
        receiver: Any = self._rtp_router.route_rtp(packet)  # type: ignore[arg-type]  # it reads two numbers
        if receiver is not None and self._state is State.CONNECTED:
            receiver.take(packet)
