"""Logs are whole, machine-readable, and hold nothing that citizens said."""

import io
import json
import logging

import pytest
import structlog

from core.logs import configure_logs
from core.settings import Settings

ID_NUMBER = "11010519491231002X"


@pytest.fixture
def stream(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure_logs(Settings.load(), written)
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def entries(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_where_how_severe_and_what(stream):
    structlog.get_logger("server.app").warning("engine_failed", code="timeout", ms=12.5)

    (entry,) = entries(stream)
    assert entry["event"] == "engine_failed"
    assert (entry["level"], entry["logger"], entry["code"], entry["ms"]) == (
        "warning",
        "server.app",
        "timeout",
        12.5,
    )
    assert entry["timestamp"].endswith("Z")


def test_what_a_request_binds_is_on_each_of_its_lines(stream):
    with structlog.contextvars.bound_contextvars(request_id="13800138000"):
        structlog.get_logger("a").info("one")
        logging.getLogger("library").info("two")
    structlog.get_logger("a").info("three")

    assert [entry.get("request_id") for entry in entries(stream)] == ["13800138000", "13800138000", None]


def test_what_citizens_said_is_dropped_but_for_its_length(stream):
    structlog.get_logger("a").info(
        "turn", text="我家的事", messages=["a", "b"], question=None, status="answered"
    )

    (entry,) = entries(stream)
    assert (entry["text"], entry["messages"]) == ("<4 characters>", "<2 entries>")
    assert entry["question"] == "<dropped>"
    assert entry["status"] == "answered"


def test_personal_data_is_masked_wherever_it_stands(stream):
    structlog.get_logger("a").info(
        f"said {ID_NUMBER}",
        reason="call 13800138000",
        trace={"deep": [ID_NUMBER, ("我叫张三",)]},
        error=ValueError(ID_NUMBER),
    )

    assert ID_NUMBER not in stream.getvalue()
    assert "13800138000" not in stream.getvalue()
    assert "张三" not in stream.getvalue()
    assert entries(stream)[0]["event"] == "said 〔身份证号〕"


def test_a_traceback_is_one_field_without_personal_data(stream):
    try:
        raise ValueError(f"can't parse {ID_NUMBER}")
    except ValueError:
        structlog.get_logger("a").exception("failed")

    (entry,) = entries(stream)
    assert "can't parse 〔身份证号〕" in entry["exception"]
    assert "Traceback" in entry["exception"]


def test_lines_of_libraries_are_treated_alike(stream):
    logging.getLogger("library").warning("got %s", ID_NUMBER, extra={"text": "我家的事", "port": 5005})

    (entry,) = entries(stream)
    assert entry["event"] == "got 〔身份证号〕"
    assert (entry["logger"], entry["level"], entry["port"]) == ("library", "warning", 5005)
    assert entry["text"] == "<4 characters>"


def test_an_exception_of_a_library_is_treated_alike(stream):
    try:
        raise ValueError(ID_NUMBER)
    except ValueError:
        logging.getLogger("library").exception("failed")

    (entry,) = entries(stream)
    assert "ValueError: 〔身份证号〕" in entry["exception"]


def test_less_severe_lines_than_asked_for_are_left_out(stream):
    structlog.get_logger("a").debug("hidden")
    logging.getLogger("library").debug("hidden")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")

    assert stream.getvalue() == ""


def test_people_get_lines_that_they_can_read(stream, monkeypatch):
    monkeypatch.setenv("BANGBAN_LOG_FORMAT", "console")
    configure_logs(Settings.load(), stream)

    structlog.get_logger("a").info("ready", port=8080, reason="call 13800138000")

    assert "ready" in stream.getvalue()
    assert "8080" in stream.getvalue()
    assert "13800138000" not in stream.getvalue()
