"""The view of a conversation that actions get."""

from hypothesis import given
from hypothesis import strategies as st

from bot.actions.tracker import LastTurn, TrackerView
from tests.bot.fake_consultant import tracker_call


def view(**tracker):
    return TrackerView.from_json(tracker_call(**tracker)["tracker"])


def test_it_holds_what_was_said_and_what_was_understood():
    seen = view()

    assert (seen.text, seen.intent, seen.confidence) == ("办居住证要钱吗", "ask_fee", 0.93)
    assert seen.district == "绿园区"
    assert (seen.picked, seen.focus, seen.last_turn) == ("", {}, LastTurn())


def test_the_text_is_what_the_citizen_typed_and_not_the_command_that_was_sent_for_it():
    picked = {
        "text": '/pick{"choice": "item:7"}',
        "intent": {"name": "pick", "confidence": 1.0},
        "entities": [{"entity": "choice", "value": "item:7", "start": 5, "end": 25}],
        "metadata": {"text": "第二个"},
    }

    seen = view(latest_message=picked)

    assert (seen.text, seen.picked) == ("第二个", "item:7")


def test_the_slots_bring_back_what_the_conversation_is_about():
    last_turn = LastTurn("ask_situation", "clarifying", "残疾人证换领")

    seen = view(slots={"focus": {"items": [1]}, "last_turn": last_turn.as_slot()})

    assert seen.focus == {"items": [1]}
    assert seen.last_turn == last_turn
    assert seen.last_turn.asked_back


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(anything)
def test_any_field_may_be_missing_or_of_another_type(value):
    for field in ("slots", "latest_message", "sender_id"):
        view(**{field: value})
    for field in ("intent", "entities", "metadata", "text"):
        view(latest_message={field: value})
    view(slots={"focus": value, "last_turn": value})
    TrackerView.from_json(value)
