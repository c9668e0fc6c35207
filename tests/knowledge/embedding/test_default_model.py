"""The model that set-up makes: the figures are those of the whole, uncut model on the same texts."""

import json

import numpy as np
import pytest

from knowledge.embedding import SentenceTransformerEmbedder, fingerprint
from tests.architecture.source_tree import ROOT
from tests.contracts.embedder import EmbedderContract

MODEL = ROOT / "models" / "embedding"

QUESTIONS = ("身份证丢了怎么补办？", "眼神不中用，能办残疾证吗", "ETC 怎么注销")
PASSAGES = (
    "居民身份证补领：申请人持户口簿到户籍地派出所办理。",
    "视力残疾评定与残疾人证核发",
    "住房公积金提取",
)
COSINES_OF_THE_WHOLE_MODEL = [
    [0.9140, 0.8546, 0.8530],
    [0.8707, 0.9165, 0.8529],
    [0.8252, 0.8366, 0.8375],
]


@pytest.fixture(scope="module")
def default_model():
    return SentenceTransformerEmbedder(MODEL)


@pytest.mark.slow
class TestDefaultModel(EmbedderContract):
    @pytest.fixture
    def embedder(self, default_model):
        return default_model

    def test_cutting_the_vocabulary_left_the_vectors_as_they_were(self, embedder):
        cosines = embedder.embed_queries(QUESTIONS) @ embedder.embed_passages(PASSAGES).T

        assert np.allclose(cosines, COSINES_OF_THE_WHOLE_MODEL, atol=0.001)

    def test_its_files_are_those_its_manifest_vouches_for(self):
        manifest = json.loads((MODEL / "manifest.json").read_text("utf-8"))

        assert manifest["fingerprint"] == fingerprint(MODEL)
        assert manifest["vocabulary"]["kept"] < 120_000
