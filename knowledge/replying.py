"""How a turn is put to the citizen: an answer, a question with choices, or a refusal.

Owns the wording's facts — titles, options, sources — and what goes back into the focus; the
sentences themselves are the dialogue's `responses:`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from core.messages import Choice, Source, Statement
from core.ports import Consultation, DocumentRecord, Question
from core.statuses import Aspect, TurnStatus
from knowledge.answering import LABELS, Answer, compose, facts
from knowledge.catalogue import CatalogueItem
from knowledge.deciding import Act, Decision, open_situations
from knowledge.focus import Focus, Option
from knowledge.guide import Guide
from knowledge.search import Retriever
from knowledge.titles import common_title, group_title, heading, main_districts
from knowledge.topic_model import Vectors
from knowledge.understanding import Reading
from knowledge.views import View

MOST_ITEM_CHOICES = 8  # a citizen who wants none of so many says it in other words
MOST_OFFERED = 8  # guides that staff are shown of what was offered


class Desk(Protocol):
    """What a turn needs of the consultant."""

    @property
    def today(self) -> date:
        """The day on which guides must hold."""

    async def vector(self, text: str) -> Vectors:
        """The question's vector."""

    async def guides(self, wanted: Sequence[tuple[str, int]]) -> dict[str, Guide]:
        """Decoded guides that may be answered from today."""

    def probabilities(self, reading: Reading, vector: Vectors) -> dict[str, float]:
        """Probability by topic."""

    def states(self, item: CatalogueItem, facet: str) -> bool:
        """Whether the item's own name states the facet."""

    def label(self, facet: str, value: str) -> str:
        """What a citizen reads for that value."""

    def retriever(self, view: View) -> Retriever:
        """A retriever of the view's snapshot."""

    async def document(self, document_id: str) -> DocumentRecord | None:
        """The stored document or FAQ."""


