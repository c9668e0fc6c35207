"""The embedder on a model folder: it keeps the port's promises, and reads all it needs from the folder."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from core.errors import ConfigurationError
from knowledge.embedding import ModelCard, SentenceTransformerEmbedder, fingerprint, read_model_card
from tests.contracts.embedder import EmbedderContract
from tests.fake_embedder import HashEmbedder


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return HashEmbedder(dimension=48)

    def test_texts_that_share_words_are_nearer_than_others(self, embedder):
        question = embedder.embed_queries(["身份证补办"])[0]
        near, far = embedder.embed_passages(["居民身份证补领", "公积金贷款"])

        assert question @ near > question @ far


@pytest.mark.slow
class TestSentenceTransformerEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self, tiny_model):
        return SentenceTransformerEmbedder(tiny_model, bulk_workers=3)

    def test_nothing_is_known_beforehand_about_the_width(self, embedder):
        assert embedder.dimension == 32

    def test_questions_and_stored_texts_get_their_own_prefix(self, tiny_model, tmp_path):
        prefixed = SentenceTransformerEmbedder(tiny_model)
        bare = copy_with_card(tiny_model, tmp_path / "bare", {"name": "bare"})
        plain = SentenceTransformerEmbedder(bare)

        assert np.allclose(
            prefixed.embed_queries(["身份证"]), plain.embed_queries(["query: 身份证"]), atol=1e-5
        )
        assert np.allclose(
            prefixed.embed_passages(["身份证"]), plain.embed_passages(["passage: 身份证"]), atol=1e-5
        )
        assert not np.allclose(prefixed.embed_queries(["身份证"]), plain.embed_queries(["身份证"]), atol=1e-3)

    def test_a_model_whose_folder_does_not_normalise_gives_unit_vectors_too(self, tiny_model, tmp_path):
        folder = tmp_path / "raw"
        shutil.copytree(tiny_model, folder)
        modules = json.loads((folder / "modules.json").read_text())
        (folder / "modules.json").write_text(json.dumps(modules[:2]))

        vectors = SentenceTransformerEmbedder(folder).embed_queries(["身份证"])

        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_it_computes_what_sentence_transformers_own_encode_computes(self, tiny_model):
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - slow, for this test only

        texts = ["身份证怎么补办?", "公积金", "App 12345"]
        reference = SentenceTransformer(str(tiny_model), device="cpu").encode(
            [f"query: {text}" for text in texts], show_progress_bar=False
        )

        assert np.allclose(SentenceTransformerEmbedder(tiny_model).embed_queries(texts), reference, atol=1e-5)

    def test_a_torn_weights_file_is_refused_with_the_name_of_the_folder(self, tiny_model, tmp_path):
        folder = tmp_path / "torn"
        shutil.copytree(tiny_model, folder)
        weights = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])

        with pytest.raises(ConfigurationError, match="torn"):
            SentenceTransformerEmbedder(folder).embed_queries(["身份证"])

    def test_recent_questions_are_remembered_and_old_ones_forgotten(self, tiny_model):
        embedder = SentenceTransformerEmbedder(tiny_model, query_cache=2)
        computed = []
        forward = embedder._forward
        embedder._forward = lambda model, texts: computed.extend(texts) or forward(model, texts)

        for question in ("身", "份", "身", "证", "身", "份"):
            embedder.embed_queries([question])

        assert [text.removeprefix("query: ") for text in computed] == ["身", "份", "证", "份"]


class TestModelFolder:
    def test_the_card_beside_the_weights_says_the_prefixes(self, tmp_path):
        card = {"name": "bge", "query_prefix": "为这个句子生成表示：", "passage_prefix": ""}
        folder = empty_model(tmp_path / "m", card=card)

        assert read_model_card(folder) == ModelCard("bge", "为这个句子生成表示：", "")

    def test_without_a_card_the_prompts_that_came_with_the_model_hold(self, tmp_path):
        folder = empty_model(tmp_path / "m")
        prompts = {"prompts": {"query": "q: ", "document": "d: "}}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))

        assert read_model_card(folder) == ModelCard("m", "q: ", "d: ")

    def test_a_model_that_says_nothing_gets_no_prefix(self, tmp_path):
        assert read_model_card(empty_model(tmp_path / "m")) == ModelCard("m")

    def test_a_missing_model_names_the_folder_and_the_cure(self, tmp_path):
        with pytest.raises(ConfigurationError, match="make setup"):
            read_model_card(tmp_path / "nowhere")

    @pytest.mark.parametrize("content", ["{", "[]", '"x"', "\x00"])
    def test_a_card_that_is_no_object_is_refused(self, tmp_path, content):
        folder = empty_model(tmp_path / "m")
        (folder / "bangban.json").write_text(content)

        with pytest.raises(ConfigurationError, match="模型说明"):
            read_model_card(folder)

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
    def test_the_model_id_changes_with_whatever_bears_on_the_vectors(self, tmp_path, name):
        folder = empty_model(tmp_path / "m", card={"name": "e5"})
        before = SentenceTransformerEmbedder(folder).model_id
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("changed")

        after = SentenceTransformerEmbedder(folder).model_id

        assert before.startswith("e5@")
        assert after.startswith("e5@")
        assert before != after

    def test_the_model_id_does_not_change_with_notes_or_place(self, tmp_path):
        folder = empty_model(tmp_path / "m", card={"name": "e5"})
        before = fingerprint(folder)
        (folder / "README.md").write_text("about")
        (folder / "manifest.json").write_text("{}")

        assert fingerprint(folder) == before
        assert fingerprint(shutil.copytree(folder, tmp_path / "elsewhere")) == before

    def test_knowing_the_model_id_loads_no_model(self, tmp_path):
        folder = empty_model(tmp_path / "m", card={"name": "e5"})
        program = (
            "import sys; from pathlib import Path; from knowledge.embedding import *\n"
            "SentenceTransformerEmbedder(Path(sys.argv[1])).model_id\n"
            "sys.exit('torch' in sys.modules)"
        )

        assert subprocess.run([sys.executable, "-c", program, str(folder)], check=False).returncode == 0


def empty_model(folder, card=None):
    folder.mkdir()
    (folder / "modules.json").write_text("[]")
    (folder / "model.safetensors").write_bytes(b"weights")
    if card:
        (folder / "bangban.json").write_text(json.dumps(card))
    return folder


def copy_with_card(source, target, card):
    shutil.copytree(source, target)
    (target / "bangban.json").write_text(json.dumps(card))
    (target / "config_sentence_transformers.json").unlink()
    return target
