"""Options that several commands share."""

import argparse
from pathlib import Path

from core.settings import Settings
from knowledge.importing.report import ImportOutcome
from server.cli.printing import say, say_json


def add_data(parser: argparse.ArgumentParser) -> None:
    """Adds `--data`."""
    parser.add_argument("--data", type=Path, metavar="目录", help="数据目录（默认取设置 BANGBAN_DATA）")


def add_service_url(parser: argparse.ArgumentParser) -> None:
    """Adds `--url`."""
    parser.add_argument("--url", metavar="地址", help="服务地址（默认取设置里的主机和端口）")


def service_url(arguments: argparse.Namespace, settings: Settings) -> str:
    """The address of the running service."""
    if arguments.url:
        return str(arguments.url)
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def add_report(parser: argparse.ArgumentParser) -> None:
    """Adds what an import's report may be like: `--all` and `--json`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--all", action="store_true", help="报告逐条列出第几行、哪一列、为什么，不合并")
    form.add_argument("--json", action="store_true", help="报告输出 JSON，逐条列出")


def show_report(arguments: argparse.Namespace, outcome: ImportOutcome) -> None:
    """Writes the report of an import as the arguments want it."""
    if arguments.json:
        say_json(outcome.as_json())
        return
    for line in outcome.lines(in_full=arguments.all):
        say(line)
