"""The wiring: which part gets which, what is opened at the start and closed at the end.

`create_app` is the only place that puts real parts together. Tests pass fakes as overrides; a part
that is given is used as it is, and what only that part needs isn't opened.
"""

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TypedDict, Unpack

import structlog
from aiohttp import web

from connectors.wechat import views as wechat_views
from core import accounts, privacy
from core.clock import utc_now
from core.ending import end_tasks
from core.metrics import Metrics
from core.ports import Consultant, DialogueEngine, Embedder
from core.settings import Settings
from core.speech_ports import SpeechRecogniser
from server import (
    desk_part,
    keys,
    middlewares,
    openapi,
    papers_part,
    routes_call_guests,
    routes_calls,
    routes_conversations,
    routes_desk,
    routes_desk_events,
    routes_files,
    routes_follow_ups,
    routes_guides,
    routes_health,
    routes_pages,
    routes_papers,
    routes_recordings,
    routes_reports,
    routes_showing,
    routes_staff,
    routes_wechat,
    showing_part,
    uploads_part,
    wechat_part,
)
from server.background import BackgroundTasks
from server.conversations import Conversations, FindDistrict
from server.dialogue_part import open_engine
from server.direct_calls import DirectMedia
from server.events import EventFanOut
from server.health import Check, Health
from server.knowledge_part import index_folder, open_knowledge
from server.limits import ClientLimits
from server.media_door import MediaDoor
from server.media_part import open_media
from server.media_port import Media
from server.open_sockets import OpenSockets
from server.ratings import Ratings
from server.replicas import ReplicaParts
from server.replicas_part import open_replicas
from server.report_records import Reports
from server.retention import keep_in_time
from server.service_secrets import ServiceSecrets
from server.speech import open_recogniser
from server.staff_sessions import StaffSessions
from server.static_files import StaticFiles
from server.stores_part import Stores, open_stores
from server.suggestions import Suggestions

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
PURGE_EVERY_SECONDS = 3600.0
RECOVER_EVERY_SECONDS = 2.0
EXPIRE_EVERY_SECONDS = 60.0
LOOK_AFTER_CALLS_SECONDS = 0.5

DELIVERIES_KEPT = timedelta(days=3)
"""A channel delivers again within seconds; links in what was said then open pages for two days."""

MOST_LAG_SECONDS = 15.0
"""How far the index may be behind what is published before the service counts as not ready.

It follows within a second, and takes in a few hundred changed guides in so many seconds.
"""


class Overrides(TypedDict, total=False):
    """Parts to use instead of the real ones. Over given stores a replica is alone unless told otherwise."""

    stores: Stores
    embedder: Embedder
    consultant: Consultant
    engine: DialogueEngine
    find_district: FindDistrict
    media: Media
    speech: SpeechRecogniser
    replicas: ReplicaParts


def create_app(settings: Settings, **overrides: Unpack[Overrides]) -> web.Application:
    """The web application of the service, with everything it needs."""
    metrics = Metrics()
    app = web.Application(
        client_max_size=settings.max_body_bytes,
        middlewares=[
            middlewares.identify_requests(),
            middlewares.log_requests(metrics.request_done),
            middlewares.shape_errors(settings),
            middlewares.refuse_foreign_origins(settings),
        ],
    )
    app.on_response_prepare.append(middlewares.add_security_headers)
    app.on_shutdown.append(_say_goodbye)
    app[keys.SETTINGS] = settings
    app[keys.METRICS] = metrics
    app[keys.FAN_OUT] = EventFanOut()
    app[keys.SOCKETS] = OpenSockets()
    app[keys.LIMITS] = ClientLimits(settings)
    app[keys.STATIC_FILES] = StaticFiles.load(STATIC)
    for module in (
        routes_conversations,
        routes_guides,
        routes_calls,
        routes_call_guests,
        routes_staff,
        routes_desk,
        routes_desk_events,
        routes_files,
        routes_follow_ups,
        routes_showing,
        routes_recordings,
        routes_health,
        routes_pages,
        routes_papers,
        routes_reports,
        openapi,
        wechat_views,
        routes_wechat,
    ):
        app.router.add_routes(module.routes())
    app.cleanup_ctx.extend(
        functools.partial(context, overrides=overrides)
        for context in (_stores, _replicas, _engine, _media, _use_cases, _wechat, _background)
    )
    return app


