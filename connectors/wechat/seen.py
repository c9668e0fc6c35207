"""What a user has seen on the page of their conversation isn't said in WeChat as well. Pure."""

from dataclasses import replace
from datetime import datetime

from core.outbox_ports import ChannelUser, ItemState, Outbox, OutboxStep, Step


def is_answering(user: ChannelUser, now: datetime) -> bool:
    """Whether a delivery is open, whose answer may carry what waits."""
    return user.answering_until is not None and user.answering_until > now


def seen(conversation_id: str, sequence: int, now: datetime) -> Step:
    """The page has shown that conversation's log up to `sequence`, all of which was taken up before.

    Nothing changes while a delivery is open: who asks in WeChat is answered there, though the page was
    faster. What is being sent stays as it is. Who saw more than there is, or another conversation, saw
    nothing.
    """

    def step(box: Outbox) -> OutboxStep:
        user = box.user
        if is_answering(user, now) or conversation_id != user.conversation_id or sequence > user.read_to:
            return OutboxStep(user)
        if sequence == user.read_to:  # so also what may not have arrived
            user = replace(user, lost_track=False)
        return OutboxStep(
            user,
            [
                replace(item, state=ItemState.SEEN)
                for item in box.items
                if item.state is ItemState.WAITING and item.sequence <= sequence
            ],
        )

    return step
