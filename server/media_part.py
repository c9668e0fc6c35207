"""Opens what carries calls: our own media processes, or those that run elsewhere."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from core.settings import PREFIX, Secret, Settings
from video.client import MediaAddress, MediaClient, create_session
from video.supervision import MediaPlan, MediaPool

log = structlog.get_logger(__name__)

# What a media process needs to know of the settings; the rest, with its secrets, it isn't told.
HANDED_ON = ("log_", "media_", "recording_")
HANDED_ON_BY_NAME = frozenset({"data", "video_codec"})
ITS_OWN = frozenset({"media_url", "media_secret", "media_host", "media_port"})


@asynccontextmanager
async def open_media(
    settings: Settings, *, on_lost: Callable[[int], None] | None = None
) -> AsyncIterator[MediaClient]:
    """The client of the media processes, ready for calls.

    `on_lost` is called with the number of a process that was lost with its calls and is ready again:
    the parties of calls with that `video.client.shard_of` must rejoin.

    Raises MediaUnavailable when our own processes don't start.
    """
    async with create_session() as session:
        if settings.media_url:
            secret = settings.media_secret.get_secret_value()
            urls = [url.strip().rstrip("/") for url in settings.media_url.split(",") if url.strip()]
            log.info("media_elsewhere", processes=len(urls))
            yield MediaClient(session, [MediaAddress(url, secret) for url in urls])
            return
        async with MediaPool(media_plan(settings), session, on_lost=on_lost) as pool:
            yield MediaClient(session, pool.addresses)


def media_plan(settings: Settings) -> MediaPlan:
    """How the settings want our own media processes to run."""
    return MediaPlan(
        processes=settings.media_processes,
        host=settings.media_host,
        port=settings.media_port,
        environment=environment_of(settings),
    )


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The settings that a media process needs, as variables: it reads them like any other."""
    return {
        PREFIX + name.upper(): _as_text(getattr(settings, name))
        for name in Settings.model_fields
        if name in HANDED_ON_BY_NAME or (name.startswith(HANDED_ON) and name not in ITS_OWN)
    }


def _as_text(value: object) -> str:
    if isinstance(value, Secret):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)
