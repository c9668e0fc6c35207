"""What citizens have seen on the open page, so that their channel doesn't say it again. Knows no HTTP.

A page tells how far it has shown the log: `{"type": "seen", "sequence"}`. Only the last number of a
conversation counts, and it is taken in about once a second, as soon as no delivery is open any more. One that
a process loses when it ends costs a message that says again what was read.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import structlog

from connectors.wechat.seen import is_answering, seen
from core.errors import BangbanError, InvalidInput, NotFound
from core.outbox_ports import ChannelUser, OutboxStore
from core.ports import Conversation
from server import wording
from server.wechat_conversing import CHANNEL
from video.text_frames import read_frame

log = structlog.get_logger(__name__)

SEEN: Final = "seen"
MOST_BYTES: Final = 512
PAUSE_SECONDS: Final = 1.0

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
CatchUp = Callable[[ChannelUser], Awaitable[None]]
"""`Engine.catch_up` of the user's account."""


class SeenOnPage:
    """Serves the users of all accounts; `catch_up` is by account, of those that are open."""

    def __init__(
        self,
        store: OutboxStore,
        catch_up: Mapping[str, CatchUp],
        *,
        changed: Callable[[ChannelUser], None],
        hotline: str,
        now: Callable[[], datetime],
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self._store = store
        self._catch_up = catch_up
        self._changed = changed
        self._hotline = hotline
        self._now = now
        self._pause = pause
        self._noted: dict[str, int] = {}
        self._woken = asyncio.Event()

    async def from_citizen(self, conversation: Conversation, data: str, send: Send) -> bool:
        """A frame of a citizen's page; answers whether it was one about what was seen.

        What is wrong is answered `seen.refused`. Of other channels nobody keeps what their citizens saw.
        """
        if not is_seen(data):
            return False
        try:
            sequence = parse_seen(data)
        except BangbanError as error:
            message = wording.what_failed(error, self._hotline)
            with suppress(ConnectionError):  # the reader sees it too
                await send({"type": "seen.refused", "code": error.code, "message": message})
            return True
        if conversation.channel == CHANNEL:
            self._note(conversation.conversation_id, sequence)
        return True

    async def go_on(self) -> None:
        """Takes in what pages tell, as it comes."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            noted, self._noted = self._noted, {}
            for conversation_id, sequence in noted.items():
                if not await self._is_done(conversation_id, sequence):
                    self._note(conversation_id, sequence)
            await asyncio.sleep(self._pause)

    def _note(self, conversation_id: str, sequence: int) -> None:
        self._noted[conversation_id] = max(sequence, self._noted.get(conversation_id, 0))
        self._woken.set()

    async def _is_done(self, conversation_id: str, sequence: int) -> bool:
        """Takes it in; or says that it is to be taken in later."""
        try:
            return await self._take_in(conversation_id, sequence)
        except BangbanError as error:
            log.warning("seen_not_taken_in", code=error.code, reason=str(error))
            return False
        except Exception:
            log.exception("seen_not_taken_in_unexpectedly")
            return True

    async def _take_in(self, conversation_id: str, sequence: int) -> bool:
        for user in await self._store.users_of([conversation_id]):
            if (catch_up := self._catch_up.get(user.account)) is None:
                continue
            if is_answering(user, self._now()):
                return False
            with suppress(NotFound):  # left meanwhile
                await catch_up(user)
                step = seen(conversation_id, sequence, self._now())
                made = await self._store.change(user.account, user.user_id, step)
                if is_answering(made.user, self._now()):
                    return False
                if made.items or made.user.lost_track != user.lost_track:
                    self._changed(made.user)
        return True


def is_seen(data: str) -> bool:
    """Whether a text frame is about what was seen, be it right or wrong."""
    if f'"{SEEN}"' not in data:  # a session description is long and needn't be read twice
        return False
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("type") == SEEN


def parse_seen(data: str) -> int:
    """How far the log was shown, from a frame for which `is_seen` holds. Raises BangbanError (400, 413)."""
    sequence = read_frame(data, most_bytes=MOST_BYTES).get("sequence")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 0:
        raise InvalidInput("sequence: a number of the log is needed")
    return sequence
