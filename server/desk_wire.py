"""The JSON that goes to staff: who waits, conversations with everything in them, the wall. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.wechat.standing import Standing
from core.desk_ports import Agent, Call, CannedReply
from core.ports import Conversation, ConversationEvent, Handover, User
from core.statuses import HandoverState, Role
from server.supervision import Wall
from server.waiting_line import Line

Channels = Mapping[str, str]
"""By which channel conversations came (`ConversationStore.channels`); who is deleted is missing."""


def waiting_json(handover: Handover, position: int, channels: Channels) -> dict[str, Any]:
    """Someone who waits, as every agent may see it: without the number to call back."""
    return {
        "id": handover.handover_id,
        "conversation_id": handover.conversation_id,
        "channel": channels.get(handover.conversation_id, ""),
        "mode": handover.mode.value,
        "topic": handover.topic,
        "reason": handover.reason,
        "known": dict(handover.known),
        "position": position,
        "department": handover.department,
        "district": handover.district,
        "language": handover.language,
        "priority": handover.priority,
        "kept_place": handover.kept_place,
        "for_agent": handover.for_agent,
        "offered_to": handover.agent,
        "due": _moment(handover.due),
        "created_at": _moment(handover.created_at),
    }


def queue_json(line: Line, callbacks: Sequence[Handover], channels: Channels) -> dict[str, Any]:
    """The inbox: who waits in order, and who waits for a time or for somebody to come."""
    return {
        "waiting": [waiting_json(h, place, channels) for place, h in enumerate(line.ordered(), start=1)],
        "callbacks": [waiting_json(h, place, channels) for place, h in enumerate(callbacks, start=1)],
        "agents": line.at_work,
        "open": line.open,
        "hours": line.hours,
    }


def held_json(handover: Handover, reader: User, channels: Channels) -> dict[str, Any]:
    """A handover for this reader; the number to call is for its agent and supervisors only."""
    is_own = handover.state is HandoverState.TAKEN and handover.agent == reader.name
    may_call = is_own or reader.role is Role.SUPERVISOR
    return {
        "handover_id": handover.handover_id,
        "conversation_id": handover.conversation_id,
        "channel": channels.get(handover.conversation_id, ""),
        "state": handover.state.value,
        "agent": handover.agent,
        "mode": handover.mode.value,
        "topic": handover.topic,
        "reason": handover.reason,
        "known": dict(handover.known),
        "department": handover.department,
        "district": handover.district,
        "language": handover.language,
        "priority": handover.priority,
        "contact": handover.contact if may_call else "",
        "due": _moment(handover.due),
        "created_at": _moment(handover.created_at),
        "taken_at": _moment(handover.taken_at),
    }


def ended_json(handover: Handover, channels: Channels) -> dict[str, Any]:
    """A conversation that ended with its agent, in a list of such."""
    return {
        "conversation_id": handover.conversation_id,
        "channel": channels.get(handover.conversation_id, ""),
        "topic": handover.topic,
        "mode": handover.mode.value,
        "outcome": handover.outcome,
        "taken_at": _moment(handover.taken_at),
        "closed_at": _moment(handover.closed_at),
    }


def colleague_json(agent: Agent) -> dict[str, Any]:
    """An agent, as other agents see them."""
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "state": agent.state.value,
        "departments": list(agent.departments),
        "districts": list(agent.districts),
        "languages": list(agent.languages),
    }


def agent_json(agent: Agent) -> dict[str, Any]:
    """An agent, with what they take on."""
    return {**colleague_json(agent), "video": agent.video, "max_chats": agent.max_chats}


def call_json(call: Call) -> dict[str, Any]:
    """A call."""
    return {
        "call_id": call.call_id,
        "conversation_id": call.conversation_id,
        "agent": call.agent,
        "state": call.state,
        "mode": call.mode,
        "recording": call.recording,
        "started_at": _moment(call.started_at),
        "answered_at": _moment(call.answered_at),
        "quality": {name: figure for name, figure in call.quality.items() if name != "course"},
    }


def canned_json(reply: CannedReply) -> dict[str, Any]:
    """A canned reply."""
    return {"id": reply.reply_id, "title": reply.title, "text": reply.text, "department": reply.department}


def full_event_json(event: ConversationEvent) -> dict[str, Any]:
    """An event with everything that is stored of it."""
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "body": dict(event.body),
        "at": event.at.isoformat(),
    }


def desk_conversation_json(
    conversation: Conversation,
    events: Sequence[ConversationEvent],
    handover: Handover | None,
    call: Call | None,
    *,
    reader: User,
    citizen_present: bool,
    standing: Standing | None = None,
) -> dict[str, Any]:
    """A conversation as its agent works with it."""
    channels = {conversation.conversation_id: conversation.channel}
    return {
        "id": conversation.conversation_id,
        "channel": conversation.channel,
        "district": conversation.district,
        "holder": conversation.holder.value,
        "events": [full_event_json(event) for event in events],
        "handover": held_json(handover, reader, channels) if handover else None,
        "call": call_json(call) if call else None,
        "citizen_present": citizen_present,
        "standing": standing_json(standing) if standing else None,
    }


def standing_json(standing: Standing) -> dict[str, Any]:
    """What the channel lets through to the citizen."""
    return {
        "reachable": standing.reachable,
        "left": standing.left,
        "until": _moment(standing.until),
        "waiting": standing.waiting,
        "sending": standing.sending,
        "unclear": standing.lost_track,
        "waiting_events": list(standing.waiting_events),
        "reminded": standing.reminded,
    }


def wall_json(wall: Wall, reader: User, channels: Channels, *, call_media: str) -> dict[str, Any]:
    """The supervisor's wall. `call_media` tells whether calls can be listened to: `direct` ones can't."""
    line = wall.line
    loads = {load.name: load for load in line.loads}
    return {
        "waiting": [waiting_json(h, place, channels) for place, h in enumerate(line.ordered(), start=1)],
        "agents": [
            {
                **agent_json(agent),
                "available": loads[name].available,
                "chats": loads[name].chats,
                "calls": loads[name].calls,
            }
            for name, agent in line.agents.items()
        ],
        "conversations": [held_json(handover, reader, channels) for handover in wall.held],
        "calls": [call_json(call) for call in wall.calls],
        "call_media": call_media,
        "follow_ups": wall.follow_ups,
        "estimate_error": {name: round(value, 3) for name, value in wall.estimate_error.as_json().items()},
        "alarms": [{"code": code, "text": text} for code, text in wall.alarms.items()],
        "open": line.open,
        "hours": line.hours,
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
