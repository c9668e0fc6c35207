"""Questions that wait for the model are computed together."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from knowledge.question_vectors import LARGEST_BATCH, QuestionVectors
from tests.waiting import comes_true


class SlowEmbedder:
    """Says how many characters a text has; waits for `go` each time."""

    model_id, dimension = "slow", 1

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Semaphore(0)
        self.fails = False

    def embed_queries(self, texts):
        self.batches.append(list(texts))
        assert self.go.acquire(timeout=60)
        if self.fails:
            raise RuntimeError("no memory")
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    embed_passages = embed_queries


@pytest.fixture
def embedder():
    return SlowEmbedder()


@pytest.fixture
def vectors(embedder):
    with ThreadPoolExecutor(1) as executor:
        yield QuestionVectors(embedder, executor)
        for _ in range(100):
            embedder.go.release()


async def test_what_comes_in_during_a_batch_is_the_next_one_and_each_gets_its_own(vectors, embedder):
    first = asyncio.create_task(vectors.of("a"))
    await comes_true(lambda: embedder.batches)
    others = [asyncio.create_task(vectors.of("b" * n)) for n in range(2, LARGEST_BATCH + 4)]
    await asyncio.sleep(0)
    for _ in range(3):
        embedder.go.release()

    assert [v.tolist() for v in await asyncio.gather(first, *others)] == [
        [float(n)] for n in range(1, LARGEST_BATCH + 4)
    ]
    assert [len(batch) for batch in embedder.batches] == [1, LARGEST_BATCH, 2]


async def test_a_failure_reaches_who_waited_and_nobody_after(vectors, embedder):
    embedder.fails = True
    embedder.go.release()
    with pytest.raises(RuntimeError):
        await vectors.of("a")
    embedder.fails = False
    embedder.go.release()

    assert (await vectors.of("bb")).tolist() == [2.0]


async def test_one_who_gives_up_keeps_nobody_waiting(vectors, embedder):
    gone = asyncio.create_task(vectors.of("a"))
    await comes_true(lambda: embedder.batches)
    stays = asyncio.create_task(vectors.of("bb"))
    await asyncio.sleep(0)
    gone.cancel()
    embedder.go.release()
    embedder.go.release()

    assert (await stays).tolist() == [2.0]
