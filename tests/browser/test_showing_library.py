"""The pure modules behind showing and pointing, tried in the browser that runs them."""

import pytest
from playwright.sync_api import Page

from tests.browser.test_desk_library import page as page_of_library
from tests.browser.test_library import call

pytestmark = pytest.mark.slow

page = page_of_library

PICTURE = {"what": "file", "file_id": "f", "name": "证件.jpg", "media_type": "image/jpeg", "size": 9}
FEE = {
    "what": "element",
    "title": "居住证",
    "district": "南湖区",
    "version": 3,
    "label": "收费",
    "lines": ["免费"],
}


def shown_by(page: Page, *events: tuple[str, dict]) -> dict | None:
    shown = None
    for sequence, (kind, body) in enumerate(events, start=1):
        event = {"sequence": sequence, "kind": kind, "body": body}
        shown = call(page, "showing", "shownAfter", shown, event)
    return shown


def test_the_log_tells_what_is_open(page: Page):
    assert shown_by(page, ("show", PICTURE))["form"] == "picture"
    element = shown_by(page, ("show", PICTURE), ("show", FEE))
    assert (element["show"], element["form"], element["name"]) == (2, "lines", "居住证 收费")
    assert element["from"] == "南湖区 · 办事指南第 3 版"
    assert shown_by(page, ("show", {**PICTURE, "media_type": "application/pdf"}))["form"] == "file"


def test_what_is_open_ends_with_its_end_and_with_its_holder(page: Page):
    assert shown_by(page, ("show", PICTURE), ("show_ended", {"show": 1})) is None
    assert shown_by(page, ("show", PICTURE), ("show", FEE), ("show_ended", {"show": 1}))["show"] == 2
    assert shown_by(page, ("show", PICTURE), ("holder", {"holder": "queue"})) is None


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (0, 0, "左上角"),
        (1, 1, "右下角"),
        (0.5, 0.5, "正中间"),
        (0.5, 0.1, "上方中间"),
        (0.9, 0.5, "右侧中间"),
        (0.34, 0.9, "下方中间"),
    ],
)
def test_a_spot_is_told_in_words(page: Page, x: float, y: float, words: str):
    assert call(page, "spots", "spotWords", {"x": x, "y": y}) == words


@pytest.mark.parametrize("quarters", range(-1, 6))
def test_a_spot_survives_turning_to_and_fro(page: Page, quarters: int):
    spot = {"x": 0.25, "y": 0.75}
    seen = call(page, "spots", "turned", spot, quarters)

    assert call(page, "spots", "unturned", seen, quarters) == spot


def test_the_upper_left_corner_is_seen_at_the_upper_right_after_a_quarter_turn(page: Page):
    assert call(page, "spots", "turned", {"x": 0, "y": 0}, 1) == {"x": 1, "y": 0}


@pytest.mark.parametrize(
    ("quarters", "after"),
    [
        (0, {"x": 0.52, "y": 0.5}),
        (1, {"x": 0.5, "y": 0.48}),
        (2, {"x": 0.48, "y": 0.5}),
        (3, {"x": 0.5, "y": 0.52}),
    ],
)
def test_an_arrow_key_goes_the_way_that_is_seen(page: Page, quarters: int, after: dict):
    spot = call(page, "spots", "stepped", {"x": 0.5, "y": 0.5}, "ArrowRight", {"quarters": quarters})

    assert spot == {name: pytest.approx(value) for name, value in after.items()}


def test_a_finger_starts_in_the_middle_and_stays_in_the_picture(page: Page):
    assert call(page, "spots", "stepped", None, "ArrowUp") == {"x": 0.5, "y": 0.5}
    assert call(page, "spots", "stepped", {"x": 0.99, "y": 0}, "ArrowRight", {"step": 0.1}) == {
        "x": 1,
        "y": 0,
    }
    assert call(page, "spots", "stepped", {"x": 0.5, "y": 0.5}, "a") is None
