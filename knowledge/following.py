"""What a sentence is about, given what the conversation is about.

Links the words to items, and tells an ellipsis (「那要多少钱」), something said of the case alone (「她户口在
外地」) and a neighbouring matter (「住院吃饭的钱呢」) from a new one.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from knowledge.catalogue import CatalogueItem
from knowledge.declining import Declining
from knowledge.linking import SURE_OF_ANOTHER, Candidate, Linking, LinkInput, NameEvidence, link
from knowledge.titles import object_word
from knowledge.understanding import Reading

MOVED_ON = 0.5  # a topic of the same thing this likely, and thrice as likely as the one in hand


class Following(Declining):
    """The part of a turn that follows the conversation."""

    async def _link(self, reading: Reading) -> Linking:
        started = time.perf_counter()
        vector = await self._desk.vector(reading.matter or reading.text)
        topics = self._desk.probabilities(reading, vector)
        moved = await self._moved_within(reading)
        self._timings["embed"] = ms_since(started)
        started = time.perf_counter()
        names: dict[str, NameEvidence] = {}
        if any(not item.topic for item in self._view.catalogue.items.values()):
            evidence = self._desk.retriever(self._view).item_evidence(
                reading.bare, vector, today=self._desk.today, limit=40
            )
            names = {e.item_key: NameEvidence(e.dense_name) for e in evidence}
        linking = link(
            LinkInput(
                text=reading.bare,
                topics=moved or topics,
                facets=reading.facets,
                objects=reading.object_names,
                names=names,
                focus=self._focus.items,
                history=tuple(key for group in self._focus.history for key in group),
                back_reference=reading.back_reference,
                moved_on=bool(moved),
            ),
            self._view.catalogue,
        )
        self._timings["link"] = ms_since(started)
        self._trace["kept"] = [[c.item.key, c.arithmetic] for c in linking.kept]
        self._trace["rejected"] = [[c.item.key, c.arithmetic] for c in linking.rejected[:5]]
        self._trace["elsewhere"] = [linking.elsewhere_topic, round(linking.elsewhere, 3)]
        return linking

    async def _moved_within(self, reading: Reading) -> dict[str, float]:
        """The topics as they are if the thing in hand had been named, where that leads to another matter.

        「住院吃饭的钱呢」 after a question about a work injury is about the injured one's meals. Empty
        where a thing is named, or where the sentence stays with the matter in hand.
        """
        if reading.objects or reading.back_reference or not self._focus.items:
            return {}
        item = self._view.catalogue.items.get(self._focus.items[0])
        word = self._view.understanding.word_for(item.objects) if item else ""
        if not word:
            return {}
        carried = _after(word, reading)
        topics = self._desk.probabilities(carried, await self._desk.vector(carried.matter))
        best = max(topics, key=topics.__getitem__, default="")
        catalogue = self._view.catalogue
        in_hand = [catalogue.items[k] for k in self._focus.items if k in catalogue.items]
        here = max((topics.get(item.topic, 0.0) for item in in_hand), default=0.0)
        kin = any(
            item.objects & other.objects for item in catalogue.by_topic.get(best, ()) for other in in_hand
        )
        return topics if kin and topics[best] >= MOVED_ON and here * 3 < topics[best] else {}

    async def _names_matter(self, reading: Reading) -> bool:
        """Whether the sentence itself says what it is about, rather than leaning on the one before."""
        if reading.objects:
            return True
        if self._focus.items and reading.in_passing and not reading.facets.meant:
            return False
        telling = reading.facets.meant.keys() - {"hukou_here", "person"}
        if telling and (self._focus.items or len(reading.content) > 1):
            return True
        if not self._focus.items:
            return len(reading.content) >= 2
        if len(reading.content) >= 5:
            return True
        return len(reading.content) >= 2 and bool(await self._moved_within(reading))

    def _with_carried_object(self, reading: Reading) -> Reading:
        """The sentence with the thing in hand put before it, where it says something of the case alone."""
        if reading.objects or not (reading.facets.meant or reading.facets.denied):
            return reading
        item = self._view.catalogue.items.get(self._focus.items[0]) if self._focus.items else None
        return _after(object_word(item), reading) if item else reading

    def _same_matter_otherwise(self, reading: Reading, linking: Linking | None = None) -> list[CatalogueItem]:
        """The items in hand as they are called for what was just said: 「他户口在外地」, 「没丢，是坏了」.

        Empty where the sentence names a thing, says nothing of the kind, or is surely about another
        matter.
        """
        if reading.objects or not reading.facets.meant or reading.back_reference:
            return []
        catalogue = self._view.catalogue
        found: dict[str, CatalogueItem] = {}
        for key in self._focus.items:
            item = catalogue.items.get(key)
            if item is None:
                continue
            relatives = {i.key: i for i in (*catalogue.siblings(item), *catalogue.of_same_object(item))}
            if linking and linking.best >= SURE_OF_ANOTHER and linking.kept[0].item.key not in relatives:
                return []
            said = {f: reading.facets.value(f) for f in reading.facets.meant if f in item.facets}
            wanted = {**item.facets, **{f: v for f, v in said.items() if v}}
            if said:
                found |= {k: r for k, r in relatives.items() if r.facets == wanted}
        return list(found.values())

    def _candidates_in_focus(self) -> tuple[Candidate, ...]:
        items = [self._view.catalogue.items[k] for k in self._focus.items if k in self._view.catalogue.items]
        return evenly(items, "沿用上文")


def _after(word: str, reading: Reading) -> Reading:
    """The sentence with the word put before it."""
    shifted = tuple((start + len(word), end + len(word)) for start, end in reading.aspect_spans)
    return replace(reading, masked=word + reading.masked, bare=word + reading.bare, aspect_spans=shifted)


def evenly(items: Sequence[CatalogueItem], why: str) -> tuple[Candidate, ...]:
    """The items as candidates that are equally likely, and why they are."""
    return tuple(Candidate(item, 1 / len(items), why) for item in items)


def ms_since(started: float) -> float:
    """Milliseconds since that reading of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 2)
