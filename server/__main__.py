"""`bangban`: the command line of the service."""

import sys
from collections.abc import Sequence

from core.errors import BangbanError
from core.settings import Settings
from server.cli import ask, evaluate
from server.cli.chinese_parser import ChineseParser
from server.cli.printing import complain

FAILED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    arguments = _parser().parse_args(argv)
    overrides = {"data": arguments.data} if getattr(arguments, "data", None) else {}
    try:
        return int(arguments.run(arguments, Settings.load(overrides)))
    except BangbanError as error:
        complain(f"bangban：{error}")
        return FAILED
    except KeyboardInterrupt:
        return 130


def _parser() -> ChineseParser:
    parser = ChineseParser(prog="bangban", description="帮办：按办事指南回答市民的问题")
    commands = parser.add_subparsers(required=True, title="命令", metavar="命令")
    for command in (ask, evaluate):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
