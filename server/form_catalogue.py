"""The form templates of this service: ours, and those of the city, which come first of the same name."""

from collections.abc import Mapping
from pathlib import Path

from core.errors import ConfigurationError
from video.form_templates import FormTemplate, parse_template

OURS = Path(__file__).parent / "form_templates"
ENDING = ".toml"
MOST_BYTES = 256 * 1024


def read_catalogue(own: str = "") -> Mapping[str, FormTemplate]:
    """All templates by id; `own` is the city's folder, if it has one.

    Raises ConfigurationError with the file, the field and what is wrong.
    """
    found = _read_folder(OURS)
    if own:
        folder = Path(own)
        if not folder.is_dir():
            raise ConfigurationError(f"设置 forms：没有目录 {own}")
        found |= _read_folder(folder)
    return dict(sorted(found.items()))


def _read_folder(folder: Path) -> dict[str, FormTemplate]:
    templates = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            data = path.read_bytes()
            text = data.decode()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{path}：读不了，或不是 UTF-8 文字") from None
        if len(data) > MOST_BYTES:
            raise ConfigurationError(f"{path}：太大了")
        templates[path.stem] = parse_template(str(path), path.stem, text)
    return templates
