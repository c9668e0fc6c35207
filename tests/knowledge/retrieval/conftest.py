"""What the retrieval tests share."""

from pathlib import Path

import pytest

from knowledge.indexing import PartBuilder
from knowledge.segment import Segmenter
from tests.fake_embedder import HashEmbedder


@pytest.fixture(scope="session")
def segmenter(dictionary_folder: Path) -> Segmenter:
    return Segmenter(words=["公租房"], cache_folder=dictionary_folder)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder(dimension=64)


@pytest.fixture
def builder(embedder, segmenter) -> PartBuilder:
    return PartBuilder(embedder, segmenter)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "index"
