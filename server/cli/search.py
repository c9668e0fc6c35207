"""`bangban search`: what the index and the linker make of a question, and why."""

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from core.errors import SnapshotUnavailable, UnknownDistrict
from core.ports import Question
from core.settings import Settings
from core.statuses import TurnStatus
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

KINDS: Mapping[str, str] = {
    Kind.ITEM: "事项",
    Kind.EXAMPLE: "例句",
    Kind.DOCUMENT: "政策文件",
    Kind.FAQ: "常见问题",
}
VERDICTS: Mapping[str, str] = {
    TurnStatus.ANSWERED: "可以回答",
    TurnStatus.CLARIFYING: "要反问",
    TurnStatus.NO_GUIDE: "没有指南可以回答",
}
PHASES: Mapping[str, str] = {
    "embed": "算向量",
    "segment": "分词",
    "view": "打开索引",
    "keywords": "查关键词",
    "nearest": "找近邻",
    "exact scores": "精确算分",
    "rank": "排序",
}


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
    for line in lines(found):
        say(line)
    return 0


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, in Chinese for an operator."""
    yield "留下的候选："
    for hit in found["kept"]:
        yield from _hit_lines(hit)
    yield "落选的候选："
    for hit in found["rejected"]:
        yield from _hit_lines(hit)
        yield f"      原因：{hit['reason']}"
    yield from _linking_lines(found["linking"])
    times = "，".join(f"{PHASES.get(name, name)} {ms:.1f}" for name, ms in found["timings_ms"].items())
    yield f"用时（毫秒）：{times}"


def _hit_lines(hit: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {hit['score']:.3f} [{KINDS[hit['kind']]}] {hit['owner']} {hit['title']}".rstrip()
    yield f"      {hit['arithmetic']}"
    if hit["guides"]:
        shown = hit["guides"][:SHOWN_GUIDES]
        yield "      " + "，".join(f"{guide['guide_id']}（{guide['district']}）" for guide in shown)


def _linking_lines(linking: Mapping[str, Any]) -> Iterator[str]:
    yield f"事项判断：{VERDICTS.get(linking['status'], linking['status'])}（{linking['outcome']}）"
    trace = linking["trace"]
    for title, name in (("留下", "kept"), ("落选", "rejected")):
        yield from (f"  {title} {key}：{arithmetic}" for key, arithmetic in trace.get(name, ()))
    topic, share = trace.get("elsewhere", ("", 0.0))
    if share:
        yield f"  不属于任何指南的可能：{share}" + (f"（多半是词库里的 {topic}）" if topic else "")


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
            rejected.append({**shown, "reason": f"{district}没有这个事项的指南"})
        else:
            kept.append(shown)
    others = result.rejected[:SHOWN_REJECTED]
    rejected += [{**_hit_json(knowledge, other.hit, ""), "reason": other.reason} for other in others]
    consultation = await knowledge.consultant.consult(Question(text=text, district=district))
    return {
        "kept": kept,
        "rejected": rejected,
        "linking": {
            "outcome": consultation.outcome,
            "status": consultation.status.value,
            "trace": dict(consultation.trace),
        },
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
