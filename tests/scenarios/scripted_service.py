"""`python -m tests.scenarios.scripted_service`: the service as its own process, with a scripted dialogue.

Everything else is real: database, desk, files, recordings and media processes. Without Rasa and the
model it is up within seconds, so a test can kill it and start it again. Options as `bangban serve`.
"""

import argparse
import asyncio
import re
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
from tests.fakes import say as say_back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--absent-after", type=float, help="seconds, instead of those of the desk's rounds")
    parser.add_argument("--slow-words", action="store_true", help="a text names the seconds it takes")
    given = vars(parser.parse_args())
    engine = SlowWords() if given.pop("slow_words") else scripted()
    if (absent_after := given.pop("absent_after")) is not None:
        for module in (desk_rounds, waiting_line):
            module.ABSENT_AFTER = timedelta(seconds=absent_after)
    settings = Settings.load(given)
    configure_logs(settings)
    asyncio.run(serve(settings, engine))


def scripted() -> ScriptedEngine:
    return ScriptedEngine(otherwise=lambda text, picked: reply_to(picked or text))


class SlowWords(ScriptedEngine):
    """Repeats what it hears, after the seconds that a text like `慢1.5秒 …` names."""

    async def reply(self, sender_id, text, **more):
        if slow := re.match(r"慢([0-9.]+)秒", text):
            await asyncio.sleep(float(slow[1]))
        return say_back(f"答〔{text}〕")


async def serve(settings: Settings, engine: ScriptedEngine) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(settings, engine=engine), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = HttpSite(runner, bind(settings.host, settings.port), hotline=settings.hotline)
    await site.start()
    say(f"帮办已启动：{site.name}/")
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    main()
