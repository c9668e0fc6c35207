"""Passwords are kept as hashes."""

import pytest

from core.accounts import hash_password, verify_password


def test_the_right_password_is_recognised_and_another_is_not():
    stored = hash_password("合肥 Correct 马")

    assert verify_password(stored, "合肥 Correct 马")
    assert not verify_password(stored, "合肥 correct 马")
    assert not verify_password(stored, "")


def test_the_hash_is_argon2id_and_hides_the_password():
    stored = hash_password("hunter2")

    assert stored.startswith("$argon2id$")
    assert "hunter2" not in stored


def test_the_same_password_is_hashed_to_something_else_each_time():
    assert hash_password("hunter2") != hash_password("hunter2")


@pytest.mark.parametrize("stored", ["", "hunter2", "$argon2id$v=19$m=1", "密码"])
def test_what_is_no_hash_matches_nothing(stored):
    assert not verify_password(stored, "hunter2")


def test_a_password_that_is_no_text_matches_nothing():
    assert not verify_password(hash_password("hunter2"), "\ud800")
