"""`python -m tests.scenarios.scripted_service`: the service as its own process, with a scripted dialogue.

Everything else is real: database, desk, files, recordings and media processes. Without Rasa and the
model it is up within seconds, so a test can kill it and start it again. Options as `bangban serve`.
"""

import argparse
import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from core.logs import configure_logs
from core.settings import Settings
from server import desk_rounds, waiting_line
from server.app import create_app
from server.cli.printing import say
from server.cli.serve import bind
from server.http_site import HttpSite
from tests.browser.scripted_replies import reply_to
from tests.fakes import ScriptedEngine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--absent-after", type=float, help="seconds, instead of those of the desk's rounds")
    given = vars(parser.parse_args())
    if (absent_after := given.pop("absent_after")) is not None:
        for module in (desk_rounds, waiting_line):
            module.ABSENT_AFTER = timedelta(seconds=absent_after)
    settings = Settings.load(given)
    configure_logs(settings)
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    engine = ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))
    runner = web.AppRunner(create_app(settings, engine=engine), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = HttpSite(runner, bind(settings.host, settings.port), hotline=settings.hotline)
    await site.start()
    say(f"帮办已启动：{site.name}/")
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    main()
