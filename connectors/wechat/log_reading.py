"""Reads what a conversation's log says beyond what became items of its user's outbox."""

from collections.abc import Callable, Sequence

import structlog

from connectors.wechat import rendering
from connectors.wechat.conversing import Conversing
from connectors.wechat.outbox import Reading
from core.outbox_ports import ChannelUser
from core.ports import ConversationEvent

log = structlog.get_logger(__name__)


async def read_log(conversing: Conversing, user: ChannelUser, shown: Callable[[str], str]) -> Reading | None:
    """What is new in the log, or its next part, if anything. `shown` gives staff's names for citizens."""
    events = await conversing.events_after(user.conversation_id, user.read_to)
    if not events:
        return None
    said = [(event.sequence, body) for event in events for body in _rendered(event, shown)]
    holders = [event.body["holder"] for event in events if event.kind == "holder"]
    held = [user.held, *holders][-1]
    return Reading(user.conversation_id, user.read_to, events[-1].sequence, said, held)


def _rendered(event: ConversationEvent, shown: Callable[[str], str]) -> Sequence[rendering.Item]:
    try:
        return rendering.rendered(event, shown=shown)
    except Exception:  # another version's, say: whoever reads on mustn't stop here for good
        log.exception("wechat_event_not_rendered", kind=event.kind)
        return rendering.ON_THE_PAGE
