"""How often a question is linked to the right item, and how dialogues keep to theirs, without Rasa.

    nice .venv/bin/python -m bench.linking GUIDES… [--data DIR] [--wrong] [--json]

GUIDES are files of the city that `bench/questions` is about, as `bangban guides import` takes them.
They are imported and indexed in a temporary data directory, or once for all runs in DIR. The topic
model is that of the settings; `bangban train linker` makes it that of the lexicons. `--wrong` prints
each question and turn that didn't go as it should.

Questions are put to the consultant as they stand, without the intent that Rasa would add. Where it
asks back, each choice is followed to its answer: if all lead to one item, the item was settled, and
only the district or the situation was asked for. What Rasa decides alone (courtesies, danger, a
person, the progress of one's own case) isn't played.
"""

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

from core.ports import Question
from core.settings import Settings
from core.statuses import TurnStatus
from core.text import normalise
from knowledge.importing.publication import run_guides_import
from knowledge.topics import item_key
from server.knowledge_part import open_knowledge
from server.stores_part import open_stores

QUESTIONS = Path(__file__).parent / "questions"
MOST_STEPS = 3  # item, district, situation
NOT_OURS = {"smalltalk", "chitchat", "safety", "handoff", "own_case"}

AT_ONCE = "right item answered at once"
AMONG_CHOICES = "asked back, the right item among the choices"
NOT_AMONG_CHOICES = "asked back, the right item not among the choices"
ANOTHER = "answered from another item"
ASKED_BACK = "asked back"
ALL_THE_SAME = "answered, several candidates saying the same"
ONE_OF_SEVERAL = "answered from one candidate"
DECLINED = "declined"
AS_IT_SHOULD = "as it should"

GOOD = {
    "answer": {AT_ONCE, AMONG_CHOICES},
    "clarify": {ASKED_BACK, ALL_THE_SAME},
    "no_guide": {DECLINED},
    "other_city": {DECLINED},
    "out_of_scope": {DECLINED},
}


