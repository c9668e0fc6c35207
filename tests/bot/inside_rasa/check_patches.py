"""The patches change how often Rasa computes something, and nothing of what comes out."""

import unittest
from unittest import mock

import jsonschema
from rasa.core.actions.action import RemoteAction
from rasa.shared.core import events
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
from rasa.utils.endpoints import EndpointConfig

from bot.rasa_ext import patches

RASA_VALIDATES = RemoteAction._validate_action_result
RASA_RESOLVES = Event.resolve_by_type

RESPONSES = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "focus", "value": {"items": ["甲"]}, "timestamp": None}]},
    {"responses": [{"response": "utter_answer", "text": "您好", "custom": {"type": "turn"}}]},
    {},
    {"events": "none", "responses": []},
    {"events": [], "responses": ["您好"]},
    {"events": [{"name": "no event"}], "responses": []},
    {"events": None, "responses": None},
    [],
    None,
]


def setUpModule():
    patches.apply()


def verdict(validate, response):
    """Whether the response is accepted, and if not, what of it is wrong."""
    try:
        return validate(action(), response)
    except jsonschema.ValidationError as error:
        return list(error.absolute_path), error.validator


def action():
    return RemoteAction("action_consult", EndpointConfig("http://127.0.0.1:9/webhook"))


class CompiledSchema(unittest.TestCase):
    def test_rasas_own_check_is_replaced(self):
        assert RemoteAction._validate_action_result is not RASA_VALIDATES

    def test_each_response_gets_the_verdict_that_rasa_gives(self):
        verdicts = [verdict(RASA_VALIDATES, each) for each in RESPONSES]

        assert verdicts == [verdict(RemoteAction._validate_action_result, each) for each in RESPONSES]
        assert 0 < verdicts.count(True) < len(verdicts), "the examples are of both kinds"

    def test_the_schema_itself_is_never_checked_again(self):
        kind = jsonschema.validators.validator_for(RemoteAction.action_response_format_spec())
        with mock.patch.object(kind, "check_schema", wraps=kind.check_schema) as checked:
            for _ in range(10):
                action()._validate_action_result(RESPONSES[0])
            assert checked.call_count == 0
            RASA_VALIDATES(action(), RESPONSES[0])
            assert checked.call_count == 1, "the cost that the patch is there for"


class RememberedEventClasses(unittest.TestCase):
    def test_each_type_is_the_class_that_rasa_finds(self):
        names = {kind.type_name for kind in all_subclasses(Event)} - {None}

        assert len(names) > 20
        for name in names:
            assert Event.resolve_by_type(name) is RASA_RESOLVES(name), name

    def test_classes_are_searched_once_for_a_type(self):
        Event.resolve_by_type("slot")
        with mock.patch("rasa.shared.utils.common.all_subclasses", wraps=all_subclasses) as searched:
            for _ in range(10):
                Event.resolve_by_type("slot")
            assert searched.call_count == 0
            RASA_RESOLVES("slot")
            assert searched.call_count > 0, "the cost that the patch is there for"

    def test_an_unknown_type_is_refused_each_time_and_a_default_isnt_remembered(self):
        for _ in range(2):
            with self.assertRaises(ValueError):  # noqa: PT027 - there is no pytest here
                Event.resolve_by_type("nothing_such")
        assert Event.resolve_by_type("nothing_such", events.SlotSet) is events.SlotSet
        assert Event.resolve_by_type("nothing_such", events.UserUttered) is events.UserUttered

    def test_what_rasa_reads_from_an_action_is_read(self):
        (read,) = events.deserialise_events(
            [{"event": "slot", "name": "focus", "value": 3, "timestamp": None}]
        )

        assert isinstance(read, events.SlotSet)
        assert (read.key, read.value) == ("focus", 3)
