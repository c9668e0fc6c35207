"""What the settings say about a WeChat official account."""

import re
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_NO_SECRET: Final = SecretStr("")
_APP_ID: Final = re.compile(r"wx[0-9a-zA-Z]{1,40}")
_ORIGINAL_ID: Final = re.compile(r"gh_[0-9a-zA-Z]{1,40}")
_ENCODED_KEY: Final = re.compile(r"[0-9A-Za-z+/]{43}")
_PAGE_ADDRESS: Final = re.compile(r"https?://[^/?#\s]+")

_TEMPLATE_FIELD: Final = re.compile(r"[a-z][a-z_]*[0-9]+")
_PLACE: Final = re.compile(r"\{[^{}]*\}")

ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,31}")
"""Our name for an account: it stands in addresses."""

MOST_TEXT_BYTES: Final = 2048


class WeChatSubscription(BaseModel):
    """The subscription message that tells of waiting messages when no other may be sent.

    `fields` are the template's fields with what they say; `{count}`, `{city}` and `{time}` are filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: str = Field(min_length=1, max_length=128, description="The template's id in WeChat.")
    fields: dict[str, str] = Field(
        min_length=1,
        max_length=10,
        description="Its fields, as `thing1`, with what they say; "
        "`{count}`, `{city}` and `{time}` are filled in.",
    )
    long_term: bool = Field(
        False, description="A long-term template (长期订阅): who accepted it once gets any number."
    )

    @field_validator("fields")
    @classmethod
    def _check_fields(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _TEMPLATE_FIELD.fullmatch(name):
                raise ValueError(f"“{name}”不像模板的字段名，应如 thing1、time2")
            if not text.strip():
                raise ValueError(f"{name} 不能为空")
            if unknown := set(_PLACE.findall(text)) - {"{count}", "{city}", "{time}"}:
                raise ValueError(f"{name} 里有不认识的 {min(unknown)}，只能用 {{count}}、{{city}}、{{time}}")
        return value


class WeChatAccountSettings(BaseModel):
    """An account: values of WeChat's console, and the limits that WeChat has set to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app_id: str = Field(description="开发者ID(AppID), wx….")
    app_secret: SecretStr = Field(min_length=1, description="开发者密钥(AppSecret).")
    token: SecretStr = Field(
        min_length=3,
        max_length=32,
        description="令牌(Token) of the message push: any 3 to 32 letters and digits.",
    )
    aes_key: SecretStr = Field(
        _NO_SECRET,
        description="消息加解密密钥(EncodingAESKey), 43 characters; needed unless `mode` is `plain`.",
    )
    old_aes_key: SecretStr = Field(
        _NO_SECRET,
        description="The key before it was changed, for pushes that are under way; a day is enough.",
    )
    mode: Literal["plain", "compatible", "safe"] = Field(
        "safe", description="消息加解密方式: `plain` 明文, `compatible` 兼容, `safe` 安全. Take `safe`."
    )
    original_id: str = Field(
        "", description="原始ID, gh_…; if set, pushes for any other account are refused."
    )
    stable_token: bool = Field(
        True,
        description="Whether tokens come from `stable_token`; false where only the older `token` is open.",
    )
    api_url: str = Field("https://api.weixin.qq.com", description="WeChat's API; another one for tests.")
    authorize_url: str = Field(
        "https://open.weixin.qq.com/connect/oauth2/authorize",
        description="Where WeChat tells who opened a page (网页授权); another one for tests.",
    )
    menu: Path | None = Field(
        None,
        description="The menu's file, for `bangban wechat menu`; [an example](../howto/wechat-menu.toml).",
    )
    subscription: WeChatSubscription | None = Field(
        None,
        description="A table `[wechat.NAME.subscription]` with `template_id` and `fields`: "
        "the subscription message (订阅通知) that tells of waiting answers.",
    )

    # Limits of WeChat's, should they change or an account have its own
    most_text_bytes: int = Field(
        MOST_TEXT_BYTES, ge=600, le=20_000, description="Bytes in UTF-8 that a text message may have."
    )
    messages_after_message: int = Field(
        5, ge=0, le=100, description="Customer-service messages that a citizen's message allows."
    )
    hours_after_message: float = Field(48, gt=0, le=720, description="Hours for which it allows them.")
    messages_after_event: int = Field(
        3, ge=0, le=100, description="Customer-service messages that a menu click, follow or scan allows."
    )
    seconds_after_event: float = Field(60, gt=0, le=86400, description="Seconds for which it allows them.")
    answer_within_s: float = Field(
        4.2,
        gt=0,
        lt=5,
        description="Seconds after which a push is answered, whatever there is to say by then.",
    )
    clock_window_s: float = Field(
        300, ge=10, le=3600, description="Seconds that a push's time stamp may be from our clock."
    )

    @field_validator("app_id")
    @classmethod
    def _check_app_id(cls, value: str) -> str:
        if not _APP_ID.fullmatch(value):
            raise ValueError("应为微信的 AppID，以 wx 开头")
        return value

    @field_validator("original_id")
    @classmethod
    def _check_original_id(cls, value: str) -> str:
        if value and not _ORIGINAL_ID.fullmatch(value):
            raise ValueError("应为微信的原始 ID，以 gh_ 开头")
        return value

    @field_validator("aes_key", "old_aes_key")
    @classmethod
    def _check_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _ENCODED_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("应为微信的 EncodingAESKey，43 位字母和数字")
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
