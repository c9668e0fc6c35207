"""Which district a text speaks of.

The districts are those that the published guides name; nothing here is fixed to a city. A citizen
writes 「经开」, 「農安」 or, by a slip of the keyboard or of speech recognition, 「得惠」: short forms
are derived from the official name, and a form that sounds the same counts as the name where the
characters around it allow it. Also tells a question about another city from a citizen who only
came from there (「我河南户口」). Pure; the pronunciation table is given as a function.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Pronounce = Callable[[str], tuple[str, ...]]
IsWord = Callable[[str], bool]

# Functional zones: how the official wording shrinks in speech.
_ZONES = (
    ("经济技术开发区", ("经开区", "经开", "经济开发区", "经济技术开发区")),
    ("高新技术产业开发区", ("高新区", "高新", "高新开发区", "开发区")),
    ("汽车经济技术开发区", ("汽开区", "汽开", "汽车开发区", "汽车城", "汽车区")),
    ("生态旅游度假区", ("度假区",)),
    ("国际合作示范区", ("示范区", "合作区")),
)
_SUFFIX = re.compile(r"(?:回族乡|满族乡|民族乡|街道|自治县|新区|林区|特区|区|县|市|镇|乡|旗)$")
_ORIGIN_AFTER = re.compile(
    r"^(?:省|市|县)?(?:那边|那头|那面|老家|农村)?(?:的)?(?:人(?!社|才|事|民|工)|户口(?!本|簿|迁|注|登|页|变|更|办|怎|咋|要|材料|几|落|准)|户籍(?!地|窗)|籍|来的|过来|那边过来|落到|迁到|迁来|转来|转到|转过来|搬|老家|生人|的(?:身份证|户口本|残疾证|老人|媳妇|老公|对象|毕业))"
)
_ORIGIN_BEFORE = re.compile(
    r"(?:从|由|打|自|老家(?:在|是)?|户口(?:在|是|还在)|户籍(?:在|是)|原籍(?:在|是)?|来自|离开|原来在|以前在|之前在|嫁自)$"
)
_TARGET_AFTER = re.compile(
    r"^(?:省|市|县)?(?:玩|旅游|出差|看病|就医|住院|工作|上班|打工|上大学|上学|念书|读书|定居|长期|待|居住|的医院|的大学)"
)
_TARGET_BEFORE = re.compile(r"(?:去|到|往|在|搬到|迁到|迁往|转到|转往|嫁到)$")


@dataclass(frozen=True, slots=True)
class District:
    """A district as the guides name it, with the districts above it, nearest first."""

    name: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DistrictMention:
    """A district named in a text.

    `exact` is false where only the sound agrees; `denied` is true in 「不在榆树」.
    """

    district: str
    start: int
    end: int
    exact: bool
    denied: bool = False


@dataclass(frozen=True, slots=True)
class PlaceReading:
    """What a text says about places.

    `districts` are named districts in order; `city` is the service's own city if that was named;
    `other_city` is a city the question is about and that isn't served; `unknown` is a place that
    looks like a district but is none that the guides know (「高新区」).
    """

    districts: tuple[DistrictMention, ...] = ()
    city: bool = False
    other_city: str = ""
    unknown: str = ""
    spans: tuple[tuple[int, int], ...] = ()


def short_forms(name: str, city: str) -> tuple[str, ...]:
    """How people shorten an official district name, longest first, the name itself included."""
    forms = {name}
    bare = name.removeprefix(city.removesuffix("市")) if city and name != city else name
    bare = re.sub(r"（.*?）", "", bare)
    forms.add(bare)
    zone_matched = False
    for wording, shorts in sorted(_ZONES, key=lambda z: -len(z[0])):
        if bare.endswith(wording):
            zone_matched = True
            head = bare.removesuffix(wording)
            if head:
                forms.update({head, head + "区", head + "开发区"})
            else:
                forms.update(shorts)
            break
    else:
        # 「净月高新技术产业开发区」 ends as a zone; 「朝阳区」 is plain
        stripped = _SUFFIX.sub("", bare)
        if len(stripped) >= 2:
            forms.add(stripped)
    if zone_matched and bare.startswith("汽车"):
        forms.update(_ZONES[2][1])
    return tuple(sorted((f for f in forms if len(f) >= 2), key=len, reverse=True))


class DistrictReader:
    """Finds districts and cities in a text."""

    def __init__(
        self,
        districts: Iterable[District],
        *,
        city: str,
        other_cities: Sequence[str],
        pronounce: Pronounce | None = None,
        is_word: IsWord = lambda _: True,
        extra_names: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.districts = {d.name: d for d in districts}
        self.city = city
        self._pronounce = pronounce
        self._is_word = is_word
        self._forms: dict[str, str] = {}
        for district in sorted(self.districts.values(), key=lambda d: -len(d.parents)):
            for form in (*short_forms(district.name, city), *(extra_names or {}).get(district.name, ())):
                if district.name != city:
                    self._forms.setdefault(form, district.name)
        own = {city, city.removesuffix("市")} | {p for d in self.districts.values() for p in d.parents}
        own |= {re.sub(r"[省市]$", "", name) for name in own}
        self._city_forms = tuple(
            sorted({c for c in (city, city.removesuffix("市")) if c}, key=len, reverse=True)
        )
        self._others = tuple(
            sorted((c for c in other_cities if c not in own and c not in self._forms), key=len, reverse=True)
        )
        self._pattern = _alternation(self._forms)
        self._city_pattern = _alternation(self._city_forms)
        self._other_pattern = _alternation(self._others)
        self._sounds: dict[tuple[str, ...], str] = {}
        self._blurred: dict[tuple[str, ...], str] = {}
        if pronounce:
            for form, name in self._forms.items():
                if len(form) <= 4:
                    self._sounds.setdefault(pronounce(form), name)
                    self._blurred.setdefault(blurred(pronounce(form)), name)

    def read(self, text: str) -> PlaceReading:
        """The places `text` speaks of."""
        mentions: list[DistrictMention] = []
        taken = [False] * (len(text) + 1)
        city = False
        if self._pattern:
            for match in self._pattern.finditer(text):
                if _inside_other_word(text, match.start(), match.end()):
                    continue
                _take(taken, match.start(), match.end())
                if not self._of_another_city(text[: match.start()]):
                    mentions.append(
                        DistrictMention(
                            self._forms[match[0]],
                            match.start(),
                            match.end(),
                            exact=True,
                            denied=_is_denied(text, match.start(), match.end()),
                        )
                    )
        if self._city_pattern:
            for match in self._city_pattern.finditer(text):
                if not taken[match.start()]:
                    city = True
                    _take(taken, match.start(), match.end())
        if not mentions:
            mentions = self._by_sound(text, taken)
        other = self._other_city(text, taken, named=bool(mentions) or city)
        unknown = "" if mentions else _unknown_district(text, taken)
        mentions.sort(key=lambda m: m.start)
        spans = _spans(taken)
        return PlaceReading(tuple(mentions), city, other, unknown, spans)

    def _of_another_city(self, before: str) -> bool:
        """Whether the district named next is another city's, whatever ours are called: 「北京朝阳区」."""
        return before.removesuffix("市").endswith(self._others)

    def _by_sound(self, text: str, taken: list[bool]) -> list[DistrictMention]:
        if self._pronounce is None:
            return []
        for length in (4, 3, 2):
            for start in range(len(text) - length + 1):
                piece = text[start : start + length]
                if any(taken[start : start + length]) or not _all_han(piece):
                    continue
                name = self._sounding_like(text, start, start + length)
                if name:
                    _take(taken, start, start + length)
                    return [DistrictMention(name, start, start + length, exact=False)]
        return []

    def _sounding_like(self, text: str, start: int, end: int) -> str:
        """The district that this piece sounds like, if it may stand for it there; else empty.

        A piece that is a word of its own (「难关」) must sound exactly like the district and stand
        where a place stands. One that is none (「男关」, 「路园」) may be slurred, and it is enough that
        it stands like a place on one side.
        """
        assert self._pronounce is not None
        piece = text[start:end]
        sound = self._pronounce(piece)
        exact = self._sounds.get(sound)
        if exact and _stands_as_place(text, start, end):
            return exact
        name = exact or self._blurred.get(blurred(sound))
        if not name or self._is_word(piece) or _FUNCTION_WORDS.search(piece):
            return ""
        before, after = _PLACE_BEFORE.search(text[:start]), _PLACE_AFTER.match(text[end:])
        if not before and start > 0 and self._is_word(text[start - 1 : start + 1]):
            return ""  # a word goes over the edge: in 「女儿到」 nobody names a place 「儿到」
        if not after and end < len(text) and self._is_word(text[end - 1 : end + 1]):
            return ""
        return name if before or after else ""

    def _other_city(self, text: str, taken: list[bool], *, named: bool) -> str:
        if not self._other_pattern:
            return ""
        found = ""
        for match in self._other_pattern.finditer(text):
            start, end = match.span()
            if taken[start] or _inside_other_word(text, start, end):
                continue
            before, after = text[:start], text[end:]
            origin = _ORIGIN_AFTER.search(after) or _ORIGIN_BEFORE.search(before)
            _take(taken, start, end)
            visit = named and (_TARGET_BEFORE.search(before) or _TARGET_AFTER.search(after))
            if origin or visit or named:
                continue
            if _TARGET_AFTER.search(after) and not re.search(r"(?:怎么|咋|能|可以)?(?:办|补|换|领)", after):
                continue
            found = found or match[0]
        return found


