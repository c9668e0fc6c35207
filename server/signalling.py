"""What comes in over a WebSocket about a call: read, checked against who speaks, done, answered.

Who speaks is known from the connection. A message that fails is answered with an error frame and
harms nothing else; one connection's messages are done one after another, and only so many a while.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from core.errors import BangbanError, Conflict, Forbidden, IllegalMove, NotFound
from core.guest_ports import CallGuest
from core.ports import User
from server import wording
from server.call_guests import CallGuests
from server.call_listening import CallListening
from server.calls import Calls
from server.direct_calls import DirectCalls
from server.rate_limit import Rate, RateLimiter
from video.call import Party
from video.signalling import (
    CallMessage,
    ChangeMode,
    Hangup,
    Offer,
    PeerCandidate,
    PeerDescription,
    PeerReady,
    PeerState,
    Rejoin,
    Stats,
    parse_agent,
    parse_citizen,
)

log = structlog.get_logger(__name__)

FRAMES_PER_MINUTE = 240
"""A page sends its figures every two seconds; one in trouble rejoins every second."""

Answer = Mapping[str, Any] | None
"""What goes back to the page, if anything."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Signalling:
    """Serves the frames of all kinds of WebSocket. With `direct`, media go from browser to browser."""

    def __init__(
        self,
        calls: Calls,
        guests: CallGuests,
        listening: CallListening,
        *,
        hotline: str,
        now: Callable[[], float],
        direct: DirectCalls | None = None,
    ) -> None:
        self._calls = calls
        self._guests = guests
        self._listening = listening
        self._direct = direct
        self._hotline = hotline
        self._now = now
        self._frames = RateLimiter(Rate(FRAMES_PER_MINUTE))

    async def from_citizen(self, conversation_id: str, data: str, send: Send) -> None:
        """A frame of a citizen's page."""

        async def act(message: CallMessage) -> Answer:
            await self._calls.check_citizen(conversation_id, message.call_id)
            return await self._do(message, Party.CITIZEN)

        await self._serve(f"conversation {conversation_id}", data, send, parse=parse_citizen, act=act)

    async def from_agent(self, user: User, data: str, send: Send) -> None:
        """A frame of a desk: of the call's agent, of an agent who is its guest, or of a listener."""

        async def act(message: CallMessage) -> Answer:
            try:
                await self._calls.check_agent(user.name, message.call_id)
            except (Conflict, Forbidden):
                entry = await self._calls.entry(message.call_id)
                if entry.listener == user.name:
                    return await self._do_as_listener(message, user)
                return await self._do_as_guest(
                    message, await self._guests.guest_of_agent(user, message.call_id)
                )
            return await self._do(message, Party.AGENT, agent=user.name)

        await self._serve(f"agent {user.name}", data, send, parse=parse_agent, act=act)

    async def from_guest(self, guest: CallGuest, data: str, send: Send) -> None:
        """A frame of the page of who came by a link."""

        async def act(message: CallMessage) -> Answer:
            if message.call_id != guest.call_id:
                raise NotFound("no such call")
            return await self._do_as_guest(message, guest)

        await self._serve(f"guest {guest.guest_id}", data, send, parse=parse_citizen, act=act)

    async def _serve(
        self,
        client: str,
        data: str,
        send: Send,
        *,
        parse: Callable[[str], CallMessage],
        act: Callable[[CallMessage], Awaitable[Answer]],
    ) -> None:
        call_id = ""
        try:
            self._frames.check(client, self._now())
            message = parse(data)
            call_id = message.call_id
            if (answer := await act(message)) is not None:
                await send(answer)
        except BangbanError as error:
            log.info("signalling_refused", code=error.code, reason=str(error))
            await send(_error(error.code, wording.what_failed(error, self._hotline), call_id))
        except ConnectionError:
            return  # the reader sees it too
        except Exception:
            log.exception("signalling_failed")
            unexpected = BangbanError()
            await send(_error(unexpected.code, wording.what_failed(unexpected, self._hotline), call_id))

    async def _do(self, message: CallMessage, party: Party, *, agent: str = "") -> Answer:
        match message:
            case PeerReady() | PeerDescription() | PeerCandidate() | PeerState():
                if self._direct is None:
                    raise IllegalMove("media pass through the relay here")
                await self._direct.take(message, party, agent=agent)
            case Offer() | Rejoin() if self._direct is not None:
                raise IllegalMove("media go from browser to browser here")
            case Offer(call_id, sdp) | Rejoin(call_id, sdp):
                again = isinstance(message, Rejoin)
                answer = await self._calls.offer(call_id, party, sdp, again=again, agent=agent)
                return _answer(call_id, answer)
            case ChangeMode(call_id, mode):
                await self._calls.change_mode(call_id, party, mode)
            case Hangup(call_id):
                await self._calls.hang_up(call_id, party)
            case Stats(call_id, stats):
                await self._calls.take_stats(call_id, party, stats)
        return None

    async def _do_as_guest(self, message: CallMessage, guest: CallGuest) -> Answer:
        """A guest comes and goes; how the two meet is theirs to change."""
        match message:
            case Offer(call_id, sdp) | Rejoin(call_id, sdp):
                return _answer(call_id, await self._guests.offer(guest, sdp))
            case Hangup():
                with suppress(Conflict):  # gone already
                    await self._guests.leave(guest)
            case Stats():
                pass  # what is told and kept is how the two have it
            case _:
                raise Forbidden("that is the citizen's and the agent's to say")
        return None

    async def _do_as_listener(self, message: CallMessage, user: User) -> Answer:
        match message:
            case Offer(call_id, sdp) | Rejoin(call_id, sdp):
                return _answer(call_id, await self._listening.offer(user, call_id, sdp))
            case Hangup(call_id):
                await self._listening.end(user, call_id)
            case Stats():
                pass
            case _:
                raise Forbidden("a listener changes nothing")
        return None


def _answer(call_id: str, sdp: str) -> Mapping[str, Any]:
    return {"type": "call.answer", "call_id": call_id, "sdp": sdp}


def _error(code: str, message: str, call_id: str) -> Mapping[str, Any]:
    named = {"call_id": call_id} if call_id else {}
    return {"type": "error", "code": code, "message": message, **named}
