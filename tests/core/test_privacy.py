"""What is masked as personal data, and what must stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.personal_numbers import find_numbers, has_valid_check
from core.privacy import PLACEHOLDERS, mask

MASKED = [
    # identity cards; all numbers here are made up
    ("身份证号是220102199003071234怎么补办", "身份证号是〔身份证号〕怎么补办"),  # the check digit is wrong
    ("11010519491231002X", "〔身份证号〕"),
    ("11010519491231002x的身份证", "〔身份证号〕的身份证"),
    ("号码11010519491231002X,", "号码〔身份证号〕,"),
    ("110105 19491231 002X", "〔身份证号〕"),
    ("110105-19491231-002X", "〔身份证号〕"),
    ("110105 1949 1231 002X", "〔身份证号〕"),
    ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "〔身份证号〕"),
    ("一一零一零五一九四九一二三一零零二X", "〔身份证号〕"),
    ("身份证220102900307123", "身份证〔身份证号〕"),
    ("810000199408230021", "〔身份证号〕"),
    ("身份证11010519491231002X电话13800138000", "身份证〔身份证号〕电话〔手机号〕"),
    ("11010519491231002X 13800138000", "〔身份证号〕 〔手机号〕"),
    ("13800138000 11010519491231002X", "〔手机号〕 〔身份证号〕"),
    ("13800138000440308199901101512", "〔身份证号〕"),  # run together
    # phones
    ("13800138000", "〔手机号〕"),
    ("打我手机13800138000", "打我手机〔手机号〕"),
    ("138 0013 8000", "〔手机号〕"),
    ("138-0013-8000", "〔手机号〕"),
    ("1380 013 8000", "〔手机号〕"),
    ("+8613800138000", "〔手机号〕"),
    ("86 19912345678", "〔手机号〕"),
    ("幺三八零零幺三八零零零", "〔手机号〕"),
    ("一三八零零一三八零零零", "〔手机号〕"),
    ("1380013800013900139000", "〔手机号〕"),
    ("我家电话是0431-88776655", "我家电话是〔电话号码〕"),
    ("我的联系电话:88776655", "我的联系电话:〔电话号码〕"),
    # bank cards
    ("卡号6222021001116245702", "卡号〔银行卡号〕"),
    ("6222 0210 0111 6245 702", "〔银行卡号〕"),
    ("4111111111111111", "〔银行卡号〕"),
    ("我的银行卡号是6222021001116245703", "我的银行卡号是〔银行卡号〕"),  # the check digit is wrong
    # documents, plates, accounts
    ("护照E12345678丢了", "护照〔证件号〕丢了"),
    ("护照EA1234567过期", "护照〔证件号〕过期"),
    ("回乡证H12345678", "回乡证〔证件号〕"),
    ("通行证号码:T12345678", "通行证号码:〔证件号〕"),
    ("社保卡号是A1234567B", "社保卡号是〔证件号〕"),
    ("吉A12345年检", "〔车牌号〕年检"),
    ("吉AD12345年检", "〔车牌号〕年检"),
    ("吉a·b1c23年检", "〔车牌号〕年检"),
    ("发到zhang.san@example.com吧", "发到〔邮箱〕吧"),
    ("QQ:12345678", "QQ:〔账号〕"),
    ("加我微信zhang_san88", "加我微信〔账号〕"),
    # names
    ("我叫张三", "我叫〔姓名〕"),
    ("我叫王小明请问怎么办社保", "我叫〔姓名〕请问怎么办社保"),
    ("您好,我叫欧阳娜娜。", "您好,我叫〔姓名〕。"),
    ("我叫阿依古丽·买买提", "我叫〔姓名〕"),
    ("我妈叫李秀英今年80岁", "我妈叫〔姓名〕今年80岁"),
    ("孩子的名字是王一诺", "孩子的名字是〔姓名〕"),
    ("姓名:赵敏 电话:13800138000", "姓名:〔姓名〕 电话:〔手机号〕"),
    ("我是张三,身份证号11010519491231002X", "我是〔姓名〕,身份证号〔身份证号〕"),
    ("张三 13800138000", "〔姓名〕 〔手机号〕"),
    # home addresses
    ("我住在长春市朝阳区红旗街123号4栋502", "我住在长春市朝阳区〔住址〕"),
    ("我住二道区东盛大街12号", "我住二道区〔住址〕"),
    ("家住绿园区阳光小区三栋二单元", "家住绿园区〔住址〕"),
    ("家庭住址:吉林省长春市南关区幸福街道平安胡同5号", "家庭住址:吉林省长春市南关区幸福街道〔住址〕"),
    ("户籍地址是红星村3组", "户籍地址是〔住址〕"),
    ("阳光小区3栋2单元501漏水了", "〔住址〕漏水了"),
    ("三号楼一单元二楼", "〔住址〕"),
    (
        "我叫张三,住在长春市朝阳区红旗街123号,电话13800138000",
        "我叫〔姓名〕,住在长春市朝阳区〔住址〕,电话〔手机号〕",
    ),
]

READABLE = [
    "2019年毕业",
    "2024-01-01到2024-12-31",
    "2024.01.01 2024.12.31 2025.06.30",
    "20240101123000",
    "第110号",
    "国务院令第663号",
    "吉政发〔2024〕12号",
    "打12345还是110",
    "114查号",
    "12333社保热线",
    "95588",
    "400-800-8888",
    "0431-88776655是哪里的电话",
    "政务大厅电话0431-88776655",
    "收费10元",
    "注册资本13500000000元",
    "补贴3000元,2024年12月31日前申请",
    "3个工作日",
    "工作时间8:30-11:30 13:00-16:30",
    "实施编码11220100MB1234567800132003000",
    "事项编码000132003000",
    "办件编号20241122123456",
    "统一社会信用代码91220101MA0Y3TX12K",
    "人民大街1号政务大厅怎么走",
    "长春市南关区人民大街10033号3楼301室",
    "政务大厅地址:人民大街1号",
    "我住在朝阳区",
    "我住二道区想办居住证",
    "家住净月高新区",
    "家在农村",
    "我家在三楼能装电梯吗",
    "住院3天能报销多少",
    "住房公积金提取",
    "住址变更要带什么",
    "我叫不上名字",
    "我叫了个车",
    "这个证叫什么",
    "申请人是高中生可以吗",
    "姓名变更",
    "名字写错了",
    "户主是父亲",
    "我是于洪区的",
    "我是高中毕业",
    "身份证丢了怎么补办",
    "身份证号码错了怎么改",
    "手机号换了怎么改",
    "微信能交吗",
    "QQ能登录吗",
    "G2024次列车",
    "新能源车牌怎么办",
    "1单元和2单元",
    "7单元一直没有暖气",
    "65岁以上老人",
    "二〇二四年一月一日",
    "一二三四五六七",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_personal_data_is_masked(text, masked):
    assert mask(text).text == masked


@pytest.mark.parametrize("text", READABLE)
def test_what_is_not_personal_stays_readable(text):
    assert mask(text).text == text
    assert mask(text).kinds == frozenset()


def test_the_kinds_are_told():
    assert mask("我叫张三,13800138000").kinds == {"name", "mobile"}


def test_every_kind_has_a_placeholder_that_stays_as_it_is():
    for placeholder in PLACEHOLDERS.values():
        assert mask(f"我叫{placeholder}住在{placeholder}5号").text == f"我叫{placeholder}住在{placeholder}5号"


WEIGHTS = [2 ** (17 - n) % 11 for n in range(17)]


@st.composite
def id_numbers(draw):
    """Numbers with a valid check character, by the formula of the standard, not by our table."""
    digits = draw(st.lists(st.integers(0, 9), min_size=17, max_size=17))
    check = (12 - sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=True)) % 11) % 11
    return "".join(map(str, digits)) + ("X" if check == 10 else str(check))


not_digits = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=10).map(
    lambda text: "".join(c for c in text if c not in "零〇一二三四五六七八九幺Xx")
)


@given(not_digits, id_numbers(), not_digits)
def test_no_number_with_a_valid_check_survives(before, number, after):
    assert has_valid_check(number)
    assert number not in mask(before + number + after).text


@given(st.lists(st.one_of(id_numbers(), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)), max_size=4))
def test_of_several_numbers_in_a_row_none_survives(numbers):
    masked = mask(" ".join(numbers)).text

    assert not any(number in masked for number in numbers)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), not_digits)
def test_no_mobile_number_survives(number, before):
    assert number not in mask(f"{before}{number}是我的").text


PIECES = """
我叫 张三 李 欧阳 住在 家住 长春市 朝阳区 红旗街 小区 12号 3栋 2单元 501 13800138000 138 0013 8000 - . X
11010519491231002 6222021001116245702 护照 E12345678 卡号 电话 的 , 。 是 〔手机号〕 〔 〕 · 身份证 @ a.b 吉A
"""
pieces = st.sampled_from([" ", *PIECES.split()])


@given(st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=12).map("".join))
def test_masking_again_changes_nothing(text):
    masked = mask(text).text

    assert mask(masked).text == masked
    assert mask(masked).kinds == frozenset()


@pytest.mark.timeout(120)  # polynomial takes parts of a second, exponential for ever
@pytest.mark.parametrize(
    "text",
    [
        "1" * 2000,
        "1 " * 1000,
        "住在" + "市" * 2000,
        "住在" + "某区" * 1000,
        "住在" * 1000,
        "我叫" * 1000,
        "一单元" * 600,
        "a" * 2000 + "@",
        "a@" + "b." * 1000,
        "阿·" * 1000,
        "微信" * 1000,
        "吉A" * 1000,
        "6222 " * 400,
    ],
)
def test_masking_always_ends(text):
    assert mask(text).text


def test_spans_lie_within_the_text():
    text = "电话13800138000和11010519491231002X"

    assert sorted(text[span.start : span.end] for span in find_numbers(text)) == [
        "11010519491231002X",
        "13800138000",
    ]