class Desk:
    """The consultant, and the item that each guide is about."""

    def __init__(self, consultant, items):
        self._consultant = consultant
        self._items = items

    async def ask(self, text, focus=None, picked=""):
        return await self._consultant.consult(
            Question(text=normalise(text), focus=dict(focus or {}), picked=picked)
        )

    def items_of(self, said):
        """The items whose guides are cited."""
        return {self._items[s.guide_id] for s in said.sources if s.guide_id in self._items}

    async def leads_to(self, said, steps=MOST_STEPS):
        """The set of items of each answer that can come of this reply, choice by choice."""
        if said.sources or not said.choices or not steps:
            return [self.items_of(said)]
        found = []
        for choice in said.choices:
            next_said = await self.ask(choice.value, said.focus, picked=choice.value)
            found += await self.leads_to(next_said, steps - 1)
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("guides", nargs="+", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = asyncio.run(measure(arguments, arguments.data or Path(temporary)))
    if arguments.json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    for title, counts in figures.items():
        total = sum(counts.values())
        print(f"{title} ({total})")
        for what, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            print(f"  {count:>4}  {count / total:6.1%}  {what}")


async def measure(arguments, data):
    async with open_desk(Settings.load({"data": data}), arguments.guides) as desk:
        return {
            **await play_questions(desk, arguments.wrong),
            "turns of dialogues": await play_dialogues(desk, arguments.wrong),
        }


@asynccontextmanager
async def open_desk(settings, files):
    async with open_stores(settings) as stores:
        outcome = await run_guides_import(stores.knowledge, files, keep_going=True)
        if outcome.rejected:
            print(f"{outcome.rejected} rejections in the guides")
        items = {
            record.guide_id: item_key(record.main_item, record.business_item)
            async for record in stores.knowledge.published_guides()
        }
        knowledge = await open_knowledge(settings, stores.knowledge)
        try:
            await knowledge.synchroniser.synchronise()
            yield Desk(knowledge.consultant, items)
        finally:
            await knowledge.close()


async def play_questions(desk, show_wrong):
    """What became of the questions, by kind."""
    figures = {}
    for question in lines_of("linking.jsonl"):
        kind = question["kind"]
        if kind in NOT_OURS:
            continue
        said = await desk.ask(question["text"])
        happened = await became_of(desk, question, said)
        figures.setdefault(f"questions: {kind}", Counter())[happened] += 1
        if show_wrong and happened not in GOOD[kind]:
            print(f"  {kind}: {happened}: {question['text']} → {said.outcome} {sorted(desk.items_of(said))}")
    return figures


async def became_of(desk, question, said):
    """In words what happened to a question of linking.jsonl."""
    right = set(question["items_ok"])
    if question["kind"] == "answer":
        return await became_of_settled(desk, right, said)
    if question["kind"] == "clarify":
        if said.status is TurnStatus.CLARIFYING:
            return ASKED_BACK
        if not said.sources:
            return DECLINED
        cited = desk.items_of(said)
        return ALL_THE_SAME if len(cited & right) > 1 else ONE_OF_SEVERAL if cited & right else ANOTHER
    if said.sources:
        return ANOTHER
    return DECLINED if said.status is TurnStatus.NO_GUIDE else ASKED_BACK


async def became_of_settled(desk, right, said):
    """In words what happened to a question that has one right item."""
    cited = desk.items_of(said)
    if cited:
        return AT_ONCE if cited & right else ANOTHER
    if said.status is TurnStatus.NO_GUIDE:
        return DECLINED
    reached = await desk.leads_to(said)
    if not any(items & right for items in reached):
        return NOT_AMONG_CHOICES
    return AT_ONCE if all(items & right for items in reached) else AMONG_CHOICES


async def play_dialogues(desk, show_wrong):
    """What became of the turns of all dialogues."""
    counts = Counter()
    for dialogue in lines_of("dialogues.jsonl"):
        focus, before = {}, None
        for turn in dialogue["turns"]:
            if turn["kind"] in NOT_OURS:
                continue
            said = await reply_to(desk, turn, focus, before)
            happened = await became_of_turn(desk, turn, said)
            counts[happened] += 1
            if show_wrong and happened != AS_IT_SHOULD:
                cited = sorted(desk.items_of(said))
                print(f"  {dialogue['id']}: {happened}: {turn['user']} → {said.outcome} {cited}")
            focus, before = said.focus, said
    return counts


async def reply_to(desk, turn, focus, before):
    """The reply to the turn; what picks a choice does so as a citizen's click would."""
    if "pick" in turn and before is not None and before.choices:
        number = turn["pick"] if turn["pick"] < 0 else turn["pick"] - 1
        value = before.choices[min(number, len(before.choices) - 1)].value
        return await desk.ask(value, focus, picked=value)
    return await desk.ask(turn["user"], focus)


async def became_of_turn(desk, turn, said):
    """In words what happened to a turn."""
    kind, cited = turn["kind"], desk.items_of(said)
    if kind == "clarify":
        return AS_IT_SHOULD if said.status is TurnStatus.CLARIFYING else f"not asked back ({said.outcome})"
    if kind != "answer":
        return AS_IT_SHOULD if said.status is TurnStatus.NO_GUIDE else f"not declined ({said.outcome})"
    if not cited:
        return f"not answered ({said.outcome})"
    wanted = set(turn.get("items", ()))
    right = set(turn.get("items_ok", ())) | ({turn["item"]} if turn["item"] else set())
    if wanted and not wanted <= cited:
        return "not all items answered"
    if not wanted and right and not cited & right:
        return ANOTHER
    districts = {source.district for source in said.sources}
    if turn["district"] and turn["district"] not in districts:
        return "answered for another district"
    return AS_IT_SHOULD


def lines_of(name):
    return [json.loads(line) for line in (QUESTIONS / name).open(encoding="utf-8")]


if __name__ == "__main__":
    main()
