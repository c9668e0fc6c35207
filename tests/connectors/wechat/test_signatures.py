"""The signature is WeChat's; another one doesn't pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.signatures import check, signature

# Made with sort and sha1sum.
VECTOR = ("bangban2026", "1790000000", "n0nce-7")
SIGNATURE = "607fcf11677b9156312b5eda201386834e551cc0"


def test_the_sorted_parts_are_hashed():
    assert signature(*VECTOR) == SIGNATURE
    assert check(SIGNATURE, *VECTOR)


@pytest.mark.parametrize(
    "given",
    ["", "0" * 40, SIGNATURE[:-1], SIGNATURE + "0", SIGNATURE.upper(), "签名", "\udcff", SIGNATURE + "\x00"],
)
def test_any_other_signature_does_not_pass(given):
    assert not check(given, *VECTOR)


@given(st.text(), st.text(max_size=20), st.text(max_size=20))
def test_whatever_a_query_says_is_checked_without_failing(given, timestamp, nonce):
    assert check(given, "bangban2026", timestamp, nonce) is (
        given == signature("bangban2026", timestamp, nonce)
    )


def test_comparing_tells_nothing_by_its_time(monkeypatch):
    """The comparison is `hmac.compare_digest`'s: how long another one takes can't be measured reliably."""
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda *pair: compared.append(pair) or True)

    assert check("x", *VECTOR)
    assert compared == [(SIGNATURE.encode(), b"x")]
