"""What is imported is declared, declared is locked, and the environment is read in one place."""

import ast
import re
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source_tree import PACKAGES, ROOT, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OWN = {*PACKAGES, "tools", "tests", "bench"}

# Rasa and what comes with it live in Rasa's own environment, bot/requirements.txt.
RASA_SIDE = ("bot/launcher.py", "bot/rasa_ext/")

# The environment belongs to core.settings; these are other programs or hand it on to one.
READS_ENVIRONMENT = {
    "core/settings.py": "the settings",
    "bot/launcher.py": "runs as a program of its own, under Rasa's Python",
    "core/kept_processes.py": "gives its children the environment they need",
    "tools/debian.py": "set-up, before there are settings",
    "tools/steps/interpreters.py": "set-up, before there are settings",
    "tools/steps/plan.py": "set-up, before there are settings",
}

# Declared, though no line imports them.
LOADED_BY_NAME = {"asyncpg": "SQLAlchemy's driver for PostgreSQL"}


def declared(*extras):
    requirements = [*PROJECT["dependencies"]]
    for extra in extras:
        requirements += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def pins(name):
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_every_imported_library_is_a_declared_dependency():
    providers = metadata.packages_distributions()
    allowed = declared("postgresql")
    undeclared = {
        f"{file.name} imports {library}"
        for file in python_files(*PACKAGES)
        if not file.name.startswith(RASA_SIDE)
        for library in {name.partition(".")[0] for name in file.imported()} - sys.stdlib_module_names - OWN
        if not {canonicalize_name(each) for each in providers.get(library, [library])} & allowed
    }

    assert undeclared == set()


def test_every_declared_dependency_is_imported():
    providers = metadata.packages_distributions()
    imported = {name.partition(".")[0] for file in python_files(*PACKAGES) for name in file.imported()}
    used = {canonicalize_name(provider) for name in imported for provider in providers.get(name, ())}

    assert declared("postgresql") - used == LOADED_BY_NAME.keys()


@pytest.mark.parametrize(("lock", "extras"), [("service", ["postgresql"]), ("dev", ["dev"])])
def test_every_declared_dependency_is_locked(lock, extras):
    locked = {canonicalize_name(name) for each in {lock, "service"} for name in pins(each)}

    assert declared(*extras) - locked == set()


def test_locks_name_one_public_version_each_and_no_cuda():
    for lock in ("service", "dev"):
        for name, version in pins(lock).items():
            assert re.fullmatch(r"[0-9][0-9a-zA-Z.]*", version), f"{name}=={version}"
            assert not name.startswith(("nvidia", "cuda", "triton"))


def test_dev_lock_repeats_nothing_of_the_service_lock():
    assert set(pins("service")) & set(pins("dev")) == set()


def test_the_environment_is_read_by_the_settings_alone():
    readers = {
        file.name
        for file in python_files(*PACKAGES, "tools")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }

    assert readers - READS_ENVIRONMENT.keys() == set()
