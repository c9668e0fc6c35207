"""An argument parser that speaks Chinese to the operator."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from server.cli.printing import write

MISUSED = 2


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


def _formatter(prog: str) -> argparse.HelpFormatter:
    return _Formatter(prog, max_help_position=30, width=100)


class ChineseParser(argparse.ArgumentParser):
    """As argparse's, with Chinese headings, help option and first word of errors."""

    def __init__(self, prog: str | None = None, description: str | None = None, **_: object) -> None:
        super().__init__(prog=prog, description=description, formatter_class=_formatter, add_help=False)
        self._positionals.title = "参数"
        self._optionals.title = "选项"
        self.add_argument("-h", "--help", action="help", help="显示这段说明")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong with the command line, and ends with status 2."""
        self.print_usage(sys.stderr)
        self.exit(MISUSED, f"{self.prog}：参数有误：{message}\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse leaves the text in the buffer, where a reader that is gone fails only at the end.
        if message:
            write(sys.stderr if file is None else file, message)
