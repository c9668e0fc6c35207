"""What the settings say about a WeChat official account."""

import re
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_NO_SECRET: Final = SecretStr("")
_ENCODED_KEY: Final = re.compile(r"[0-9A-Za-z+/]{43}")
_PAGE_ADDRESS: Final = re.compile(r"https?://[^/?#\s]+")

ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,31}")
"""Our name for an account: it stands in addresses."""

MOST_TEXT_BYTES: Final = 2048


class WeChatSubscription(BaseModel):
    """The subscription message that tells of waiting messages when no other may be sent.

    `fields` are the template's fields with what they say; `{count}` and `{city}` are filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: str = Field(min_length=1, max_length=128)
    fields: dict[str, str] = Field(min_length=1, max_length=10)


class WeChatAccountSettings(BaseModel):
    """An account: values of WeChat's console, and the limits that WeChat has set to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: str = Field(pattern=r"^wx[0-9a-zA-Z]{1,40}$")
    app_secret: SecretStr = Field(min_length=1)
    token: SecretStr = Field(min_length=3, max_length=32)
    aes_key: SecretStr = _NO_SECRET
    old_aes_key: SecretStr = _NO_SECRET  # of the time before it was changed, for what is under way
    mode: Literal["plain", "compatible", "safe"] = "safe"
    original_id: str = Field("", pattern=r"^(gh_[0-9a-zA-Z]{1,40})?$")
    stable_token: bool = True
    api_url: str = "https://api.weixin.qq.com"
    authorize_url: str = "https://open.weixin.qq.com/connect/oauth2/authorize"
    menu: Path | None = None
    subscription: WeChatSubscription | None = None

    # Limits of WeChat's, should they change or an account have its own
    most_text_bytes: int = Field(MOST_TEXT_BYTES, ge=600, le=20_000)
    messages_after_message: int = Field(5, ge=0, le=100)
    hours_after_message: float = Field(48, gt=0, le=720)
    messages_after_event: int = Field(3, ge=0, le=100)
    seconds_after_event: float = Field(60, gt=0, le=86400)
    answer_within_s: float = Field(4.2, gt=0, lt=5)
    clock_window_s: float = Field(300, ge=10, le=3600)

    @field_validator("aes_key", "old_aes_key")
    @classmethod
    def _check_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _ENCODED_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("应为公众平台上的 43 位 EncodingAESKey")
        return value

    @field_validator("api_url", "authorize_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if not _PAGE_ADDRESS.match(value):
            raise ValueError("要写成 https://… 这样的地址")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_mode(self) -> Self:
        if self.mode != "plain" and not self.aes_key.get_secret_value():
            raise ValueError("compatible 和 safe 模式要写 aes_key")
        return self
