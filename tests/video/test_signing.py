"""A request to sign: decided once, about one document, and honest about how it was answered."""

import json
from datetime import UTC, datetime

import pytest

from core.errors import IllegalMove, StaleDocument
from video.signing import SignatureRequest, SigningEvent, SigningState, typed_confirmation

NOW = datetime(2026, 3, 8, 9, 0, tzinfo=UTC)
ASKED = SignatureRequest("form", "f1", "委托书", "file1", "ab" * 32, "王芳", "2026-03-08T08:59:00.000Z")


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (SigningEvent.SIGN, SigningState.SIGNED),
        (SigningEvent.DECLINE, SigningState.DECLINED),
        (SigningEvent.WITHDRAW, SigningState.WITHDRAWN),
    ],
)
def test_what_is_asked_is_decided_once_and_for_good(event, state):
    decided = ASKED.after(event, NOW)

    assert decided.state is state
    assert decided.decided_at == "2026-03-08T09:00:00.000Z"
    for again in SigningEvent:
        with pytest.raises(IllegalMove):
            decided.after(again, NOW)


def test_another_document_than_the_one_asked_for_is_refused():
    ASKED.check_seen("ab" * 32)
    for other in ("", "cd" * 32):
        with pytest.raises(StaleDocument):
            ASKED.check_seen(other)


def test_what_is_stored_comes_back():
    signed = ASKED.after(SigningEvent.SIGN, NOW)

    assert SignatureRequest.from_json(signed.state.value, json.loads(json.dumps(signed.as_json()))) == signed


def test_a_typed_name_says_that_it_is_no_handwriting_and_what_it_confirms():
    said = json.loads(typed_confirmation(ASKED, "张三", NOW))

    assert (said["method"], said["name"], said["document_sha256"]) == ("typed", "张三", "ab" * 32)
    assert "不是手写签名" in said["meaning"]
