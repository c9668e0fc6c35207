"""A party's connection to the relay, as the rooms see it. `video.relay.leg` is the real one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from video.taps import TappedReceiver


class Leg(Protocol):
    """One party's connection. Closing it frees everything it holds."""

    @property
    def answer(self) -> str:
        """The session description that answers the party's offer, with all candidates."""

    @property
    def receivers(self) -> Sequence[TappedReceiver]:
        """What the party sends, by kind of media."""

    async def exchange_with(self, other: "Leg | None") -> None:
        """From now on this party gets what `other` sends; with None, nothing."""

    def stats(self) -> Mapping[str, object]:
        """Figures of the connection, for people."""

    async def close(self) -> None:
        """Ends the connection; closing twice is no mistake."""


class OpenLeg(Protocol):
    """Answers offers."""

    def __call__(self, offer: str, *, on_end: Callable[[], None]) -> Awaitable[Leg]:
        """A leg that answers the offer. `on_end` is called once if the connection ends by itself.

        Raises InvalidInput for an offer that can't be answered.
        """
