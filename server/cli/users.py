"""`bangban users add`: a staff account."""

import argparse
import asyncio
import getpass
import secrets
import sys

from core.errors import InvalidInput
from core.settings import Settings
from core.statuses import Role
from server.cli.options import add_data
from server.cli.printing import say
from server.demo import add_user
from server.stores_part import open_stores

SHORTEST = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's actions."""
    actions = parser.add_subparsers(required=True, title="操作", metavar="操作")
    add = actions.add_parser(
        "add", help="新建账号", description="新建账号。密码从终端或标准输入读取，留空则自动生成并显示一次。"
    )
    add.add_argument("name", metavar="名字")
    add.add_argument("--role", required=True, choices=[role.value for role in Role], help="角色")
    add_data(add)
    add.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Stores the account. Raises Conflict if the name is taken, InvalidInput for a poor password."""
    password, was_made = _password()
    asyncio.run(_add(settings, arguments.name, Role(arguments.role), password))
    say(f"已新建账号 {arguments.name}（{arguments.role}）")
    if was_made:
        say(f"密码：{password}（只显示这一次）")
    return 0


def _password() -> tuple[str, bool]:
    if sys.stdin.isatty():
        typed = getpass.getpass("密码（留空自动生成）：")
        if typed and getpass.getpass("再输一次：") != typed:
            raise InvalidInput("两次输入的密码不一样")
    else:
        typed = sys.stdin.readline().rstrip("\n")
    if not typed:
        return secrets.token_urlsafe(12), True
    if len(typed) < SHORTEST:
        raise InvalidInput(f"密码至少要 {SHORTEST} 个字符")
    return typed, False


async def _add(settings: Settings, name: str, role: Role, password: str) -> None:
    async with open_stores(settings) as stores:
        await add_user(stores.users, name, role, password)
