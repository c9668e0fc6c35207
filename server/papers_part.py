"""Puts together forms and signatures. Part of the wiring of `create_app`."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from core.clock import utc_now
from core.errors import BangbanError
from server import keys
from server.form_catalogue import read_catalogue
from server.forms import AGENT, CITIZEN, Forms
from server.rate_limit import Rate, RateLimiter
from server.signature_evidence import SignatureEvidence
from server.signatures import Signatures
from video.recording_upkeep import EVIDENCE

FIELD_ACTS_PER_MINUTE = 600
"""Who types quickly sends three values a second; several pages may do so."""

log = structlog.get_logger(__name__)


def make(app: web.Application) -> None:
    """Makes the use cases of papers. Raises ConfigurationError for a form template that can't be read."""
    settings, stores = app[keys.SETTINGS], app[keys.STORES]
    app[keys.PAPER_RATE] = RateLimiter(Rate(FIELD_ACTS_PER_MINUTE))
    app[keys.FORMS] = Forms(
        stores.papers,
        app[keys.DESK],
        app[keys.FAN_OUT],
        catalogue=read_catalogue(settings.forms),
        kept=app[keys.KEPT_FILES],
        reading=app[keys.READING],
        now=utc_now,
    )
    app[keys.SIGNATURES] = Signatures(
        stores.papers,
        app[keys.DESK],
        app[keys.FAN_OUT],
        kept=app[keys.KEPT_FILES],
        evidence=SignatureEvidence(settings.data / EVIDENCE, stores.calls),
        now=utc_now,
        shared_locks=app[keys.REPLICAS].shared_locks,
    )


def citizen_page_closed(app: web.Application, conversation_id: str) -> None:
    """A citizen's page has closed: if it was the last, what was being typed there is soon free."""
    if not app[keys.FAN_OUT].is_watched_by_citizen(conversation_id):
        app[keys.BACKGROUND].start("free-fields", _free(app, conversation_id, CITIZEN))


@contextmanager
def closing_desk(app: web.Application, name: str) -> Iterator[None]:
    """After the `with` block, if it was the agent's last desk, what was being typed there is soon free."""
    try:
        yield
    finally:
        if not app[keys.SCREENS].is_open(name):
            app[keys.BACKGROUND].start("free-fields-of-agent", _free_all_of(app, name))


async def _free_all_of(app: web.Application, name: str) -> None:
    try:
        own = await app[keys.DESK].own(name)
    except BangbanError as error:
        log.warning("fields_not_freed", code=error.code)  # they are free in some seconds anyway
        return
    for handover in own:
        await _free(app, handover.conversation_id, AGENT)


async def _free(app: web.Application, conversation_id: str, side: str) -> None:
    try:
        await app[keys.FORMS].gone(conversation_id, side)
    except BangbanError as error:
        log.warning("fields_not_freed", code=error.code)
