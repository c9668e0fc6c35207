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
        """What the party sends, one of each kind of media; nothing for who only listens."""

    def receive_from(self, others: "Sequence[Leg | None]") -> None:
        """From now on this party gets what these send, each in its seat; None: that seat is empty.

        A party whose offer has fewer seats gets what the first ones send.
        """

    def stats(self) -> Mapping[str, object]:
        """Figures of the connection, for people."""

    async def close(self) -> None:
        """Ends the connection; closing twice is no mistake."""


class OpenLeg(Protocol):
    """Answers offers."""

    def __call__(self, offer: str, *, seats: int, sends: bool, on_end: Callable[[], None]) -> Awaitable[Leg]:
        """A leg that answers the offer. `on_end` is called once if the connection ends by itself.

        `seats` is how many others the party may get sound and picture of at once. Without `sends`
        nothing of what the party sends is taken in, whatever its offer says.
        Raises InvalidInput for an offer that can't be answered.
        """
