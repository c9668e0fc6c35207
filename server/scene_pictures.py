"""Draws codes to be scanned. The one place that imports segno."""

import io
from pathlib import Path
from typing import Final

import segno

from core.errors import InvalidInput

KINDS: Final = (".png", ".svg")
_SCALE: Final = 10  # pixels a square
_BORDER: Final = 4  # squares, as the standard wants it


def check_name(file: Path) -> None:
    """Raises InvalidInput for a file that `draw` can't write."""
    if file.suffix.lower() not in KINDS:
        raise InvalidInput(f"{file} 要以 {' 或 '.join(KINDS)} 结尾")
    if not file.absolute().parent.is_dir():
        raise InvalidInput(f"{file.absolute().parent} 不是目录")


def draw(content: str, file: Path) -> None:
    """Writes a picture of the code; a quarter of it may be dirty. Raises OSError, and as `check_name`."""
    check_name(file)
    picture = io.BytesIO()
    code = segno.make_qr(content, error="q")
    code.save(picture, kind=file.suffix.lower().removeprefix("."), scale=_SCALE, border=_BORDER)
    file.write_bytes(picture.getvalue())
