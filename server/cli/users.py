"""`bangban users add` and `bangban users skills`: staff accounts, and what agents may be given."""

import argparse
import asyncio
import getpass
import secrets
import sys

from core.desk_ports import Agent
from core.errors import InvalidInput, NotFound
from core.settings import Settings
from core.statuses import Role
from server.cli.agent_skills import add_skills, in_lines, names_skills, with_skills
from server.cli.options import add_data
from server.cli.printing import say
from server.demo import add_user
from server.staff_access import DESK
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
    add_skills(add)
    add_data(add)
    add.set_defaults(run=run)
    skills = actions.add_parser(
        "skills",
        help="查看或修改坐席的技能",
        description="修改坐席的技能，没写的不变；什么都不写则只查看。服务运行时也可以改，下一次派单就生效。",
    )
    skills.add_argument("name", metavar="名字")
    add_skills(skills)
    add_data(skills)
    skills.set_defaults(run=run_skills)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Stores the account, and the agent's skills if any are given; all of it or nothing.

    Raises Conflict if the name is taken, InvalidInput for a poor password or skills of somebody who
    doesn't talk to citizens, UnknownDistrict.
    """
    _check_has_skills(Role(arguments.role), arguments)
    password, was_made = _password()
    agent = asyncio.run(_add(settings, arguments, password))
    say(f"已新建账号 {arguments.name}（{arguments.role}）")
    for line in in_lines(agent) if agent else ():
        say(line)
    if was_made:
        say(f"密码：{password}（只显示这一次）")
    return 0


def run_skills(arguments: argparse.Namespace, settings: Settings) -> int:
    """Changes the skills that are given, and shows all. Raises NotFound, InvalidInput, UnknownDistrict."""
    for line in in_lines(asyncio.run(_change_skills(settings, arguments))):
        say(line)
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


def _check_has_skills(role: Role, arguments: argparse.Namespace) -> None:
    if names_skills(arguments) and role not in DESK:
        raise InvalidInput(f"{role.value} 不接待市民，不能设技能")


async def _add(settings: Settings, arguments: argparse.Namespace, password: str) -> Agent | None:
    name = arguments.name
    async with open_stores(settings) as stores:
        agent = None
        if names_skills(arguments):
            agent = await with_skills(settings, stores, name, arguments)
        await add_user(stores.users, name, Role(arguments.role), password)
        return await stores.desk.put_agent(agent) if agent else None


async def _change_skills(settings: Settings, arguments: argparse.Namespace) -> Agent:
    async with open_stores(settings) as stores:
        user = await stores.users.get(arguments.name)
        if user is None:
            raise NotFound(f"没有账号 {arguments.name}")
        if user.role not in DESK:
            raise InvalidInput(f"{user.name} 的角色是 {user.role.value}，不接待市民，没有技能")
        agent = await with_skills(settings, stores, user.name, arguments)
        return await stores.desk.put_agent(agent) if names_skills(arguments) else agent
