"""The kinds of messages and events that WeChat pushes, a frozen value each. Pure.

`pushes` reads them, and is where they are imported from. What a citizen wrote, and who they are,
isn't in any repr.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

_MOST_KEY: Final = 200

_FORGETS: Final = frozenset({"user_authorization_revoke", "user_authorization_cancellation"})
"""Events by which WeChat asks to delete what is known of a user; of another profile we know nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Anything that WeChat pushes.

    `account_id` is the account's original id (gh_…), `openid` who it comes from, `created` Unix
    seconds by WeChat's clock.
    """

    account_id: str
    openid: str = field(repr=False)
    created: int

    @property
    def key(self) -> str:
        """Names the delivery: the same in each of WeChat's tries, another one for anything else.

        `m:<MsgId>` for messages, `e:<openid>:<created>:<event>[:<what tells it apart>]` for events;
        200 characters at most.
        """
        return _short(self._identity)

    @property
    def _identity(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Push):
    """What a user sent; `msg_id` is unique."""

    msg_id: str

    @property
    def _identity(self) -> str:
        return f"m:{self.msg_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage(Message):
    """Words. `menu_id` is set when they came by pressing an entry of a menu message."""

    text: str = field(repr=False)
    menu_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMessage(Message):
    """A picture; WeChat keeps it for three days."""

    media_id: str
    picture_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceMessage(Message):
    """Speech, mostly AMR. `recognition` is empty since 2023; `media_id_16k` is the better sound, if any."""

    media_id: str
    format: str
    recognition: str = field(default="", repr=False)
    media_id_16k: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMessage(Message):
    """A film, or a short one made in the chat."""

    media_id: str
    thumb_media_id: str
    is_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationMessage(Message):
    """A place on the map in degrees; `label` is its address."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    scale: int
    label: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMessage(Message):
    """An article or page that was passed on."""

    title: str = field(repr=False)
    description: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMessage(Message):
    """A message of a kind that isn't known here. `kind` is WeChat's word for it; `msg_id` may be empty."""

    kind: str

    @property
    def _identity(self) -> str:
        return f"m:{self.msg_id}" if self.msg_id else f"e:{self.openid}:{self.created}:{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Push):
    """Something that happened."""

    @property
    def _identity(self) -> str:
        name, apart = self._name()
        return f"e:{self.openid}:{self.created}:{name}" + (f":{apart}" if apart else "")

    def _name(self) -> tuple[str, str]:
        """WeChat's name for it, and what tells it from another one of that user in the same second."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed(Event):
    """Somebody follows the account now; `scene` and `ticket` are set if they came by a scene code."""

    scene: str = ""
    ticket: str = field(default="", repr=False)

    def _name(self) -> tuple[str, str]:
        return "subscribe", self.scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed(Event):
    """Somebody follows no longer: nothing can be sent to them."""

    def _name(self) -> tuple[str, str]:
        return "unsubscribe", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned(Event):
    """A follower scanned a scene code."""

    scene: str
    ticket: str = field(repr=False)

    def _name(self) -> tuple[str, str]:
        return "SCAN", self.scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked(Event):
    """A menu button that pushes its key was pressed."""

    menu_key: str

    def _name(self) -> tuple[str, str]:
        return "CLICK", self.menu_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed(Event):
    """A menu button that opens a page was pressed."""

    url: str
    menu_id: str = ""

    def _name(self) -> tuple[str, str]:
        return "VIEW", self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuUsed(Event):
    """A menu button was used that scans, takes pictures, chooses a place or opens a mini program.

    `scanned` is what a code said, for the kinds that scan.
    """

    event: str
    menu_key: str
    scanned: str = field(default="", repr=False)

    def _name(self) -> tuple[str, str]:
        return self.event, self.menu_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Located(Event):
    """Where a user is, in degrees and metres, told when they open the chat, if they agreed."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    precision: float = field(repr=False)

    def _name(self) -> tuple[str, str]:
        return "LOCATION", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSent(Event):
    """What became of a template or subscription message: `outcome` is `success` or why not."""

    msg_id: str
    outcome: str

    def _name(self) -> tuple[str, str]:
        return "TEMPLATESENDJOBFINISH", self.msg_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionAnswered(Event):
    """What a user said about subscription messages: pairs of template and whether it may be sent."""

    event: str = "subscribe_msg_popup_event"
    answers: tuple[tuple[str, bool], ...]

    def _name(self) -> tuple[str, str]:
        return self.event, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationChanged(Event):
    """WeChat asks to correct or delete what is known of a user: `subject` is their openid.

    `user_info_modified`, `user_authorization_revoke`, or `user_authorization_cancellation` for an
    account that is no more.
    """

    event: str
    subject: str = field(repr=False)

    def _name(self) -> tuple[str, str]:
        return self.event, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """An event that isn't known here."""

    event: str
    event_key: str = field(default="", repr=False)

    def _name(self) -> tuple[str, str]:
        return self.event, self.event_key


def _short(key: str) -> str:
    """The key itself, or one that stands for it: it is stored in a column of that width."""
    if len(key) <= _MOST_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[: _MOST_KEY - len(digest) - 1]}#{digest}"


def who_leaves(push: Push) -> str | None:
    """Who is to be forgotten: nothing can be sent to them any more."""
    if isinstance(push, Unsubscribed):
        return push.openid
    if isinstance(push, AuthorizationChanged) and push.event.lower() in _FORGETS:
        return push.subject
    return None
