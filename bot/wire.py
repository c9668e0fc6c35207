"""Rasa's REST webhook as values: the payload that is sent, and what comes back. No I/O.

Rasa answers a message with a list: a text and, as an entry of its own, the `custom` part of the
same response. Every response of Bangban carries a `custom` part of type `turn` with the status,
so an answer without one comes from somewhere else and is refused.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.actions.contract import TURN
from core.errors import DialogueUnavailable, InvalidInput
from core.messages import BotReply, Choice, HandoverWish, ReplyMessage
from core.statuses import HandoverMode, TurnStatus
from core.text import MAX_CHARACTERS

_MESSAGE_TYPES: Mapping[TurnStatus, str] = {
    TurnStatus.ANSWERED: "answer",
    TurnStatus.CLARIFYING: "question",
    TurnStatus.NO_GUIDE: "notice",
    TurnStatus.SAFETY: "notice",
    TurnStatus.WAITING_FOR_AGENT: "notice",
    TurnStatus.ERROR: "notice",
}


def compose_message(
    sender_id: str, text: str, *, picked: str = "", metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body for Rasa's webhook.

    Only the first `MAX_CHARACTERS` go in: Rasa needs 0.13 s of CPU for 10 KB and 12 s for 200 KB,
    and answers nobody else meanwhile. A leading `/` is taken off, since Rasa would execute what
    follows; only a picked choice is sent as a command.
    Raises InvalidInput for a message without content or a sender.
    """
    if not sender_id:
        # Rasa would put everybody without a sender into one shared conversation.
        raise InvalidInput("a message needs a sender")
    text = text[:MAX_CHARACTERS]
    spoken = text.lstrip("/ \t\r\n\u3000").rstrip()
    if not spoken and not picked:
        raise InvalidInput("a message needs content")
    message = "/pick" + json.dumps({"choice": picked}, ensure_ascii=False) if picked else spoken
    return {
        "sender": sender_id,
        "message": message,
        "metadata": {**(metadata or {}), "text": spoken or text},
    }


def read_reply(body: Any) -> BotReply:
    """The reply in what Rasa's webhook returned.

    Raises DialogueUnavailable if there is none: Rasa answers any failure of its own with 200 `[]`.
    """
    if not isinstance(body, list) or not body:
        raise DialogueUnavailable("Rasa returned no answer")
    texts = [
        entry["text"] for entry in body if isinstance(entry, dict) and isinstance(entry.get("text"), str)
    ]
    customs = [entry["custom"] for entry in body if isinstance(entry, dict) and _is_turn(entry.get("custom"))]
    if not texts or not customs:
        raise DialogueUnavailable("Rasa's answer lacks its text or its turn")
    try:
        return _reply("\n".join(texts), customs[-1])
    except (KeyError, TypeError, ValueError) as error:
        raise DialogueUnavailable(f"Rasa's turn can't be read: {type(error).__name__}") from error


def _is_turn(custom: Any) -> bool:
    return isinstance(custom, dict) and custom.get("type") == TURN


def _reply(text: str, turn: Mapping[str, Any]) -> BotReply:
    status = TurnStatus(turn["status"])
    message = ReplyMessage.from_json(
        {
            "text": text,
            "type": _MESSAGE_TYPES.get(status, "text"),
            "title": turn.get("title", ""),
            "choices": turn.get("choices", ()),
            "sources": turn.get("sources", ()),
            "statements": turn.get("statements", ()),
        }
    )
    return BotReply(
        status=status,
        messages=(_with_numbered_choices(message),),
        handover=_handover(turn.get("handover")),
        trace={"outcome": turn.get("outcome", ""), **turn.get("trace", {})},
        timings_ms=dict(turn.get("timings_ms", {})),
    )


def _with_numbered_choices(message: ReplyMessage) -> ReplyMessage:
    """The choices as numbered lines under the text, for channels that show only text."""
    if not message.choices:
        return message
    return ReplyMessage(
        text="\n".join([message.text, *numbered(message.choices)]),
        type=message.type,
        title=message.title,
        choices=message.choices,
        sources=message.sources,
        statements=message.statements,
    )


def numbered(choices: Sequence[Choice]) -> list[str]:
    """The choices' titles as the lines `1. …`, `2. …`."""
    return [f"{number}. {choice.title}" for number, choice in enumerate(choices, 1)]


def _handover(wish: Any) -> HandoverWish | None:
    if wish is None:
        return None
    return HandoverWish(HandoverMode(wish["mode"]), wish.get("topic", ""), wish.get("reason", ""))