class Reply:
    """A turn's focus and trace, and the ways to end it."""

    def __init__(self, desk: Desk, view: View, question: Question) -> None:
        self._desk, self._view, self._question = desk, view, question
        self._focus = Focus.from_json(question.focus)
        self._timings: dict[str, float] = {}
        self._trace: dict[str, Any] = {"intent": question.intent, "confidence": round(question.confidence, 3)}

    def _city_name(self) -> str:
        return self._view.understanding.districts.city

    @property
    def _district(self) -> str:
        return self._focus.district or self._question.district

    def _serving(self, district: str, refs: Mapping[str, Any]) -> str:
        """The district whose guide serves `district`: itself, or the nearest above that has one."""
        if district in refs:
            return district
        known = self._view.districts.get(district)
        for parent in known.parents if known else ():
            if parent in refs:
                return parent
        if district == self._city_name() and len(refs) == 1:
            return next(iter(refs))
        return ""

    def _not_here(self, items: Sequence[CatalogueItem]) -> Consultation:
        today = self._desk.today
        refs = [ref.district for i in items for ref in self._view.snapshot.items()[i.key].guides_on(today)]
        below = [d for d in dict.fromkeys(refs) if self._district in self._parents(d)]
        if below:  # the whole city was named: the districts are what is left to ask
            self._focus = replace(self._focus, district="")
            return self._ask(Decision(Act.ASK_DISTRICT, districts=tuple(below)), items=items)
        districts = tuple(dict.fromkeys(refs))
        options = [Option(d, district=d) for d in districts]
        variables = {"item": common_title(items), "district": self._district}
        return self._say("item_not_in_district", TurnStatus.NO_GUIDE, variables, options=options)

    def _parents(self, district: str) -> tuple[str, ...]:
        known = self._view.districts.get(district)
        return known.parents if known else ()

    def _answer_or_ask_situation(self, decision: Decision, reading: Reading | None) -> Consultation:
        first = decision.guides[0]
        aspects = self._focus.aspects
        if not first.situation:
            names = open_situations(first.guide, aspects, reading.bare if reading else "")
            if len(names) > 1:
                options = [Option(name, situation=name) for name in names[:MOST_ITEM_CHOICES]]
                return self._say(
                    "ask_situation",
                    TurnStatus.CLARIFYING,
                    {"item": first.item.title},
                    options=options,
                    open_=True,
                )
            if names:
                self._focus = replace(self._focus, situation=names[0])
        guides = [(d.guide, self._focus.situation) for d in decision.guides]
        answer = self._compose(decision, guides, aspects)
        if not answer.statements:
            return self._silent(decision, answer)
        text = answer.text
        if answer.missing:
            asks_for_phone = Aspect.PHONE in answer.missing
            text += "\n" + "；".join(f"指南没有写明{LABELS[a]}" for a in answer.missing)
            text += "，可以转人工问。" if asks_for_phone else "，可拨打咨询电话确认。"
        return self._say(
            "answer", TurnStatus.ANSWERED, {"text": text},
            statements=answer.statements, sources=answer.sources, title=heading(decision),
        )  # fmt: skip

    def _compose(
        self, decision: Decision, guides: Sequence[tuple[Guide, str]], aspects: Sequence[Aspect]
    ) -> Answer:
        return compose(guides, aspects, heading=f"【{heading(decision)}】", district=self._district)

    def _silent(self, decision: Decision, answer: Answer) -> Consultation:
        guide = decision.guides[0].guide
        phone = facts(guide, Aspect.PHONE)
        source = Source(
            guide.guide_id, guide.version, LABELS[Aspect.PHONE], guide.title, guide.district, guide.url
        )
        variables = {
            "item": heading(decision),
            "aspect": "、".join(LABELS[a] for a in answer.missing) or LABELS[Aspect.PROCESS],
            **({"phone": "；".join(phone.lines)} if phone else {}),
        }
        return self._say("not_in_guide", TurnStatus.NO_GUIDE, variables, sources=(source,) if phone else ())

    def _ask(self, decision: Decision, items: Sequence[CatalogueItem] = ()) -> Consultation:
        about = list(decision.items) or [tuple(items)]
        if decision.act is Act.ASK_DISTRICT:
            names = main_districts(decision.districts, self._parents)
            options = [Option(d, district=d) for d in names]
            shown = [
                self._view.catalogue.items[k] for k in self._focus.items if k in self._view.catalogue.items
            ]
            variables = {"item": common_title(shown or list(items))}
            return self._say("ask_district", TurnStatus.CLARIFYING, variables, options=options, open_=True)
        if decision.act is Act.ASK_ITEM:
            options = [
                Option(group_title(group), tuple(i.key for i in group)) for group in about[:MOST_ITEM_CHOICES]
            ]
            return self._say("ask_item", TurnStatus.CLARIFYING, {"topic": ""}, options=options, open_=True)
        listed = [group[0] for group in about]
        options = [Option(self._sibling_title(i, listed), (i.key,)) for i in listed[:MOST_ITEM_CHOICES]]
        variables = {"item": common_title([group[0] for group in about])}
        return self._say("ask_situation", TurnStatus.CLARIFYING, variables, options=options, open_=True)

    def _sibling_title(self, item: CatalogueItem, listed: Sequence[CatalogueItem]) -> str:
        """The item's name among those listed, with what sets it apart where some name leaves that unsaid."""
        labels = []
        for facet, value in item.facets.items():
            differs = any(other.facets.get(facet, value) != value for other in listed)
            if differs and any(not self._desk.states(other, facet) for other in listed):
                labels.append(self._desk.label(facet, value))
        return f"{item.short_title}（{'，'.join(labels)}）" if labels else item.short_title

    def _offered(self, options: Sequence[Option]) -> list[list[str]]:
        """The guides to which the options may lead, for staff: id, title and district of each."""
        listed = self._view.snapshot.items()
        found: dict[str, list[str]] = {}
        for option in options:
            for key in option.items or self._focus.items:
                item = self._view.catalogue.items.get(key)
                if item is None or key not in listed:
                    continue
                refs = {ref.district: ref for ref in listed[key].guides_on(self._desk.today)}
                served = self._serving(option.district or self._district, refs)
                for ref in (refs[served],) if served else refs.values():
                    found.setdefault(ref.guide_id, [ref.guide_id, item.title, ref.district])
        return list(found.values())[:MOST_OFFERED]

    def _say(
        self,
        outcome: str,
        status: TurnStatus,
        variables: Mapping[str, str] | None = None,
        *,
        options: Sequence[Option] = (),
        statements: tuple[Statement, ...] = (),
        sources: tuple[Source, ...] = (),
        title: str = "",
        open_: bool = False,
    ) -> Consultation:
        focus = replace(self._focus, offered=tuple(options), open=open_)
        if options:
            self._trace["offered"] = self._offered(options)
        return Consultation(
            outcome=outcome,
            status=status,
            variables=variables or {},
            title=title,
            statements=statements,
            sources=sources,
            choices=tuple(Choice(o.value, o.value) for o in options),
            focus=focus.as_json(),
            trace=self._trace,
            timings_ms=self._timings,
        )
