"""One question on its way to an outcome.

Reads the sentence, links it to items with what the conversation is about, fetches the guides that
may be meant, and decides. A `Turn` lives for one call of `GuideConsultant.consult`.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from core.messages import Source, Statement
from core.ports import Consultation
from core.statuses import Aspect, TurnStatus
from knowledge.catalogue import CatalogueItem
from knowledge.deciding import Act, Described, decide
from knowledge.focus import HISTORY, Focus, Option
from knowledge.following import Following, evenly, ms_since
from knowledge.linking import Candidate, Linking
from knowledge.understanding import Reading, split_questions

# Chosen on bench/questions (docs/measurements.md, Linking).
SURE = 0.30  # the kept items together must weigh this much
DECLINING = frozenset({"out_of_scope"})
# Topics of the lexicon that are no service matters (`lexicon/says/none.jsonl`).
NO_MATTER = "none-"
OWN_CASE = "none-complaints-own-case"
BARE_DIALOGUE = "none-dialogue-only"

# Elements that the progress of one's own case doesn't have.
STATED_IN_GUIDES = frozenset(
    {Aspect.LOCATION, Aspect.PHONE, Aspect.MATERIALS, Aspect.FEE, Aspect.HOURS, Aspect.CONDITIONS}
)

ASPECT_OF_INTENT = {
    "ask_materials": Aspect.MATERIALS,
    "ask_process": Aspect.PROCESS,
    "ask_time_limit": Aspect.TIME_LIMIT,
    "ask_fee": Aspect.FEE,
    "ask_location": Aspect.LOCATION,
    "ask_hours": Aspect.HOURS,
    "ask_phone": Aspect.PHONE,
    "ask_conditions": Aspect.CONDITIONS,
    "ask_online": Aspect.ONLINE,
    "ask_result": Aspect.RESULT,
}


class Turn(Following):
    """One question with the focus it came with."""

    async def run(self) -> Consultation:
        """The outcome."""
        picked = self._focus.option(self._question.picked) if self._question.picked else None
        if picked is not None:
            return await self._take(picked)
        started = time.perf_counter()
        reading = self._view.understanding.read(self._question.text)
        self._timings["read"] = ms_since(started)
        if self._focus.items and reading.in_passing:
            reading = replace(reading, objects=())
        refused = self._refused_by_words(reading)
        if refused is not None:
            return refused
        self._note_places(reading)
        return await self._one_or_several(reading)

    def _refused_by_words(self, reading: Reading) -> Consultation | None:
        """What the words alone say is no matter of a guide."""
        if self._is_about_own_case(reading):
            return self._say("own_case", TurnStatus.NO_GUIDE)
        if self._only_complains(reading):
            return self._say("out_of_scope", TurnStatus.NO_GUIDE)
        return self._other_city() if reading.places.other_city else None

    async def _one_or_several(self, reading: Reading) -> Consultation:
        if reading.both and len(self._focus.together) > 1 and not reading.objects:
            combined = await self._several([(items, reading) for items in self._focus.together])
            if combined is not None:
                return combined
        parts = split_questions(reading, self._view.understanding)
        if len(parts) > 1:
            combined = await self._several([((), part) for part in parts])
            if combined is not None:
                return combined
        self._focus = replace(self._focus, together=())
        return await self._one(reading)

    def _is_about_own_case(self, reading: Reading) -> bool:
        """Whether it asks how far one's own case is; what a guide states may be asked in anger as well."""
        if self._question.intent != "own_case" or self._question.confidence < 0.5:
            return False
        return not (self._focus.items and set(reading.aspects) & STATED_IN_GUIDES)

    def _only_complains(self, reading: Reading) -> bool:
        return (
            self._question.intent == "complain"
            and self._question.confidence >= 0.6
            and not reading.aspects
            and not reading.objects
        )

    # --- understanding -----------------------------------------------------------------------

    def _note_places(self, reading: Reading) -> None:
        mentions = tuple(m for m in reading.places.districts if not m.denied) or reading.places.districts
        if mentions:
            self._focus = replace(
                self._focus, district=mentions[-1].district if reading.correction else mentions[0].district
            )
        elif reading.places.city and self._city_name():
            self._focus = replace(self._focus, district=self._city_name())

    # --- one question ------------------------------------------------------------------------

    async def _one(self, reading: Reading) -> Consultation:
        aspects = self._aspects(reading)
        if not await self._names_matter(reading):
            if self._focus.items:
                self._focus = replace(
                    self._focus, aspects=aspects or self._focus.aspects or (Aspect.GENERAL,)
                )
                self._learn(reading, [])
                return await self._settle(
                    evenly(self._same_matter_otherwise(reading), "沿用上文，情形有变")
                    or self._candidates_in_focus(),
                    reading,
                )
            self._focus = replace(self._focus, aspects=aspects or self._focus.aspects)
            if reading.places.districts or reading.places.city:
                return self._say(
                    "district_noted", TurnStatus.CLARIFYING, {"district": self._district}, open_=True
                )
            return self._say("ask_item" if aspects else "unclear", TurnStatus.CLARIFYING, open_=True)
        linking = await self._link(self._with_carried_object(reading))
        if relatives := self._same_matter_otherwise(reading, linking):
            self._focus = replace(self._focus, aspects=aspects or self._focus.aspects or (Aspect.GENERAL,))
            self._learn(reading, relatives)
            return await self._settle(evenly(relatives, "沿用上文，情形有变"), reading)
        items = [c.item for c in linking.kept]
        declined = self._declines(reading, linking)
        if declined is not None:
            return await self._decline(declined, linking, reading, aspects)
        changed = bool(self._focus.items) and not {i.key for i in items} & set(self._focus.items)
        if not aspects and changed and not (reading.correction or reading.same_again or self._focus.open):
            aspects = (Aspect.GENERAL,)
        self._focus = self._focus.about([i.key for i in items])
        self._focus = replace(self._focus, aspects=aspects or self._focus.aspects or (Aspect.GENERAL,))
        self._learn(reading, items)
        return await self._settle(linking.kept, reading)

    def _aspects(self, reading: Reading) -> tuple[Aspect, ...]:
        if reading.aspects:
            return reading.aspects
        by_intent = ASPECT_OF_INTENT.get(self._question.intent)
        if by_intent and self._question.confidence >= 0.6 and not reading.same_again:
            return (by_intent,)
        return ()

    def _learn(self, reading: Reading, items: Sequence[CatalogueItem]) -> None:
        said = {facet: reading.facets.value(facet) for facet in reading.facets.meant}
        self._focus = replace(
            self._focus, facets={**self._focus.facets, **{k: v for k, v in said.items() if v}}, offered=()
        )

    def _declines(self, reading: Reading, linking: Linking) -> str | None:
        strong = linking.best > 0.5 and bool(reading.objects)
        if self._question.intent in DECLINING and self._question.confidence >= 0.5 and not strong:
            return "out_of_scope"
        # An open saying (「身份证」) spreads over many topics; those without a guide don't outvote the rest.
        undecided = linking.elsewhere_best < linking.best and any(
            reading.object_names & c.item.objects for c in linking.kept
        )
        if not undecided and (linking.elsewhere > linking.held or linking.held < SURE):
            return "no_guide"
        return None

    async def _decline(
        self, outcome: str, linking: Linking, reading: Reading, aspects: tuple[Aspect, ...]
    ) -> Consultation:
        """The refusal that fits: what sounds like no service matter at all isn't called one."""
        topic = linking.elsewhere_topic if outcome == "no_guide" else ""
        if topic == OWN_CASE:
            return self._say("own_case", TurnStatus.NO_GUIDE)
        if not aspects and not reading.objects and reading.places.districts:
            return self._say(
                "district_noted", TurnStatus.CLARIFYING, {"district": self._district}, open_=True
            )
        if topic == BARE_DIALOGUE and self._focus.items:
            self._focus = replace(self._focus, aspects=aspects or self._focus.aspects or (Aspect.GENERAL,))
            return await self._settle(self._candidates_in_focus(), reading)
        if topic == BARE_DIALOGUE:
            return self._say("unclear", TurnStatus.CLARIFYING, open_=True)
        if topic.startswith(NO_MATTER):
            outcome = "out_of_scope"
        return await self._nothing(linking, outcome, reading)

    # --- settling ----------------------------------------------------------------------------

    async def _take(self, picked: Option) -> Consultation:
        if picked.district:
            self._focus = replace(self._focus, district=picked.district)
        if picked.items:
            facets = self._facets_of(picked.items)
            self._focus = replace(self._focus, items=picked.items, facets={**self._focus.facets, **facets})
        if picked.situation:
            self._focus = replace(self._focus, situation=picked.situation)
        self._focus = replace(self._focus, offered=(), aspects=self._focus.aspects or (Aspect.GENERAL,))
        self._trace["picked"] = picked.value
        items = [self._view.catalogue.items[k] for k in self._focus.items if k in self._view.catalogue.items]
        if not items:
            return self._say(
                "district_noted" if picked.district else "ask_item",
                TurnStatus.CLARIFYING,
                {"district": self._district},
                open_=True,
            )
        return await self._settle(evenly(items, "已选择"), None)

    def _facets_of(self, keys: Sequence[str]) -> dict[str, str]:
        """What picking these items says of the citizen: the facets that all of them share."""
        items = [self._view.catalogue.items[k] for k in keys if k in self._view.catalogue.items]
        return {
            facet: value
            for item in items[:1]
            for facet, value in item.facets.items()
            if all(other.facets.get(facet) == value for other in items)
        }

    def _fitting(self, candidates: Sequence[Candidate]) -> list[CatalogueItem]:
        """The candidates that agree with what the citizen said earlier, or all if none does."""
        items = [c.item for c in candidates]
        for facet, value in self._focus.facets.items():
            agreeing = [i for i in items if i.facets.get(facet, value) == value]
            if agreeing and any(i.facets.get(facet) == value for i in agreeing):
                families = {i.main for i in agreeing}
                items = [i for i in items if i in agreeing or i.main not in families]
        return items

    async def _settle(self, candidates: Sequence[Candidate], reading: Reading | None) -> Consultation:
        items = self._fitting(candidates)
        self._focus = replace(self._focus, items=tuple(i.key for i in items))
        started = time.perf_counter()
        described = await self._describe(items, reading)
        self._timings["guides"] = ms_since(started)
        if not described:
            return self._not_here(items)
        with_guide = {d.item.key for d in described}
        self._focus = replace(self._focus, items=tuple(k for k in self._focus.items if k in with_guide))
        aspects = self._focus.aspects
        decision = decide(described, aspects, district_known=bool(self._district))
        if decision.act is Act.ANSWER:
            return self._answer_or_ask_situation(decision, reading)
        return self._ask(decision)

    async def _describe(self, items: Sequence[CatalogueItem], reading: Reading | None) -> list[Described]:
        listed = self._view.snapshot.items()
        today = self._desk.today
        wanted: list[tuple[CatalogueItem, str, str, int]] = []
        for item in items:
            refs = {ref.district: ref for ref in listed[item.key].guides_on(today)}
            if self._district:
                serving = self._serving(self._district, refs)
                if serving:
                    wanted.append((item, self._district, refs[serving].guide_id, refs[serving].version))
            else:
                wanted.extend((item, ref.district, ref.guide_id, ref.version) for ref in refs.values())
        if not wanted and reading is not None and reading.places.unknown and not self._district:
            return []
        guides = await self._desk.guides([(guide_id, version) for _, _, guide_id, version in wanted])
        return [
            Described(item, district, guides[guide_id], self._focus.situation)
            for item, district, guide_id, _ in wanted
            if guide_id in guides
        ]

    # --- several questions at once -----------------------------------------------------------

    async def _several(self, parts: Sequence[tuple[tuple[str, ...], Reading]]) -> Consultation | None:
        """One answer to all parts, or None where one of them can't be answered straight away.

        A part is what it says, with the items that it is about where these are known already.
        """
        before = self._focus
        outcomes: list[Consultation] = []
        aspects = next((part.aspects for _, part in reversed(parts) if part.aspects), ())
        for items, part in parts:
            self._focus = replace(before, items=items, aspects=part.aspects or aspects, open=False)
            self._note_places(part)
            outcome = await self._one(part if part.aspects else replace(part, aspects=aspects))
            if outcome.status is not TurnStatus.ANSWERED:
                self._focus = before
                return None
            outcomes.append(outcome)
        last = Focus.from_json(outcomes[-1].focus)
        together = tuple(Focus.from_json(o.focus).items for o in outcomes)
        self._focus = replace(
            last,
            history=(*reversed(together[:-1]), *before.history)[:HISTORY],
            district=last.district or before.district,
            together=together,
        )
        sources: list[Source] = []
        statements: list[Statement] = []
        for outcome in outcomes:
            offset = len(sources)
            sources.extend(outcome.sources)
            statements.extend(
                replace(s, label=f"{outcome.title} {s.label}", sources=tuple(p + offset for p in s.sources))
                for s in outcome.statements
            )
        return self._say(
            "answer", TurnStatus.ANSWERED, {"text": "\n\n".join(o.variables["text"] for o in outcomes)},
            statements=tuple(statements), sources=tuple(sources), title="、".join(o.title for o in outcomes),
        )  # fmt: skip
