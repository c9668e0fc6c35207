"""Where a skill is: the rules of bot/README.md."""

from pathlib import Path

import pytest
import yaml

from bot.actions.endpoint import ACTIONS

BOT = Path(__file__).parents[2] / "bot"
SKILLS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (BOT / "domain").glob("*.yml")}
SENTENCES = sorted((BOT / "data" / "nlu").glob("*.yml"))


def skill_of(intent: str) -> str:
    """The skill whose domain file declares it."""
    (skill,) = (name for name, asset in SKILLS.items() if intent in {i for d in asset["intents"] for i in d})
    return skill


def skills_taught_in(path: Path) -> set[str]:
    blocks = yaml.safe_load(path.read_text("utf-8"))["nlu"]
    return {skill_of(block["intent"]) for block in blocks if "intent" in block}


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_the_sentences_of_a_file_are_of_one_skill(path):
    assert len(skills_taught_in(path)) == 1


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_a_file_with_the_name_of_a_skill_is_that_skills(path):
    if path.stem in SKILLS:
        assert skills_taught_in(path) == {path.stem}


def test_every_skill_but_the_large_one_has_its_sentences_in_one_file():
    files = {skill: [p.stem for p in SENTENCES if skills_taught_in(p) == {skill}] for skill in SKILLS}
    files.pop("consult")

    assert files == {skill: [skill] for skill in files}


def test_an_action_is_in_the_module_of_the_skill_that_declares_it():
    for skill, asset in SKILLS.items():
        for action in asset.get("actions", []):
            assert ACTIONS[action].__module__ == f"bot.actions.{skill}", action


def test_the_skills_are_those_that_the_readme_names():
    readme = (BOT / "README.md").read_text("utf-8")

    assert len(SKILLS) == 4, "the README says four"
    assert [skill for skill in SKILLS if f"`{skill}`" not in readme] == []
