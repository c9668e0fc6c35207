"""Sends the subscription message that tells of waiting messages, to who asked for such. Ports only."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from connectors.wechat.api import UnclearSend
from connectors.wechat.error_codes import RequestRefused, UserRefuses, UserUnknown
from connectors.wechat.outbox import Link, Rules
from connectors.wechat.reminding import Reminder, Template, begin_reminding, not_sent, not_wanted
from connectors.wechat.rendering import CHAT_PAGE
from core.errors import BangbanError
from core.outbox_ports import OutboxStore

log = structlog.get_logger(__name__)

RESTS: Final = timedelta(minutes=5)
"""So long nothing is tried after a reminder that didn't go out."""

Remind = Callable[[str], Awaitable[None]]
"""Reminds that user of what waits, if that is due."""


async def nobody_reminds(_: str) -> None:
    """The account has no such message."""


class Notify(Protocol):
    """`WeChatClient.send_subscription`, which says what it raises."""

    def __call__(
        self, openid: str, template_id: str, data: Mapping[str, str], /, *, page: str = ""
    ) -> Awaitable[None]:
        """Sends it."""


class Reminding:
    """Reminds users of one account. `city` is what the template's fields call the service's place."""

    def __init__(
        self,
        account: str,
        store: OutboxStore,
        template: Template,
        notify: Notify,
        *,
        rules: Rules,
        link_for: Callable[[str], Link],
        city: str,
        now: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._store = store
        self._template = template
        self._notify = notify
        self._rules = rules
        self._link_for = link_for
        self._city = city
        self._now = now

    async def remind(self, openid: str) -> None:
        """Reminds that user, if it is due. Raises NotFound for an unknown one, and what the store raises."""
        found: list[Reminder] = []
        begin = begin_reminding(self._template, self._rules, self._now(), found)
        await self._store.change(self._account, openid, begin)
        if found:
            await self._send(openid, found[-1])

    async def _send(self, openid: str, reminder: Reminder) -> None:
        data = self._template.filled(count=reminder.count, city=self._city, now=self._now())
        page = self._link_for(openid)(CHAT_PAGE)
        try:
            await self._notify(openid, self._template.template_id, data, page=page)
        except UnclearSend as error:  # it may be there, so it isn't sent again
            log.warning("wechat_reminder_unclear", reason=str(error))
        except (UserRefuses, UserUnknown) as error:
            log.info("wechat_reminder_not_wanted", code=error.errcode)
            await self._store.change(self._account, openid, not_wanted(self._template))
        except RequestRefused as error:  # the settings are wrong: trying again would find the same
            log.error("wechat_reminder_refused", code=error.errcode, reason=error.errmsg)
        except BangbanError as error:
            log.warning("wechat_reminder_failed", code=error.code, reason=str(error))
            again = not_sent(self._template, reminder, rests_until=self._now() + RESTS)
            await self._store.change(self._account, openid, again)
