"""Only the browser that was sent to WeChat may come back with its state, once, in time."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.oauth import StateRefused, authorize_url, open_state, sign_state, ticket_hash

KEY = b"k" * 32
HASHED = ticket_hash("one-time-ticket")
NOW = 1_790_000_000.0
EXPIRES = 1_790_000_600


def state(key=KEY, account="main", hashed_ticket=HASHED, browser="cookie-1", expires_at=EXPIRES):
    return sign_state(
        key, account=account, hashed_ticket=hashed_ticket, browser=browser, expires_at=expires_at
    )


def opened(text, key=KEY, account="main", browser="cookie-1", now=NOW):
    return open_state(key, text, account=account, browser=browser, now=now)


def test_the_browser_is_sent_to_wechat_with_the_parameters_in_its_order():
    url = authorize_url("wx0123456789abcdef", "https://bangban.example/wechat/main/back?x=1", state())
    parts = urlsplit(url)

    assert url.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=")
    assert parse_qsl(parts.query) == [
        ("appid", "wx0123456789abcdef"),
        ("redirect_uri", "https://bangban.example/wechat/main/back?x=1"),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", state()),
    ]
    assert parts.fragment == "wechat_redirect"


def test_an_account_may_have_its_own_way_to_wechat():
    url = authorize_url(
        "wx0123456789abcdef", "https://bangban.example", "s", base="http://127.0.0.1:8099/oauth"
    )

    assert url.startswith("http://127.0.0.1:8099/oauth?appid=wx0123456789abcdef&")


def test_a_state_is_what_wechat_takes_and_tells_nothing():
    assert re.fullmatch("[a-zA-Z0-9]{1,128}", state())
    assert "cookie-1" not in state()
    assert "one-time-ticket" not in state()


def test_a_ticket_is_known_by_its_hash():
    assert HASHED == "754b048a3d82fac8b3b20838d24a6e1893e705430f24666b15bb877cca76b8f1"  # of sha256sum
    assert ticket_hash("one-time-ticket") == HASHED != ticket_hash("another")


def test_the_browser_that_was_sent_comes_back_with_its_ticket():
    assert opened(state()) == HASHED
    assert opened(state(), now=EXPIRES - 0.1) == HASHED


@pytest.mark.parametrize(
    "other",
    [
        {"browser": "cookie-2"},
        {"browser": ""},
        {"account": "other"},
        {"key": b"o" * 32},
        {"now": EXPIRES},
        {"now": EXPIRES + 1e6},
    ],
)
def test_nobody_else_and_nothing_later_does(other):
    with pytest.raises(StateRefused):
        opened(state(), **other)


def test_a_browser_without_a_secret_is_refused_even_if_the_state_was_made_so():
    with pytest.raises(StateRefused):
        opened(state(browser=""), browser="")


def test_no_part_can_be_moved_into_the_next():
    with pytest.raises(StateRefused):
        opened(state(account="ma", browser="in"), account="main", browser="")
    assert state(account="a", browser="bc") != state(account="ab", browser="c")


@given(st.integers(0, 105), st.sampled_from("0123456789abcdef"))
def test_a_state_with_one_digit_changed_is_refused(place, digit):
    right = state()
    changed = right[:place] + digit + right[place + 1 :]
    if changed != right:
        with pytest.raises(StateRefused):
            opened(changed)


@given(st.text(max_size=130))
def test_any_other_text_is_refused(text):
    with pytest.raises(StateRefused):
        opened(text)


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text + "0", lambda text: text[1:], lambda text: text + "\n"]
)
def test_a_state_must_be_written_as_it_was(change):
    with pytest.raises(StateRefused):
        opened(change(state()))


def test_the_citizen_reads_what_to_do():
    assert "重新" in StateRefused.citizen_text
    assert StateRefused.status == 403
