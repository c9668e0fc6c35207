"""What a trained Rasa model archive says of itself, and whether it may be served.

Works in both interpreters: the launcher (3.10) checks before it serves, the supervisor (3.11)
compares the running process with the file.

Rasa itself is too kind: given a path that doesn't exist it serves the newest model that it finds
elsewhere, and given a broken one it starts and answers every message with nothing.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASSISTANT_ID = "bangban"  # as in config.yml
RASA_VERSION = "3.6.21"  # as in bot/requirements.txt

# Components that need the real TensorFlow; see bot.rasa_ext.tensorflow_stand_in.
NEED_TENSORFLOW = frozenset(
    {
        "ConveRTFeaturizer",
        "DIETClassifier",
        "HFTransformersNLP",
        "LanguageModelFeaturizer",
        "ResponseSelector",
        "TEDPolicy",
        "UnexpecTEDIntentPolicy",
    }
)


class UnservableModelError(Exception):
    """The archive is missing, broken, another assistant's, or needs what isn't installed."""


@dataclass(frozen=True)
class ModelFacts:
    """The metadata of an archive. `components` are class names of the graph that serves."""

    model_id: str
    assistant_id: str
    rasa_version: str
    components: frozenset[str]


def read_model(path: Path) -> ModelFacts:
    """The facts of the archive at `path`. Raises UnservableModelError if it can't be read."""
    if not path.is_file():
        raise UnservableModelError(f"没有对话模型 {path}，请运行 `make setup`")
    try:
        content = gzip.decompress(path.read_bytes())  # to the end, where the checksum stands
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            member = archive.extractfile("metadata.json")
            if member is None:
                raise UnservableModelError(f"{path} 不是 Rasa 模型：里面没有 metadata.json")
            metadata = json.load(member)
        return ModelFacts(
            model_id=metadata["model_id"],
            assistant_id=metadata["assistant_id"],
            rasa_version=metadata["rasa_open_source_version"],
            components=_components(metadata["predict_schema"]),
        )
    except (OSError, EOFError, tarfile.TarError, zlib.error, KeyError, TypeError, ValueError) as error:
        raise UnservableModelError(f"{path} 不是完整的 Rasa 模型：{error!r}") from error


def refuse_unservable(facts: ModelFacts) -> None:
    """Raises UnservableModelError, saying why, unless this environment can serve the model."""
    if facts.assistant_id != ASSISTANT_ID:
        raise UnservableModelError(f"对话模型属于 {facts.assistant_id!r}，不是 {ASSISTANT_ID!r}")
    if facts.rasa_version != RASA_VERSION:
        raise UnservableModelError(f"对话模型是 Rasa {facts.rasa_version} 训练的，这里是 {RASA_VERSION}")
    heavy = sorted(facts.components & NEED_TENSORFLOW)
    if heavy:
        raise UnservableModelError(f"对话模型用到没有安装的 TensorFlow 组件：{'、'.join(heavy)}")


def _components(schema: Any) -> frozenset[str]:
    return frozenset(node["uses"].rpartition(".")[2] for node in schema["nodes"].values())
