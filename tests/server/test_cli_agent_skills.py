"""Agents' skills as an operator sets them."""

import asyncio
import io
import json

import pytest

from core.desk_ports import Agent
from core.settings import Settings
from core.statuses import AgentState
from server.stores_part import open_stores


@pytest.fixture
def guides(bangban, tmp_path):
    path = tmp_path / "guides.jsonl"
    rows = [
        {"guide_id": f"g-{district}", "district": district, "parents": ["示例市"], "main_item": "居住证补领"}
        for district in ("东岭区", "南湖区", "示例经济开发区")
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    assert bangban("guides", "import", str(path))[0] == 0


@pytest.fixture
def add(bangban, monkeypatch):
    def run(name: str, *options: str, role: str = "agent") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
        return bangban("users", "add", name, "--role", role, *options)

    return run


def stored(name: str) -> Agent | None:
    async def read() -> Agent | None:
        async with open_stores(Settings()) as stores:
            return await stores.desk.agent(name)

    return asyncio.run(read())


def test_an_account_is_added_with_its_skills_and_districts_are_named_as_the_guides_name_them(add, guides):
    status, out, _ = add(
        "wang.fang",
        *("--display-name", "王芳", "--department", "公安局", "--department", "人社局"),
        *("--district", "东岭", "--language", "朝鲜语", "--video", "no", "--max-chats", "5"),
    )

    assert status == 0
    assert "区县：东岭区" in out
    assert stored("wang.fang") == Agent(
        "wang.fang", "王芳", ("公安局", "人社局"), ("东岭区",), ("朝鲜语",), video=False, max_chats=5
    )


def test_what_no_option_names_stays_and_an_empty_one_means_all(add, bangban, guides):
    add("li", "--department", "公安局", "--district", "东岭区", "--max-chats", "2")

    status, out, _ = bangban("users", "skills", "li", "--district", "")

    assert status == 0
    assert "区县：全部" in out
    assert stored("li") == Agent("li", "li", ("公安局",), max_chats=2)


def test_skills_change_while_the_agent_is_at_work(add, bangban):
    async def come() -> None:
        async with open_stores(Settings()) as stores:
            await stores.desk.put_agent(Agent("li", "李敏"))
            await stores.desk.set_agent_state("li", AgentState.AVAILABLE)

    add("li")
    asyncio.run(come())
    bangban("users", "skills", "li", "--video", "no")

    assert not stored("li").video
    assert stored("li").display_name == "李敏"
    assert stored("li").state is AgentState.AVAILABLE


def test_without_options_the_skills_are_only_shown(add, bangban):
    add("li")

    status, out, _ = bangban("users", "skills", "li")

    assert status == 0
    assert out.splitlines()[1:3] == ["部门：全部", "区县：全部"]
    assert stored("li") is None


def test_a_district_of_no_guide_is_named_and_nothing_is_stored(add, bangban, guides):
    status, _, err = add("li", "--district", "南湖", "--district", "火星区")

    assert status == 1
    assert "火星区" in err
    assert "南湖" not in err
    assert bangban("users", "skills", "li")[0] == 1


def test_an_editor_has_no_skills_and_nobody_that_is_unknown_has(add, bangban):
    assert add("zhao", "--video", "yes", role="editor")[0] == 1
    add("zhao", role="editor")

    assert "不接待市民" in bangban("users", "skills", "zhao", "--video", "yes")[2]
    assert "没有账号" in bangban("users", "skills", "nobody")[2]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--max-chats", "0"), 2),
        (("--max-chats", "21"), 2),
        (("--video", "maybe"), 2),
        (("--department", "局" * 61), 1),
        (("--display-name", "王\x1b芳"), 1),
    ],
)
def test_what_makes_no_sense_is_refused(add, options, status):
    assert add("li", *options)[0] == status
    assert stored("li") is None
