"""The skills of an agent on the command line: whom the queue gives to them, and how many at a time."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.desk_ports import Agent
from core.errors import InvalidInput, UnknownDistrict
from core.ports import KnowledgeStore
from core.settings import Settings
from knowledge.district_names import district_named
from knowledge.districts import District
from server.knowledge_part import make_lexicons, make_segmenter
from server.stores_part import Stores

MOST_CHATS = 20
LONGEST_NAME = 60
YES_OR_NO = {"yes": True, "no": False}
ALL = "全部"


def add_skills(parser: argparse.ArgumentParser) -> None:
    """Adds the options; each one that isn't given is None."""
    group = parser.add_argument_group('坐席的技能（写空的 "" 表示全部）')
    group.add_argument("--display-name", metavar="名字", help="市民看到的名字")
    group.add_argument("--department", action="append", metavar="部门", help="接哪个部门的事，可以写多次")
    group.add_argument("--district", action="append", metavar="区县", help="接哪个区县的市民，可以写多次")
    group.add_argument("--language", action="append", metavar="语言", help="会哪种语言，可以写多次")
    group.add_argument("--video", choices=YES_OR_NO, help="能不能接视频和语音")
    group.add_argument(
        "--max-chats",
        type=int,
        choices=range(1, MOST_CHATS + 1),
        metavar="数",
        help=f"同时最多接几个对话（1 到 {MOST_CHATS}）",
    )


def names_skills(arguments: argparse.Namespace) -> bool:
    """Whether any of the options was given."""
    options = ("display_name", "department", "district", "language", "video", "max_chats")
    return any(getattr(arguments, option) is not None for option in options)


async def with_skills(settings: Settings, stores: Stores, name: str, arguments: argparse.Namespace) -> Agent:
    """The agent as the options want them; what no option names stays as it is. Stores nothing.

    Raises UnknownDistrict for one that the guides don't have, InvalidInput for a name that is too long.
    """
    agent = await stores.desk.agent(name) or Agent(name, display_name=name)
    if arguments.display_name is not None:
        agent = replace(agent, display_name=_checked(arguments.display_name) or name)
    if arguments.department is not None:
        agent = replace(agent, departments=_several(arguments.department))
    if arguments.district is not None:
        written = _several(arguments.district)
        agent = replace(agent, districts=await _districts(settings, stores.knowledge, written))
    if arguments.language is not None:
        agent = replace(agent, languages=_several(arguments.language))
    if arguments.video is not None:
        agent = replace(agent, video=YES_OR_NO[arguments.video])
    if arguments.max_chats is not None:
        agent = replace(agent, max_chats=arguments.max_chats)
    return agent


def in_lines(agent: Agent) -> Iterator[str]:
    """What an operator reads of the agent."""
    yield f"市民看到的名字：{agent.display_name or agent.name}"
    yield f"部门：{'、'.join(agent.departments) or ALL}"
    yield f"区县：{'、'.join(agent.districts) or ALL}"
    yield f"语言：{'、'.join(agent.languages) or ALL}"
    yield f"视频和语音：{'接' if agent.video else '不接'}"
    yield f"同时最多：{agent.max_chats} 个对话"


def _several(written: Sequence[str]) -> tuple[str, ...]:
    """Each once, in order; an empty one alone means "all"."""
    return tuple(dict.fromkeys(filter(None, map(_checked, written))))


def _checked(written: str) -> str:
    name = written.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"“{name[:LONGEST_NAME]}”太长或有控制字符，最多 {LONGEST_NAME} 个字")
    return name


async def _districts(settings: Settings, store: KnowledgeStore, written: Sequence[str]) -> tuple[str, ...]:
    """The districts as the published guides write them, which is how the queue names them."""
    if not written:
        return ()
    lexicons = make_lexicons(settings, make_segmenter(settings))
    reader = lexicons.district_reader(await _known_districts(store), settings.city)
    found = {name: district_named(name, reader) for name in written}
    if unknown := [name for name, district in found.items() if not district]:
        raise UnknownDistrict(f"没有哪份已发布的指南属于“{'”“'.join(unknown)}”，请先导入指南或检查名称")
    return tuple(dict.fromkeys(found.values()))


async def _known_districts(store: KnowledgeStore) -> Sequence[District]:
    known: dict[str, District] = {}
    async for record in store.published_guides():
        if record.district not in known:
            known[record.district] = District(
                record.district, tuple(map(str, record.body.get("parents", ())))
            )
    return [known[name] for name in sorted(known)]
