"""The closed vocabularies of states that cross package borders.

Owns the names only. What moves one state to another lives beside the thing that has the state.
"""

from enum import StrEnum


class TurnStatus(StrEnum):
    """What became of one message of a citizen; the `status` of the conversations API."""

    ANSWERED = "answered"
    CLARIFYING = "clarifying"
    NO_GUIDE = "no_guide"
    SMALL_TALK = "small_talk"
    SAFETY = "safety"
    WAITING_FOR_AGENT = "waiting_for_agent"
    WITH_AGENT = "with_agent"
    ERROR = "error"


class GuideStatus(StrEnum):
    """Where a guide version stands between its editor and the public."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Holder(StrEnum):
    """Who holds a conversation. Exactly one party does at every moment."""

    BOT = "bot"
    QUEUE = "queue"
    AGENT = "agent"


class HandoverMode(StrEnum):
    """How the citizen wants to reach a person."""

    TEXT = "text"
    VIDEO = "video"


class HandoverState(StrEnum):
    """What became of a citizen's wish for a person."""

    WAITING = "waiting"
    TAKEN = "taken"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    CALLBACK = "callback"
    MESSAGE = "message"


class AgentState(StrEnum):
    """Whether an agent takes on conversations."""

    AVAILABLE = "available"
    BREAK = "break"
    OFFLINE = "offline"


class Aspect(StrEnum):
    """An element of a service guide that a citizen can ask for (办事指南要素)."""

    GENERAL = "general"
    MATERIALS = "materials"
    PROCESS = "process"
    TIME_LIMIT = "time_limit"
    FEE = "fee"
    LOCATION = "location"
    HOURS = "hours"
    PHONE = "phone"
    CONDITIONS = "conditions"
    ONLINE = "online"
    RESULT = "result"


class Role(StrEnum):
    """What a staff account may do."""

    AGENT = "agent"
    EDITOR = "editor"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
