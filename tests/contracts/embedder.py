"""What every Embedder promises. Subclasses override the `embedder` fixture."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


class EmbedderContract:
    """Inherit, and override `embedder`."""

    @pytest.fixture
    def embedder(self):
        raise NotImplementedError

    def test_vectors_are_float32_one_row_a_text_and_as_wide_as_said(self, embedder):
        for embed in (embedder.embed_queries, embedder.embed_passages):
            vectors = embed(["身份证补领", "公积金提取", "结婚登记"])

            assert vectors.shape == (3, embedder.dimension)
            assert vectors.dtype == np.float32

    def test_vectors_have_length_one(self, embedder):
        texts = ["身份证", "", " ", "a", "很长的问题" * 400, "\n", "①㎡〇"]

        for embed in (embedder.embed_queries, embedder.embed_passages):
            assert np.allclose(np.linalg.norm(embed(texts), axis=1), 1.0, atol=1e-5)

    def test_no_texts_give_no_rows(self, embedder):
        assert embedder.embed_queries([]).shape == (0, embedder.dimension)
        assert embedder.embed_passages([]).shape == (0, embedder.dimension)

    def test_the_same_text_has_the_same_vector(self, embedder):
        first = embedder.embed_queries(["居住证到期"])
        again = embedder.embed_queries(["社保转移", "居住证到期"])

        assert np.allclose(first[0], again[1], atol=1e-5)

    def test_rows_come_in_the_order_of_the_texts_whatever_their_lengths(self, embedder):
        texts = ["证" * length for length in (90, 1, 40, 3, 200, 2)]

        together = embedder.embed_passages(texts)
        alone = np.concatenate([embedder.embed_passages([text]) for text in texts])

        assert np.allclose(together, alone, atol=1e-4)

    def test_a_repeated_question_gets_a_row_each_time(self, embedder):
        vectors = embedder.embed_queries(["证", "明", "证"])

        assert np.array_equal(vectors[0], vectors[2])
        assert not np.allclose(vectors[0], vectors[1])

    def test_what_the_caller_does_to_a_result_changes_no_later_one(self, embedder):
        before = embedder.embed_queries(["户口迁移"]).copy()

        embedder.embed_queries(["户口迁移"])[:] = 0

        assert np.array_equal(embedder.embed_queries(["户口迁移"]), before)

    def test_threads_get_what_one_thread_gets(self, embedder):
        texts = [f"第{number}个问题" for number in range(24)]
        alone = embedder.embed_passages(texts)

        with ThreadPoolExecutor(6) as pool:
            queries = list(pool.map(lambda text: embedder.embed_queries([text])[0], texts))
            passages = list(pool.map(lambda text: embedder.embed_passages([text])[0], texts))

        assert np.allclose(np.stack(passages), alone, atol=1e-4)
        assert np.allclose(np.stack(queries), embedder.embed_queries(texts), atol=1e-4)

    def test_the_model_has_a_name(self, embedder):
        assert embedder.model_id
        assert embedder.model_id == embedder.model_id
