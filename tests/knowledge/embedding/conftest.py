"""A tiny model, assembled once for all tests that need a real SentenceTransformer."""

import shutil

import pytest

from knowledge.model_assembly.assemble import assemble
from tests.knowledge.embedding.tiny_packages import tiny_packages


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    parts = tiny_packages(folder / "registry")

    def download(source, into):
        shutil.copy(folder / "registry" / source.file_name, into)

    assemble(folder / "model", folder / "downloads", say=lambda line: None, parts=parts, download=download)
    return folder / "model"
