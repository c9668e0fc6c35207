"""What WeChat's API answers when it doesn't do what was asked, as errors of ours.

    WeChatRefusal                     502 wechat_refused
    ├── TokenExpired                  502 wechat_token_expired
    ├── WindowClosed                  409 wechat_window_closed
    ├── CountUsedUp                   409 wechat_count_used_up
    ├── UserRefuses                   409 wechat_user_refuses
    ├── TooOften                      503 wechat_too_often
    ├── Busy                          503 wechat_busy
    └── IpNotListed                   502 wechat_ip_not_listed

Codes after the documentation's list of global return codes.
"""

from collections.abc import Mapping
from typing import Final

from core.errors import BangbanError

_LONGEST_MESSAGE: Final = 200


class WeChatRefusal(BangbanError):
    """WeChat answered that it won't: `errcode` and `errmsg` are its own words, for staff."""

    status = 502
    code = "wechat_refused"

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        super().__init__(f"{errcode} {errmsg[:_LONGEST_MESSAGE]}".rstrip())
        self.errcode = errcode
        self.errmsg = errmsg


class TokenExpired(WeChatRefusal):
    """The access token isn't taken any more; with a new one the same call may succeed."""

    code = "wechat_token_expired"


class WindowClosed(WeChatRefusal):
    """The citizen hasn't written for too long to be written to."""

    status = 409
    code = "wechat_window_closed"


class CountUsedUp(WeChatRefusal):
    """As many messages were sent as WeChat allows until the citizen writes again."""

    status = 409
    code = "wechat_count_used_up"


class UserRefuses(WeChatRefusal):
    """The citizen doesn't follow the account, or doesn't want this message."""

    status = 409
    code = "wechat_user_refuses"


class TooOften(WeChatRefusal):
    """The account went over a limit of calls per minute or day."""

    status = 503
    code = "wechat_too_often"


class Busy(WeChatRefusal):
    """WeChat is busy and asks to come back."""

    status = 503
    code = "wechat_busy"


class IpNotListed(WeChatRefusal):
    """This server's address isn't on the account's white list."""

    code = "wechat_ip_not_listed"


_KINDS: Final[Mapping[int, type[WeChatRefusal]]] = {
    -1: Busy,
    40001: TokenExpired,
    40014: TokenExpired,
    40164: IpNotListed,
    42001: TokenExpired,
    43004: UserRefuses,
    43101: UserRefuses,
    45009: TooOften,
    45011: TooOften,
    45015: WindowClosed,
    45047: CountUsedUp,
    48004: UserRefuses,
}


def error_of(errcode: int, errmsg: str = "") -> WeChatRefusal:
    """The error for a code other than 0; an unknown one is a plain WeChatRefusal."""
    return _KINDS.get(errcode, WeChatRefusal)(errcode, errmsg)
