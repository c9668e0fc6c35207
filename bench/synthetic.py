"""Many guides that nobody wrote, and vectors for them without a model: for measurements of scale.

Names are drawn from the words that real items are made of, so that keywords are as common and as
rare as in life. A text's vector is the sum of a fixed direction for each of its character pairs:
texts with common words lie near each other, as with a model.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from knowledge.guide import Guide, Material, Situation


def _words(text: str) -> list[str]:
    return text.split()


OBJECTS = _words(
    "居民身份证 居住证 户口簿 残疾人证 社会保障卡 营业执照 食品经营许可证 不动产权证书 "
    "结婚证 护照 港澳通行证 驾驶证 机动车登记证 出生医学证明 就业创业证 老年人优待证 "
    "卫生许可证 道路运输证 教师资格证 医师执业证 建筑施工许可证 排污许可证 住房公积金 "
    "养老保险 医疗保险 失业保险金 工伤认定 生育津贴 低保金 临时救助 廉租住房 公租房 "
    "宅基地 林木采伐许可证 取水许可证 烟草专卖许可证 出版物经营许可证 娱乐场所许可证 "
    "特种设备登记证 渔业捕捞许可证"
)
ACTS = _words(
    "申领 补领 换领 变更 注销 延续 迁入 迁出 新办 转移 接续 认定 申报 登记 备案 "
    "查询 打印 签注 年检 领取 提取 贷款 退费 停保 续保 报销 核准 鉴定 复核 转让"
)
OCCASIONS = _words(
    "丢失 损坏 到期 信息有误 跨省 异地 本地 未成年人 老年人 残疾人 退役军人 "
    "大学毕业生 外国人 港澳台居民 个体工商户 企业 农村居民 随军家属 高层次人才 孤儿 "
    "死亡 离婚 购房 入学 退休"
)
STREETS = _words("人民 解放 自由 同志 吉林 东风 和平 建设 光明 长江 黄河 友谊 青年 文化 红旗")


def synthetic_guides(count: int) -> Iterator[Guide]:
    """That many guides, each of an item of its own: the hardest case, for districts share items."""
    draw = random.Random(20261122)
    for number in range(count):
        thing, act, occasion = draw.choice(OBJECTS), draw.choice(ACTS), draw.choice(OCCASIONS)
        street = draw.choice(STREETS)
        yield Guide(
            guide_id=f"bench-{number:06d}",
            district=f"第{number % 100}区",
            main_item=f"{thing}{act}",
            business_item=f"{occasion}{street}{number}号{thing}{act}",
            conditions=f"{occasion}的申请人需要{act}{thing}的，由本人到{street}路窗口提出申请。",
            situations=(Situation(materials=(Material("居民户口簿"), Material(f"{thing}申请表"))),),
        )


def synthetic_questions(count: int) -> list[str]:
    """That many questions as a citizen might put them, about things that guides exist for."""
    draw = random.Random(7)
    forms = (
        "我想问一下{o}的情况下{t}怎么{a}，需要带什么材料",
        "{t}{o}了在哪里办{a}",
        "你好，{o}，{t}{a}要多少钱几天能办好",
        "{t}{a}",
    )
    return [
        draw.choice(forms).format(t=draw.choice(OBJECTS), a=draw.choice(ACTS), o=draw.choice(OCCASIONS))
        for _ in range(count)
    ]


class PairEmbedder:
    """Implements `core.ports.Embedder` at some 20,000 texts a second."""

    model_id = "character-pairs@1"

    def __init__(self, dimension: int = 384) -> None:
        self.dimension = dimension
        self._directions = np.random.default_rng(1).normal(size=(8192, dimension)).astype(np.float32)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vector(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed_queries(texts)

    def _vector(self, text: str) -> np.ndarray:
        digests = (hashlib.blake2b((a + b).encode(), digest_size=2).digest() for a, b in pairwise(text))
        numbers = [int.from_bytes(digest, "big") % 8192 for digest in digests] or [0]
        vector = self._directions[numbers].sum(axis=0)
        return vector / np.linalg.norm(vector)
