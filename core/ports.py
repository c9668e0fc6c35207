"""The interfaces between the packages, as Protocols, and the records that cross them.

Feature packages know each other only through these. Each port has a contract-test class under
`tests/contracts/` that its fake (`tests/fakes.py`) and its real adapter both pass.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from core.messages import BotReply, Choice, ReplyMessage, Source, Statement
from core.statuses import GuideStatus, HandoverMode, HandoverState, Holder, Role, TurnStatus

# --- knowledge store -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GuideRecord:
    """A guide version as stored: columns to search by, and the guide's canonical JSON."""

    guide_id: str
    version: int
    status: GuideStatus
    district: str
    main_item: str
    business_item: str
    body: Mapping[str, Any]
    content_hash: str
    valid_from: date | None = None
    valid_until: date | None = None
    updated_at: datetime | None = None  # UTC, set by the store
    change: int = 0  # the store's change number, set by the store


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A policy document (`kind` document) or a question and answer (`kind` faq)."""

    document_id: str
    kind: str
    title: str  # the question, for an FAQ
    text: str  # the answer, for an FAQ
    url: str = ""
    source: str = ""
    content_hash: str = ""
    withdrawn: bool = False
    change: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed: this guide or document is to be (re-)indexed or dropped."""

    number: int
    kind: str  # guide | document | faq
    record_id: str


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What became of a batch."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class KnowledgeStore(Protocol):
    """Guide versions, FAQ and documents, with a feed of changes.

    Every write is one transaction and is durable when the call returns. Change numbers rise
    strictly and are visible in order: a reader that has seen number N never misses a smaller one.
    """

    async def publish_guides(self, records: Sequence[GuideRecord]) -> PutCounts:
        """Stores each record as the next version of its guide, published, and all in one transaction.

        A record whose `content_hash` equals the current published version's is left alone and
        counted as unchanged. The `version` given is ignored; the one before stays stored.
        """

    async def identity(self) -> str:
        """Names this store and no other, for as long as it lives. A copy of it bears the same name."""

    async def save_draft(self, record: GuideRecord) -> GuideRecord:
        """Stores a new draft version and returns it with its number; the published one stays public."""

    async def set_status(self, guide_id: str, version: int, status: GuideStatus) -> GuideRecord:
        """Moves a version to `status`. Raises NotFound. Publishing withdraws the version before it."""

    async def guide(self, guide_id: str, version: int | None = None) -> GuideRecord | None:
        """That version, or the published one, or None."""

    async def guides(self, guide_ids: Sequence[str]) -> Mapping[str, GuideRecord]:
        """The published versions of these guides; absent ones are left out."""

    async def published_versions(self, guide_ids: Sequence[str]) -> Mapping[str, int]:
        """Which version of each of these guides is published; the others are left out."""

    async def guides_of_code(self, code: str, limit: int = 50) -> Sequence[GuideRecord]:
        """Published guides with that basic, implementation or business code, in order of id; slow."""

    async def versions(self, guide_id: str) -> Sequence[GuideRecord]:
        """All versions, newest first."""

    def published_guides(self) -> AsyncIterator[GuideRecord]:
        """All published guides, in order of id, streamed."""

    async def list_guides(
        self, *, text: str = "", district: str = "", offset: int = 0, limit: int = 20
    ) -> tuple[Sequence[GuideRecord], int]:
        """A page of the published guides whose item names hold `text`, and how many there are."""

    async def put_documents(self, records: Sequence[DocumentRecord]) -> PutCounts:
        """Adds or replaces documents and FAQ by id, in one transaction."""

    async def document(self, document_id: str) -> DocumentRecord | None:
        """That document or FAQ, or None."""

    def documents(self) -> AsyncIterator[DocumentRecord]:
        """All documents and FAQ that aren't withdrawn, in order of id, streamed."""

    async def changes_after(self, number: int, limit: int = 1000) -> Sequence[Change]:
        """The next entries of the change feed, oldest first."""

    async def last_change(self) -> int:
        """The newest change number; 0 for an empty store."""


