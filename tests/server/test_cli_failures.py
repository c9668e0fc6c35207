"""What goes wrong around a command is said in one line of Chinese, never in a trace."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASE = {"id": "c1", "text": "身份证丢了怎么办", "must_not": True}


def assert_one_line(status: int, err: str, *words: str) -> None:
    """A failure as the documentation promises it."""
    assert status == 1
    assert err.startswith("bangban：")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def run_alone(*words: str, folder: Path, **more) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own, whose streams are real ones."""
    environment = {**os.environ, "BANGBAN_DATA": str(folder / "var"), **more.pop("env", {})}
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, check=False, **more,
    )  # fmt: skip


class TestFilesThatCannotBeHad:
    @pytest.mark.parametrize("name", ["x.xlsx", "x.json", "x.jsonl"])
    def test_an_export_into_a_folder_that_is_not_there(self, bangban, tmp_path, name):
        status, _, err = bangban("guides", "export", str(tmp_path / "missing" / name))

        assert_one_line(status, err, f"missing/{name}：没有这个文件或目录")

    def test_an_export_over_a_folder_leaves_nothing_behind(self, bangban, tmp_path):
        (tmp_path / "folder.json").mkdir()

        status, _, err = bangban("guides", "export", str(tmp_path / "folder.json"))

        assert_one_line(status, err, "folder.json：这是目录")
        assert list(tmp_path.glob("*.part")) == []

    def test_an_export_of_an_unknown_kind(self, bangban, tmp_path):
        assert_one_line(*bangban("guides", "export", str(tmp_path / "x.pdf"))[::2], ".xlsx", "x.pdf")

    def test_predictions_into_a_missing_folder_are_refused_before_anything_is_asked(self, bangban, tmp_path):
        cases = tmp_path / "cases.jsonl"
        cases.write_text(json.dumps(CASE), "utf-8")
        nobody = "http://127.0.0.1:9"

        status, _, err = bangban(
            "evaluate",
            "answers",
            str(cases),
            "--predictions",
            str(tmp_path / "missing" / "p"),
            "--url",
            nobody,
        )

        assert_one_line(status, err, "missing/p：没有这个文件或目录")

    def test_cases_that_are_not_there(self, bangban, tmp_path):
        status, _, err = bangban("evaluate", "answers", str(tmp_path / "cases.jsonl"))

        assert_one_line(status, err, "cases.jsonl：没有这个文件或目录")

    @pytest.mark.parametrize(
        "words",
        [
            ("guides", "lint"),
            ("guides", "import", "x.json"),
            ("users", "add", "li", "--role", "agent"),
            ("serve", "--port", "0"),
        ],
        ids=lambda words: words[0],
    )
    def test_a_data_folder_that_cannot_be_made(self, bangban, monkeypatch, tmp_path, words):
        (tmp_path / "file").touch()
        monkeypatch.setenv("BANGBAN_DATA", str(tmp_path / "file" / "var"))
        monkeypatch.setattr("sys.stdin", io.StringIO())

        status, _, err = bangban(*words)

        assert_one_line(status, err, "file/var：路径里有一段不是目录")

    def test_settings_that_are_no_text(self, bangban, tmp_path):
        (tmp_path / "bangban.toml").write_bytes(b"city = '\xb3\xa4\xb4\xba'")

        assert_one_line(*bangban("guides", "lint")[::2], "UTF-8")


@pytest.mark.slow
class TestStreams:
    def test_a_reader_that_has_seen_enough_ends_the_command_quietly(self, tmp_path):
        for words in (("guides", "lint"), ("guides", "lint", "-h")):
            reader, writer = os.pipe()
            os.close(reader)
            ended = run_alone(*words, folder=tmp_path, stdout=writer)
            os.close(writer)

            assert (ended.returncode, ended.stderr) == (141, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
    def test_a_full_disk_under_the_output_is_said(self, tmp_path):
        with open("/dev/full", "wb") as full:
            ended = run_alone("guides", "lint", folder=tmp_path, stdout=full)

        assert_one_line(ended.returncode, ended.stderr.decode(), "磁盘满了")

    @pytest.mark.parametrize(
        ("named", "written"),
        [("latin-1", "utf-8"), ("gb18030", "gb18030")],
    )
    def test_chinese_is_written_in_the_encoding_of_the_terminal_if_that_has_any(
        self, tmp_path, named, written
    ):
        ended = run_alone("guides", "lint", folder=tmp_path, env={"PYTHONIOENCODING": named})

        assert ended.returncode == 0
        assert "共检查 0 份指南" in ended.stdout.decode(written)

    def test_a_sign_that_the_terminal_lacks_is_written_as_an_escape(self, tmp_path):
        ended = run_alone(
            "guides", "import", "没有\U00020000.json", folder=tmp_path, env={"PYTHONIOENCODING": "gbk"}
        )

        assert ended.returncode == 1
        assert "没有\\U00020000.json" in ended.stdout.decode("gbk")

    def test_json_can_be_read_whatever_the_encoding(self, tmp_path):
        guide = {"guide_id": "g1", "district": "东区", "main_item": "居住证补领"}
        (tmp_path / "g.json").write_text(json.dumps([guide]), "utf-8")
        run_alone("guides", "import", str(tmp_path / "g.json"), folder=tmp_path)

        ended = run_alone("guides", "lint", "--json", folder=tmp_path, env={"PYTHONIOENCODING": "gb18030"})

        assert json.loads(ended.stdout.decode("ascii"))["g1"]
