"""The servers of ours that `bench.relay` compares, each a process of its own with the same HTTP interface.

    .venv/bin/python -m bench.relay_servers relay|recording|mediarelay PORT ADDRESS

`mediarelay` is what aiortc's own documentation shows: decode, pass on through MediaRelay, encode.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import structlog
from aiohttp import web
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from video.recording import CallRecorder
from video.relay.leg import LegOpener, offering
from video.rooms import Rooms
from video.worker import create_media_app

SECRET = "bench"


def relay_app(folder=None):
    """The media process; with a folder, calls can be recorded there."""

    def open_recorder(call_id):
        return CallRecorder(Path(folder), call_id, bytes(32), time.time)

    rooms = Rooms(LegOpener("vp8"), max_calls=100, open_recorder=open_recorder if folder else None)
    return create_media_app(rooms, secret=SECRET)


class DecodingServer:
    """Calls through MediaRelay."""

    def __init__(self):
        self._relay = MediaRelay()
        self._calls = {}

    def app(self):
        app = web.Application()
        app.router.add_post("/calls/{call_id}/legs/{party}", self._join)
        app.router.add_delete("/calls/{call_id}", self._close)
        app.router.add_get("/stats", self._stats)
        return app

    async def _join(self, request):
        offer = await request.json()
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        tracks = {}
        connection.on("track", lambda track: tracks.update({track.kind: track}))
        await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.direction = "sendrecv"
        await connection.setLocalDescription(await connection.createAnswer())
        legs = self._calls.setdefault(request.match_info["call_id"], [])
        legs.append((connection, tracks))
        if len(legs) == 2:
            for (here, _), (_, there) in (legs, legs[::-1]):
                for transceiver in here.getTransceivers():
                    transceiver.sender.replaceTrack(self._relay.subscribe(there[transceiver.kind]))
        return web.json_response({"sdp": connection.localDescription.sdp})

    async def _close(self, request):
        for connection, _ in self._calls.pop(request.match_info["call_id"], []):
            await connection.close()
        return web.Response(status=204)

    async def _stats(self, request):
        return web.json_response({"calls": len(self._calls)})


async def serve(kind, port, address):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory() as folder, offering((address,)):
        apps = {
            "relay": relay_app,
            "recording": lambda: relay_app(folder),
            "mediarelay": lambda: DecodingServer().app(),
        }
        runner = web.AppRunner(apps[kind](), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
