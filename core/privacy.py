"""Masks personal data in what citizens type, before it is stored, logged or handed to Rasa.

Masked are the numbers of `core.personal_numbers`, and names and home addresses where the citizen
says that they are such. What an answer may depend on stays: hotlines and offices' landlines,
dates, fees, document numbers, offices' addresses, and the district someone lives in. Pure; give
it normalised text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core.personal_numbers import Span, find_numbers

PLACEHOLDERS: Final = {
    "id_number": "〔身份证号〕",
    "mobile": "〔手机号〕",
    "landline": "〔电话号码〕",
    "bank_card": "〔银行卡号〕",
    "travel_document": "〔证件号〕",
    "email": "〔邮箱〕",
    "plate": "〔车牌号〕",
    "account": "〔账号〕",
    "name": "〔姓名〕",
    "address": "〔住址〕",
}


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data, and which kinds of it were there."""

    text: str
    kinds: frozenset[str] = frozenset()


def mask(text: str) -> Masked:
    """The text with a placeholder for each piece of personal data; masking it again changes nothing."""
    kinds: set[str] = set()
    while True:
        # Numbers first, since a name is known by the number beside it. Then once more: a
        # placeholder may part what hid behind its neighbour.
        masked = _replace(text, find_numbers(text), kinds)
        masked = _replace(masked, _find_words(masked), kinds)
        if masked == text:
            return Masked(text, frozenset(kinds))
        text = masked


def _replace(text: str, spans: Iterable[Span], kinds: set[str]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, kind in sorted(spans, key=lambda span: (span.start, -span.end)):
        if start < done:  # the one before holds or cuts this one
            continue
        kinds.add(kind)
        parts += [text[done:start], PLACEHOLDERS[kind]]
        done = end
    return "".join([*parts, text[done:]])


_PAUSE = r",，。;；?？!！\s〔〕"

# --- names -----------------------------------------------------------------------------------

_SURNAME = (
    "(?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木"
    "|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童甄项曲游阳裴席卫查屈鲍覃霍翁隋"
    "甘景司柏宁柯阮桂闵解柴华冉房辜吉饶刁瞿戚丘古滕晋苑邬臧畅宫苟褚廉简娄盖符奚穆党燕郎邸])"
)
_GIVEN = "[\u4e00-\u9fff]"
# What may follow a name without a pause. A name has one or two characters after its surname.
_AFTER_NAME = (
    r"(?=[^\u4e00-\u9fff]|$|[住家今身手电想要是在户来办我的年和请问怎咨需准打申从已也男女现出生吗吧呢啊])"
)
_NAME = (
    rf"(?:{_SURNAME}{_GIVEN}{{1,2}}?{_AFTER_NAME}|{_SURNAME}{_GIVEN}{{1,2}}"
    rf"|{_GIVEN}{{2,6}}(?:·{_GIVEN}{{1,8}})+)"
)
_SAID_NAME = re.compile(
    "(?:(?:我|本人|他|她|[妈爸爷奶姐妹哥弟]|儿子|女儿|孩子|娃|宝宝|老婆|老公|妻子|丈夫|爱人|对象|父亲|母亲|老人|名字)"
    "(?:的?名字)?叫做?|(?:名字|姓名)[是为:：] ?|(?:申请人|联系人|经办人|户主|法人|收件人)(?:姓名)?[:：] ?)"
    rf"({_NAME})"
)
_NAME_BESIDE_NUMBER = re.compile(
    rf"(?:^|我是|本人是?|[{_PAUSE}])({_SURNAME}{_GIVEN}{{1,2}})"
    "(?=[,，、:： ]{0,2}(?:我?的?(?:身份证|手机|电话|联系|证件)[^〔]{0,6})?〔(?:手机|身份证)号〕)"
)

# --- home addresses --------------------------------------------------------------------------

# The city's and the district's part, which stays. Atomic, so that a row of 市市市… ends soon.
_AREA = (
    rf"(?>[^{_PAUSE}0-9]{{1,10}}?"
    "(?:省|自治[区州]|(?:市|县|旗|镇|乡|街道|(?<![小社校厂])区)(?![街路巷场])))"
)
_NUMERAL = "[0-9A-Za-z〇零一二三四五六七八九十百]"
_UNIT = "(?:号院|号楼|号|栋|幢|座|楼|单元|层|室|门|户|组|弄|社)"
_HOME = re.compile(
    "(?:住在|[家现租我]住在?|[家现]?住址|我家在|家在|租房在|(?:家庭|户籍|户口|收[件货]|邮寄|我的?)[住地]址)"
    rf"[是为在:： ]*{_AREA}{{0,5}}+"
    rf"([^{_PAUSE}0-9]{{0,16}}{_NUMERAL}{{1,5}}{_UNIT}(?:[ \-#]?{_NUMERAL}{{1,5}}{_UNIT}?)*)"
)
_STREET = re.compile("[路街道巷弄里区园苑村屯庄城府湾寓]|胡同|家属楼|宿舍")
_NUMBERED = re.compile(_NUMERAL + _UNIT)
# Offices have no 单元; homes do, whoever says it and however.
_APARTMENT = re.compile(
    r"(?:[\u4e00-\u9fff]{2,8}?(?:大街|路|街|巷|小区|花园|家园|苑|村|屯)(?:[0-9]{1,5}号)?)?"
    rf"(?:{_NUMERAL}{{1,4}}(?:栋|幢|号楼|座|楼))?{_NUMERAL}{{1,3}}单元"
    rf"(?:[0-9A-Za-z]{{1,5}}|{_NUMERAL}{{2,5}}|{_NUMERAL}(?=[室号门楼层]))[室号门楼层]?"
)


def _find_words(text: str) -> Iterator[Span]:
    for pattern in (_SAID_NAME, _NAME_BESIDE_NUMBER):
        for found in pattern.finditer(text):
            yield Span(*found.span(1), "name")
    for found in _HOME.finditer(text):
        # 「家在三楼」 is no address: a street or two numbers (3栋2单元) make one.
        if _STREET.search(found[1]) or len(_NUMBERED.findall(found[1])) > 1:
            yield Span(*found.span(1), "address")
    for found in _APARTMENT.finditer(text):
        yield Span(*found.span(), "address")
