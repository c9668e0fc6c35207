"""Who may do how much: the rates of the settings, applied to the client of a request."""

import time

from aiohttp import web

from core.settings import Settings
from server.client_address import client_address, is_loopback, parse_networks
from server.rate_limit import Rate, RateLimiter

SIGN_INS_PER_MINUTE = 5
FORWARDING_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class ClientLimits:
    """The rate limits of one service process.

    Messages and looks at a transcript are counted by conversation, new conversations and looks at
    guides by client address: in a service hall hundreds of citizens share one address, and none of
    them should suffer for another. So may hundreds a minute come from WeChat, in up to five steps each,
    before anybody knows who they are. The operator's own tools (`bangban ask`, `bangban evaluate`) are
    counted by conversation only.
    """

    def __init__(self, settings: Settings) -> None:
        self._trusted = parse_networks(settings.trusted_proxies)
        self._messages = RateLimiter(Rate(settings.rate_messages_per_minute))
        self._conversations = RateLimiter(Rate(settings.rate_conversations_per_minute))
        self._transcripts = RateLimiter(Rate(settings.rate_reads_per_minute))
        self._guides = RateLimiter(Rate(settings.rate_reads_per_minute))
        self._entries = RateLimiter(Rate(settings.rate_entries_per_minute))
        self._sign_ins = RateLimiter(Rate(SIGN_INS_PER_MINUTE))

    def address_of(self, request: web.Request) -> str:
        """The client's address, as far as the proxies in between are trusted."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        return client_address(request.remote or "", forwarded, self._trusted)

    def check_message(self, conversation_id: str) -> None:
        """Counts a message. Raises TooManyRequests."""
        self._messages.check(conversation_id, time.monotonic())

    def check_new_conversation(self, request: web.Request) -> None:
        """Counts a new conversation. Raises TooManyRequests."""
        if not self.is_operator(request):
            self._conversations.check(self.address_of(request), time.monotonic())

    def check_transcript(self, conversation_id: str) -> None:
        """Counts a look at the transcript. Raises TooManyRequests."""
        self._transcripts.check(conversation_id, time.monotonic())

    def check_guides(self, request: web.Request) -> None:
        """Counts a look at guides. Raises TooManyRequests."""
        if not self.is_operator(request):
            self._guides.check(self.address_of(request), time.monotonic())

    def check_entry(self, request: web.Request) -> None:
        """Counts a step on the way from a channel to the page. Raises TooManyRequests."""
        if not self.is_operator(request):
            self._entries.check(self.address_of(request), time.monotonic())

    def check_sign_in(self, request: web.Request, name: str) -> None:
        """Counts an attempt of this client and one on this account. Raises TooManyRequests."""
        self._sign_ins.check(f"client {self.address_of(request)}", time.monotonic())
        self._sign_ins.check(f"account {name}", time.monotonic())

    def is_operator(self, request: web.Request) -> bool:
        """Whether the request comes from a program on this machine, and no proxy passed it on."""
        passed_on = any(header in request.headers for header in FORWARDING_HEADERS)
        return is_loopback(request.remote or "") and not passed_on
