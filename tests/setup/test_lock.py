"""Locks hold what the project needs, what that needs in turn, and nothing else."""

import pytest

from tools.lock import closure, public_version

NEEDS = {
    "web": ["http>=1", "speed; extra == 'fast'", "old; python_version < '3'"],
    "http": ["Text_Tools"],
    "text-tools": ["http"],
    "speed": ["wheels"],
    "wheels": [],
    "stray": [],
}


def test_a_closure_follows_needs_and_ends_at_circles():
    assert closure(["web"], NEEDS) == {"web", "http", "text-tools"}


def test_extras_bring_their_packages_only_when_asked_for():
    assert closure(["web[fast]"], NEEDS) == {"web", "http", "text-tools", "speed", "wheels"}


def test_what_is_not_installed_is_named():
    with pytest.raises(KeyError, match="missing"):
        closure(["missing"], NEEDS)


@pytest.mark.parametrize(("version", "public"), [("2.13.0+cpu", "2.13.0"), ("1.0", "1.0")])
def test_a_lock_names_public_versions(version, public):
    assert public_version(version) == public
