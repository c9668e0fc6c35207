"""`bangban`: the command line of the service."""

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import BangbanError
from core.settings import Settings
from server.cli.chinese_parser import ChineseParser
from server.cli.printing import NobodyReadsError, complain, prepare_streams
from server.cli.system_errors import in_words

FAILED = 1
INTERRUPTED = 130
UNREAD = 141  # as a shell says of a command whose reader went away


@dataclass(frozen=True, slots=True)
class Command:
    """A command. Its module is imported only when it is called for: some take seconds to load."""

    help: str
    module: str
    configure: str = "configure"


COMMANDS: Mapping[str, Command] = {
    "serve": Command("运行服务", "server.cli.serve"),
    "media": Command("运行一个音视频进程（服务会自己启动）", "server.cli.media"),
    "guides": Command("导入、导出、检查办事指南", "server.cli.guides"),
    "documents": Command("导入政策文件", "server.cli.documents", "configure_documents"),
    "faq": Command("导入常见问题", "server.cli.documents", "configure_faq"),
    "search": Command("检索一个问题，列出候选、得分的来历和用时", "server.cli.search"),
    "ask": Command("向运行中的服务提一个问题", "server.cli.ask"),
    "evaluate": Command("评测检索或回答", "server.cli.evaluate"),
    "train": Command("训练模型", "server.cli.train"),
    "evidence": Command("验证通话的证据链", "server.cli.evidence"),
    "wechat": Command("检查公众号，更新菜单，生成二维码", "server.cli.wechat"),
    "users": Command("管理工作人员账号", "server.cli.users"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    prepare_streams()
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except BangbanError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(in_words(error))
    except UnicodeError:
        return _failed("参数或文件里有读不懂的字符，请用 UTF-8 编码")
    except NobodyReadsError:
        return UNREAD
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: Sequence[str]) -> int:
    arguments = _parser(next((word for word in words if word in COMMANDS), "")).parse_args(words)
    return int(arguments.run(arguments, Settings.load(_overrides(arguments))))


def _failed(reason: str) -> int:
    complain(f"bangban：{' '.join(reason.split())}")
    return FAILED


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line names."""
    names = ("data", *getattr(arguments, "settings_from", ()))
    given = {name: getattr(arguments, name, None) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _parser(wanted: str) -> ChineseParser:
    parser = ChineseParser(prog="bangban", description="帮办：按办事指南回答市民的问题")
    commands = parser.add_subparsers(required=True, title="命令", metavar="命令")
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.help, description=command.help)
        if name == wanted:
            getattr(importlib.import_module(command.module), command.configure)(own)
    return parser


if __name__ == "__main__":
    sys.exit(main())
