"""What is shown by the log, and which points at it are true ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BangbanError, BodyTooLarge, Conflict, InvalidInput
from core.statuses import Aspect
from video.showing import (
    ELEMENTS,
    MAX_POINT_BYTES,
    Away,
    Line,
    Point,
    Shown,
    Spot,
    check_open,
    is_point,
    parse_point,
    point_news,
    shown_after,
)

PICTURE = {"what": "file", "file_id": "f", "name": "证件.jpg", "media_type": "image/jpeg"}
PDF = {"what": "file", "file_id": "p", "name": "表.pdf", "media_type": "application/pdf"}
FEE = {"what": "element", "guide_id": "g1", "element": "fee", "label": "收费", "lines": ["不收费"]}


def shown_by(*events: tuple[str, dict]) -> Shown | None:
    shown = None
    for sequence, (kind, body) in enumerate(events, start=1):
        shown = shown_after(shown, sequence, kind, body)
    return shown


def frame(**fields) -> str:
    return json.dumps({"type": "point", "show": 3, **fields})


# --- what is open ----------------------------------------------------------------------------------


def test_everything_of_a_guide_can_be_shown_but_not_all_at_once():
    assert set(ELEMENTS) == set(Aspect) - {Aspect.GENERAL}


def test_what_was_shown_last_is_open_until_it_is_closed():
    assert shown_by(("show", PICTURE)) == Shown(1, is_picture=True)
    assert shown_by(("show", PICTURE), ("show", FEE)) == Shown(2, lines=1)
    assert shown_by(("show", PICTURE), ("agent_message", {"text": "看"})) == Shown(1, is_picture=True)
    assert shown_by(("show", PICTURE), ("show_ended", {"show": 1})) is None


def test_an_end_that_comes_late_closes_nothing_else():
    assert shown_by(("show", PICTURE), ("show", PDF), ("show_ended", {"show": 1})) == Shown(2)


@pytest.mark.parametrize("holder", ["bot", "queue", "agent"])
def test_nothing_stays_open_when_the_conversation_goes_to_another_holder(holder):
    assert shown_by(("show", PICTURE), ("holder", {"holder": holder})) is None


def test_only_what_is_open_can_be_pointed_at():
    assert check_open(Shown(4), 4) == Shown(4)
    for shown in (None, Shown(5)):
        with pytest.raises(Conflict):
            check_open(shown, 4)


@pytest.mark.parametrize(
    ("shown", "mark", "fits"),
    [
        (Shown(1, is_picture=True), Spot(0.5, 0.5), True),
        (Shown(1, is_picture=True), Line(0), False),
        (Shown(1, lines=2), Line(1), True),
        (Shown(1, lines=2), Line(2), False),
        (Shown(1, lines=2), Spot(0.5, 0.5), False),
        (Shown(1), Spot(0.5, 0.5), False),
        (Shown(1), Away(), True),
    ],
)
def test_a_spot_is_in_a_picture_and_a_line_in_an_element(shown, mark, fits):
    if fits:
        shown.check(mark)
    else:
        with pytest.raises(InvalidInput):
            shown.check(mark)


# --- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({"x": 0, "y": 1}, Spot(0.0, 1.0)),
        ({"x": 0.123456, "y": 0.5, "z": "unread"}, Spot(0.1235, 0.5)),
        ({"line": 0}, Line(0)),
        ({"away": True}, Away()),
    ],
)
def test_a_frame_is_read(fields, mark):
    assert parse_point(frame(**fields, conversation_id="c1")) == Point(3, mark, "c1")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"x": 0.5},
        {"x": -0.01, "y": 0.5},
        {"x": 1.01, "y": 0.5},
        {"x": "0.5", "y": 0.5},
        {"x": True, "y": 0.5},
        {"x": None, "y": 0.5},
        {"x": 10**400, "y": 0.5},
        {"x": 0.5, "y": 0.5, "line": 1},
        {"line": -1},
        {"line": 1.5},
        {"line": True},
        {"line": 2**40},
        {"away": False},
        {"away": 1},
        {"x": 0.5, "y": 0.5, "show": 0},
        {"x": 0.5, "y": 0.5, "show": "3"},
        {"x": 0.5, "y": 0.5, "show": True},
        {"x": 0.5, "y": 0.5, "show": 2**40},
        {"x": 0.5, "y": 0.5, "conversation_id": 7},
        {"x": 0.5, "y": 0.5, "conversation_id": "c" * 65},
    ],
)
def test_a_forged_frame_is_refused(fields):
    with pytest.raises(InvalidInput):
        parse_point(frame(**fields))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(word):
    with pytest.raises(InvalidInput):
        parse_point('{"type": "point", "show": 3, "x": WORD, "y": 0.5}'.replace("WORD", word))


@pytest.mark.parametrize("sign", ["x", "指"])
def test_a_frame_over_the_limit_is_refused(sign):
    with pytest.raises(BodyTooLarge):
        parse_point(frame(x=0.5, y=0.5, more=sign * MAX_POINT_BYTES))


@pytest.mark.parametrize(
    ("data", "points"),
    [
        (frame(x=0.5, y=0.5), True),
        (frame(), True),
        ('{"type": "call.hangup", "call_id": "point"}', False),
        ('["point"]', False),
        ('"point"', False),
        ('{"type": "point"', False),
        ("[" * 100_000 + '"point"', False),
    ],
)
def test_frames_about_pointing_are_told_from_others(data, points):
    assert is_point(data) is points


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda raw: raw.decode("latin-1")))
def test_no_text_gets_through_as_anything_but_a_true_point(text):
    data = frame(x=0.5, y=0.5).replace("0.5", text, 1)
    try:
        point = parse_point(data) if is_point(data) else None
    except BangbanError:
        point = None
    assert point is None or (isinstance(point.mark, Spot) and 0 <= point.mark.x <= 1)


@pytest.mark.parametrize(
    ("mark", "told"),
    [(Spot(0.25, 1.0), {"x": 0.25, "y": 1.0}), (Line(2), {"line": 2}), (Away(), {"away": True})],
)
def test_the_other_side_is_told_who_points_where(mark, told):
    assert point_news("agent", Point(3, mark, "c1")) == {"type": "point", "by": "agent", "show": 3, **told}
