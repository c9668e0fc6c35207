"""Archives that look like trained Rasa models from outside."""

import io
import json
import tarfile
from pathlib import Path

from bot.model import ASSISTANT_ID, RASA_VERSION


def write_model(
    path: Path, model_id="m1", components=("JiebaTokenizer", "LinearIntentClassifier"), **changes
):
    """Writes an archive with the metadata of a model; a change of None leaves the field out."""
    metadata = {
        "model_id": model_id,
        "assistant_id": ASSISTANT_ID,
        "rasa_open_source_version": RASA_VERSION,
        "predict_schema": {
            "nodes": {
                f"run_{name}{n}": {"uses": f"rasa.somewhere.{name}"} for n, name in enumerate(components)
            }
        },
        **changes,
    }
    content = json.dumps({name: value for name, value in metadata.items() if value is not None}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("metadata.json")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
        weights = tarfile.TarInfo("components/weights.npz")
        weights.size = 4096
        archive.addfile(weights, io.BytesIO(bytes(range(256)) * 16))
    return path
