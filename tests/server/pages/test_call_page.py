"""The call page holds what the script needs, and only call pages may ask for a camera."""

import pytest

from server.middlewares import permissions_policy
from server.pages.call import consent
from server.pages.call.page import CallView, call_page


def test_the_page_holds_call_conversation_and_consent_escaped():
    html = call_page(
        CallView(
            bot_name="帮办", hotline="12345", assets="/static", call_id='c"1', conversation_id="k", token="t"
        )
    )

    assert 'data-call="c&quot;1"' in html
    assert 'data-conversation="k" data-token="t"' in html
    assert f'data-version="{consent.consent_version()}"' in html
    assert all(paragraph in html for paragraph in consent.PARAGRAPHS)
    assert "{{" not in html


def test_where_calls_are_never_recorded_the_page_says_so_and_asks_nothing():
    html = call_page(
        CallView(bot_name="帮办", hotline="12345", assets="/static", call_id="c1", recorded=False)
    )

    assert 'data-recorded="false"' in html
    assert f'data-version="{consent.notice_version()}"' in html
    assert all(paragraph in html for paragraph in consent.NOTICE)
    assert "可以录音录像" not in html
    assert "是否同意" not in html
    assert consent.text_of(consent.notice_version()) == "\n".join(consent.NOTICE)
    assert consent.text_of("direct-1-00000000") is None


def test_no_word_of_the_consent_changes_without_its_version(monkeypatch):
    before = consent.consent_version()
    monkeypatch.setattr(consent, "PARAGRAPHS", (*consent.PARAGRAPHS[:-1], "另一句话。"))

    assert consent.consent_version() != before


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", False), ("/api/v1/conversations", False), ("/call/c1", True), ("/agent", True), ("/call", False)],
)
def test_only_pages_for_calls_may_ask_for_camera_microphone_and_screen(path: str, allowed: bool):
    policy = permissions_policy(path)

    for device in ("camera", "microphone", "display-capture"):
        assert f"{device}={'(self)' if allowed else '()'}" in policy
    assert "geolocation=()" in policy
