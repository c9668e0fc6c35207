"""What a citizen typed is taken in whole, read in part, and never stored unstorable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, TextTooLong
from server.citizen_text import MAX_CHARACTERS, READ_CHARACTERS, clean, take_in


def test_a_short_message_is_read_whole():
    said = take_in("  身份证丢了\n怎么办？ ")

    assert said.full == said.read == "身份证丢了 怎么办?"
    assert not said.shortened


def test_of_a_long_message_the_bot_reads_the_beginning():
    said = take_in("办" * 501)

    assert said.full == "办" * 501
    assert said.read == "办" * READ_CHARACTERS
    assert said.shortened


def test_a_message_over_the_limit_is_refused_and_one_at_the_limit_is_not():
    take_in("办" * MAX_CHARACTERS)

    with pytest.raises(TextTooLong):
        take_in("办" * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize("raw", ["", "   ", "\n\t", "/", "///  ", "\u200b\u200d", "\ud800", "\x00"])
def test_a_message_with_nothing_to_read_is_refused(raw):
    with pytest.raises(InvalidInput):
        take_in(raw)


@pytest.mark.parametrize(
    "raw", ["/restart", "//restart", " /restart", "/ /restart", "／restart", "\u200b/restart"]
)
def test_a_command_of_the_dialogue_engine_is_just_words(raw):
    assert take_in(raw).full == "restart"


@given(st.text(max_size=300))
def test_what_is_taken_in_can_be_encoded_and_starts_no_command(raw):
    try:
        said = take_in(raw)
    except InvalidInput:
        return

    assert said.full.encode()
    assert not said.read.startswith("/")
    assert "\x00" not in said.full


@given(st.text(max_size=300))
def test_a_clean_text_can_be_encoded_and_cleaning_again_changes_nothing(raw):
    cleaned = clean(raw)

    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned
