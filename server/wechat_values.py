"""What the settings say of an official account, as the connector takes it."""

from connectors.wechat.account import Account
from connectors.wechat.envelope import Keys, Mode, decode_aes_key
from connectors.wechat.outbox import Rules
from connectors.wechat.quota import Limit, Limits
from core.wechat_settings import WeChatAccountSettings


def account_of(name: str, own: WeChatAccountSettings) -> Account:
    """The account as the API knows it."""
    return Account(name, own.app_id, own.app_secret.get_secret_value(), own.stable_token)


def keys_of(own: WeChatAccountSettings) -> Keys:
    """What the account shares with WeChat. Raises ConfigurationError."""
    encoded = (key.get_secret_value() for key in (own.aes_key, own.old_aes_key))
    return Keys(
        token=own.token.get_secret_value(),
        appid=own.app_id,
        mode=Mode(own.mode),
        aes_keys=tuple(decode_aes_key(key) for key in encoded if key),
    )


def rules_of(own: WeChatAccountSettings) -> Rules:
    """How much may be sent."""
    event = Limit(own.messages_after_event, own.seconds_after_event)
    message = Limit(own.messages_after_message, own.hours_after_message * 3600)
    limits = Limits(message=message, click=event, follow=event, scan=event)
    return Rules(limits, own.most_text_bytes)
