"""The token of an account: one of it is valid at a time, so all tasks and processes share it.

One process fetches, under a lock; the others find what it stored. In a process, one task does. A
token is renewed before its end, in the background; `stable_token` gives a new one only in the last
five minutes of the old, and both hold meanwhile (documentation of getStableAccessToken). Locks can be
lost: fetching twice is harmless, and the store decides which of two goes on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from connectors.wechat.account import Account
from connectors.wechat.api import WeChatApi
from connectors.wechat.error_codes import TokenExpired
from core.clock import utc_now
from core.ending import end_tasks
from core.errors import BangbanError, ConfigurationError, Unavailable
from core.replica_ports import Locks
from core.wechat_ports import AccessToken, TokenStore

log = structlog.get_logger(__name__)

EARLIEST: Final = timedelta(seconds=240)
LATEST: Final = timedelta(seconds=60)
"""Between so long and so long before the end of a token a process renews it, each at another moment."""

LOOKS_AGAIN: Final = timedelta(seconds=20)
"""After renewing gave nothing newer, as WeChat thinks it is too early."""

FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(seconds=60)
"""After a failure nobody asks WeChat for a token: first so long, then twice as long each time."""

WAIT_FOR_ANOTHER_SECONDS: Final = 15.0

Fetch = Callable[[bool], Awaitable[AccessToken]]
"""Asks WeChat for a token. If True, for another one than it gives of itself."""


class TokenSource(Protocol):
    """Has a token that WeChat takes, as far as is known."""

    async def value(self) -> str:
        """The token to use now. Raises Unavailable, WeChatRefusal or ConfigurationError if there is none."""

    async def instead_of(self, refused: str) -> str:
        """The token to use after WeChat refused that one, whoever fetches it. Raises as `value`."""


class SharedToken:
    """A TokenSource for one account and kind, over a store and locks that all processes share.

    Without `locks` there must be one process. `close` it at the end.
    """

    def __init__(
        self,
        fetch: Fetch,
        store: TokenStore,
        locks: Locks | None,
        *,
        account_id: str,
        kind: str,
        now: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._fetch = fetch
        self._store = store
        self._locks = locks
        self._account_id = account_id
        self._kind = kind
        self._now = now
        self._early = LATEST + (EARLIEST - LATEST) * chance()
        self._held: AccessToken | None = None
        self._renew_at: datetime | None = None
        self._renewing: asyncio.Task[AccessToken] | None = None
        self._failure: BangbanError | None = None
        self._rest = FIRST_REST
        self._rests_until: datetime | None = None

    async def value(self) -> str:
        """See `TokenSource`."""
        now = self._now()
        if self._held is None or self._held.expires_at <= now:
            return await self._renewed("")
        if self._renew_at is not None and now >= self._renew_at and not self._rests(now):
            self._renew("")  # in the background: the one we have holds meanwhile
        return self._held.value

    async def instead_of(self, refused: str) -> str:
        """See `TokenSource`."""
        if self._held is not None and self._held.value != refused and self._held.expires_at > self._now():
            return self._held.value
        return await self._renewed(refused)

    async def close(self) -> None:
        """Ends what is under way."""
        if self._renewing is not None:
            await end_tasks([self._renewing])

    async def _renewed(self, refused: str) -> str:
        """A token after renewing. A renewal that began before the refusal may bring the refused one back."""
        under_way = self._renewing is not None
        token = await asyncio.shield(self._renew(refused))
        if under_way and token.value == refused:
            token = await asyncio.shield(self._renew(refused))
        return token.value

    def _renew(self, refused: str) -> asyncio.Task[AccessToken]:
        """The task that renews, the same for all who ask meanwhile; it goes on if one of them gives up."""
        if self._renewing is None:
            name = f"renew-wechat-{self._kind}"
            self._renewing = asyncio.create_task(self._renew_once(refused), name=name)
            self._renewing.add_done_callback(self._done)
        return self._renewing

    def _done(self, renewing: asyncio.Task[AccessToken]) -> None:
        self._renewing = None
        if not renewing.cancelled() and (error := renewing.exception()) is not None:
            unexpected = None if isinstance(error, BangbanError) else error
            reason = str(error) if unexpected is None else type(error).__name__
            log.warning("wechat_token_failed", account=self._account_id, kind=self._kind, reason=reason)

    async def _renew_once(self, refused: str) -> AccessToken:
        if self._failure is not None and self._rests(self._now()):
            raise self._failure.with_traceback(None)
        try:
            async with self._alone():
                token = await self._stored_or_fetched(refused)
        except BangbanError as error:
            self._failure = error
            self._rests_until = self._now() + self._rest
            self._rest = min(2 * self._rest, LONGEST_REST)
            raise
        self._failure, self._rests_until, self._rest = None, None, FIRST_REST
        self._held = token
        self._renew_at = max(token.expires_at - self._early, self._now() + LOOKS_AGAIN)
        return token

    async def _stored_or_fetched(self, refused: str) -> AccessToken:
        stored = await self._store.get(self._account_id, self._kind)
        if stored is not None and stored.value != refused and stored.expires_at - self._early > self._now():
            return stored  # somebody else was here
        fetched = await self._fetch(False)
        if forced := fetched.value == refused:
            fetched = await self._fetch(True)
        log.info("wechat_token_renewed", account=self._account_id, kind=self._kind, forced=forced)
        instead_of = stored.value if stored else ""
        return await self._store.put(self._account_id, self._kind, fetched, instead_of=instead_of)

    def _alone(self) -> AbstractAsyncContextManager[Any]:
        if self._locks is None:
            return nullcontext()
        name = f"wechat {self._kind} of {self._account_id}"
        return self._locks.hold(name, at_most=WAIT_FOR_ANOTHER_SECONDS)

    def _rests(self, now: datetime) -> bool:
        return self._rests_until is not None and now < self._rests_until


def fetching_access_token(
    api: WeChatApi, account: Account, *, now: Callable[[], datetime] = utc_now
) -> Fetch:
    """How to fetch the account's access_token.

    WeChat keeps the tokens of `stable_token` and those of the older `token` apart.
    """
    credentials = {"appid": account.app_id, "secret": account.app_secret}

    async def fetch(force: bool) -> AccessToken:
        grant = {"grant_type": "client_credential", **credentials}
        try:
            if account.stable_token:
                body = {**grant, "force_refresh": force}
                answer = await api.ask("POST", "/cgi-bin/stable_token", body=body)
            else:
                answer = await api.ask("GET", "/cgi-bin/token", query=grant)
        except TokenExpired as error:  # 40001 means the secret here, not a token
            raise ConfigurationError(f"微信不认服务号 {account.account_id} 的 AppSecret：{error}") from None
        return issued(answer, "access_token", now())

    return fetch


def issued(found: Mapping[str, Any], name: str, now: datetime) -> AccessToken:
    """The token in an answer of WeChat's. Raises Unavailable if there is none."""
    value, seconds = found.get(name), found.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
        raise Unavailable(f"微信的应答里没有可用的 {name}")
    return AccessToken(value, now + timedelta(seconds=seconds))


__all__ = ["Fetch", "SharedToken", "TokenSource", "fetching_access_token", "issued"]
