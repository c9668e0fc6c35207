"""How WeChat is set up: an account's values from the console, and the limits that hold for all."""

from dataclasses import dataclass

PLAIN, COMPATIBLE, SAFE = "plain", "compatible", "safe"
MODES = (PLAIN, COMPATIBLE, SAFE)


@dataclass(frozen=True)
class AccountSettings:
    """What the console of the account says; `callback` is the service's URL for pushes.

    `more_callbacks` are other replicas of the service: each attempt goes to any, as behind one address.
    """

    callback: str = ""
    more_callbacks: tuple[str, ...] = ()
    token: str = "TokenOfTests"
    app_id: str = "wx0123456789abcdef"
    app_secret: str = "0123456789abcdef0123456789abcdef"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    mode: str = SAFE
    original_id: str = "gh_0123456789ab"
    web_domains: tuple[str, ...] = ()  # hosts that OAuth may lead back to; empty for any
    allowed_ips: tuple[str, ...] | None = None  # None for no white list


@dataclass(frozen=True)
class Rules:
    """Limits, in seconds, bytes and counts; as documented unless a test wants it otherwise."""

    reply_within: float = 5.0
    tries: int = 3
    pause_after_broken: float = 1.0  # before trying again where no connection was to be had; not documented
    fresh_signature_on_retry: bool = True
    token_seconds: int = 7200
    old_token_seconds: int = 300
    stable_renews_before: int = 300
    force_at_most_every: int = 30
    message_count: int = 5
    message_seconds: int = 48 * 3600
    event_count: int = 3
    event_seconds: int = 60
    most_text_bytes: int = 2048
    media_seconds: int = 3 * 86400
    code_seconds: int = 300
    most_image_bytes: int = 10 * 1024 * 1024
