"""`bangban evidence verify`: whether a chain of evidence holds; anybody can run it, without the service."""

import argparse
from functools import partial
from pathlib import Path

from core.errors import InvalidInput
from core.settings import Settings
from server.cli.printing import say, say_json
from video.evidence_check import Verdict, verify
from video.evidence_files import find_files, find_signed

HOLDS = 0
INCOMPLETE = 3
BROKEN = 4
MOST_BYTES = 256 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's actions."""
    actions = parser.add_subparsers(required=True, title="操作", metavar="操作")
    command = actions.add_parser(
        "verify",
        help="验证证据链",
        description="验证导出的证据链（JSON Lines），逐项说明哪些成立、哪些不成立。\n"
        "退出码：0 完整且未被改动；3 未见改动但不完整；4 被改动或损坏。",
    )
    command.add_argument("file", metavar="文件", type=Path)
    command.add_argument(
        "--recordings", metavar="目录", type=Path, help="录像所在目录，加密件或解密件均可，一并核对"
    )
    command.add_argument(
        "--files", metavar="目录", type=Path, help="所签文件和签名所在目录，文件名是链中的 file_id，一并核对"
    )
    command.add_argument("--head", metavar="摘要", default="", help="另行留存的末条摘要，用来发现整链重做")
    command.add_argument("--json", action="store_true", help="输出 JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace, _: Settings) -> int:
    """Tells what holds and what doesn't. Raises InvalidInput, OSError for what can't be read."""
    for folder in (arguments.recordings, arguments.files):
        if folder is not None and not folder.is_dir():
            raise InvalidInput(f"{folder} 不是目录")
    if arguments.file.stat().st_size > MOST_BYTES:
        raise InvalidInput(f"{arguments.file} 太大，不像证据链")
    text = arguments.file.read_text("utf-8", errors="replace")
    # By line feeds alone: other signs that end a line for Python may stand within a text.
    lines = text.removesuffix("\n").split("\n") if text else []
    finder = None if arguments.recordings is None else partial(find_files, arguments.recordings)
    signed = None if arguments.files is None else partial(find_signed, arguments.files)
    verdict = verify(lines, head=arguments.head, find_files=finder, find_signed=signed)
    status = BROKEN if verdict.broken else INCOMPLETE if verdict.open else HOLDS
    if arguments.json:
        say_json({"status": status, "holds": verdict.holds, "broken": verdict.broken, "open": verdict.open})
    else:
        _tell(verdict)
    return status


def _tell(verdict: Verdict) -> None:
    for sign, findings in (("✓", verdict.holds), ("？", verdict.open), ("✗", verdict.broken)):
        for each in findings:
            say(f"{sign} {each}")
    say(verdict.summary)