# --- conversations ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as stored. `token_hash` is the SHA-256 of the bearer token, in hex."""

    conversation_id: str
    channel: str
    token_hash: str
    holder: Holder = Holder.BOT
    district: str = ""
    created_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConversationEvent:
    """One entry of a conversation's log. `sequence` starts at 1 and has no gaps.

    kinds: `citizen_message` {text, client_message_id}, `bot_message` {status, messages, reply_to, wish?},
    `holder` {holder}, `handover` {handover_id, mode, topic, position}, `rating` {score, comment},
    `notice` {text, wish?}. `wish` is the mode of the wish for a person that it answers.
    """

    conversation_id: str
    sequence: int
    kind: str
    body: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """A wish for a person, waiting, taken or done. Only a waiting one has a place in the queue.

    `priority` 0 goes first. One that lost its agent has `kept_place`. An empty skill means "any".
    """

    handover_id: str
    conversation_id: str
    mode: HandoverMode
    topic: str
    reason: str
    state: HandoverState = HandoverState.WAITING
    known: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    agent: str = ""  # who took it, or was last offered it
    for_agent: str = ""  # who alone may take it for now: it was transferred to them
    department: str = ""
    district: str = ""
    language: str = ""
    priority: int = 3
    kept_place: bool = False
    due: datetime | None = None  # when an appointment or a call-back is
    contact: str = ""  # where to call back
    estimate_seconds: float | None = None  # the wait that the citizen was told first
    offered_at: datetime | None = None
    taken_at: datetime | None = None  # by the first agent
    closed_at: datetime | None = None
    outcome: str = ""

    @property
    def video(self) -> bool:
        """Whether the agent needs a camera."""
        return self.mode is HandoverMode.VIDEO


