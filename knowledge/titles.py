"""What to call an item, a group of items or an answer towards a citizen. Pure."""

from collections.abc import Callable, Sequence

from knowledge.catalogue import CatalogueItem
from knowledge.deciding import Decision


def object_word(item: CatalogueItem) -> str:
    """The noun of an item's name: what stands before or after its act, kept short."""
    for word in ("临时居民身份证", "居民身份证", "身份证", "户口簿", "居住证", "残疾人证"):
        if word in item.main or word in item.business:
            return word
    return item.main[:12]


def heading(decision: Decision) -> str:
    """What stands above an answer: the district whose guide it is, and the item."""
    guides = decision.guides
    districts = {d.guide.district for d in guides}
    items = list({d.item.key: d.item for d in guides}.values())
    title = items[0].title if len(items) == 1 else common_title(items)
    return f"{guides[0].guide.district}·{title}" if len(districts) == 1 else title


def common_title(items: Sequence[CatalogueItem]) -> str:
    """One name for several items: their main item, or the first few main items."""
    if not items:
        return ""
    if len(items) == 1:
        return items[0].title
    mains = list(dict.fromkeys(i.main for i in items))
    return mains[0] if len(mains) == 1 else "、".join(mains[:3])


def group_title(group: Sequence[CatalogueItem]) -> str:
    """The name of a choice: the item, or the main item of several."""
    return group[0].title if len(group) == 1 else group[0].main


def main_districts(districts: Sequence[str], parents: Callable[[str], tuple[str, ...]]) -> list[str]:
    """Districts to offer: those that stand under another offered one go last."""
    offered = set(districts)
    return sorted(districts, key=lambda d: sum(p in offered for p in parents(d)))
