"""Settings: where values come from, what is refused, what stays hidden."""

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch, tmp_path):
    for description in Settings.describe():
        monkeypatch.delenv(description.variable, raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default():
    settings = Settings.load()

    assert settings.host == "127.0.0.1"
    assert settings.port == 8080
    assert settings.hotline == "12345"
    assert settings.effective_database_url == "sqlite:///var/bangban.db"


def test_the_file_is_read_from_the_working_directory():
    Path("bangban.toml").write_text('port = 9000\ncity = "长春"\n', encoding="utf-8")

    settings = Settings.load()

    assert settings.port == 9000
    assert settings.city == "长春"


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(monkeypatch):
    Path("bangban.toml").write_text('port = 9000\nhost = "0.0.0.0"\ncity = "长春"\n', encoding="utf-8")
    monkeypatch.setenv("BANGBAN_PORT", "9001")
    monkeypatch.setenv("BANGBAN_HOST", "::1")

    settings = Settings.load({"port": 9002})

    assert (settings.port, settings.host, settings.city) == (9002, "::1", "长春")


def test_trusted_proxies_are_a_list_with_commas_in_the_environment(monkeypatch):
    monkeypatch.setenv("BANGBAN_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1")

    assert Settings.load().trusted_proxies == ("10.0.0.0/8", "192.168.1.1")


def test_trusted_proxies_are_a_list_in_the_file():
    Path("bangban.toml").write_text('trusted_proxies = ["10.0.0.0/8"]\n', encoding="utf-8")

    assert Settings.load().trusted_proxies == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BANGBAN_PORT", "eighty"),
        ("BANGBAN_PORT", "70000"),
        ("BANGBAN_LOG_FORMAT", "xml"),
        ("BANGBAN_RETENTION_DAYS", "0"),
        ("BANGBAN_TRUSTED_PROXIES", "everyone"),
        ("BANGBAN_SESSION_SECRET", "short"),
        ("BANGBAN_HOTLINE", "call us"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigurationError, match=variable.removeprefix("BANGBAN_").lower()):
        Settings.load()


@pytest.mark.parametrize(("deadline", "timeout"), [("12", "12"), ("20", "12"), ("8", "5")])
def test_a_lookup_may_not_outlast_its_turn(monkeypatch, deadline, timeout):
    monkeypatch.setenv("BANGBAN_ACTION_DEADLINE_S", deadline)
    monkeypatch.setenv("BANGBAN_ENGINE_TIMEOUT_S", timeout)

    with pytest.raises(ConfigurationError, match="action_deadline_s 要小于 engine_timeout_s"):
        Settings.load()


def test_a_misspelt_setting_in_the_file_is_refused():
    Path("bangban.toml").write_text("prot = 1\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="prot"):
        Settings.load()


def test_a_broken_file_is_refused():
    Path("bangban.toml").write_text("port = \n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"bangban\.toml"):
        Settings.load()


def test_secrets_show_neither_in_the_repr_nor_in_errors(monkeypatch):
    monkeypatch.setenv("BANGBAN_DATABASE_URL", "postgresql://u:hunter2@db/bangban")
    monkeypatch.setenv("BANGBAN_SESSION_SECRET", "s3cret" * 8)

    settings = Settings.load()

    assert "hunter2" not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert settings.effective_database_url == "postgresql://u:hunter2@db/bangban"
    with pytest.raises(ConfigurationError) as refused:
        Settings.load({"session_secret": "tooshort"})
    assert "tooshort" not in str(refused.value)


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().port = 1


def test_every_setting_is_described():
    descriptions = Settings.describe()

    assert [d.name for d in descriptions] == list(Settings.model_fields)
    assert all(d.help.endswith(".") for d in descriptions)
    assert next(d for d in descriptions if d.name == "port").default == "8080"


REPLICA = {
    "redis_url": "redis://:hunter2@10.0.0.31",
    "database_url": "postgresql://u@db/bangban",
    "media_url": "http://10.0.0.21:8090",
    "media_secret": "x" * 32,
}


def test_a_replica_has_a_redis_a_postgresql_and_media_processes_apart():
    settings = Settings.load(REPLICA)

    assert settings.redis_url.get_secret_value() == "redis://:hunter2@10.0.0.31"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(("missing", "named"), [("database_url", "PostgreSQL"), ("media_url", "media_url")])
def test_a_replica_that_would_share_too_little_is_refused(missing, named):
    with pytest.raises(ConfigurationError, match=named) as refused:
        Settings.load({name: value for name, value in REPLICA.items() if name != missing})
    assert "hunter2" not in str(refused.value)


def test_recordings_are_not_promised_where_calls_never_pass():
    with pytest.raises(ConfigurationError, match="无法录音录像"):
        Settings.load({"call_media": "direct", "recording_key": "k" * 32})
    assert Settings.load({"call_media": "direct"}).call_media == "direct"


def test_replicas_dont_share_what_pages_say_to_each_other():
    with pytest.raises(ConfigurationError, match="redis_url"):
        Settings.load({**REPLICA, "call_media": "direct"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"port": "eighty"}, "port：要写整数"),
        ({"port": 70000}, "port：不能大于 65535"),
        ({"call_media": "pigeon"}, "call_media：只能是 'relay'"),
        ({"session_secret": "tooshort"}, "session_secret：至少要 32 个字符"),
        ({"trusted_proxies": "here"}, "trusted_proxies：here 不是网段"),
        ({"media_url": "http://10.0.0.4"}, "设了 media_url，就要设那些进程的 media_secret"),
        ({"demo": "perhaps"}, "demo：要写 true 或 false"),
    ],
)
def test_what_is_wrong_is_said_to_the_operator_in_chinese(given, said):
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(given)

    assert str(refused.value).startswith("设置有误：")
    assert said in str(refused.value)
