"""Reads a citizen's sentence: places, elements asked for, facets, objects, and what is left.

Brings the readers of the lexicons together. Pure.
"""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from core.statuses import Aspect
from knowledge.aspects import AspectReader
from knowledge.districts import DistrictReader, PlaceReading
from knowledge.facets import FacetReader, FacetReading
from knowledge.objects import ObjectMention, ObjectReader
from knowledge.repair import Repairer

HERE, ELSEWHERE = "〔本〕", "〔外〕"

# Words that carry a sentence but no matter.
_FILLER = re.compile(
    r"打错|说错|整错|弄错|记错|搞错|写错|秃噜嘴|嘴瓢|口误|说岔|说反|哎呀|啊呸|呸|是说|我说|"
    r"请问|你好|您好|麻烦|谢谢|那个|这个|那边|这边|那头|这头|那面|刚才|刚刚|方才|上面|前面|之前|再|还有|还|就|都|也|又|的话|"
    r"我想|我要|想|要|问一下|问下|打听|咨询|帮|给我|给|告诉|说一下|说说|说回|回到|说正事|正事|顺便|另外|一共|总共|大概|大约|到底|究竟|"
    r"办理|办一个|办个|办|弄|整|嗯|呃|啊|呀|吧|呢|吗|么|嘛|哦|哎|诶|喂|哈|了|的|是|在|去|来|有|没|不|我|你|您|俺|咱|他|她|它|们|这|那|个|"
    r"好|行|对|嗷|呗|哈|滴|地|得|和|跟|与|把|被|让|叫|能|可以|会|应该|必须|需要|区|县|市|〔.〕|[\s,，.。!！?？、；;:：~～…“”\"'()（）\-—]"
)
_BACK = re.compile(
    r"(?:说|回|转|问)回|回到|还(?:是)?(?:说|唠|问)(?:回|那|刚|之前|前面|原来|[^，。！!]{1,6}那(?:个|张|事|本))|刚才|刚刚|方才|之前|前面|先前|最(?:开始|早|初)|一开始|第一个(?:问|事)|还是(?:说|问)?(?:那|刚|之|前)|(?:接着|继续)(?:说|问|刚|上)|那个(?:事|证|本)?"
)
_CORRECTION = re.compile(
    r"不是|不对|错了|打错|口误|秃噜|嘴瓢|弄错|说错|搞错|我(?:问|说|指|要办|要问)的是|应该是|改(?:成|问|一下)|不(?:问|说|要)(?:这|那)|换成"
)
_BOTH = re.compile(
    r"俩|(?:两|2|二)(?:个|样|件|项|份|本|种)(?:事|证)?(?!月|工作)|分别|各(?:要|得|是|需|带|几|多)|一[起块儿]{1,2}(?:办|问|说)"
)
_SAME_AGAIN = re.compile(r"呢\s*[?？!！。]*$|^那")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence says.

    `masked` has places replaced by placeholders, `bare` has them removed. `content` is what is left
    of the sentence without places, element words and filler: where it is empty, no matter is named.
    """

    text: str
    masked: str
    bare: str
    places: PlaceReading
    aspects: tuple[Aspect, ...]
    facets: FacetReading
    objects: tuple[ObjectMention, ...] = ()
    content: str = ""
    back_reference: bool = False
    correction: bool = False
    same_again: bool = False
    aspect_spans: tuple[tuple[int, int], ...] = field(default=())
    in_passing: bool = False  # what is named is only brought along, or says where one is registered
    both: bool = False  # 「两样都带啥」: asks about all that was named

    @property
    def matter(self) -> str:
        """The sentence without places and without the words that ask for elements.

        「几天」 or 「带啥」 says nothing about the matter, and sentences that ask alike would look alike.
        """
        kept = "".join(
            c
            for n, c in enumerate(self.bare)
            if not any(start <= n < end for start, end in self.aspect_spans)
        )
        return kept if len(kept.strip()) >= 2 else self.bare

    @property
    def object_names(self) -> frozenset[str]:
        """The objects named outside the words that only ask for materials."""
        return frozenset(o.name for o in self.objects)


class Understanding:
    """Reads sentences with the lexicons it was given."""

    def __init__(
        self,
        aspects: AspectReader,
        facets: FacetReader,
        objects: ObjectReader,
        districts: DistrictReader,
        repairer: Repairer,
    ) -> None:
        self._aspects, self._facets, self._objects = aspects, facets, objects
        self._districts, self._repairer = districts, repairer

    def with_districts(self, districts: DistrictReader) -> "Understanding":
        """The same reader for other districts."""
        return Understanding(self._aspects, self._facets, self._objects, districts, self._repairer)

    @property
    def districts(self) -> DistrictReader:
        """The reader of places."""
        return self._districts

    def word_for(self, objects: Collection[str]) -> str:
        """What people call the first of these things; empty for none."""
        return self._objects.word(objects)

    def read(self, text: str) -> Reading:
        """What `text` (normalised) says."""
        places = self._districts.read(text)
        if not any(m.exact for m in places.districts):
            mended = self._repairer.repair(_keep(text, places.spans))
            text = _restore(mended, text, places.spans)
        else:
            text = _restore(self._repairer.repair(_keep(text, places.spans)), text, places.spans)
        masked = mask_places(text, places)
        bare = masked.replace(HERE, "").replace(ELSEWHERE, "")
        mentions = self._aspects.mentions(bare)
        named = self._objects.mentions(bare)
        asked = _asked_about(self._objects.mentions(_without_registration(masked)), bare)
        return Reading(
            text=text,
            masked=masked,
            bare=bare,
            places=places,
            aspects=self._aspects.read(bare),
            facets=self._facets.of_speech(masked),
            objects=tuple(asked or named[:1]),
            in_passing=bool(named) and not asked,
            content=content_of(bare, [(m.start, m.end) for m in mentions]),
            back_reference=bool(_BACK.search(bare)),
            correction=bool(_CORRECTION.search(bare)),
            same_again=bool(_SAME_AGAIN.search(bare)),
            both=bool(_BOTH.search(bare)),
            aspect_spans=tuple((m.start, m.end) for m in mentions),
        )


def _keep(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    """`text` with its place names blanked, so that repair leaves them alone."""
    out = list(text)
    for start, end in spans:
        out[start:end] = " " * (end - start)
    return "".join(out)


def _restore(mended: str, text: str, spans: tuple[tuple[int, int], ...]) -> str:
    out = list(mended)
    for start, end in spans:
        out[start:end] = text[start:end]
    return "".join(out)


def _without_registration(masked: str) -> str:
    """The masked text with what only says where one is registered blanked, then without placeholders."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"户口|户籍", "  ", match[0])

    return _REGISTERED.sub(blank, masked).replace(HERE, "").replace(ELSEWHERE, "")


