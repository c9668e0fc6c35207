"""First questions that show a citizen how one may speak: only such as the published guides answer.

A suggestion that ends in "no guide for that" would be the citizen's first impression.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from core.errors import Unavailable
from core.ports import KnowledgeStore

log = structlog.get_logger(__name__)

SHOWN = 6
LOOK_EVERY_SECONDS = 10.0
LONGEST_NAME = 14  # a generic question with a longer name is no example of plain speech


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, and pieces of item names; one of them must be published for it to be shown."""

    question: str
    items: tuple[str, ...]


USUAL = (
    Suggestion("身份证丢了怎么补办？要带什么？", ("丢失补领身份证", "身份证丢失补领", "身份证补领")),
    Suggestion("孩子刚出生，怎么上户口？", ("出生登记",)),
    Suggestion("居住证在哪里办？", ("居住证申领", "申领居住证", "申请居住证")),
    Suggestion("社保卡怎么申领？", ("社会保障卡申领",)),
    Suggestion("公积金怎么提取？", ("公积金提取",)),
    Suggestion("开餐馆要办哪些证？", ("食品经营许可",)),
    Suggestion("第一次办残疾证，要什么条件？", ("残疾人证新办",)),
    Suggestion("户口本丢了怎么补？", ("户口簿遗失补发",)),
    Suggestion("失业金怎么领？", ("失业保险金申领",)),
    Suggestion("居住证签注要多久？", ("居住证签注",)),
)


class Suggestions:
    """The questions for the page, looked up anew when something was published."""

    def __init__(self, store: KnowledgeStore, *, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now = now
        self._questions: Sequence[str] = ()
        self._change = 0
        self._look_at = float("-inf")
        self._lock = asyncio.Lock()

    async def questions(self) -> Sequence[str]:
        """At most `SHOWN` questions, none without guides; the last known while the store is away."""
        async with self._lock:
            if self._now() >= self._look_at:
                self._look_at = self._now() + LOOK_EVERY_SECONDS
                try:
                    await self._look()
                except Unavailable as error:
                    log.info("suggestions_not_looked_up", reason=str(error))
            return self._questions

    async def _look(self) -> None:
        change = await self._store.last_change()
        if change == self._change:
            return
        usual: list[Suggestion] = []
        for suggestion in USUAL:
            if len(usual) < SHOWN and await self._is_published(suggestion):
                usual.append(suggestion)
        others = await self._others(usual) if len(usual) < SHOWN else ()
        self._questions = (*(suggestion.question for suggestion in usual), *others)[:SHOWN]
        self._change = change

    async def _is_published(self, suggestion: Suggestion) -> bool:
        for item in suggestion.items:
            _, count = await self._store.list_guides(text=item, limit=1)
            if count:
                return True
        return False

    async def _others(self, usual: Sequence[Suggestion]) -> Sequence[str]:
        """Questions about what else is published, in the order of the guides' ids."""
        covered = [item for suggestion in usual for item in suggestion.items]
        records, _ = await self._store.list_guides(limit=100)
        names = dict.fromkeys(record.main_item for record in records)
        return [
            f"{name}怎么办理？"
            for name in names
            if len(name) <= LONGEST_NAME and not any(item in name for item in covered)
        ]
