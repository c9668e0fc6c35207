"""`bangban serve`: runs the service until it is told to stop."""

import argparse
import asyncio
import signal
import socket
from collections.abc import Sequence

from aiohttp import web

from core.ending import end_tasks
from core.errors import ConfigurationError
from core.logs import configure_logs
from core.settings import Settings
from server.app import create_app
from server.cli.options import add_data
from server.cli.printing import say
from server.demo import DemoSignIn, prepare_demo
from server.http_site import HttpSite
from server.keys import KNOWLEDGE
from server.native_memory import give_back, share_arenas
from server.starting import saying_that_it_starts

STOP_SECONDS = 10.0
SILENT_SECONDS = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--host", metavar="主机", help="监听的地址（默认 127.0.0.1）")
    parser.add_argument("--port", type=int, metavar="端口", help="监听的端口（默认 8080）")
    add_data(parser)
    parser.add_argument("--rasa-url", metavar="地址", help="使用这个 Rasa，而不是自己启动一个")
    parser.set_defaults(run=run, settings_from=("host", "port", "rasa_url"))


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Runs until SIGINT or SIGTERM."""
    share_arenas()
    configure_logs(settings)
    asyncio.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    """Opens everything, says where it can be reached, and closes everything at the end.

    It listens from the first moment; until questions can be answered it says that it is starting.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = bind(settings.host, settings.port)
    say("帮办正在启动，请稍候……")
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=STOP_SECONDS)
    opening = asyncio.create_task(_open(settings, runner, listening), name="open")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            await opening
            await stopping
    finally:
        await end_tasks([opening, stopping])
        await runner.cleanup()
        listening.close()


async def _open(settings: Settings, runner: web.AppRunner, listening: socket.socket) -> None:
    async with saying_that_it_starts(settings, listening):
        sign_ins = await prepare_demo(settings)
        await runner.setup()
    site = HttpSite(runner, listening, hotline=settings.hotline)
    await site.start()
    await _wait_for_index(runner.app)
    give_back()
    _announce(site.name, sign_ins)


async def _wait_for_index(app: web.Application) -> None:
    """Returns when what is published can be answered from; a first index of many guides takes a while."""
    caught_up = asyncio.create_task(app[KNOWLEDGE].synchroniser.wait_until_caught_up(), name="index")
    try:
        await asyncio.wait({caught_up}, timeout=SILENT_SECONDS)
        if not caught_up.done():
            say("正在为办事指南建立索引，建好之前提问会答“系统正忙”……")
        await caught_up
    finally:
        caught_up.cancel()


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address that doesn't listen yet; whether the address is free shows at once.

    Raises ConfigurationError when the address can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} 不能监听：{error.strerror or error}") from None
    return bound


def _announce(url: str, sign_ins: Sequence[DemoSignIn]) -> None:
    say(f"帮办已启动：{url}/")
    say(f"  市民页面：{url}/")
    say(f"  接口说明：{url}/api/openapi.json")
    for sign_in in sign_ins:
        say(f"  演示账号：{sign_in.name}（{sign_in.role}） 密码 {sign_in.password}")
    say("按 Ctrl+C 停止。")
