"""Plays cases against a running service, several conversations at a time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from server.api_client import ApiClient
from server.evaluation.cases import Case, CaseKind
from server.evaluation.scoring import Reply

_KINDS = {
    "answered": "answer",
    "clarifying": "clarify",
    "no_guide": "no_guide",
    "safety": "safety",
    "waiting_for_agent": "handoff",
    "with_agent": "handoff",
    "error": "error",
}


async def play(
    client: ApiClient,
    cases: Sequence[Case],
    *,
    concurrency: int,
    done: Callable[[Case], None] = lambda case: None,
) -> list[list[Reply]]:
    """The replies to each case, in the order of the cases; each is a conversation of its own."""
    slots = asyncio.Semaphore(concurrency)

    async def one(case: Case) -> list[Reply]:
        async with slots:
            replies = await _play_one(client, case)
        done(case)
        return replies

    return list(await asyncio.gather(*(one(case) for case in cases)))


async def _play_one(client: ApiClient, case: Case) -> list[Reply]:
    conversation = await client.start()
    replies = []
    for text in case.texts:
        began = time.perf_counter()
        answer = await client.say(conversation, text)
        replies.append(reply_of(answer, case.kind, (time.perf_counter() - began) * 1000))
    return replies


def reply_of(answer: dict[str, Any], kind: CaseKind, milliseconds: float = 0.0) -> Reply:
    """The reply as the scoring sees it. Small talk goes by two names in the files of cases."""
    small_talk = "smalltalk" if kind is CaseKind.DIALOGUE else "chitchat"
    messages = answer["messages"]
    cited = dict.fromkeys(s["guide_id"] for m in messages for s in m.get("sources", ()))
    return Reply(
        text="\n".join(m["text"] for m in messages),
        kind=_KINDS.get(answer["status"], small_talk),
        guide_ids=tuple(cited),
        milliseconds=milliseconds,
    )


def prediction_of(case: Case, replies: Sequence[Reply]) -> dict[str, Any]:
    """The line that a scorer of another make reads: id, text, guides and kind, or these by turn."""
    lines = [{"text": r.text, "guide_ids": list(r.guide_ids), "kind": r.kind} for r in replies]
    if case.kind is CaseKind.DIALOGUE:
        return {"id": case.case_id, "turns": lines}
    return {"id": case.case_id, **lines[0]}
