"""All settings of the service, read once at start-up.

This is the only place that looks at the environment. A value comes from the command line, else
from the variable `BANGBAN_<NAME>`, else from the file `bangban.toml`, else from the default here.
"""

from collections.abc import Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from core.errors import ConfigurationError
from core.setting_checks import check_account_names, check_addresses, check_networks, check_port_range
from core.setting_descriptions import SettingDescription, describe
from core.setting_errors import explain
from core.wechat_settings import WeChatAccountSettings

Secret = SecretStr
"""A text whose repr is stars; `get_secret_value()` gives it away on purpose."""

PREFIX = "BANGBAN_"
FILE_NAME = "bangban.toml"
MIN_SESSION_SECRET = 32


class Settings(BaseSettings):
    """Every setting, validated and frozen. Make one with `Settings.load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", toml_file=FILE_NAME, frozen=True, extra="forbid"
    )

    # Where things are
    data: Path = Field(
        Path("var"), description="Directory for the database, index snapshots and generated secrets."
    )
    host: str = Field(
        "127.0.0.1", description="Address to listen on; 0.0.0.0 for all, behind a proxy with TLS."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    public_url: str = Field(
        "", description="Address citizens use, e.g. https://bangban.example.gov.cn; empty: as requested."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks of reverse proxies whose X-Forwarded-For is believed, separated by commas.",
    )
    database_url: Secret = Field(
        Secret(""),
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; empty: SQLite in `data`.",
    )

    redis_url: Secret = Field(
        Secret(""),
        description="redis://HOST, rediss://HOST or unix:///FILE that joins several replicas of the service; "
        "empty: there is one.",
    )

    # The dialogue engine
    rasa_url: str = Field("", description="Address of a running Rasa; empty: Bangban starts its own.")
    rasa_port: int = Field(
        0, ge=0, le=65535, description="First port for our own Rasa on loopback; 0 lets the system choose."
    )
    rasa_python: Path = Field(
        Path(".venv-rasa/bin/python"), description="The Python 3.10 interpreter that has Rasa."
    )
    rasa_model: Path = Field(Path("models/rasa/bangban.tar.gz"), description="The trained dialogue model.")
    rasa_processes: int = Field(
        1, ge=1, le=64, description="How many Rasa processes to start; conversations are spread over them."
    )
    actions_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Loopback port where Rasa asks for answers; 0: any, but your own Rasa needs a fixed one.",
    )
    engine_timeout_s: float = Field(
        12.0, gt=0, le=120, description="Seconds after which a turn without a reply counts as failed."
    )
    action_deadline_s: float = Field(
        8.0,
        gt=0,
        le=120,
        description="Seconds the knowledge lookup within a turn may take; less than `engine_timeout_s`.",
    )

    # Knowledge
    embedding_model: Path = Field(
        Path("models/embedding"), description="Directory of the sentence embedding model."
    )
    lexicon: str = Field("", description="Directory of the city's own sayings; empty: none.")

    # What citizens see
    bot_name: str = Field("帮办", min_length=1, max_length=20, description="Name the bot goes by.")
    city: str = Field(
        "", description="City this instance serves, to tell questions about others; empty: from the guides."
    )
    hotline: str = Field(
        "12345",
        pattern=r"^[0-9][0-9 -]{2,19}$",
        description="Hotline named when no answer or person is at hand.",
    )

    # Being served by a person
    opening_hours: str = Field(
        "",
        description="When agents can be reached, as `周一至周五 8:30-11:30,13:00-16:30`; empty: always.",
    )
    opening_exceptions: str = Field(
        "",
        description="Days that differ: `2026-10-01..2026-10-07 休; 2026-10-10 按周一`.",
    )

    forms: str = Field("", description="Directory of the city's own form templates; empty: ours alone.")

    # Limits
    retention_days: int = Field(
        180, ge=1, le=3650, description="Days after its last message that a conversation is deleted."
    )
    handover_expires_hours: int = Field(
        24, ge=1, le=8760, description="Hours after which a wait for a person is given up if nobody came."
    )
    rate_messages_per_minute: int = Field(
        30, ge=1, description="Messages a minute that one conversation may send."
    )
    rate_conversations_per_minute: int = Field(
        60, ge=1, description="Conversations a minute that one client address may open."
    )
    rate_reads_per_minute: int = Field(
        240,
        ge=1,
        description="Looks a minute at one transcript; at guides, by client address.",
    )
    rate_entries_per_minute: int = Field(
        1200,
        ge=1,
        description="Steps from WeChat to a page that one client address, a hall's say, may take a minute.",
    )
    max_body_bytes: int = Field(65536, ge=1024, description="Largest request body that is read.")
    upload_max_bytes: int = Field(
        10_485_760, ge=65536, le=104_857_600, description="Largest file that citizens and agents can send."
    )
    upload_max_pixels: int = Field(
        50_000_000, ge=1_000_000, le=170_000_000, description="Most pixels that a picture may have."
    )
    clamd_address: str = Field(
        "",
        description="Virus scanner for files, as unix:/run/clamav/clamd.ctl or HOST:PORT; empty: no scan.",
    )

    # Video consultation
    call_media: Literal["relay", "direct"] = Field(
        "relay",
        description="Whether sound and picture pass through us. `direct`: from browser to browser, "
        "never recorded.",
    )
    video_codec: Literal["vp8", "h264"] = Field(
        "vp8",
        description="Codec of the picture, for all parties. A browser without `h264` has sound only then.",
    )
    media_url: str = Field(
        "",
        description="Addresses of running media processes, commas between; empty: Bangban starts its own.",
    )
    media_secret: Secret = Field(
        Secret(""),
        description="Key that media processes ask for, needed with `media_url`; else made at each start.",
    )
    media_host: str = Field(
        "127.0.0.1", description="Address where media processes take our requests; never a public one."
    )
    media_port: int = Field(
        0, ge=0, le=65535, description="First port of our own media processes; 0 lets the system choose."
    )
    media_processes: int = Field(
        1, ge=1, le=64, description="How many media processes to start: one per core that calls may use."
    )
    media_max_calls: int = Field(
        8,
        ge=1,
        le=1000,
        description="Calls between two that a media process takes at once; a third party counts as two more.",
    )
    media_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses offered to browsers for media, commas between; empty: all of the machine. "
        "PUBLIC=LOCAL where addresses are translated.",
    )
    media_port_range: str = Field(
        "", description="UDP ports for media, as 40000-40999; empty: any. A call takes two for each address."
    )
    recording_key: Secret = Field(
        Secret(""),
        description="Key that seals recordings, 32 characters or more; empty: made in `data`. Keep a copy.",
    )
    recording_days: int = Field(
        365, ge=1, le=36500, description="Days after which a recording is deleted, unless it is held."
    )
    recording_floor_mb: int = Field(
        1024, ge=64, description="Free disk space in MiB below which nothing is recorded."
    )
    recording_warning_mb: int = Field(
        5120, ge=64, description="Free disk space in MiB below which recording warns of a full disk."
    )
    listening_told: bool = Field(
        True, description="Whether those in a call are told while a supervisor listens to it."
    )
    turn_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses of the TURN server for browsers behind firewalls, separated by commas.",
    )
    turn_secret: Secret = Field(
        Secret(""), description="The secret shared with the TURN server (coturn's static-auth-secret)."
    )
    turn_ttl: int = Field(
        3600, ge=60, le=86400, description="Seconds for which a browser's TURN credentials hold."
    )

    # WeChat
    wechat: dict[str, WeChatAccountSettings] = Field(
        {},
        description="Official accounts, each a table `[wechat.NAME]`; see docs/howto/wechat.md. "
        "Secrets as BANGBAN_WECHAT__NAME__APP_SECRET.",
    )
    asr_url: str = Field(
        "",
        pattern=r"^(https?://[^/?#\s]+\S*)?$",
        description="Address of a service that writes down what voice messages say; empty: none.",
    )
    asr_token: Secret = Field(
        Secret(""), description="Bearer token that the service at `asr_url` asks for; empty: none."
    )
    asr_sure_from: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Confidence from which a voice message is acted on at once; below it is read back first.",
    )

    # Operation
    demo: bool = Field(
        False, description="Whether a new data directory gets staff accounts to try the service with."
    )
    session_secret: Secret = Field(
        Secret(""),
        description="Key that signs staff sessions, 32 characters or more; empty: made once in `data`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="`json` writes an object a line, `console` is for people."
    )

    @field_validator("trusted_proxies", "media_addresses", "turn_urls", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_networks(value)
        return value

    @field_validator("media_addresses")
    @classmethod
    def _check_media_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_addresses(value)
        return value

    @field_validator("media_port_range")
    @classmethod
    def _check_media_port_range(cls, value: str) -> str:
        check_port_range(value)
        return value

    @field_validator("wechat")
    @classmethod
    def _check_account_names(
        cls, value: dict[str, WeChatAccountSettings]
    ) -> dict[str, WeChatAccountSettings]:
        check_account_names(value)
        return value

    @field_validator("session_secret", "recording_key")
    @classmethod
    def _check_length_of_secret(cls, value: Secret) -> Secret:
        if 0 < len(value.get_secret_value()) < MIN_SESSION_SECRET:
            raise ValueError(f"至少要 {MIN_SESSION_SECRET} 个字符")
        return value

    @model_validator(mode="after")
    def _check_deadlines(self) -> Self:
        # A lookup that may outlast its turn never gets to excuse itself: the turn fails without it.
        if self.action_deadline_s >= self.engine_timeout_s:
            raise ValueError("action_deadline_s 要小于 engine_timeout_s")
        return self

    @model_validator(mode="after")
    def _check_recording(self) -> Self:
        # Who names a key wants recordings, and would learn too late that there are none.
        if self.call_media == "direct" and self.recording_key.get_secret_value():
            raise ValueError(
                "call_media = direct 时音视频由浏览器直连，不经过服务器，无法录音录像；"
                "需要双录请改用 call_media = relay，不需要请去掉 recording_key"
            )
        return self

    @model_validator(mode="after")
    def _check_media(self) -> Self:
        if self.media_url and not self.media_secret.get_secret_value():
            raise ValueError("设了 media_url，就要设那些进程的 media_secret")
        return self

    @model_validator(mode="after")
    def _check_wechat(self) -> Self:
        if self.wechat and not self.public_url:
            raise ValueError("设了 wechat，就要设 public_url：微信里的链接要用它")
        return self

    @model_validator(mode="after")
    def _check_replicas(self) -> Self:
        if not self.redis_url.get_secret_value():
            return self
        if not self.effective_database_url.startswith("postgres"):
            raise ValueError("设了 redis_url，database_url 就要是各副本共用的 PostgreSQL")
        if self.call_media == "direct":
            raise ValueError("设了 redis_url，call_media 就要用 relay：页面之间商定的事，各副本不共享")
        if not self.media_url:
            raise ValueError("设了 redis_url，就要设各副本共用的 media_url")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def load(cls, overrides: Mapping[str, Any] | None = None) -> "Settings":
        """The settings in force; `overrides` (from the command line) win over everything.

        Raises ConfigurationError naming each setting that is wrong, never its value.
        """
        try:
            return cls(**(overrides or {}))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            raise ConfigurationError(explain(details)) from None
        except SettingsError:  # it holds the value; the accounts are the only setting that is JSON there
            raise ConfigurationError(
                f"设置有误：{PREFIX}WECHAT 不是 JSON；账号的每一项可以单独写，"
                f"如 {PREFIX}WECHAT__HALL__APP_SECRET"
            ) from None
        except TOMLDecodeError as error:
            raise ConfigurationError(f"{FILE_NAME} 不是有效的 TOML 文件：{error}") from None

    @classmethod
    def describe(cls) -> tuple[SettingDescription, ...]:
        """All settings in order, for the documentation."""
        return describe(cls.model_fields, PREFIX)

    @property
    def effective_database_url(self) -> str:
        """The address of the database; it may hold a password, so keep it out of logs."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data / 'bangban.db'}"
