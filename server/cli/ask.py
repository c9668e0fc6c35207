"""`bangban ask`: one full turn through the running service."""

import argparse
import asyncio
from typing import Any

import aiohttp

from core.settings import Settings
from server.api_client import ApiClient
from server.cli.options import add_service_url, service_url
from server.cli.printing import say, say_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("question", metavar="问题")
    parser.add_argument("--district", default="", help="市民所在的区县")
    parser.add_argument("--json", action="store_true", help="输出接口返回的 JSON")
    add_service_url(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints the reply. Raises Unavailable when the service doesn't answer, InvalidInput if it refuses."""
    answer = asyncio.run(_ask(service_url(arguments, settings), arguments.question, arguments.district))
    if arguments.json:
        say_json(answer)
        return 0
    for message in answer["messages"]:
        say(message["text"])
        for source in message["sources"]:
            place = f"（{source['district']}）" if source["district"] else ""
            say(f"  出处：{source['title']}{place} {source['guide_id']} 第 {source['version']} 版")
    return 0


async def _ask(url: str, question: str, district: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        client = ApiClient(session, url)
        return await client.say(await client.start(district=district), question)
