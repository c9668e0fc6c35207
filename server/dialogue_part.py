"""Opens the dialogue engine: our own Rasa processes or one that runs elsewhere, and their way back.

Rasa calls the action endpoint to have a question answered. That endpoint has a listener of its own
on loopback, apart from what citizens reach.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import structlog
from aiohttp import web

from bot.actions.contract import Services
from bot.actions.endpoint import create_actions_app
from bot.client import RasaAddress, RasaEngine, create_session
from bot.process import MOST_DAYS_KEPT, RasaPlan, RasaPool
from core.ports import Consultant
from core.settings import Settings

log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def open_engine(
    settings: Settings, consultant: Awaitable[Consultant], *, actions_secret: str
) -> AsyncIterator[RasaEngine]:
    """The engine, ready for turns. Rasa starts while the consultant is still being made.

    Raises ConfigurationError when the dialogue model can't be served, DialogueUnavailable when
    Rasa doesn't start.
    """
    with socket.create_server((LOOPBACK, settings.actions_port)) as listening:
        actions_url = f"http://{LOOPBACK}:{listening.getsockname()[1]}/{actions_secret}/webhook"
        async with create_session() as session, _rasa(settings, actions_url, session) as addresses:
            services = Services(
                consultant=await consultant,
                bot_name=settings.bot_name,
                hotline=settings.hotline,
            )
            actions = create_actions_app(
                services, secret=actions_secret, deadline_s=settings.action_deadline_s
            )
            runner = web.AppRunner(actions, access_log=None)
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                yield RasaEngine(session, addresses, timeout_s=settings.engine_timeout_s)
            finally:
                await runner.cleanup()


@asynccontextmanager
async def _rasa(
    settings: Settings, actions_url: str, session: aiohttp.ClientSession
) -> AsyncIterator[Sequence[RasaAddress]]:
    if settings.rasa_url:
        log.info("rasa_elsewhere", url=settings.rasa_url, actions_port=settings.actions_port)
        yield [RasaAddress(settings.rasa_url.rstrip("/"))]
        return
    plan = rasa_plan(settings, actions_url)
    plan.tracker.parent.mkdir(parents=True, exist_ok=True)
    async with RasaPool(plan, session) as pool:
        yield pool.addresses


def rasa_plan(settings: Settings, actions_url: str) -> RasaPlan:
    """How the settings want our own Rasa to run. It remembers no conversation for longer than we do."""
    return RasaPlan(
        python=settings.rasa_python,
        model=settings.rasa_model,
        actions_url=actions_url,
        tracker=settings.data / "rasa" / "tracker.db",
        port=settings.rasa_port,
        processes=settings.rasa_processes,
        keep_days=min(MOST_DAYS_KEPT, settings.retention_days),
    )
