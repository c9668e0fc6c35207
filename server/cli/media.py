"""`bangban media`: runs one media process until it is told to stop."""

import argparse
import asyncio
import signal
import time

import structlog
from aiohttp import web

from core.clock import utc_now
from core.errors import ConfigurationError
from core.logs import configure_logs
from core.settings import Settings
from server.cli.options import add_data
from server.service_secrets import recording_key
from video.disk_space import MIB, DiskRule
from video.port_range import make_loop
from video.recording import CallRecorder
from video.recording_upkeep import RECORDINGS, RecordingUpkeep
from video.rooms import Rooms
from video.session_description import offered_addresses
from video.supervision import end_with
from video.taps import OpenRecorder, Recorder
from video.worker import create_media_app

UPKEEP_SECONDS = 30
STOP_SECONDS = 8
KILL_AFTER_SECONDS = 15

log = structlog.get_logger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--host", dest="media_host", metavar="主机", help="监听的地址（默认 127.0.0.1）")
    parser.add_argument("--port", dest="media_port", type=int, metavar="端口", help="监听的端口")
    parser.add_argument("--parent", type=int, default=0, metavar="进程", help="这个进程结束时也结束")
    add_data(parser)
    parser.set_defaults(run=run, settings_from=("media_host", "media_port"))


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Runs until SIGINT or SIGTERM, or until the parent is gone."""
    if arguments.parent:
        end_with(arguments.parent)
    configure_logs(settings)
    if not settings.media_secret.get_secret_value():
        raise ConfigurationError("请先设置 BANGBAN_MEDIA_SECRET：服务用它证明自己的身份")
    with asyncio.Runner(loop_factory=lambda: make_loop(settings.media_port_range)) as runner:
        runner.run(serve_media(settings))
    return 0


async def serve_media(settings: Settings) -> None:
    """Listens, relays, and ends all calls at the end."""
    from video.relay.leg import LegOpener, offering  # noqa: PLC0415 - looks for libraries when imported

    stop = asyncio.Event()

    def end() -> None:
        signal.alarm(KILL_AFTER_SECONDS)  # the system ends what can't end itself
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    addresses, public = offered_addresses(settings.media_addresses)
    rooms = Rooms(
        LegOpener(settings.video_codec, public),
        max_calls=settings.media_max_calls,
        open_recorder=recorders(settings),
    )
    app = create_media_app(rooms, secret=settings.media_secret.get_secret_value())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    with offering(addresses):
        await runner.setup()
        upkeep = asyncio.create_task(keep_recordings(settings), name="recording-upkeep")
        try:
            site = web.TCPSite(runner, settings.media_host, settings.media_port)
            await site.start()
            log.info("media_listens", addresses=[str(each) for each in runner.addresses])
            await stop.wait()
        finally:
            upkeep.cancel()
            await runner.cleanup()


def recorders(settings: Settings) -> OpenRecorder:
    """Makes recorders that write into the data directory."""
    key = recording_key(settings)
    folder = settings.data / RECORDINGS
    rule = DiskRule(settings.recording_floor_mb * MIB, settings.recording_warning_mb * MIB)

    def open_recorder(call_id: str) -> Recorder:
        return CallRecorder(folder, call_id, key, time.time, rule=rule)

    return open_recorder


async def keep_recordings(settings: Settings) -> None:
    """Looks after recordings and their evidence until it is cancelled."""
    upkeep = RecordingUpkeep(settings.data, recording_key(settings), settings.recording_days)
    while True:
        try:
            await asyncio.to_thread(upkeep.run, utc_now())
        except Exception:  # the next round may do better, and calls don't depend on it
            log.exception("recording_upkeep_failed")
        await asyncio.sleep(UPKEEP_SECONDS)
