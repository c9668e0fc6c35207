"""`bangban documents import` and `bangban faq import`: policy texts, and official questions with answers."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.settings import Settings
from knowledge.importing.publication import run_documents_import, run_faq_import
from knowledge.importing.report import ImportOutcome
from server.cli.options import add_data, add_report, show_report
from server.stores_part import open_stores

Import = Callable[..., Awaitable[ImportOutcome]]


def configure_documents(parser: argparse.ArgumentParser) -> None:
    """Adds the action that imports policy texts."""
    _configure(parser, "导入政策文件，每行一个 JSON 对象：id,title,text,url", run_documents_import)


def configure_faq(parser: argparse.ArgumentParser) -> None:
    """Adds the action that imports questions with answers."""
    _configure(parser, "导入常见问题，每行一个 JSON 对象：id,question,answer,source", run_faq_import)


def _configure(parser: argparse.ArgumentParser, description: str, importing: Import) -> None:
    actions = parser.add_subparsers(required=True, title="操作", metavar="操作")
    action = actions.add_parser("import", help="导入", description=description)
    action.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    action.add_argument("--keep-going", action="store_true", help="有拒绝也导入其余的")
    add_report(action)
    add_data(action)
    action.set_defaults(run=run, importing=importing)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Imports the files and prints what became of each; the exit status says whether all went in."""
    outcome = asyncio.run(_import(arguments, settings))
    show_report(arguments, outcome)
    return outcome.exit_code


async def _import(arguments: argparse.Namespace, settings: Settings) -> ImportOutcome:
    async with open_stores(settings) as stores:
        outcome: ImportOutcome = await arguments.importing(
            stores.knowledge, arguments.files, keep_going=arguments.keep_going
        )
        return outcome
