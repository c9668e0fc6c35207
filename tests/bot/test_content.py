"""The Rasa project is whole: intents, rules, responses and sentences fit each other."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from bot.actions.consult import OFFER_A_PERSON
from bot.actions.contract import TURN
from bot.actions.endpoint import ACTIONS
from core.statuses import Aspect, TurnStatus

BOT = Path(__file__).parents[2] / "bot"
ASSETS = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((BOT / "domain").glob("*.yml"))]
CONFIG = yaml.safe_load((BOT.parent / "config.yml").read_text("utf-8"))
SKILLS = {"consult", "handover", "safety", "small_talk"}

# What `knowledge` and the actions may say, and what each fills in. `hotline` is always there.
VARIABLES = {
    "answer": {"text"},
    "ask_district": {"item"},
    "ask_item": set(),
    "ask_situation": {"item"},
    "district_noted": {"district"},
    "item_not_in_district": {"item", "district", "hotline"},
    "not_in_guide": {"item", "aspect", "phone"},
    "no_guide": {"hotline"},
    "other_city": {"city"},
    "out_of_scope": set(),
    "own_case": {"hotline"},
    "privacy_of_others": {"hotline"},
    "unclear": set(),
    "complaint": {"hotline"},
    "error": {"hotline"},
    "busy": {"hotline"},
    "handover": set(),
    "handover_video": set(),
    "greet": {"bot_name"},
    "bot_identity": {"bot_name"},
    "affirm": set(),
    "deny": set(),
}


def merged(key):
    return {name: value for asset in ASSETS for name, value in (asset.get(key) or {}).items()}


def intents():
    return {name for asset in ASSETS for intent in asset["intents"] for name in intent}


def sentences(*files):
    """(intent, sentence) of NLU files."""
    for path in files:
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            if "intent" in block:
                for line in block["examples"].splitlines():
                    yield block["intent"], line.removeprefix("- ").strip()


TAUGHT = list(sentences(*sorted((BOT / "data" / "nlu").rglob("*.yml"))))
HELD_OUT = list(sentences(Path(__file__).parent / "heldout.yml"))
RESPONSES = merged("responses")


def rules():
    for path in sorted((BOT / "data" / "rules").glob("*.yml")):
        for rule in yaml.safe_load(path.read_text("utf-8"))["rules"]:
            first, second = rule["steps"]
            said = [step["intent"] for step in first.get("or", [first])]
            yield said, second["action"]


class TestSkills:
    def test_every_skill_has_its_domain_and_its_rules(self):
        for kind in ("domain", "data/rules"):
            assert {path.stem for path in (BOT / kind).glob("*.yml")} == SKILLS

    def test_every_intent_has_one_rule(self):
        said = Counter(intent for intents, _ in rules() for intent in intents)

        assert set(said) == intents() | {"nlu_fallback"}
        assert set(said.values()) == {1}

    def test_every_action_of_a_rule_exists(self):
        for _, action in rules():
            assert action in ACTIONS or action in RESPONSES

    def test_every_action_is_declared_and_used(self):
        declared = {name for asset in ASSETS for name in asset.get("actions", [])}

        assert declared == set(ACTIONS) == {action for _, action in rules() if action in ACTIONS}

    def test_every_element_of_a_guide_can_be_asked_for(self):
        assert {f"ask_{aspect}" for aspect in Aspect} <= intents()

    def test_the_intents_taken_together_are_those_that_lead_to_one_action(self):
        (classifier,) = (part for part in CONFIG["pipeline"] if "routes" in part)
        routed = {frozenset(route["intents"]) for route in classifier["routes"].values()}

        assert (
            frozenset(i for said, action in rules() for i in said if action == "action_consult")
            - {"nlu_fallback"}
            in routed
        )
        assert all(route <= intents() for route in routed)


class TestWording:
    @pytest.mark.parametrize("name", VARIABLES)
    def test_every_outcome_has_words_with_the_placeholders_that_are_filled(self, name):
        for variation in RESPONSES[f"utter_{name}"]:
            assert set(re.findall(r"{(\w+)}", variation["text"])) <= VARIABLES[name]

    def test_every_other_response_says_its_status_itself_and_needs_nothing(self):
        for name, variations in RESPONSES.items():
            if name.removeprefix("utter_") in VARIABLES:
                continue
            for variation in variations:
                assert variation["custom"]["type"] == TURN
                assert TurnStatus(variation["custom"]["status"])
                assert "{" not in variation["text"]

    @pytest.mark.parametrize("name", sorted(OFFER_A_PERSON))
    def test_what_offers_a_person_asks_for_it(self, name):
        assert all("转人工吗？" in variation["text"] for variation in RESPONSES[f"utter_{name}"])

    def test_nothing_else_asks_for_it(self):
        asking = {n.removeprefix("utter_") for n, vs in RESPONSES.items() if "转人工吗？" in vs[0]["text"]}

        assert asking == set(OFFER_A_PERSON)

    def test_danger_names_the_numbers_before_anything_else(self):
        (emergency,), (despair,) = RESPONSES["utter_emergency"], RESPONSES["utter_self_harm"]

        assert re.match(r"[^。]*110[^。]*119[^。]*120", emergency["text"])
        assert re.match(r"[^。]*12356", despair["text"])

    def test_words_are_polite_and_short(self):
        for name, variations in RESPONSES.items():
            for variation in variations:
                assert "你" not in variation["text"], name
                assert len(variation["text"]) <= 140, name


class TestSentences:
    def test_there_are_many_for_every_intent(self):
        counts = Counter(intent for intent, _ in TAUGHT)

        assert set(counts) == intents()
        assert sum(counts.values()) >= 1500
        assert min(counts.values()) >= 80

    def test_none_is_taught_twice_or_for_two_intents(self):
        assert [text for text, n in Counter(text for _, text in TAUGHT).items() if n > 1] == []

    def test_none_is_held_out_and_taught(self):
        def bare(text):
            return re.sub(r"\W", "", text)

        taught = {bare(text) for _, text in TAUGHT if bare(text)}

        assert [text for _, text in HELD_OUT if bare(text) in taught] == []

    def test_enough_are_held_out_to_measure_with(self):
        counts = Counter(intent for intent, _ in HELD_OUT)

        assert set(counts) == intents()
        assert sum(counts.values()) >= 250

    def test_none_is_a_command(self):
        assert [text for _, text in TAUGHT + HELD_OUT if text.startswith("/")] == []
