"""A ticket opens its page for the user it was made for, and tells everybody else's apart."""

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.wechat.tickets import NONCE_BYTES, PAGES, Ticket, is_ticket, make_ticket, open_ticket
from core.errors import InvalidInput

KEY = b"k" * 32
NONCE = bytes(range(NONCE_BYTES))
EXPIRES = 1_790_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

pages = st.sampled_from(PAGES)
names = st.text(max_size=40)
moments = st.integers(0, 2**32 - 1)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


def made(account="hall", openid="o-wang", page="call", nonce=NONCE, expires_at=EXPIRES, key=KEY):
    return make_ticket(key, account=account, openid=openid, page=page, nonce=nonce, expires_at=expires_at)


def opened(ticket, account="hall", openid="o-wang", now=EXPIRES - 1.0, key=KEY):
    return open_ticket(key, ticket, account=account, openid=openid, now=now)


@given(account=names, openid=names, page=pages, nonce=nonces, expires_at=moments, now=moments)
def test_whoever_it_was_made_for_learns_its_page_and_whether_it_is_still_good(
    account, openid, page, nonce, expires_at, now
):
    ticket = made(account, openid, page, nonce, expires_at)

    assert opened(ticket, account, openid, now) == Ticket(page, is_theirs=True, is_expired=now >= expires_at)


def test_it_holds_until_the_second_it_names():
    assert not opened(made(), now=EXPIRES - 0.001).is_expired
    assert opened(made(), now=float(EXPIRES)).is_expired


@given(names, names, names, names)
@example("hall", "o-wang", "hallo", "-wang")  # the two parts together are the same
def test_somebody_elses_is_told_apart_and_so_is_another_accounts(account, openid, other, stranger):
    found = opened(made(account, openid), other, stranger)

    assert found.is_theirs == ((account, openid) == (other, stranger))


def test_one_of_another_service_is_nobodys():
    assert not opened(made(key=b"x" * 32)).is_theirs


@given(st.data())
def test_a_changed_ticket_is_nobodys(data):
    ticket = made()
    at = data.draw(st.integers(0, len(ticket) - 1))
    other = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != ticket[at]]))
    try:
        found = opened(ticket[:at] + other + ticket[at + 1 :])
    except InvalidInput:
        return  # it names no page of ours
    assert not found.is_theirs


def test_neither_page_nor_time_can_be_changed_with_a_mac_that_is_known():
    raw = base64.urlsafe_b64decode(made(page="chat"))
    another_page = bytes([PAGES.index("video")]) + raw[1:]
    later = raw[:10] + (EXPIRES + 86400).to_bytes(4, "big") + raw[14:]

    for forged in (another_page, later):
        assert not opened(base64.urlsafe_b64encode(forged).decode()).is_theirs


@given(
    st.text() | st.text(ALPHABET + "+/= \n", min_size=36, max_size=44) | st.binary(min_size=30, max_size=30)
)
@example("")
@example("A" * 39)
@example("A" * 41)
@example("\ud800" * 40)
@example("/" * 40)
@example("_" * 40)  # page 255
def test_garbage_is_refused_or_nobodys(text):
    ticket = base64.urlsafe_b64encode(text).decode() if isinstance(text, bytes) else text
    try:
        found = opened(ticket)
    except InvalidInput:
        return
    assert is_ticket(ticket)
    assert not found.is_theirs


def test_there_is_one_spelling_of_a_ticket():
    """What was used is known by the ticket's text, so another text mustn't be the same ticket."""
    ticket = next(candidate for n in range(100) if "-" in (candidate := made(nonce=bytes([n]) * NONCE_BYTES)))
    for spelling in (ticket.replace("-", "+"), ticket + "====", ticket + "\n", " " + ticket):
        with pytest.raises(InvalidInput):
            opened(spelling)


@given(openid=st.text(min_size=10), page=pages, nonce=nonces, expires_at=moments)
def test_it_fits_into_an_address_and_says_nothing_of_the_user(openid, page, nonce, expires_at):
    ticket = made(openid=openid, page=page, nonce=nonce, expires_at=expires_at)

    assert re.fullmatch("[0-9A-Za-z_-]{40}", ticket)
    assert openid not in ticket


def test_two_tickets_for_the_same_are_two():
    assert made(nonce=b"a" * NONCE_BYTES) != made(nonce=b"b" * NONCE_BYTES)
