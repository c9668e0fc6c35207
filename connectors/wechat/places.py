"""The districts that an address may lie in. Pure.

WeChat gives the address of a place on the map as one text: 「浙江省杭州市西湖区文三路 90 号」. A district's
name alone isn't enough where the address names its city: there is more than one 朝阳区 in the country.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_HAN: Final = "[\u4e00-\u9fff]"
_ADDRESS: Final = re.compile(
    "(?:中国)?"
    rf"(?P<province>{_HAN}{{2,8}}?(?:省|自治区|特别行政区))?"
    rf"(?P<city>(?:(?![区县旗路街村]){_HAN}){{2,12}}?(?:市|自治州|地区|盟))?"
    rf"(?P<district>{_HAN}{{1,15}}?(?:开发区|自治县|新区|林区|区|县|市|旗))?"
)
_PARTS: Final = re.compile(r"[\s()（）,，;；]+")


def names_in(label: str) -> Sequence[str]:
    """Names of districts to look for, the longest, which are the surest, first; none is known to exist."""
    names: list[str] = []
    for part in _PARTS.split(label.strip()):
        names += [name for name in _names(part) if name not in names]
    return tuple(names)


def _names(part: str) -> Iterator[str]:
    found = _ADDRESS.match(part)
    if found is None:
        return
    province, city, district = (found[name] or "" for name in ("province", "city", "district"))
    if district:
        whole = province + city + district
        yield whole
        if province and city:
            yield city + district
    elif city:
        if province:
            yield province + city
        yield city
