"""Which known district a name means that was given as a name, not read out of a sentence.

Programs and citizens write 「朝阳」, 「朝陽區」 or 「长春经开」 for what the guides call otherwise. Unlike
in a sentence nothing is guessed by sound: a name is a known district's or it is none. Pure.
"""

from core.text import normalise
from knowledge.districts import DistrictReader


def district_named(name: str, reader: DistrictReader) -> str:
    """The one district that the whole name means, as the guides write it, or empty."""
    text = normalise(name)
    for known in reader.districts:
        if normalise(known) == text:  # official names have characters that normalising changes: （ ）
            return known
    reading = reader.read(text)
    if reading.spans != ((0, len(text)),):
        return ""
    meant = {mention.district for mention in reading.districts if mention.exact}
    if not meant and reading.city:
        return reader.city
    return meant.pop() if len(meant) == 1 else ""
