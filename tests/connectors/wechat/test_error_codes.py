"""Each code of WeChat's becomes the error that says what to do."""

import pytest

from connectors.wechat import error_codes
from connectors.wechat.error_codes import (
    Busy,
    CodeUsed,
    CountUsedUp,
    IpNotListed,
    NotPermitted,
    RequestRefused,
    Then,
    TokenExpired,
    TooOften,
    UserRefuses,
    UserUnknown,
    WeChatRefusal,
    WindowClosed,
    WrongCredentials,
    closes_window,
    error_of,
)

CODES = {
    -1: Busy,
    40001: TokenExpired,
    40014: TokenExpired,
    42001: TokenExpired,
    41001: TokenExpired,
    45015: WindowClosed,
    45047: CountUsedUp,
    43004: UserRefuses,
    43019: UserRefuses,
    43101: UserRefuses,
    48002: UserRefuses,
    50002: UserRefuses,
    40003: UserUnknown,
    45009: TooOften,
    45011: TooOften,
    40164: IpNotListed,
    61004: IpNotListed,
    40013: WrongCredentials,
    40125: WrongCredentials,
    48001: NotPermitted,
    48004: NotPermitted,
    40029: CodeUsed,
    40163: CodeUsed,
    42003: CodeUsed,
    40007: RequestRefused,
    44004: RequestRefused,
    45002: RequestRefused,
    45008: RequestRefused,
    47001: RequestRefused,
    99999: WeChatRefusal,
    -2: WeChatRefusal,
}
KINDS = [
    each for each in vars(error_codes).values() if isinstance(each, type) and issubclass(each, WeChatRefusal)
]


@pytest.mark.parametrize("errcode", CODES)
def test_a_code_has_its_error(errcode):
    error = error_of(errcode, "some words")

    assert type(error) is CODES[errcode]
    assert (error.errcode, error.errmsg) == (errcode, "some words")
    assert str(errcode) in str(error)


def test_a_refused_token_is_renewed_and_a_busy_wechat_asked_again():
    assert {kind.then for kind in (TokenExpired,)} == {Then.REFRESH}
    assert {kind for kind in KINDS if kind.then is Then.LATER} == {Busy, TooOften}


def test_codes_that_close_the_window_are_told_from_others():
    assert {code for code in CODES if closes_window(code)} == {
        45015,
        45047,
        43004,
        43019,
        43101,
        48002,
        50002,
        40003,
    }


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 65-1", "203.0.113.7"),
        ("invalid ip 2001:db8:0:0:0:0:0:1, not in whitelist", "2001:db8:0:0:0:0:0:1"),
        ("not in whitelist", ""),
    ],
)
def test_the_address_to_put_on_the_white_list_is_told(words, address):
    assert error_of(40164, words).address == address


def test_an_openid_in_wechats_words_is_left_out_and_what_helps_to_find_the_call_is_not():
    error = error_of(40003, "invalid openid oBangbanCitizen_000000000001 rid: 607f1a2b-2f3e4d5c-6a7b8c9d")

    assert "oBangban" not in str(error)
    assert "rid: 607f1a2b-2f3e4d5c-6a7b8c9d" in error.errmsg
    assert len(error_of(-1, "x" * 9999).errmsg) == 300


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_to_staff_and_citizens_in_chinese_what_to_do(kind):
    for text in (kind.advice, kind.citizen_text):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
    assert kind.code.startswith("wechat_")
    assert kind.status in {502, 503}


def test_every_error_is_in_the_tree_and_has_a_code_of_its_own():
    lines = [line.split() for line in error_codes.__doc__.splitlines() if "wechat_" in line]

    assert {(line[-3] if line[0] == "WeChatRefusal" else line[1]) for line in lines} == {
        kind.__name__ for kind in KINDS
    }
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert f"{kind.status} {kind.code}" in error_codes.__doc__
