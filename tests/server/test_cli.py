"""The command line as an operator uses it."""

import io
import json
import stat

import pytest

from core.errors import ConfigurationError, Unavailable
from server.__main__ import COMMANDS
from server.service_secrets import ServiceSecrets

GUIDE = {
    "guide_id": "g1",
    "district": "东区",
    "main_item": "居住证补领",
    "situations": [{"materials": [{"name": "户口簿"}]}],
    "places": [{"address": "行政路1号"}],
    "phones": [{"number": "0431-12345678"}],
    "time_limit": {"promised_days": 3},
    "fee": {"charged": False},
}


@pytest.fixture
def guides_file(tmp_path):
    path = tmp_path / "guides.jsonl"
    path.write_text(json.dumps(GUIDE, ensure_ascii=False) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_chinese(bangban, command):
    status, out, _ = bangban(command, "-h")

    assert status == 0
    assert out.startswith("用法：bangban " + command)
    assert "选项" in out
    assert "usage" not in out
    assert "show this help" not in out


def test_without_a_command_the_commands_are_named(bangban):
    status, _, err = bangban()

    assert status == 2
    assert "参数有误" in err


def test_guides_are_imported_once_however_often(bangban, guides_file):
    first = bangban("guides", "import", str(guides_file))
    again = bangban("guides", "import", str(guides_file))

    assert (first[0], again[0]) == (0, 0)
    assert "新增 1 份" in first[1]
    assert "新增 0 份" in again[1]
    assert "未变 1 份" in again[1]


def test_a_rejected_guide_keeps_everything_out_unless_told_to_keep_going(bangban, guides_file):
    with guides_file.open("a", encoding="utf-8") as file:
        file.write("{not json\n")

    stopped = bangban("guides", "import", str(guides_file))
    kept_going = bangban("guides", "import", str(guides_file), "--keep-going")

    assert stopped[0] == 1
    assert "什么都没有导入" in stopped[1]
    assert kept_going[0] == 3
    assert "新增 1 份" in kept_going[1]
    assert "第 2 行" in kept_going[1]


def test_every_rejected_row_can_be_seen_by_a_person_and_by_a_program(bangban, tmp_path):
    path = tmp_path / "表.csv"
    path.write_text("区划,事项,承诺时限\n" + "".join(f"东区,事项{n},待定\n" for n in range(100)), "utf-8")

    short = bangban("guides", "import", str(path))
    full = bangban("guides", "import", str(path), "--all")
    data = bangban("guides", "import", str(path), "--json")

    assert short[0] == full[0] == data[0] == 1
    assert "第 101 行" not in short[1]
    assert "加 --all 逐条列出" in short[1]
    assert "第 101 行“承诺时限”列" in full[1]
    rejections = json.loads(data[1])["files"][0]["rejections"]
    assert [rejection["row"] for rejection in rejections] == list(range(2, 102))


def test_what_was_exported_can_be_imported_elsewhere(bangban, guides_file, tmp_path):
    bangban("guides", "import", str(guides_file))
    status, out, _ = bangban("guides", "export", str(tmp_path / "out.jsonl"))

    elsewhere = bangban(
        "guides", "import", str(tmp_path / "out.jsonl"), "--data", str(tmp_path / "elsewhere")
    )

    assert status == 0
    assert "1 份" in out
    assert elsewhere[0] == 0
    assert "新增 1 份" in elsewhere[1]


def test_lint_names_what_to_look_at(bangban, tmp_path):
    poor = {name: GUIDE[name] for name in ("guide_id", "district", "main_item")}
    path = tmp_path / "poor.jsonl"
    path.write_text(json.dumps(poor), "utf-8")
    bangban("guides", "import", str(path))

    _, text, _ = bangban("guides", "lint")
    _, data, _ = bangban("guides", "lint", "--json")

    assert "g1" in text
    assert "共检查 1 份指南" in text
    assert {"code", "element", "severity", "message"} == set(json.loads(data)["g1"][0])


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("documents", {"id": "d1", "title": "办法", "text": "第一条", "url": "https://example.gov.cn"}),
        ("faq", {"id": "q1", "question": "几点开门？", "answer": "九点。", "source": "政务大厅"}),
    ],
)
def test_documents_and_faq_are_imported(bangban, tmp_path, command, row):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False), "utf-8")

    status, out, _ = bangban(command, "import", str(path))
    again = bangban(command, "import", str(path), "--json")

    assert status == 0
    assert "新增 1 篇" in out
    assert json.loads(again[1])["files"][0]["unchanged"] == 1


