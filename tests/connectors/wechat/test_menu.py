"""A menu's file is read, checked before WeChat would refuse it, and compared with what WeChat has."""

import pytest

from connectors.wechat.menu import (
    Click,
    Entry,
    Group,
    InvalidMenu,
    Link,
    Menu,
    MiniProgram,
    OtherAct,
    Scan,
    diff,
    find_problems,
    from_wechat,
    load_menu,
    to_wechat,
)

BASE = "https://bangban.example"
FILE = """
[[menu]]
name = "办事咨询"

    [[menu.entries]]
    name = "热门事项"
    click = "hot"

    [[menu.entries]]
    name = "扫码问事项"
    scan = "scan"

    [[menu.entries]]
    name = "预约取号"
    mini_program = {appid = "wx0123", page = "pages/index", link = "https://queue.example/"}

[[menu]]
name = "视频咨询"
link = "/wechat/main/video"

[[menu]]
name = "转人工"
click = "person"
"""
MENU = Menu(
    (
        Group(
            "办事咨询",
            (
                Entry("热门事项", Click("hot")),
                Entry("扫码问事项", Scan("scan")),
                Entry("预约取号", MiniProgram("wx0123", "pages/index", "https://queue.example/")),
            ),
        ),
        Entry("视频咨询", Link("https://bangban.example/wechat/main/video")),
        Entry("转人工", Click("person")),
    )
)
SENT = {
    "button": [
        {
            "name": "办事咨询",
            "sub_button": [
                {"name": "热门事项", "type": "click", "key": "hot"},
                {"name": "扫码问事项", "type": "scancode_waitmsg", "key": "scan"},
                {
                    "name": "预约取号",
                    "type": "miniprogram",
                    "appid": "wx0123",
                    "pagepath": "pages/index",
                    "url": "https://queue.example/",
                },
            ],
        },
        {"name": "视频咨询", "type": "view", "url": "https://bangban.example/wechat/main/video"},
        {"name": "转人工", "type": "click", "key": "person"},
    ]
}


def entry(name="转人工", act=None):
    return Entry(name, act or Click("person"))


def problems_of(text):
    with pytest.raises(InvalidMenu) as refused:
        load_menu(text, BASE)
    return "；".join(refused.value.problems)


def test_a_file_is_read():
    assert load_menu(FILE, BASE) == load_menu(FILE, BASE + "/") == MENU


def test_a_menu_is_sent_as_wechat_takes_it():
    assert to_wechat(MENU) == SENT


@pytest.mark.parametrize(
    "answer",
    [
        {"menu": SENT},
        {"is_menu_open": 1, "selfmenu_info": SENT},
        {
            "is_menu_open": 1,
            "selfmenu_info": {
                "button": [
                    {"name": "办事咨询", "sub_button": {"list": SENT["button"][0]["sub_button"]}},
                    *({**button, "sub_button": []} for button in SENT["button"][1:]),
                ]
            },
        },
    ],
)
def test_a_menu_comes_back_from_each_of_wechats_answers(answer):
    assert from_wechat(answer) == MENU


def test_what_files_cannot_say_comes_back_too():
    button = {"name": "文章", "type": "article_id", "article_id": "a1"}
    menu = from_wechat({"menu": {"button": [button, {"name": "空"}]}})

    assert menu.buttons == (
        Entry("文章", OtherAct("article_id", (("article_id", "a1"),))),
        Entry("空", OtherAct("", ())),
    )
    assert to_wechat(menu)["button"][0] == button


