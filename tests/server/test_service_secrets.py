"""The service's own secrets."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import ConfigurationError
from server.service_secrets import kept_secret


def test_all_who_make_a_secret_at_once_get_the_same_and_leave_nothing_else(tmp_path):
    with ThreadPoolExecutor(16) as threads:
        made = set(threads.map(lambda _: kept_secret(tmp_path / "secret"), range(64)))

    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_damaged_secret_is_named_and_not_replaced(tmp_path):
    (tmp_path / "secret").write_text("short", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="secret"):
        kept_secret(tmp_path / "secret")
    assert (tmp_path / "secret").read_text("utf-8") == "short"
