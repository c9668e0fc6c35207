"""Whether a photo of a document can be read: size, sharpness, light. Pure.

Advice only: a photo that is advised against is taken in all the same, since the citizen may have no
better one. Measured on the grey picture as it will be kept, brought to about the same width first,
so that the numbers mean the same for every camera.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TOO_SMALL = "照片太小，字可能看不清，请靠近一点再拍一张。"
BLURRED = "照片有点模糊，请再拍一张。"
GLARE = "照片有反光，有些字可能看不清，请换个角度再拍一张。"
TOO_DARK = "照片太暗，请在亮一点的地方再拍一张。"

LEAST_SHORT_SIDE = 600
"""A page of print photographed with fewer pixels on its short side has letters of ten or less."""

LEAST_SHARPNESS = 60.0
"""The variance of the Laplacian below which print can't be read at the width of `SEEN_WIDTH`."""

SEEN_WIDTH = 1000
BURNT_OUT = 250
MOST_GLARE = 0.02
"""The share of burnt-out pixels beside others from which a reflection hides text."""

PAPER = 235.0
"""If the median is as bright as this, the picture is a scan or a screenshot and white isn't glare."""

LEAST_LIGHT = 50.0


@dataclass(frozen=True, slots=True)
class PhotoQuality:
    """What was measured and what it means for the citizen."""

    advice: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


def judge(grey: NDArray[np.uint8], width: int, height: int) -> PhotoQuality:
    """Judges a photo of `width` by `height` pixels by its grey picture, which may be smaller."""
    seen = grey.astype(np.float32)
    sharpness = _variance_of_laplacian(seen)
    median = float(np.median(seen)) if seen.size else 0.0
    light = float(seen.mean()) if seen.size else 0.0
    glare = 0.0 if median >= PAPER else _share_burnt_out(grey)
    advice = []
    if min(width, height) < LEAST_SHORT_SIDE:
        advice.append(TOO_SMALL)
    if light < LEAST_LIGHT:
        advice.append(TOO_DARK)
    elif sharpness < LEAST_SHARPNESS:  # in the dark nothing is sharp: one piece of advice is enough
        advice.append(BLURRED)
    if glare > MOST_GLARE:
        advice.append(GLARE)
    measured = {"sharpness": round(sharpness, 1), "light": round(light, 1), "glare": round(glare, 4)}
    return PhotoQuality(tuple(advice), measured)


def _variance_of_laplacian(seen: NDArray[np.float32]) -> float:
    if min(seen.shape) < 3:
        return 0.0
    middle = seen[1:-1, 1:-1]
    edges = seen[:-2, 1:-1] + seen[2:, 1:-1] + seen[1:-1, :-2] + seen[1:-1, 2:] - 4 * middle
    return float(edges.var())


def _share_burnt_out(grey: NDArray[np.uint8]) -> float:
    """The share of pixels without any drawing left that lie among others like them."""
    burnt = grey >= BURNT_OUT
    if min(burnt.shape) < 3:
        return 0.0
    together = burnt[1:-1, 1:-1] & burnt[:-2, 1:-1] & burnt[2:, 1:-1] & burnt[1:-1, :-2] & burnt[1:-1, 2:]
    return float(together.mean())
