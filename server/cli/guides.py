"""`bangban guides import|export|lint`: the guides of the knowledge base, by file."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.settings import Settings
from knowledge.export import published, run_guides_export
from knowledge.guide import Guide
from knowledge.importing.publication import run_guides_import
from knowledge.importing.report import ImportOutcome
from knowledge.linting import Finding, Severity, lint_all
from server.cli.options import add_data, add_report, show_report
from server.cli.printing import say, say_json
from server.knowledge_part import today
from server.stores_part import open_stores

FINDINGS = 4


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's actions."""
    actions = parser.add_subparsers(required=True, title="操作", metavar="操作")
    _add_import(actions)
    export = actions.add_parser("export", help="导出已发布的指南", description="导出已发布的指南")
    export.add_argument("file", type=Path, metavar="文件", help=".jsonl、.json 或 .xlsx")
    export.add_argument("--district", default="", metavar="区划", help="只导出这个区划的")
    add_data(export)
    export.set_defaults(run=run_export)
    lint = actions.add_parser(
        "lint", help="检查已发布的指南", description=f"检查已发布的指南；有错误时退出码为 {FINDINGS}"
    )
    lint.add_argument("--json", action="store_true", help="输出 JSON")
    add_data(lint)
    lint.set_defaults(run=run_lint)


def _add_import(actions: "argparse._SubParsersAction[Any]") -> None:
    parser = actions.add_parser(
        "import",
        help="导入指南",
        description="导入指南，重复导入不会重复。全部收下时退出码为 0，有拒绝时为 1（什么都不导入），"
        "加 --keep-going 时为 3（导入其余的）。",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".json、.jsonl、.csv 或 .xlsx")
    parser.add_argument("--keep-going", action="store_true", help="有拒绝也导入其余的")
    parser.add_argument("--district", default="", metavar="区划", help="文件里没有区划时用这个")
    add_report(parser)
    add_data(parser)
    parser.set_defaults(run=run_import)


def run_import(arguments: argparse.Namespace, settings: Settings) -> int:
    """Imports the files and prints what became of each; the exit status says whether all went in."""
    outcome = asyncio.run(_import(settings, arguments))
    show_report(arguments, outcome)
    return outcome.exit_code


def run_export(arguments: argparse.Namespace, settings: Settings) -> int:
    """Writes the file and prints how many guides it holds."""
    count = asyncio.run(_export(settings, arguments.file, arguments.district))
    say(f"已导出 {count} 份指南到 {arguments.file}")
    return 0


def run_lint(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints what an editor should look at."""
    guides = asyncio.run(_published(settings))
    findings = lint_all(guides, today=today())
    if arguments.json:
        say_json({guide_id: [f.as_json() for f in some] for guide_id, some in findings.items() if some})
    else:
        _show(guides, findings)
    errors = any(f.severity is Severity.ERROR for some in findings.values() for f in some)
    return FINDINGS if errors else 0


def _show(guides: Sequence[Guide], findings: Mapping[str, Sequence[Finding]]) -> None:
    marks = {Severity.ERROR: "错误", Severity.WARNING: "提醒"}
    found = 0
    for guide in guides:
        for finding in findings.get(guide.guide_id, ()):
            found += 1
            about = f"{guide.guide_id} {guide.district} {guide.title}"
            say(f"{about}：{marks[finding.severity]}：{finding.message}")
    say(f"共检查 {len(guides)} 份指南，发现 {found} 处")


async def _import(settings: Settings, arguments: argparse.Namespace) -> ImportOutcome:
    async with open_stores(settings) as stores:
        return await run_guides_import(
            stores.knowledge, arguments.files, keep_going=arguments.keep_going, district=arguments.district
        )


async def _export(settings: Settings, file: Path, district: str) -> int:
    async with open_stores(settings) as stores:
        return await run_guides_export(stores.knowledge, file, district=district)


async def _published(settings: Settings) -> list[Guide]:
    async with open_stores(settings) as stores:
        return [guide async for guide in published(stores.knowledge)]