def mask_places(text: str, places: PlaceReading) -> str:
    """`text` with its own districts and city as 〔本〕 and other places as 〔外〕."""
    own = {(m.start, m.end) for m in places.districts}
    pieces, last = [], 0
    for start, end in places.spans:
        pieces.append(text[last:start])
        is_own = any(s <= start < e for s, e in own) or (places.city and not places.districts)
        pieces.append(HERE if is_own else ELSEWHERE)
        last = end
    pieces.append(text[last:])
    return "".join(pieces)


def content_of(bare: str, spans: list[tuple[int, int]]) -> str:
    """What is left without the element words and filler."""
    kept = "".join(c for n, c in enumerate(bare) if not any(s <= n < e for s, e in spans))
    return _FILLER.sub("", kept)


# 「要带户口本吗」 asks for materials, not about the register.
_BROUGHT_BEFORE = re.compile(
    r"(?:带|拿|交|备|准备|提供|提交|揣|除了|凭|用|出示)(?:着|上|好|了)?(?:我|俺|本人|老人|孩子|他|她)?(?:的)?$"
    r"|除了[^，,。！？!?]*$"
)
# Where one is registered: 「他户口在白城」, 「媳妇辽宁户口」. It tells of the citizen, not of what is wanted.
_REGISTERED = re.compile(
    r"(?:户口|户籍)(?:还|都|也|就|一直|现在|目前|仍|本来)*(?:在|是|不在|没在|没(?:动|挪|迁|变)|(?=〔|这|那|本地|外地))"
    r"|(?:户籍|户口)(?:所在)?地(?!址)"
    r"|(?:〔.〕|本地|外地|当地|农村|城镇|这儿|这边|那边|老家)(?:的)?(?:户口|户籍)(?!本|簿|薄|册|页|迁|注|登|怎|咋|窗|室)"
)


def _asked_about(mentions: list[ObjectMention], text: str) -> list[ObjectMention]:
    return [m for m in mentions if not _BROUGHT_BEFORE.search(text[: m.start])]


def split_questions(reading: Reading, understanding: Understanding) -> list[Reading]:
    """The questions of a sentence that asks about several things at once, else the sentence alone.

    「身份证和户口本都丢了，补要带啥」 is about two things; 「办居住证要带身份证和户口本吗」 about one.
    """
    objects = list({o.name: o for o in reading.objects}.values())
    if len(objects) < 2:
        return [reading]
    first, second = objects[0], objects[1]
    between = reading.bare[first.end : second.start]
    if between.strip("，,、 ") in {"和", "跟", "与", "还有", "以及", "", "、", "加", "带"} and between:
        rest = reading.bare[: first.start] + "{}" + reading.bare[second.end :]
        return [
            understanding.read(rest.format(reading.bare[o.start : o.end]))
            for o in (first, second)
        ]  # fmt: skip
    for mark in ("另外", "还有", "再问", "顺便", "再一个", "同时"):
        at = reading.bare.find(mark, first.end)
        if 0 <= at < second.start:
            whole = reading.text
            cut = whole.find(mark)
            return [understanding.read(whole[:cut]), understanding.read(whole[cut:])]
    if reading.both and re.search("[，,；;。 ]", between):
        return _by_clause(reading, objects, understanding)
    return [reading]


def _by_clause(reading: Reading, objects: list[ObjectMention], understanding: Understanding) -> list[Reading]:
    """A reading for each object: the clauses from its own to the next object's, and the common end.

    「户口本丢了要补，居住证也坏了要换，两样都带啥」.
    """
    starts = [0]
    for one in objects[1:]:
        cut = max(reading.bare.rfind(mark, 0, one.start) for mark in "，,；;。 ")
        starts.append(cut + 1)
    both = _BOTH.search(reading.bare)
    tail_at = max(both.start(), objects[-1].end) if both else len(reading.bare)
    end = max((reading.bare.rfind(mark, 0, tail_at) for mark in "，,；;。 "), default=-1)
    end = end if end > objects[-1].start else tail_at
    bounds = [*starts, end]
    common = reading.bare[end:]
    return [understanding.read(reading.bare[a:b] + common) for a, b in itertools.pairwise(bounds)]
