"""Keeps agents in the picture about what a channel lets through to the citizen they talk with.

Whoever reads a conversation gets its standing, and who watches it hears of each change as passing news. Only
of conversations that an agent holds is it looked up: nobody else watches. Knows no HTTP.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from connectors.wechat.outbox import Rules
from connectors.wechat.standing import UNREACHABLE, Standing, standing
from core.errors import BangbanError
from core.outbox_ports import ChannelUser, OutboxStore
from core.ports import Conversation
from core.statuses import Holder
from server.desk_wire import standing_json
from server.wechat_conversing import CHANNEL

log = structlog.get_logger(__name__)

NEWS: Final = "standing"


class Announce(Protocol):
    """`EventFanOut.announce`."""

    def __call__(self, conversation_id: str, body: Mapping[str, Any], /, *, to_citizen: bool = True) -> None:
        """Passing news to who watches the conversation."""


class ChannelStandings:
    """The standings of the users of all accounts; `rules` are those of each account that is open."""

    def __init__(
        self,
        store: OutboxStore,
        rules: Mapping[str, Rules],
        *,
        announce: Announce,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._rules = rules
        self._announce = announce
        self._now = now
        self._noted: set[str] = set()
        self._woken = asyncio.Event()

    async def of(self, conversation: Conversation) -> Standing | None:
        """How the conversation's user stands; None where the channel has no such limits."""
        if conversation.channel != CHANNEL:
            return None
        found = await self._of_user(conversation.conversation_id)
        return found or UNREACHABLE

    def changed(self, user: ChannelUser) -> None:
        """A user's outbox has changed, or the user has left."""
        if user.held == Holder.AGENT and user.conversation_id:
            self._noted.add(user.conversation_id)
            self._woken.set()

    async def go_on(self) -> None:
        """Tells agents of changes, as they come."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            noted, self._noted = self._noted, set()
            for conversation_id in noted:
                try:
                    await self._tell(conversation_id)
                except BangbanError as error:
                    log.warning("standing_not_told", code=error.code, reason=str(error))
                except Exception:
                    log.exception("standing_not_told_unexpectedly")

    async def _tell(self, conversation_id: str) -> None:
        found = await self._of_user(conversation_id) or UNREACHABLE
        body = {"type": NEWS, "standing": standing_json(found)}
        self._announce(conversation_id, body, to_citizen=False)

    async def _of_user(self, conversation_id: str) -> Standing | None:
        for user in await self._store.users_of([conversation_id]):
            if (rules := self._rules.get(user.account)) is not None:
                items = await self._store.items(user.account, user.user_id)
                return standing(user, items, rules, self._now())
        return None
