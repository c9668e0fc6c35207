"""Which element of a guide a column holds, recognised by the column's name.

A `Column`'s value is its place in the canonical JSON (`fee.standard`), which is itself a name that
is recognised. The first Chinese name of each is the one that exports and messages use.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Column(StrEnum):
    """An element that a column can hold."""

    GUIDE_ID = "guide_id"
    DISTRICT = "district"
    PARENTS = "parents"
    MAIN_ITEM = "main_item"
    BUSINESS_ITEM = "business_item"
    ALIASES = "aliases"
    BASIC_CODE = "basic_code"
    IMPLEMENTATION_CODE = "implementation_code"
    BUSINESS_CODE = "business_code"
    ITEM_TYPE = "item_type"
    LEVEL = "level"
    AUTHORITY = "authority"
    AUDIENCES = "audiences"
    CONDITIONS = "conditions"
    COMMITMENT = "commitment"
    DEFERRAL = "deferral"

    SITUATION = "situations.name"
    SITUATION_DESCRIPTION = "situations.description"
    MATERIAL = "situations.materials.name"
    MATERIAL_ORDINAL = "situations.materials.ordinal"  # says that the row holds exactly one material
    MATERIAL_FORM = "situations.materials.form"
    MATERIAL_MEDIUM = "situations.materials.medium"
    MATERIAL_COPIES = "situations.materials.copies"
    MATERIAL_NECESSITY = "situations.materials.necessity"
    MATERIAL_SOURCE = "situations.materials.source"
    MATERIAL_SAMPLE = "situations.materials.sample_url"
    MATERIAL_BLANK_FORM = "situations.materials.blank_form_url"
    MATERIAL_NOTE = "situations.materials.note"
    MATERIAL_EXEMPT = "situations.materials.exempt"

    PROMISED_DAYS = "time_limit.promised_days"
    STATUTORY_DAYS = "time_limit.statutory_days"
    TIME_UNIT = "time_limit.unit"
    HANDLING = "time_limit.handling"

    FEE_CHARGED = "fee.charged"
    FEE_STANDARD = "fee.standard"
    FEE_BASIS = "fee.basis"
    FEE_REDUCTIONS = "fee.reductions"

    PROCESS = "process"
    STEP_NAME = "process.name"
    STEP_DESCRIPTION = "process.description"
    STEP_DURATION = "process.duration"

    ONLINE_FULLY = "online.fully"
    ONLINE_DEPTH = "online.depth"
    ONLINE_URL = "online.url"
    ONLINE_VISITS = "online.visits"
    ONLINE_APPOINTMENT = "online.appointment"
    ONLINE_COURIER = "online.courier"
    ONLINE_CROSS_REGION = "online.cross_region"

    PLACES = "places"
    PLACE_ADDRESS = "places.address"
    PLACE_NAME = "places.name"
    PLACE_WINDOW = "places.window"
    PLACE_PHONE = "places.phone"
    PLACE_HOURS = "places.hours"
    PLACE_MAP_POINT = "places.map_point"
    HOURS = "hours"

    PHONES = "phones"
    PHONE_NUMBER = "phones.number"
    PHONE_LABEL = "phones.label"
    COMPLAINT_PHONES = "complaint_phones"
    COMPLAINT_NUMBER = "complaint_phones.number"
    COMPLAINT_LABEL = "complaint_phones.label"

    RESULT_NAME = "result.name"
    RESULT_SAMPLE = "result.sample_url"
    RESULT_VALIDITY = "result.validity"

    LEGAL_BASIS = "legal_basis"
    BASIS_TITLE = "legal_basis.title"
    BASIS_ARTICLE = "legal_basis.article"
    BASIS_URL = "legal_basis.url"
    BASIS_EFFECTIVE_FROM = "legal_basis.effective_from"
    BASIS_REPEALED_ON = "legal_basis.repealed_on"

    FAQ = "faq"
    FAQ_QUESTION = "faq.question"
    FAQ_ANSWER = "faq.answer"

    PACKAGES = "packages"
    URL = "url"
    OWNER_DEPARTMENT = "owner_department"
    REVIEWER = "reviewer"
    LAST_CHECKED = "last_checked"
    VALID_FROM = "valid_from"
    VALID_UNTIL = "valid_until"
    STATUS = "status"
    VERSION = "version"

    @property
    def chinese(self) -> str:
        """The name that exports and messages use."""
        return NAMES[self].split()[0]


NAMES: dict[Column, str] = {
    Column.GUIDE_ID: "指南编号 指南ID 编号 事项编号 id guideid",
    Column.DISTRICT: (
        "区划名称 所属区划 行政区划 行政区划名称 区划 所属区域 区域 所属地区 地区 区县 所属区县 "
        "适用区域 适用地区 辖区 district region area county"
    ),
    Column.PARENTS: "上级区划名称 上级区划 所属上级区划 上级地区 parent parentdistrict parentdistricts",
    Column.MAIN_ITEM: (
        "主项名称 主项 事项主项 主事项 主事项名称 事项名称 事项 政务服务事项名称 政务服务事项 "
        "服务事项名称 服务事项 基本目录名称 大项名称 item itemname servicename main mainitemname"
    ),
    Column.BUSINESS_ITEM: (
        "业务办理项名称 业务办理项 办理项名称 办理项 业务项名称 子项名称 子项 小项名称 "
        "businessitemname business subitem"
    ),
    Column.ALIASES: "别名 事项别名 俗称 通俗名称 常用名称 又称 alias",
    Column.BASIC_CODE: "基本编码 基本目录编码",
    Column.IMPLEMENTATION_CODE: "实施编码 实施清单编码 事项编码",
    Column.BUSINESS_CODE: "业务办理项编码 办理项编码",
    Column.ITEM_TYPE: "事项类型 事项类别 类型 type category",
    Column.LEVEL: "行使层级 实施层级 办理层级",
    Column.AUTHORITY: (
        "实施主体 实施主体名称 实施机关 实施部门 办理部门 办理机构 受理机构 承办单位 责任单位 部门 department"
    ),
    Column.AUDIENCES: "服务对象 服务对象类型 面向对象 办理对象 audience applicants",
    Column.CONDITIONS: "受理条件 申请条件 办理条件 准予条件 条件 condition",
    Column.COMMITMENT: "告知承诺 告知承诺制",
    Column.DEFERRAL: "容缺受理 容缺办理",
    Column.SITUATION: (
        "情形 情形名称 情形简称 办理情形 申请情形 办理情形名称 情形列表 situation situationname "
        "situations scenario scenarioname scenarios"
    ),
    Column.SITUATION_DESCRIPTION: "情形说明 情形描述 适用情形 situationdescription scenariodescription",
    Column.MATERIAL: (
        "材料名称 申请材料 申请材料名称 所需材料 申报材料 办理材料 提交材料 关联材料名称 材料 "
        "材料清单 material materialname materials"
    ),
    Column.MATERIAL_ORDINAL: "材料序号",
    Column.MATERIAL_FORM: (
        "材料形式 材料类型 原件或复印件 原件/复印件 原件复印件 提交形式 form materialform"
    ),
    Column.MATERIAL_MEDIUM: "材料介质 介质 纸质或电子 纸质/电子 材料载体 medium",
    Column.MATERIAL_COPIES: "份数 材料份数 需要份数 数量 copies",
    Column.MATERIAL_NECESSITY: "材料必要性 必要性 是否必要 是否必需 是否必须 是否必交 necessity required",
    Column.MATERIAL_SOURCE: "材料来源 来源渠道 材料来源渠道 来源",
    Column.MATERIAL_SAMPLE: "材料样本 样表 示例样表 样本 样例 填写样例 sample",
    Column.MATERIAL_BLANK_FORM: "空白表格 空白表 空表 表格下载 blankform",
    Column.MATERIAL_NOTE: "填报须知 材料说明 材料备注 材料要求 备注 note remark",
    Column.MATERIAL_EXEMPT: "免提交 是否免提交 免于提交 电子证照免提交 exempt",
    Column.PROMISED_DAYS: (
        "承诺办结时限 承诺时限 承诺期限 承诺办理时限 办结时限 办理时限 办理期限 时限 promisedays "
        "promiseddays timelimit days"
    ),
    Column.STATUTORY_DAYS: "法定办结时限 法定时限 法定期限 statutorydays legaldays",
    Column.TIME_UNIT: "时限单位 timeunit",
    Column.HANDLING: "办件类型 办理类型",
    Column.FEE_CHARGED: "是否收费 收费情况 收费 费用 是否收取费用 fee charged fees",
    Column.FEE_STANDARD: "收费标准 收费项目及标准 收费金额 金额 feestandard",
    Column.FEE_BASIS: "收费依据 feebasis",
    Column.FEE_REDUCTIONS: "收费减免 减免 减免政策 费用减免",
    Column.PROCESS: "办理流程 流程 办事流程 办理程序 办理步骤 steps",
    Column.STEP_NAME: "环节名称 办理环节 环节 步骤",
    Column.STEP_DESCRIPTION: "环节说明 环节内容 步骤说明",
    Column.STEP_DURATION: "环节时限 环节用时",
    Column.ONLINE_FULLY: "全程网办 是否全程网办 是否网办 是否支持网上办理 网上办理 能否网办 online",
    Column.ONLINE_DEPTH: "网办深度 网上办理深度",
    Column.ONLINE_URL: "网办地址 网上办理地址 在线办理地址 网办链接 在线办理链接 网上办理网址",
    Column.ONLINE_VISITS: "到现场次数 到办事现场次数 跑动次数 到场次数 visits",
    Column.ONLINE_APPOINTMENT: "预约办理 是否支持预约办理 是否支持预约 预约方式 预约 appointment",
    Column.ONLINE_COURIER: "快递送达 物流快递 是否支持物流快递 快递 邮寄 courier",
    Column.ONLINE_CROSS_REGION: "通办范围 跨域通办 通办",
    Column.PLACES: (
        "办理地点 办理地址 办公地点 办公地址 办事地点 办事地址 受理地点 受理地址 地点 地址 address "
        "addresses place location"
    ),
    Column.PLACE_ADDRESS: "地点地址 单个地址",
    Column.PLACE_NAME: "地点名称 大厅名称 placename",
    Column.PLACE_WINDOW: "办理窗口 窗口 窗口号 window",
    Column.PLACE_PHONE: "地点电话 窗口电话 大厅电话",
    Column.PLACE_HOURS: "地点办理时间 窗口时间 地点时间",
    Column.PLACE_MAP_POINT: "地图坐标 坐标 经纬度 位置坐标",
    Column.HOURS: "办理时间 办公时间 工作时间 受理时间 办事时间 时间 officehours openinghours",
    Column.PHONES: "咨询方式 咨询电话 联系电话 联系方式 电话 咨询 服务电话 phone telephone tel contact",
    Column.PHONE_NUMBER: "电话号码 咨询电话号码",
    Column.PHONE_LABEL: "电话名称 电话说明",
    Column.COMPLAINT_PHONES: (
        "监督投诉方式 监督投诉电话 投诉电话 监督电话 投诉方式 监督投诉 complaintphone complaints"
    ),
    Column.COMPLAINT_NUMBER: "投诉电话号码",
    Column.COMPLAINT_LABEL: "投诉电话名称",
    Column.RESULT_NAME: "办理结果 结果名称 办理结果名称 审批结果 审批结果名称 结果 result",
    Column.RESULT_SAMPLE: "结果样本 结果样例 审批结果样本",
    Column.RESULT_VALIDITY: "结果有效期 结果有效期限 证件有效期 证照有效期",
    Column.LEGAL_BASIS: "设定依据 法律依据 办理依据 实施依据 依据 basis",
    Column.BASIS_TITLE: "依据名称 法律法规名称",
    Column.BASIS_ARTICLE: "依据条款 条款",
    Column.BASIS_URL: "依据链接",
    Column.BASIS_EFFECTIVE_FROM: "依据生效日期 依据施行日期",
    Column.BASIS_REPEALED_ON: "依据废止日期",
    Column.FAQ: "常见问题解答 常见问题与解答 问答",
    Column.FAQ_QUESTION: "常见问题 问题 question",
    Column.FAQ_ANSWER: "问题解答 解答 回答 答案 answer",
    Column.PACKAGES: "所属一件事 一件事 一件事名称 联办事项 package",
    Column.URL: "指南链接 指南网址 办事指南链接 链接 网址 link",
    Column.OWNER_DEPARTMENT: "主管部门 省级主管部门 维护部门 归口部门 所属部门",
    Column.REVIEWER: "审核人 复核人",
    Column.LAST_CHECKED: "最近核对日期 核对日期 最近核查日期 核查日期 更新日期 更新时间",
    Column.VALID_FROM: "指南生效日期 生效日期 有效期起 启用日期",
    Column.VALID_UNTIL: "指南失效日期 失效日期 有效期止 有效期至 截止日期",
    Column.STATUS: "发布状态 状态 指南状态",
    Column.VERSION: "版本 版本号",
}

# Several columns of these may stand in one table (「咨询电话」 and 「联系电话」); their cells add up.
GATHERED = frozenset(
    {
        Column.ALIASES, Column.PLACES, Column.PHONES, Column.COMPLAINT_PHONES, Column.LEGAL_BASIS,
        Column.PROCESS, Column.PACKAGES, Column.AUDIENCES,
    }
)  # fmt: skip
# Numbering that the exporting program added says nothing.
_MEANINGLESS = frozenset({"序号", "行号", "no", "index", "number"})

_NOTE = re.compile(r"[（(【\[]([^）)】\]]*)[）)】\]]")
_IGNORED = re.compile(r"[\s_\-—*＊:：.。、，,/\\·“”\"'《》]+")


def normalise_header(text: str) -> str:
    """The header in the form that names are compared in."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Column]:
    names: dict[str, Column] = {}
    for column, words in NAMES.items():
        for word in (column.value, *words.split()):
            names.setdefault(normalise_header(word), column)
    return names


