"""The documentation names what there is: every setting, every command of make, every link's target."""

import re

import pytest

from core.settings import Settings
from tests.architecture.source_tree import ROOT, text_files

SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
PAGES = [path for path in text_files(".md") if "fixtures" not in path.parts]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("setting", Settings.describe(), ids=lambda setting: setting.name)
def test_every_setting_has_its_row(setting):
    default = f"`{setting.default}`" if setting.default else "–"
    row = f"| `{setting.name}` | `{setting.variable}` | {default} | {setting.help} |"

    assert row in SETTINGS.splitlines()


def test_no_row_names_a_setting_that_is_gone():
    named = re.findall(r"^\| `(\w+)` \| `BANGBAN_", SETTINGS, re.MULTILINE)

    assert named == [setting.name for setting in Settings.describe()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_somewhere(page):
    for target in LINK.findall(page.read_text("utf-8")):
        if not target.startswith(("http://", "https://", "mailto:", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_make_targets_that_pages_name_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", page.read_text("utf-8")))

    assert named <= targets


def test_decisions_follow_one_form():
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

    assert [path.name[:4] for path in decisions] == [
        f"{number:04}" for number in range(1, len(decisions) + 1)
    ]
    for path in decisions:
        headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Why", "Consequences", "Status"], path.name
