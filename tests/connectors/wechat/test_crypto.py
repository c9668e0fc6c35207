"""AES as WeChat uses it: the padding is to 32 bytes, and must be whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.crypto import KEY_BYTES, decrypt, encrypt

KEY = b"k" * KEY_BYTES
# 「您好」 and its padding, made with openssl enc -aes-256-cbc.
SEALED = bytes.fromhex("605167ecb0d08332fde1c6e9943e125478d44aeb97a7b0d51ee863bfde538473")


def test_it_is_what_openssl_makes():
    assert encrypt(KEY, "您好".encode()) == SEALED
    assert decrypt(KEY, SEALED) == "您好".encode()


@given(st.binary(max_size=100))
def test_what_was_encrypted_comes_back(data):
    sealed = encrypt(KEY, data)

    assert len(sealed) % 32 == 0
    assert len(sealed) > len(data)
    assert decrypt(KEY, sealed) == data


@pytest.mark.parametrize(
    "ending", [b"\x00", b"\x21", b"\xff", b"r\x02", b"\x02\x03\x03", b"\x1f" + b"\x20" * 31]
)
def test_padding_that_is_not_whole_is_refused(ending):
    padded = (b"r" * 64 + ending)[-64:]
    sealed = encrypt(KEY, padded)[:64]  # without the padding of its own

    with pytest.raises(ValueError, match="padding"):
        decrypt(KEY, sealed)


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33, 48])
def test_less_than_whole_blocks_is_refused(length):
    with pytest.raises(ValueError, match="blocks"):
        decrypt(KEY, bytes(length))
