"""`bangban search`: what the index and the linker make of a question, and why."""

import argparse
import asyncio
import time
from dataclasses import asdict
from typing import Any

from core.errors import SnapshotUnavailable, UnknownDistrict
from core.ports import Question
from core.settings import Settings
from core.text import normalise
from knowledge.entries import Kind
from knowledge.search import Hit
from knowledge.synchronise import Synchroniser
from server.cli.options import add_data
from server.cli.printing import say, say_json
from server.knowledge_part import KnowledgePart, open_knowledge, today
from server.stores_part import open_stores

SHOWN = 10
SHOWN_REJECTED = 10
SHOWN_GUIDES = 20
LOOKS, LOOK_EVERY_SECONDS = 20, 0.25


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("question", metavar="问题")
    parser.add_argument("--district", default="", help="只看这个区县的指南")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    add_data(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prints candidates kept and rejected. Raises UnknownDistrict."""
    found = asyncio.run(_search(settings, arguments.question, arguments.district))
    if arguments.json:
        say_json(found)
        return 0
    say("留下的候选：")
    for hit in found["kept"]:
        _show(hit)
    say("落选的候选：")
    for hit in found["rejected"]:
        _show(hit)
        say(f"      原因：{hit['reason']}")
    say(f"事项判断：{found['linking']['outcome']}")
    for key, arithmetic in found["linking"]["trace"].get("kept", ()):
        say(f"  {key}：{arithmetic}")
    say("用时（毫秒）：" + "，".join(f"{name} {ms:.1f}" for name, ms in found["timings_ms"].items()))
    return 0


def _show(hit: dict[str, Any]) -> None:
    say(f"  {hit['score']:.3f} [{hit['kind']}] {hit['owner']} {hit['title']}".rstrip())
    say(f"      {hit['arithmetic']}")
    if hit["guides"]:
        say(
            "      "
            + "，".join(
                f"{guide['guide_id']}（{guide['district']}）" for guide in hit["guides"][:SHOWN_GUIDES]
            )
        )


async def _search(settings: Settings, question: str, district: str) -> dict[str, Any]:
    async with open_stores(settings) as stores:
        knowledge = await open_knowledge(settings, stores.knowledge)
        try:
            await _catch_up(knowledge.synchroniser)
            return await _found(knowledge, normalise(question), district)
        finally:
            await knowledge.close()


async def _catch_up(index: Synchroniser) -> None:
    """Brings the index up to date, or gives a service that runs beside the time to do so."""
    for _ in range(LOOKS):
        await index.synchronise()
        if index.caught_up:
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    raise SnapshotUnavailable("索引还没有建好：另一个进程正在建立，请稍后再试")


async def _found(knowledge: KnowledgePart, text: str, district: str) -> dict[str, Any]:
    if district:
        district = await knowledge.consultant.district(district)
        if not district:
            raise UnknownDistrict(UnknownDistrict.citizen_text)
    began = time.perf_counter()
    vector = (await asyncio.to_thread(knowledge.embedder.embed_queries, [text]))[0]
    embedded_ms = (time.perf_counter() - began) * 1000
    result = knowledge.retriever().search(text, vector, kinds=set(Kind), today=today(), limit=SHOWN)
    kept, rejected = [], []
    for hit in result.kept:
        shown = _hit_json(knowledge, hit, district)
        if district and hit.kind is Kind.ITEM and not shown["guides"]:
            rejected.append({**shown, "reason": f"no guide of it in {district}"})
        else:
            kept.append(shown)
    others = result.rejected[:SHOWN_REJECTED]
    rejected += [{**_hit_json(knowledge, other.hit, ""), "reason": other.reason} for other in others]
    consultation = await knowledge.consultant.consult(Question(text=text, district=district))
    return {
        "kept": kept,
        "rejected": rejected,
        "linking": {"outcome": consultation.outcome, "trace": dict(consultation.trace)},
        "timings_ms": {"embed": embedded_ms, **result.timings_ms},
    }


def _hit_json(knowledge: KnowledgePart, hit: Hit, district: str) -> dict[str, Any]:
    item = knowledge.synchroniser.snapshot.items().get(hit.owner) if hit.kind is Kind.ITEM else None
    guides = [g for g in item.guides_on(today()) if district in ("", g.district)] if item else []
    return {
        **asdict(hit),
        "kind": hit.kind.value,
        "evidence": {name: round(value, 4) for name, value in hit.evidence.items()},
        "guides": [{"guide_id": g.guide_id, "version": g.version, "district": g.district} for g in guides],
    }
