"""Guides as an import can give them: clean texts, each list entry once."""

from datetime import date

from hypothesis import strategies as st

from core.statuses import GuideStatus
from knowledge.guide import (
    Faq,
    Fee,
    Guide,
    LegalBasis,
    Material,
    Necessity,
    Online,
    Phone,
    Place,
    ProcessStep,
    Result,
    Situation,
    TimeLimit,
)  # fmt: skip
from knowledge.importing.cleaning import clean_text, is_absent, says_no_materials, says_no_situation

SIGNS = "甲乙丙丁证表簿1２3-—、，；。：（）()《》“”\"'=+@ \n\tabcＡ０,;|#*[]√元"

texts = (
    st.text(alphabet=SIGNS, min_size=1, max_size=12).map(clean_text).filter(lambda text: not is_absent(text))
)
lines = texts.map(lambda text: text.replace("\n", " ")).filter(lambda text: not is_absent(text))
maybe = st.just("") | texts
days = st.none() | st.integers(0, 3650)
dates = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))
numbers = st.from_regex(r"0[1-9]{2,3}-[2-8][0-9]{6,7}", fullmatch=True)


def several(elements: st.SearchStrategy, most: int = 3) -> st.SearchStrategy:
    return st.lists(elements, max_size=most, unique=True).map(tuple)


materials = st.builds(
    Material,
    name=texts.filter(lambda text: not says_no_materials(text)),
    form=maybe,
    medium=maybe,
    copies=st.none() | st.integers(0, 999),
    necessity=st.sampled_from(Necessity),
    source=maybe,
    sample_url=maybe,
    blank_form_url=maybe,
    note=maybe,
    exempt=st.booleans(),
)
situations = st.lists(
    st.builds(
        Situation,
        name=(st.just("") | lines).map(lambda name: "" if says_no_situation(name) else name),
        materials=several(materials),
        description=maybe,
    ),
    max_size=3,
    unique_by=lambda situation: situation.name,
).map(tuple)
fees = st.builds(Fee, charged=st.booleans(), standard=maybe, basis=maybe, reductions=maybe) | st.just(Fee())

guides = st.builds(
    Guide,
    guide_id=st.from_regex(r"[a-z0-9\-]{1,20}", fullmatch=True),
    district=lines,
    main_item=lines,
    business_item=st.just("") | lines,
    parents=several(lines),
    aliases=several(lines),
    basic_code=maybe,
    implementation_code=maybe,
    business_code=maybe,
    item_type=maybe,
    level=maybe,
    authority=maybe,
    audiences=several(lines),
    legal_basis=several(st.builds(LegalBasis, texts, maybe, maybe, dates, dates)),
    conditions=maybe,
    commitment=maybe,
    deferral=maybe,
    situations=situations,
    time_limit=st.builds(
        TimeLimit, days, days, maybe, st.just("个工作日") | texts
    ),
    fee=fees,
    process=several(st.builds(ProcessStep, texts, maybe, maybe)),
    online=st.builds(
        Online, st.none() | st.booleans(), maybe, maybe, st.none() | st.integers(0, 1000), maybe, maybe, maybe
    ),
    places=several(st.builds(Place, texts, maybe, maybe, maybe, maybe, maybe)),
    hours=maybe,
    phones=several(st.builds(Phone, numbers, maybe)),
    complaint_phones=several(st.builds(Phone, numbers, maybe)),
    result=st.builds(Result, maybe, maybe, maybe),
    faq=several(st.builds(Faq, texts, texts)),
    packages=several(lines),
    url=maybe,
    owner_department=maybe,
    reviewer=maybe,
    last_checked=dates,
    valid_from=st.none() | st.dates(date(2000, 1, 1), date(2020, 1, 1)),
    valid_until=st.none() | st.dates(date(2020, 1, 2), date(2099, 1, 1)),
    status=st.sampled_from(GuideStatus),
    version=st.integers(1, 999),
)  # fmt: skip