@dataclass(frozen=True, slots=True)
class Header:
    """A column of a table: its own words, what it holds (None if unknown), and the note in brackets."""

    index: int
    words: str
    column: Column | None
    note: str = ""

    @property
    def meaningless(self) -> bool:
        """Whether it is a mere row number."""
        return normalise_header(self.words) in _MEANINGLESS


@lru_cache(maxsize=4_096)
def recognise(words: str) -> tuple[Column | None, str]:
    """The column that this header names, and the note in its brackets (「工作日」, 「每行一个」)."""
    names = _by_name()
    whole = names.get(normalise_header(words))
    note = "；".join(_NOTE.findall(words))
    if whole is not None:
        return whole, note
    return names.get(normalise_header(_NOTE.sub("", words))), note


def read_headers(cells: tuple[str, ...]) -> tuple[Header, ...]:
    """What the cells of a header row name.

    Where a table has both 主项名称 and 事项名称 and no 业务办理项名称, the latter is the business item.
    """
    headers = [Header(index, cell, *recognise(cell)) for index, cell in enumerate(cells) if cell]
    mains = [header for header in headers if header.column is Column.MAIN_ITEM]
    if len(mains) == 2 and not any(header.column is Column.BUSINESS_ITEM for header in headers):
        sub = next(
            (header for header in mains if "主" not in header.words and "main" not in header.words.lower()),
            None,
        )
        if sub is not None:
            headers[headers.index(sub)] = Header(sub.index, sub.words, Column.BUSINESS_ITEM, sub.note)
    return tuple(headers)
