"""What deliveries are done with: the service's conversations, as one account needs them. A Protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.wechat.pushes import VoiceMessage
from core.ports import ConversationEvent
from core.speech_ports import Heard
from core.statuses import HandoverMode, Holder


@dataclass(frozen=True, slots=True)
class Listened:
    """What became of a voice message.

    `heard` has no personal data, and is None where nothing here can hear. `voice` names the file to play, and
    is None where it isn't kept.
    """

    heard: Heard | None
    voice: Mapping[str, Any] | None = None


class Conversing(Protocol):
    """Conversations of one channel. What fails raises a BangbanError.

    What is done for a delivery is named by a `message_id`; doing it again with the same one changes nothing.
    """

    async def start(self) -> str:
        """A new conversation; its id."""

    async def exists(self, conversation_id: str) -> bool:
        """Whether it is still there: old ones are deleted."""

    async def held_by(self, conversation_id: str) -> Holder:
        """Who has it. Raises NotFound."""

    async def events_after(self, conversation_id: str, after: int) -> Sequence[ConversationEvent]:
        """The log from there on, or its next part."""

    async def say(
        self,
        conversation_id: str,
        text: str,
        message_id: str,
        *,
        spoken: bool = False,
        voice: Mapping[str, Any] | None = None,
    ) -> bool:
        """Takes a citizen's message in; says whether it was answered, rather than left to whoever has it.

        Staff see of one that is `spoken` that it is, and hear the `voice` that was kept of it.
        """

    async def wish(self, conversation_id: str, mode: HandoverMode, message_id: str) -> None:
        """Takes up the wish for a person; who has one already is told how it stands."""

    async def note(self, conversation_id: str, text: str, message_id: str, **about: str) -> Mapping[str, Any]:
        """Says something to the citizen that answers nothing, and notes `about` with it.

        Returns what was noted the first time, which holds: `text` and what it was about. `page` and
        `link`, the words that lead there, are shown (`connectors.wechat.rendering`).
        """

    async def tell_staff(self, conversation_id: str, text: str, message_id: str) -> None:
        """Notes something that only staff see."""

    async def listen(self, conversation_id: str, voice: VoiceMessage, *, keep: bool) -> Listened:
        """What a voice message says; to be played later by both sides if it is to be kept and can be."""

    async def show_voice(self, conversation_id: str, voice: Mapping[str, Any]) -> None:
        """Puts a voice that was kept into the log as it is: nothing wrote it down."""

    async def read_back(self, conversation_id: str, message_id: str) -> str:
        """What was read back to the citizen with a note about `reads_back`, and waits for their answer.

        Empty after some minutes, and when they said something since or a note about `takes_back`, the
        id of their no, was made; what was done for `message_id` itself doesn't count.
        """

    async def add_picture(self, conversation_id: str, media_id: str, message_id: str) -> Sequence[str]:
        """Takes in a picture that the citizen sent; what they had better do about it, if anything.

        Raises what says why it wasn't taken: FileTooLarge, UnsupportedFile, InfectedFile, ExpiredFile …
        """

    async def assume_district(self, conversation_id: str, names: Sequence[str]) -> str:
        """Takes the citizen to be in the first of these districts that guides are for: its name, or empty."""

    async def offers(self, conversation_id: str, title: str) -> bool:
        """Whether the bot has just offered that choice."""

    async def question_about(self, code: str) -> str:
        """A question about the item that bears a code, a guide's id or the item's own; empty if none does."""


__all__ = ["Conversing", "Listened"]
