"""What codes, menu keys and scanned texts ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.scenes import (
    LONGEST,
    Ask,
    AskItem,
    At,
    CallPerson,
    Unknown,
    read_scanned,
    read_scene,
)
from core.statuses import HandoverMode


@pytest.mark.parametrize(
    ("scene", "request_"),
    [
        ("ask:居住证怎么办", Ask("居住证怎么办")),
        ("ask: 几点:下班 ", Ask("几点:下班")),
        ("item:cc-0001", AskItem("cc-0001")),
        ("window:3号", At("3号窗口")),
        ("window:社保窗口", At("社保窗口")),
        ("kiosk:A1", At("A1自助机")),
        ("person", CallPerson(HandoverMode.TEXT)),
        ("video", CallPerson(HandoverMode.VIDEO)),
        ("", Unknown()),
        ("ask:", Unknown()),
        ("ask:  ", Unknown()),
        ("window:\u202e\n", Unknown()),
        ("Ask:居住证", Unknown()),
        ("person:1", Unknown()),
        ("hot", Unknown()),
        ("vip:1", Unknown()),
    ],
)
def test_a_scene_says_what_it_is_for(scene, request_):
    assert read_scene(scene) == request_


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("item:cc-0001", AskItem("cc-0001")),
        (" cc-0001\n", AskItem("cc-0001")),
        ("CODE_128,cc-0001", AskItem("cc-0001")),
        ("window:3号", At("3号窗口")),
        ("http://weixin.qq.com/q/02abc", Unknown()),
        ("长" * 100, Unknown()),
        ("", Unknown()),
    ],
)
def test_a_scanned_text_is_a_scene_or_a_guide(text, request_):
    assert read_scanned(text) == request_


@given(st.text(max_size=300))
def test_whatever_anybody_prints_on_a_code_staff_read_one_short_line(text):
    for read in (read_scene, read_scanned):
        found = read(f"window:{text}")
        if isinstance(found, At):
            assert len(found.place) <= LONGEST + len("窗口")
            assert "\n" not in found.place
