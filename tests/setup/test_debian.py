"""What the tests need from the system is brought or named."""

import pytest

from tools import debian
from tools.debian import Need


@pytest.fixture
def apt(monkeypatch):
    """Records what would be installed; nothing is."""
    asked = []
    monkeypatch.setattr(debian, "install", lambda packages: asked.extend(packages) or True)
    return asked


def needing(*absent):
    return [
        Need(name, "the tests of the pages", lambda name=name: name not in absent) for name in ("a", "b", "c")
    ]


def test_nothing_is_installed_when_nothing_is_missing(apt):
    assert debian.main(needing()) == 0
    assert apt == []


def test_what_is_missing_is_installed_where_that_is_allowed(apt, monkeypatch):
    monkeypatch.setattr(debian, "may_install", lambda: True)
    there = set("ac")
    needs = [Need(name, "x", lambda name=name: name in there | set(apt)) for name in "abc"]

    assert debian.main(needs) == 0
    assert apt == ["b"]


def test_what_is_missing_is_named_with_the_command_where_it_is_not(apt, monkeypatch, capsys):
    monkeypatch.setattr(debian, "may_install", lambda: False)

    assert debian.main(needing("a", "c")) == 1

    text = capsys.readouterr().err
    assert apt == []
    assert "sudo apt-get install a c" in text
    assert "the tests of the pages" in text


def test_an_installation_that_brought_nothing_fails(apt, monkeypatch, capsys):
    monkeypatch.setattr(debian, "may_install", lambda: True)

    assert debian.main(needing("b")) == 1
    assert "sudo apt-get install b" in capsys.readouterr().err


def test_a_service_that_came_along_unasked_is_switched_off(apt, monkeypatch):
    monkeypatch.setattr(debian, "may_install", lambda: True)
    switched_off = []
    monkeypatch.setattr(debian, "switch_off", switched_off.append)
    needs = [
        Need("a", "x", lambda: True, service="was there before"),
        Need("b", "x", lambda: "b" in apt, service="came along"),
    ]

    assert debian.main(needs) == 0
    assert switched_off == ["came along"]


def test_the_needs_are_a_browser_chinese_fonts_postgresql_coturn_and_redis():
    assert {need.package for need in debian.NEEDS} == {
        "chromium",
        "fontconfig",
        "fonts-noto-cjk",
        "postgresql",
        "coturn",
        "redis-server",
    }
