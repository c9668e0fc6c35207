"""What of aiortc and aioice is used though nobody promised it, checked before anything relies on it.

To upgrade: install the new versions, read what changed in the names below, let the tests in
`tests/video/test_relay.py` run, and pin the versions in `pyproject.toml`.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Final

import aioice.ice
import aiortc.rtcpeerconnection
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpRouter
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from core.errors import ConfigurationError

# Names of a module or methods of a class, with the parameters that calls rely on.
USED: Final[Sequence[tuple[object, Mapping[str, Sequence[str]]]]] = (
    (
        aiortc.rtcpeerconnection,
        {
            "RTCDtlsTransport": ("transport", "certificates"),
            "RTCRtpReceiver": ("kind", "transport"),
            "RTCRtpSender": ("trackOrKind", "transport"),
        },
    ),
    (
        RTCDtlsTransport,
        {
            "_register_rtp_receiver": ("receiver", "parameters"),
            "_unregister_rtp_receiver": ("receiver",),
            "_register_rtp_sender": ("sender", "parameters"),
            "_unregister_rtp_sender": ("sender",),
            "start": ("remoteParameters",),
            "_handle_rtp_data": ("data", "arrival_time_ms"),
        },
    ),
    (
        RTCRtpReceiver,
        {
            "receive": ("parameters",),
            "stop": (),
            "_handle_disconnect": (),
            "_handle_rtcp_packet": ("packet",),
            "_set_rtcp_ssrc": ("ssrc",),
        },
    ),
    (RTCRtpSender, {"send": ("parameters",), "stop": (), "_handle_rtcp_packet": ("packet",)}),
    (RTCRtpTransceiver, {"setCodecPreferences": ("codecs",)}),
    (StreamStatistics, {"add": ("packet",)}),
    (RtpRouter, {"route_rtp": ("packet",)}),
    (aioice.ice, {"get_host_addresses": ("use_ipv4", "use_ipv6")}),
    (aioice.ice.StunProtocol, {"datagram_received": ("data", "addr")}),
)

# Attributes that constructors set: the text of the constructor must name them.
SET_BY_CONSTRUCTORS: Final[Mapping[type, Sequence[str]]] = {
    RTCDtlsTransport: ("_rtp_router", "_rx_srtp", "_state", "_transport", "_tx_srtp"),
    RTCIceTransport: ("_connection",),
    aioice.ice.Connection: ("_nominated", "_protocols"),
    aioice.ice.CandidatePair: ("protocol",),
    RTCRtpReceiver: ("_enabled", "_track"),
    RTCRtpSender: ("_enabled", "_ssrc", "_rtx_ssrc"),
    RTCRtpTransceiver: ("_codecs", "_headerExtensions"),
}


def missing_names() -> list[str]:
    """What is used here and isn't there, or takes other arguments."""
    missing = []
    for owner, names in USED:
        for name, parameters in names.items():
            found = getattr(owner, name, None)
            label = f"{getattr(owner, '__name__', owner)}.{name}"
            if found is None:
                missing.append(label)
            elif not set(parameters) <= inspect.signature(found).parameters.keys():
                missing.append(f"{label}({', '.join(parameters)})")
    for owner_class, attributes in SET_BY_CONSTRUCTORS.items():
        set_there = inspect.getsource(owner_class.__init__)  # type: ignore[misc]  # the class is given
        missing += [f"{owner_class.__name__}.{n}" for n in attributes if f"self.{n}" not in set_there]
    return missing


def refuse_another_library() -> None:
    """Raises ConfigurationError when aiortc isn't as the relay knows it."""
    if missing := missing_names():
        raise ConfigurationError(f"安装的 aiortc 缺少转发要用的部分：{'、'.join(missing)}")