async def _stores(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """The records: one database, unless they are given."""
    settings = app[keys.SETTINGS]
    app[keys.SECRETS] = await asyncio.to_thread(ServiceSecrets.load, settings)
    async with AsyncExitStack() as opened:
        if "stores" in overrides:
            stores = overrides["stores"]
        else:
            stores = await opened.enter_async_context(open_stores(settings))
        app[keys.STORES] = stores
        app[keys.CONVERSATION_STORE] = stores.conversations
        app[keys.KNOWLEDGE_STORE] = stores.knowledge
        app[keys.USER_STORE] = stores.users
        yield


async def _replicas(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """What connects this replica with the others, if there are others."""
    if "replicas" in overrides or "stores" in overrides:
        app[keys.REPLICA_PARTS] = overrides.get("replicas")
        yield
        return
    async with open_replicas(app[keys.SETTINGS], app[keys.KNOWLEDGE_STORE]) as parts:
        app[keys.REPLICA_PARTS] = parts
        yield


async def _engine(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """What answers: knowledge, and Rasa in front of it."""
    if "engine" in overrides:
        app[keys.ENGINE] = overrides["engine"]
        yield
        return
    settings = app[keys.SETTINGS]
    opening = asyncio.create_task(_consultant(app, overrides), name="open-knowledge")
    try:
        async with open_engine(settings, opening, actions_secret=app[keys.SECRETS].actions) as engine:
            app[keys.ENGINE] = engine
            yield
    finally:
        await end_tasks([opening])
        if (knowledge := app.get(keys.KNOWLEDGE)) is not None:
            await knowledge.close()


async def _consultant(app: web.Application, overrides: Overrides) -> Consultant:
    if "consultant" in overrides:
        return overrides["consultant"]
    app[keys.KNOWLEDGE] = await open_knowledge(
        app[keys.SETTINGS], app[keys.KNOWLEDGE_STORE], overrides.get("embedder")
    )
    return app[keys.KNOWLEDGE].consultant


async def _media(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """What carries calls. A service over given stores is a test's, and starts no processes for them."""
    door = MediaDoor()
    app[keys.MEDIA] = overrides.get("media", door)
    if "media" not in overrides and app[keys.SETTINGS].call_media == "direct":
        app[keys.MEDIA] = DirectMedia()
        yield
        return
    if "media" in overrides or "stores" in overrides:
        yield
        return
    opening = functools.partial(
        open_media, app[keys.SETTINGS], on_lost=functools.partial(desk_part.media_lost, app)
    )
    async with door.opening(opening):
        yield


async def _use_cases(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """What routes call."""
    settings, store, fan_out = app[keys.SETTINGS], app[keys.CONVERSATION_STORE], app[keys.FAN_OUT]
    app[keys.FIND_DISTRICT] = overrides.get("find_district", functools.partial(_find_district, app))
    desk_part.make(app, mask=_mask)
    uploads_part.make(app)
    showing_part.make(app)
    papers_part.make(app)
    app[keys.CONVERSATIONS] = Conversations(
        store,
        app[keys.ENGINE],
        app[keys.HANDOVERS],
        fan_out,
        find_district=app[keys.FIND_DISTRICT],
        mask=_mask,
        hotline=settings.hotline,
        observe=app[keys.METRICS].turn_done,
        shared_locks=app[keys.REPLICAS].shared_locks,
    )
    app[keys.RATINGS] = Ratings(app[keys.CONVERSATIONS], app[keys.STORES].desk)
    stores = app[keys.STORES]
    app[keys.REPORTS] = Reports(stores.conversations, stores.desk, stores.calls)
    app[keys.SUGGESTIONS] = Suggestions(app[keys.KNOWLEDGE_STORE])
    app[keys.STAFF_SESSIONS] = StaffSessions(
        app[keys.SECRETS].sessions,
        app[keys.USER_STORE],
        verify=accounts.verify_password,
        make_decoy=lambda: accounts.hash_password("no password at all"),
        now=time.time,
    )
    app[keys.HEALTH] = Health(_checks(app), _helping_checks(app))
    yield


async def _wechat(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """The official accounts of the settings, and what writes down the voices of their citizens."""
    async with open_recogniser(app[keys.SETTINGS]) as speech:
        app[keys.SPEECH] = overrides.get("speech", speech)
        async with wechat_part.opened(app, mask=_mask):
            yield


async def _background(app: web.Application, overrides: Overrides) -> AsyncIterator[None]:
    """What goes on by itself: following publications, catching up after a crash, forgetting in time."""
    async with app[keys.REPLICAS].joined(), BackgroundTasks() as tasks:
        app[keys.BACKGROUND] = tasks
        if (knowledge := app.get(keys.KNOWLEDGE)) is not None:
            pointer = index_folder(app[keys.SETTINGS]) / "current"
            app[keys.METRICS].watch_snapshot_age(lambda: _age_of(pointer))
            app[keys.METRICS].watch_index_lag(lambda: knowledge.synchroniser.lag_seconds)
            tasks.start("follow-publications", knowledge.synchroniser.follow())
        tasks.start("take-up-calls", app[keys.CALLS].take_up())
        tasks.start("desk-rounds", app[keys.DESK_ROUNDS].go_on())
        tasks.repeat("look-after-calls", LOOK_AFTER_CALLS_SECONDS, app[keys.CALLS].look_after)
        tasks.repeat("answer-what-a-crash-left", RECOVER_EVERY_SECONDS, functools.partial(_recover, app))
        tasks.repeat("give-up-long-waits", EXPIRE_EVERY_SECONDS, functools.partial(_expire, app))
        wechat_part.start(app, tasks)
        tasks.repeat("purge-old-conversations", PURGE_EVERY_SECONDS, functools.partial(_purge, app))
        yield


def _checks(app: web.Application) -> dict[str, Check]:
    """What must work for a turn."""

    async def database() -> bool:
        await app[keys.CONVERSATION_STORE].check_writable()
        return True

    checks: dict[str, Check] = {"engine": app[keys.ENGINE].ready, "database": database}
    if (knowledge := app.get(keys.KNOWLEDGE)) is not None:

        async def snapshot() -> bool:
            index = knowledge.synchroniser
            return index.caught_up and index.lag_seconds < MOST_LAG_SECONDS

        checks["snapshot"] = snapshot
    return checks


def _helping_checks(app: web.Application) -> dict[str, Check]:
    """What should work, and isn't needed for a turn."""
    replicas = app[keys.REPLICAS]

    async def connected() -> bool:
        return replicas.connected

    return {} if replicas.shared_locks is None else {"replicas": connected}


async def _say_goodbye(app: web.Application) -> None:
    await app[keys.SOCKETS].say_goodbye()


async def _recover(app: web.Application) -> None:
    """Answers what was left, once the engine can; an apology now would be the answer for good.

    A turn takes no longer than the engine's timeout: what is younger is still being answered.
    """
    before = utc_now() - timedelta(seconds=app[keys.SETTINGS].engine_timeout_s)
    left = await app[keys.CONVERSATION_STORE].unanswered(before)
    if not left or not (await app[keys.HEALTH].report()).ready:
        return
    if answered := await app[keys.CONVERSATIONS].recover(before):
        log.info("unanswered_messages_answered", count=answered)


async def _find_district(app: web.Application, name: str) -> str:
    """Without an index of our own, no district is known."""
    knowledge = app.get(keys.KNOWLEDGE)
    return await knowledge.consultant.district(name) if knowledge else ""


def _mask(text: str) -> str:
    return privacy.mask(text).text


def _age_of(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


async def _expire(app: web.Application) -> None:
    oldest = utc_now() - timedelta(hours=app[keys.SETTINGS].handover_expires_hours)
    if given_up := await app[keys.HANDOVERS].expire(oldest):
        log.info("long_waits_given_up", count=given_up)


async def _purge(app: web.Application) -> None:
    oldest = utc_now() - timedelta(days=app[keys.SETTINGS].retention_days)
    if deleted := await app[keys.CONVERSATION_STORE].purge_before(oldest):
        log.info("old_conversations_deleted", count=deleted)
    await keep_in_time(
        app[keys.SETTINGS],
        calls=app[keys.STORES].calls,
        evidence=app[keys.CALL_EVIDENCE],
        accesses=app[keys.STORES].access,
        now=utc_now(),
    )
    await app[keys.STORES].outbox.forget_deliveries(utc_now() - DELIVERIES_KEPT, oldest)
    if deleted := await app[keys.UPLOADS].forget_old():
        log.info("old_files_deleted", count=deleted)
