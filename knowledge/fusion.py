"""How evidence of vectors and of keywords becomes one score; pure.

The arithmetic is kept beside the score, in Chinese words, so that staff can see why something was found.
Weights were chosen on one half of real questions and proved on the other: docs/measurements.md,
"Retrieval".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Shares of the vectors of the whole and of the nearest passage, and what all keywords add.

    Cosines of this kind of model differ little, 0.75 to 0.9, so 0.05 is a great deal.
    """

    whole: float = 0.6
    passage: float = 0.4
    keywords: float = 0.05


@dataclass(frozen=True, slots=True)
class Fused:
    """A score with the sum that led to it."""

    score: float
    arithmetic: str


_DEFAULT = FusionWeights()


def fuse_document(
    whole: float, passage: float | None, keywords: float, weights: FusionWeights = _DEFAULT
) -> Fused:
    """The score of a document or FAQ.

    `whole` and `passage` are cosines (`passage` is None where the whole is the only passage),
    `keywords` is the share of the ideal BM25 score, 0 to 1. Dividing by the ideal rather than by the
    best score found is what makes keywords count less where a citizen wraps the matter in many words.
    """
    w = weights
    nearest = whole if passage is None else passage
    score = w.whole * whole + w.passage * nearest + w.keywords * keywords
    vectors = f"{whole:.3f} 全文"
    if passage is not None:
        vectors = f"{whole:.3f} 全文·{w.whole:g} + {passage:.3f} 段落·{w.passage:g}"
    return Fused(score, f"{vectors} + {w.keywords:g}·{keywords:.2f} 关键词 = {score:.3f}")


def item_score(name: float, full: float, example: float, keywords: float) -> float:
    """The score of an item by its names, its content, its nearest example (0 without one) and keywords.

    It orders candidates and what `bangban search` shows; which item is meant is
    `knowledge.linking`'s to say.
    """
    return 0.5 * max(name, example) + 0.5 * full + _DEFAULT.keywords * keywords


def fuse_item(name: float, full: float, example: float, keywords: float) -> Fused:
    """`item_score` with its arithmetic."""
    score = item_score(name, full, example, keywords)
    nearest, by = (example, "例句") if example > name else (name, "名称")
    return Fused(
        score,
        f"{nearest:.3f} {by}·0.5 + {full:.3f} 内容·0.5"
        f" + {_DEFAULT.keywords:g}·{keywords:.2f} 关键词 = {score:.3f}",
    )