@pytest.mark.parametrize("answer", [{}, {"menu": {}}, {"is_menu_open": 0, "selfmenu_info": {"button": []}}])
def test_no_menu_is_an_empty_one(answer):
    assert from_wechat(answer) == Menu()


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[[menu", "不是有效的 TOML"),
            ("", "一级菜单应有 1 到 3 个，现有 0 个"),
            ('[[menu]]\nname="甲"\nclick="k"\n' * 1 + '[[menus]]\nname="乙"', "不认识的内容：menus"),
            ('menu = "x"', "[[menu]]"),
            ("menu = [1]", "应有 click"),
            ('[[menu]]\nname="甲"', "「甲」应有 click、scan、link、mini_program 或 entries"),
            ('[[menu]]\nname="甲"\nclick="k"\nlink="/x"', "「甲」应有 click"),
            ('[[menu]]\nname="甲"\nclick=1', "「甲」应有 click"),
            ('[[menu]]\nname="甲"\nclick="k"\n[[menu.entries]]\nname="乙"\nclick="k"', "不认识的内容：click"),
            ('[[menu]]\nclick="k"', "没有名称"),
            ('[[menu]]\nname="甲"\nlink="http://x.example"', "https://"),
            ('[[menu]]\nname="甲"\nlink="//x.example"', "https://"),
            ('[[menu]]\nname="甲"\nlink="javascript:x"', "https://"),
        ],
    )
    def test_in_a_file(self, text, told):
        assert told in problems_of(text)

    def test_everything_is_told_at_once(self):
        told = problems_of('[[menu]]\nname="甲乙丙丁戊"\nlink="x"\n[[menu]]\nname="己"')

        assert all(part in told for part in ("「甲乙丙丁戊」太长", "https://", "「己」应有 click"))

    @pytest.mark.parametrize("count", [0, 4])
    def test_the_number_of_buttons(self, count):
        menu = Menu(tuple(entry(str(n)) for n in range(count)))

        assert find_problems(menu) == [f"一级菜单应有 1 到 3 个，现有 {count} 个"]

    @pytest.mark.parametrize("count", [0, 6])
    def test_the_number_of_entries(self, count):
        menu = Menu((Group("甲", tuple(entry(str(n)) for n in range(count))),))

        assert find_problems(menu) == [f"「甲」下应有 1 到 5 项，现有 {count} 项"]

    @pytest.mark.parametrize(
        ("name", "is_short"),
        [("甲乙丙丁", True), ("abcdefgh", True), ("甲乙丙丁戊", False), ("a甲乙丙丁", False)],
    )
    def test_a_name_that_is_not_shown_to_its_end(self, name, is_short):
        assert (find_problems(Menu((entry(name),))) == []) is is_short

    @pytest.mark.parametrize(("name", "is_short"), [("甲" * 8, True), ("甲" * 9, False)])
    def test_a_name_in_a_list_may_be_twice_as_long(self, name, is_short):
        assert (find_problems(Menu((Group("甲", (entry(name),)),))) == []) is is_short

    def test_a_name_that_is_there_twice(self):
        assert find_problems(Menu((entry("甲"), entry("甲")))) == ["同一级有两项都叫「甲」"]

    @pytest.mark.parametrize(
        "act", [Click(""), Scan(""), Click("k" * 129), Link("https://x.example/" + "a" * 1024)]
    )
    def test_a_key_or_link_that_is_empty_or_too_long(self, act):
        assert len(find_problems(Menu((entry(act=act),)))) == 1

    def test_the_longest_that_may_be_is_none(self):
        assert find_problems(Menu((entry(act=Click("k" * 128)),))) == []
        assert find_problems(MENU) == []


class TestDifferences:
    def test_none_between_equal_menus(self):
        assert diff(MENU, from_wechat({"menu": to_wechat(MENU)})) == []

    def test_what_is_new_gone_and_changed(self):
        old = Menu((Group("甲", (entry("一"), entry("二"))), entry("乙", Click("b"))))
        new = Menu(
            (Group("甲", (entry("一"), entry("三", Scan("s")))), entry("乙", Link("https://x.example/")))
        )

        assert diff(old, new) == [
            "删除「甲 › 二」（点击 person）",
            "新增「甲 › 三」（扫码 s）",
            "修改「乙」：由「点击 b」改为「打开 https://x.example/」",
        ]

    def test_a_button_that_becomes_a_list(self):
        assert diff(Menu((entry("甲"),)), Menu((Group("甲", (entry("一"),)),))) == [
            "新增「甲 › 一」（点击 person）",
            "修改「甲」：由「点击 person」改为「列表」",
        ]

    def test_an_order_that_changes(self):
        assert diff(Menu((entry("甲"), entry("乙"))), Menu((entry("乙"), entry("甲")))) == [
            "调整顺序：「乙」、「甲」"
        ]

    def test_only_the_link_of_a_mini_program(self):
        first, second = (Menu((entry("甲", MiniProgram("wx", "p", f"https://{n}.example/")),)) for n in "ab")

        assert len(diff(first, second)) == 1

    def test_everything_where_there_was_no_menu(self):
        assert len(diff(Menu(), MENU)) == 6
