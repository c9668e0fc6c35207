"""A form that both fill in: who may type where, whose words stand, and what is frozen."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import FieldLocked, FormIncomplete, IllegalMove, NotFound, StaleField
from video.form_templates import FieldType, FormField, FormTemplate
from video.shared_form import LOCK_FOR, Filled, FormState, SharedForm, Writer

NOW = datetime(2026, 3, 8, 9, 0, tzinfo=UTC)
CITIZEN, OTHER_TAB, AGENT = Writer("citizen", "p1"), Writer("citizen", "p2"), Writer("agent", "p3")
TEMPLATE = FormTemplate(
    "t",
    "表",
    2,
    (
        FormField("name", "姓名", FieldType.TEXT, required=True),
        FormField("phone", "电话", FieldType.PHONE),
    ),
    statement="属实。",
)
EMPTY = SharedForm(TEMPLATE)
FILLED = replace(EMPTY, values={"name": Filled("张三", 1, "citizen")})
LATER = NOW + LOCK_FOR


def locked(by: Writer, form: SharedForm = FILLED) -> SharedForm:
    return form.hold("name", by, NOW)


OWNERS = {
    "nobody": (FILLED, NOW),
    "oneself": (locked(CITIZEN), NOW),
    "the other side": (locked(AGENT), NOW),
    "another page of oneself": (locked(OTHER_TAB), NOW),
    "one whose time is over": (locked(AGENT), LATER),
}
EVENTS = {
    "hold": lambda form, now: form.hold("name", CITIZEN, now),
    "write": lambda form, now: form.write("name", CITIZEN, "李四", 1, now),
    "write late": lambda form, now: form.write("name", CITIZEN, "李四", 0, now),
    "write the same late": lambda form, now: form.write("name", CITIZEN, "张三", 0, now),
}
ROWS = {
    "nobody": (CITIZEN, CITIZEN, StaleField, CITIZEN),
    "oneself": (CITIZEN, CITIZEN, StaleField, CITIZEN),
    "the other side": (FieldLocked,) * 4,
    "another page of oneself": (FieldLocked,) * 4,
    "one whose time is over": (CITIZEN, CITIZEN, StaleField, CITIZEN),
}


@pytest.mark.parametrize(
    ("owner", "event", "wanted"),
    [
        (owner, event, wanted)
        for owner, row in ROWS.items()
        for event, wanted in zip(EVENTS, row, strict=True)
    ],
)
def test_every_row_of_the_table(owner, event, wanted):
    form, now = OWNERS[owner]
    if isinstance(wanted, type):
        with pytest.raises(wanted):
            EVENTS[event](form, now)
        return
    after = EVENTS[event](form, now)

    assert after.lock_on("name", now).by == wanted
    assert after.filled("name") == (Filled("李四", 2, "citizen") if event == "write" else form.filled("name"))


def test_a_lock_ends_by_time_by_leaving_and_with_the_connection():
    form = locked(CITIZEN).hold("phone", AGENT, NOW)

    assert form.lock_on("name", LATER - timedelta(milliseconds=1)).by == CITIZEN
    assert form.lock_on("name", LATER) is None
    assert form.leave("name", CITIZEN).lock_on("name", NOW) is None
    assert form.leave("name", AGENT).lock_on("name", NOW).by == CITIZEN
    gone = form.gone("citizen")
    assert (gone.lock_on("name", NOW), gone.lock_on("phone", NOW).by) == (None, AGENT)


def test_typing_renews_the_lock():
    form = locked(CITIZEN).write("name", CITIZEN, "李", 1, NOW + timedelta(seconds=5))

    assert form.lock_on("name", LATER).by == CITIZEN


def test_a_form_is_finished_once_it_is_right_and_nobody_else_is_writing():
    with pytest.raises(FormIncomplete):
        EMPTY.finish("agent", NOW)
    with pytest.raises(FieldLocked):
        locked(CITIZEN).finish("agent", NOW)
    wrong = FILLED.write("phone", CITIZEN, "12", 0, NOW).leave("phone", CITIZEN)
    assert wrong.problems() == {"phone": "手机号是 11 位，现在是 2 位"}
    with pytest.raises(FormIncomplete):
        wrong.finish("agent", NOW)

    for form in (FILLED, locked(AGENT), locked(CITIZEN)):
        assert form.finish("agent", LATER).state is FormState.FINISHED


def test_a_form_that_has_ended_takes_nothing_and_a_discarded_one_forgets():
    for ended in (FILLED.finish("agent", NOW), FILLED.discard()):
        for act in (
            lambda form: form.hold("name", CITIZEN, NOW),
            lambda form: form.write("name", CITIZEN, "李四", 1, NOW),
            lambda form: form.finish("agent", NOW),
            lambda form: form.discard(),
        ):
            with pytest.raises(IllegalMove):
                act(ended)
    assert FILLED.discard().values == {}


def test_a_field_that_the_form_does_not_have_is_not_found():
    for act in (
        lambda: EMPTY.hold("age", CITIZEN, NOW),
        lambda: EMPTY.write("age", CITIZEN, "1", 0, NOW),
        lambda: EMPTY.leave("age", CITIZEN),
    ):
        with pytest.raises(NotFound):
            act()


def test_what_is_stored_comes_back():
    form = locked(CITIZEN)

    assert SharedForm.from_json(form.state.value, json.loads(json.dumps(form.as_json()))) == form


def test_the_frozen_form_is_canonical_and_says_everything_that_is_signed():
    form = FILLED.write("phone", CITIZEN, " 138 0000 0000 ", 0, NOW).leave("phone", CITIZEN)
    frozen = form.finish("agent", NOW).frozen("f1", by="王芳", at=NOW)
    read = json.loads(frozen)

    assert frozen == json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert read["fields"] == [
        {"name": "name", "label": "姓名", "value": "张三"},
        {"name": "phone", "label": "电话", "value": "13800000000"},
    ]
    assert (read["title"], read["statement"], read["finished_by"]) == ("表", "属实。", "王芳")
    assert read["finished_at"] == "2026-03-08T09:00:00.000Z"


class TwoPages(RuleBasedStateMachine):
    """Any order of typing, leaving, waiting, losing connections: nobody overwrites what they haven't seen."""

    def __init__(self) -> None:
        super().__init__()
        self.form, self.now = EMPTY, NOW
        self.seen = dict.fromkeys((CITIZEN, OTHER_TAB, AGENT), 0)

    @rule(writer=st.sampled_from([CITIZEN, OTHER_TAB, AGENT]), value=st.sampled_from(["", "张", "张三"]))
    def write(self, writer, value):
        before, owner = self.form.filled("name"), self.form.lock_on("name", self.now)
        try:
            self.form = self.form.write("name", writer, value, self.seen[writer], self.now)
        except FieldLocked:
            assert owner is not None
            assert owner.by != writer
            return
        except StaleField:
            assert self.seen[writer] != before.version
            return
        assert owner is None or owner.by == writer
        assert self.form.filled("name").value == value
        assert self.form.filled("name").version - before.version == (value != before.value)
        self.seen[writer] = self.form.filled("name").version

    @rule(writer=st.sampled_from([CITIZEN, OTHER_TAB, AGENT]))
    def look(self, writer):
        self.seen[writer] = self.form.filled("name").version

    @rule(writer=st.sampled_from([CITIZEN, OTHER_TAB, AGENT]))
    def leave(self, writer):
        owner = self.form.lock_on("name", self.now)
        self.form = self.form.leave("name", writer)
        if owner is not None and owner.by != writer:
            assert self.form.lock_on("name", self.now) == owner

    @rule(side=st.sampled_from(["citizen", "agent"]))
    def lose_connection(self, side):
        self.form = self.form.gone(side)

    @rule(seconds=st.integers(1, 10))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def restart(self):
        self.form = SharedForm.from_json(self.form.state.value, self.form.as_json())

    @invariant()
    def versions_never_go_back(self):
        assert all(seen <= self.form.filled("name").version for seen in self.seen.values())


TestTwoPages = TwoPages.TestCase
TestTwoPages.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
