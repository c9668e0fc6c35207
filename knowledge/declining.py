"""What is said where no guide answers: official questions and texts that do, near items, a refusal."""

from core.messages import Source, Statement
from core.ports import Consultation, DocumentRecord
from core.statuses import TurnStatus
from knowledge.entries import Kind
from knowledge.focus import Option
from knowledge.linking import Linking
from knowledge.replying import Reply
from knowledge.search import Hit
from knowledge.understanding import Reading

FAQ_SURE = 0.90  # similarity from which an official question counts as the citizen's
# A passage of a policy text must be near in meaning and hold the question's words: of 43 questions that
# official texts answer 39 pass both, of 47 that they don't only those that they are about.
PASSAGE_NEAR, PASSAGE_KEYWORDS = 0.905, 0.5
LONGEST_QUOTE = 300


class Declining(Reply):
    """The ends of a turn that no guide answers."""

    def _other_city(self) -> Consultation:
        return self._say("other_city", TurnStatus.NO_GUIDE, {"city": self._city_name() or "本市"})

    async def _nothing(self, linking: Linking, outcome: str, reading: Reading) -> Consultation:
        """The answer of an official question or text if there is one, else the refusal and what is near."""
        known = await self._from_documents(reading, outcome)
        if known is not None:
            return known
        near = [
            c for c in (*linking.kept, *linking.rejected)
            if reading.object_names & c.item.objects and c.weight > 0.02
        ]  # fmt: skip
        options = [
            Option(main, tuple(c.item.key for c in near if c.item.main == main))
            for main in dict.fromkeys(c.item.main for c in near)
        ]
        topic = self._view.catalogue.topics.get(linking.elsewhere_topic)
        variables = {
            "topic": topic.label if topic and outcome == "no_guide" and linking.elsewhere > 0.5 else ""
        }
        return self._say(outcome, TurnStatus.NO_GUIDE, variables, options=options[:3])

    async def _from_documents(self, reading: Reading, outcome: str) -> Consultation | None:
        """The official answer to the same question, or a passage of a policy text, word for word.

        What is no service matter is never answered from a policy text that happens to share its words.
        """
        kinds = (Kind.FAQ, Kind.DOCUMENT) if outcome == "no_guide" else (Kind.FAQ,)
        vector = await self._desk.vector(reading.text)
        retriever = self._desk.retriever(self._view)
        for kind in kinds:
            found = retriever.search(reading.text, vector, kinds=(kind,), today=self._desk.today, limit=1)
            if found.kept and _answers(kind, found.kept[0]):
                record = await self._desk.document(found.kept[0].owner)
                if record is not None and not record.withdrawn:
                    return self._quote(record, found.kept[0])
        return None

    def _quote(self, record: DocumentRecord, hit: Hit) -> Consultation:
        is_faq = hit.kind is Kind.FAQ
        element = "常见问题" if is_faq else "政策文件"
        words = record.text if is_faq else _excerpt(hit.text)
        origin = f"（来源：{record.source}）" if record.source else ""
        heading = (
            record.title if is_faq else f"没有找到对应的办事指南，这份文件里有相关规定：《{record.title}》"
        )
        source = Source(record.document_id, 1, element, record.title, "", record.url)
        statement = Statement("faq" if is_faq else "document", record.title, words, (0,))
        return self._say(
            "answer", TurnStatus.ANSWERED, {"text": f"{heading}{origin}\n{words}"},
            statements=(statement,), sources=(source,), title=record.title,
        )  # fmt: skip


def _answers(kind: Kind, hit: Hit) -> bool:
    """Whether what was found says what was asked, rather than only resembling it."""
    if kind is Kind.FAQ:
        return hit.evidence.get("question", 0.0) >= FAQ_SURE
    return (
        max(hit.evidence.get("whole", 0.0), hit.evidence.get("passage", 0.0)) >= PASSAGE_NEAR
        and hit.evidence.get("keywords", 0.0) >= PASSAGE_KEYWORDS
    )


def _excerpt(passage: str) -> str:
    """The passage, ended at a sentence where it is long."""
    if len(passage) <= LONGEST_QUOTE:
        return passage
    cut = max(passage.rfind(mark, 0, LONGEST_QUOTE) for mark in "。；！？\n")
    return passage[: cut + 1] if cut > 0 else passage[:LONGEST_QUOTE] + "……"
