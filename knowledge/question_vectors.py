"""The vectors of questions, computed off the event loop and together where several wait.

One question takes the model as long as the half of eight do at once, so what came in while a batch
was being computed is the next batch. Under load a question waits for two batches at most, instead of
for every question before it.
"""

import asyncio
from concurrent.futures import Executor

import numpy as np

from core.ports import Embedder
from knowledge.topic_model import Vectors

LARGEST_BATCH = 8


class QuestionVectors:
    """Belongs to one event loop. `executor` should have one thread: the model uses all cores itself."""

    def __init__(self, embedder: Embedder, executor: Executor) -> None:
        self._embedder, self._executor = embedder, executor
        self._waiting: list[tuple[str, asyncio.Future[Vectors]]] = []
        self._working: asyncio.Task[None] | None = None

    async def of(self, text: str) -> Vectors:
        """The vector of this question. Raises what the model raises."""
        found: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, found))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="embed-questions")
        return await found

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            try:
                vectors = await loop.run_in_executor(
                    self._executor, self._embedder.embed_queries, [text for text, _ in batch]
                )
            except Exception as error:  # each who waits is told, and the next batch is tried
                for _, found in batch:
                    if not found.done():
                        found.set_exception(error)
                continue
            for (_, found), vector in zip(batch, vectors, strict=True):
                if not found.done():  # else nobody waits any more
                    found.set_result(np.asarray(vector, dtype=np.float32))
