"""The service's own secrets, all derived from one that is configured or made once."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigurationError
from core.settings import MIN_SESSION_SECRET, Settings

FILE_NAME = "session_secret"
RECORDING_KEY_FILE = "recording_key"


_CONSEQUENCES = {
    FILE_NAME: "删除后会重新生成，工作人员要重新登录",
    RECORDING_KEY_FILE: "请从备份恢复；删除后会重新生成，但以前的录像就打不开了",
}


@dataclass(frozen=True, slots=True)
class ServiceSecrets:
    """`sessions` signs staff sessions, `actions` is in the address that Rasa calls.

    `links` binds what leads from a channel to a page, `pages` makes the tokens of a channel's conversations.
    """

    sessions: bytes = field(repr=False)
    actions: str = field(repr=False)
    links: bytes = field(repr=False)
    pages: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: str) -> "ServiceSecrets":
        """The secrets derived from this one, whose length who gives it has checked."""
        key = secret.encode()
        return cls(
            sessions=hmac.digest(key, b"staff sessions", "sha256"),
            actions=hmac.new(key, b"action endpoint", hashlib.sha256).hexdigest()[:32],
            links=hmac.digest(key, b"links of channels", "sha256"),
            pages=hmac.digest(key, b"pages of channels", "sha256"),
        )

    @classmethod
    def load(cls, settings: Settings) -> "ServiceSecrets":
        """The secrets of the settings, or of the file in the data directory, made if it isn't there.

        Raises ConfigurationError when the file is damaged.
        """
        configured = settings.session_secret.get_secret_value()
        return cls.of(configured or kept_secret(settings.data / FILE_NAME))


def recording_key(settings: Settings) -> bytes:
    """The key that seals recordings. It outlives the secret of sessions, which may change at any time.

    Raises ConfigurationError when its file is damaged.
    """
    kept = settings.recording_key.get_secret_value() or kept_secret(settings.data / RECORDING_KEY_FILE)
    return hmac.digest(kept.encode(), b"recordings", "sha256")


def kept_secret(path: Path) -> str:
    """The secret in the file; of several that make it at once, in one process or more, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")  # also unlike that of another machine
    if not path.exists():
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    kept = path.read_text("utf-8", errors="replace").strip()
    if len(kept) < MIN_SESSION_SECRET:  # the settings see to the length of a configured one
        raise ConfigurationError(f"{path} 已损坏；{_CONSEQUENCES.get(path.name, '')}")
    return kept
