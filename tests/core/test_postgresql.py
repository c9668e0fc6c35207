"""The tests' PostgreSQL server says what is missing instead of leaving tests out."""

import pytest

from tests import postgresql


def test_without_postgresql_the_tests_fail_and_say_what_to_install(monkeypatch):
    monkeypatch.setattr(postgresql.glob, "glob", lambda pattern: [])
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="apt-get install postgresql"), postgresql.running_server():
        pass


def test_a_server_never_runs_as_root(monkeypatch):
    monkeypatch.setattr(postgresql.os, "geteuid", lambda: 0)

    assert postgresql.ordinary_account().pw_uid != 0


def test_an_ordinary_user_runs_the_server_as_itself(monkeypatch):
    monkeypatch.setattr(postgresql.os, "geteuid", lambda: 1000)

    assert postgresql.ordinary_account() is None
