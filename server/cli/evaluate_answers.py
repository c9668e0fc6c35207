"""`bangban evaluate answers`: rates on questions with known answers, asked of the running service."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from core.errors import InvalidInput
from core.settings import Settings
from server.api_client import ApiClient
from server.cli.options import add_service_url, service_url
from server.cli.printing import complain, say, say_json
from server.evaluation.cases import Case, CaseError, parse_cases
from server.evaluation.playing import play, prediction_of
from server.evaluation.report import as_text, figures
from server.evaluation.scoring import Reply

REPLY_SECONDS = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("cases", nargs="+", type=Path, metavar="CASES.jsonl")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument("--predictions", type=Path, metavar="文件", help="把每条回答写成 JSON 行")
    parser.add_argument("--concurrency", type=int, default=4, metavar="数", help="同时进行的会话数（默认 4）")
    add_service_url(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Plays the cases and prints the rates. Raises OSError if predictions can't be written, at once."""
    cases = [case for path in arguments.cases for case in _read_cases(path)]
    if not cases:
        raise InvalidInput("文件里没有题目")
    if arguments.predictions:
        arguments.predictions.touch()  # an hour of playing must not end at a folder that isn't there
    url = service_url(arguments, settings)
    replies = asyncio.run(_play(url, cases, max(1, arguments.concurrency)))
    if arguments.predictions:
        lines = [
            json.dumps(prediction_of(c, r), ensure_ascii=False) for c, r in zip(cases, replies, strict=True)
        ]
        arguments.predictions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = figures(cases, replies)
    if arguments.json:
        say_json(found)
    else:
        say(as_text(found))
    return 0


def _read_cases(path: Path) -> list[Case]:
    try:
        return parse_cases(path.read_text(encoding="utf-8").splitlines())
    except CaseError as error:
        raise InvalidInput(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: {error}") from None


async def _play(url: str, cases: Sequence[Case], concurrency: int) -> list[list[Reply]]:
    played = 0

    def done(_: Case) -> None:
        nonlocal played
        played += 1
        if sys.stderr.isatty() and played % 10 == 0:
            complain(f"{played}/{len(cases)}")

    timeout = aiohttp.ClientTimeout(total=REPLY_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        return await play(ApiClient(session, url), cases, concurrency=concurrency, done=done)