# How speech recognition and accents slur syllables: 南关/男光, 莲花山/莲花三, 绿园/路园.
_SLURS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("lv", "lu"))


def blurred(sound: tuple[str, ...]) -> tuple[str, ...]:
    """The syllables with the differences that accents and speech recognition lose taken out."""
    out = []
    for syllable in sound:
        for clear, slurred in _SLURS:
            syllable = syllable.replace(clear, slurred)  # noqa: PLW2901 - one syllable, slurred step by step
        out.append(syllable)
    return tuple(out)


def _alternation(words: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _take(taken: list[bool], start: int, end: int) -> None:
    for position in range(start, end):
        taken[position] = True


_DENIAL_BEFORE = re.compile(r"(?:不|没)(?:是|在|去|到|问|要|说)(?:咱|俺|我们)?$")
# 「我不是榆树户口」 says where one is registered, and may still ask about 榆树.
_ORIGIN_DENIED = re.compile(r"^(?:这|那)?(?:边|头)?(?:的)?(?:户口|户籍|人|本地)")


def _is_denied(text: str, start: int, end: int) -> bool:
    return bool(_DENIAL_BEFORE.search(text[:start])) and not _ORIGIN_DENIED.match(text[end:])


def _spans(taken: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    start = -1
    for position, flag in enumerate([*taken, False]):
        if flag and start < 0:
            start = position
        elif not flag and start >= 0:
            spans.append((start, position))
            start = -1
    return tuple(spans)


def _all_han(piece: str) -> bool:
    return all("\u4e00" <= c <= "\u9fff" for c in piece)


# Streets and firms carry the names of districts and cities: 「南京路」, 「吉林银行」.
_NAME_GOES_ON = re.compile(r"^(?:东|西|南|北|中)?(?:大)?(?:路|街|胡同|银行|大学|医院|啤酒|烧烤|拉面|热线)")


def _inside_other_word(text: str, start: int, end: int) -> bool:
    return bool(_NAME_GOES_ON.match(text[end:])) and not text[start:end].endswith(("区", "县", "市"))


# Read quickly, runs of small words sound like places: 「得会」, 「儿到」.
_FUNCTION_WORDS = re.compile(r"^[得会儿到而的地而耳就了在再又有也要一二]+$|[了吗呢吧啥咋么嘛]")

_PLACE_BEFORE = re.compile(r"(?:^|在|去|到|上|搁|俺|我|咱|家|住|是|回|从|往|奔|[\s，,。！!？?、；;:：的])$")
_PLACE_AFTER = re.compile(
    r"^(?:$|区|县|市|的|这|那|头|边|户|打工|上班|人|残|社保|医保|政务|公安|民政|派|村|办|去|来|哪|搁|[\s，,。！!？?、；;:：])"
)


def _stands_as_place(text: str, start: int, end: int) -> bool:
    """Whether what stands around a piece lets it be a place name; sound alone would be too weak."""
    before, after = bool(_PLACE_BEFORE.search(text[:start])), bool(_PLACE_AFTER.match(text[end:]))
    return (before and after) or (text[start:end].endswith(("区", "县", "市")) or (before and start == 0))


_UNKNOWN = re.compile(r"[\u4e00-\u9fff]{2}(?:开发区|新区|区|县)")
_NO_DISTRICT = re.compile(
    r"哪|那个|这个|什么|小区|社区|地区|辖区|市区|城区|片区|县区|区县|校区|厂区|园区|郊区|景区|山区|灾区|军区|统筹区|所在|全区|本区|外区|跨区|各区|啥|每个|个区|个县"
)


def _unknown_district(text: str, taken: Sequence[bool]) -> str:
    for match in _UNKNOWN.finditer(text):
        if not any(taken[match.start() : match.end()]) and not _NO_DISTRICT.search(match[0]):
            return match[0]
    return ""