def test_a_missing_file_is_a_rejection_not_a_crash(bangban, tmp_path):
    status, out, _ = bangban("guides", "import", str(tmp_path / "nothing.json"))

    assert status == 1
    assert "找不到这个文件" in out


def test_a_forced_training_that_fails_leaves_the_old_model(bangban, tmp_path, monkeypatch):
    def unable(settings):
        raise Unavailable("内存不够")

    old = tmp_path / "linker" / "topics.npz"
    old.parent.mkdir()
    old.write_bytes(b"the old model")
    monkeypatch.setenv("BANGBAN_EMBEDDING_MODEL", str(tmp_path / "embedding"))
    monkeypatch.setattr("server.cli.train.make_embedder", unable)

    status, _, err = bangban("train", "linker", "--force")

    assert (status, err) == (1, "bangban：内存不够\n")
    assert old.read_bytes() == b"the old model"


@pytest.mark.parametrize("typed", ["", "a long enough password"])
def test_an_account_is_added_with_a_password_of_ones_own_or_a_made_one(bangban, monkeypatch, typed):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))

    status, out, _ = bangban("users", "add", "王芳", "--role", "agent")

    assert status == 0
    assert "王芳" in out
    assert ("密码：" in out) == (not typed)
    assert "a long enough" not in out


def test_a_short_password_a_taken_name_and_an_unknown_role_are_refused(bangban, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert bangban("users", "add", "王芳", "--role", "agent")[0] == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\n"))
    assert bangban("users", "add", "王芳", "--role", "agent")[0] == 0
    assert bangban("users", "add", "王芳", "--role", "agent")[0] == 1
    assert bangban("users", "add", "李明", "--role", "king")[0] == 2


def test_asking_a_service_that_does_not_run_is_said_plainly(bangban):
    status, _, err = bangban("ask", "身份证丢了", "--url", "http://127.0.0.1:9")

    assert status == 1
    assert err.startswith("bangban：")
    assert "Traceback" not in err


def test_a_wrong_setting_is_named(bangban, monkeypatch):
    monkeypatch.setenv("BANGBAN_PORT", "many")

    status, _, err = bangban("ask", "身份证丢了")

    assert status == 1
    assert "port" in err


def test_a_file_of_no_cases_is_said_plainly(bangban, tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "x"}', "utf-8")

    status, _, err = bangban("evaluate", "answers", str(path), "--url", "http://127.0.0.1:9")

    assert status == 1
    assert "line 1" in err


class TestSecrets:
    """The one secret, and what is derived of it."""

    def test_is_made_once_and_only_the_operator_can_read_it(self, settings):
        first, second = ServiceSecrets.load(settings), ServiceSecrets.load(settings)

        assert first == second
        assert stat.S_IMODE((settings.data / "session_secret").stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", [b"", b"half of it", b"\xff\xfe"])
    def test_a_damaged_file_is_said_and_what_to_do(self, settings, content):
        ServiceSecrets.load(settings)
        (settings.data / "session_secret").write_bytes(content)

        with pytest.raises(ConfigurationError, match="session_secret 已损坏；删除后"):
            ServiceSecrets.load(settings)

    def test_two_installations_have_different_ones(self, settings, tmp_path):
        other = settings.model_copy(update={"data": tmp_path / "other"})

        assert ServiceSecrets.load(settings) != ServiceSecrets.load(other)

    def test_neither_shows_in_a_log(self, settings):
        made = ServiceSecrets.load(settings)

        assert made.actions not in repr(made)
        assert repr(made.sessions) not in repr(made)