class ConversationStore(Protocol):
    """Conversations, their event logs, handovers and ratings. Durable when a call returns."""

    async def create(self, conversation: Conversation) -> Conversation:
        """Stores a new conversation. Raises Conflict if the id is taken."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""

    async def append(
        self,
        conversation_id: str,
        kind: str,
        body: Mapping[str, Any],
        *,
        delivery_key: str = "",
        only_if_holder: Holder | None = None,
    ) -> tuple[ConversationEvent, bool]:
        """Appends an event with the next sequence number; True if it is new.

        With a `delivery_key` that this conversation has seen, nothing is stored and the first
        event comes back with False. A `citizen_message` awaits the bot's reply if the bot holds the
        conversation and the body isn't marked `for_staff`. Raises NotFound for an unknown
        conversation, and Conflict if another than `only_if_holder` holds it at that moment.
        """

    async def reply_to(self, conversation_id: str, sequence: int) -> ConversationEvent | None:
        """The `bot_message` event whose body's `reply_to` is that sequence number, or None."""

    async def awaits_reply(self, conversation_id: str, sequence: int) -> bool:
        """Whether that event is a citizen's message that the bot still has to answer."""

    async def unanswered(self, before: datetime | None = None) -> Sequence[ConversationEvent]:
        """Citizen messages (from before that moment) that have no reply yet, oldest first."""

    async def events(
        self, conversation_id: str, after: int = 0, limit: int = 500
    ) -> Sequence[ConversationEvent]:
        """Events with a sequence number over `after`, in order."""

    async def last_sequences(self, conversation_ids: Collection[str]) -> Mapping[str, int]:
        """The newest number of each log; 0 for an empty one, unknown conversations are left out."""

    async def channels(self, conversation_ids: Collection[str]) -> Mapping[str, str]:
        """By which channel each came; unknown conversations are left out."""

    async def last_bot_message(self, conversation_id: str) -> ConversationEvent | None:
        """The newest `bot_message`, or None."""

    async def set_holder(self, conversation_id: str, holder: Holder, *, expected: Holder) -> bool:
        """Changes the holder if it is `expected` now; says whether it did."""

    async def set_district(self, conversation_id: str, district: str) -> None:
        """Sets the district the citizen is assumed to be in."""

    async def add_handover(self, handover: Handover) -> tuple[Handover, bool]:
        """Stores a waiting handover; a second one of the conversation returns the first with False."""

    async def handover_of(self, conversation_id: str) -> Handover | None:
        """The conversation's waiting handover, or None."""

    async def queue_position(self, handover_id: str) -> int:
        """How many wait before it, plus one. Raises NotFound."""

    async def waiting_handovers(self, limit: int = 100) -> Sequence[Handover]:
        """Those who wait for a person, longest first."""

    async def end_handover(self, handover_id: str, state: HandoverState) -> Handover | None:
        """Moves a waiting handover to `state` and returns it; None if it waits no longer. Raises NotFound."""

    async def abandon_handovers(self, before: datetime) -> Sequence[Handover]:
        """Moves those who wait since before that moment to `abandoned`, and returns them."""

    async def rate(self, conversation_id: str, score: int, comment: str) -> None:
        """Stores or replaces the conversation's rating."""

    async def purge_before(self, moment: datetime) -> int:
        """Deletes conversations silent since before `moment`, with all they hold; returns how many."""

    async def check_writable(self) -> None:
        """Returns if a write goes through. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class User:
    """A staff account. `password_hash` is Argon2id."""

    name: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: datetime | None = None


class UserStore(Protocol):
    """Staff accounts."""

    async def add(self, user: User) -> None:
        """Stores a new account. Raises Conflict if the name is taken."""

    async def set_password(self, name: str, password_hash: str) -> None:
        """Replaces the password. Raises NotFound."""

    async def get(self, name: str) -> User | None:
        """The account, or None."""

    async def all(self) -> Sequence[User]:
        """All accounts by name."""


# --- dialogue --------------------------------------------------------------------------------


class DialogueEngine(Protocol):
    """Turns one message of a citizen into a reply. Rasa behind `bot.client` is the real one."""

    async def reply(
        self, sender_id: str, text: str, *, picked: str = "", metadata: Mapping[str, Any] | None = None
    ) -> BotReply:
        """The reply to `text` in the conversation `sender_id`.

        `picked` is the value of an offered choice that the citizen picked, else empty.
        `metadata` may hold `district`, the district the citizen is assumed to be in.
        Raises DialogueUnavailable when the engine fails, times out or says nothing.
        """

    async def ready(self) -> bool:
        """Whether the engine understands a known sentence."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the dialogue asks of knowledge: the citizen's words and what is known so far.

    `text` is normalised (NFKC, Simplified) and masked. `intent` is Rasa's, with its confidence.
    `focus` is the JSON object that the last `Consultation` returned: what the conversation is
    about, what was offered, what was answered; empty at first. `picked` is the value of the
    offered choice that the citizen picked, if any. `district` is an assumption of the channel.
    """

    text: str
    intent: str = ""
    confidence: float = 0.0
    focus: Mapping[str, Any] = field(default_factory=dict)
    picked: str = ""
    district: str = ""


@dataclass(frozen=True, slots=True)
class Consultation:
    """What knowledge found. The dialogue says it with the response `utter_<outcome>`.

    `variables` fill that response's placeholders. `statements`, `sources` and `choices` go along
    to the citizen, `focus` is kept for the next turn, `trace` is for staff.
    """

    outcome: str
    status: TurnStatus
    variables: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    statements: tuple[Statement, ...] = ()
    sources: tuple[Source, ...] = ()
    choices: tuple[Choice, ...] = ()
    focus: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class Consultant(Protocol):
    """Answers a question from published guides, asks back, or declines."""

    async def consult(self, question: Question) -> Consultation:
        """The outcome for this question. Raises SnapshotUnavailable when no index is loaded."""


# --- retrieval -------------------------------------------------------------------------------


class Embedder(Protocol):
    """Dense vectors of texts: float32, L2-normalised, `dimension` wide."""

    @property
    def model_id(self) -> str:
        """Names the model and its weights; snapshots built with another are refused."""

    @property
    def dimension(self) -> int:
        """Width of a vector."""

    def embed_queries(self, texts: Sequence[str]) -> Any:
        """An array of shape (len(texts), dimension) for questions. Blocks; call it off the loop."""

    def embed_passages(self, texts: Sequence[str]) -> Any:
        """The same for stored texts."""


__all__ = [
    "BotReply", "Change", "Choice", "Consultant", "Consultation", "Conversation", "ConversationEvent",
    "ConversationStore", "DialogueEngine", "DocumentRecord", "Embedder", "GuideRecord", "Handover",
    "KnowledgeStore", "PutCounts", "Question", "ReplyMessage", "User", "UserStore",
]  # fmt: skip
