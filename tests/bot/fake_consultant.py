"""A consultant with a prepared outcome, and tracker calls as Rasa sends them."""

import asyncio
from dataclasses import dataclass, field

from core.ports import Consultation, Question
from core.statuses import TurnStatus

ANSWER = Consultation("answer", TurnStatus.ANSWERED, {"text": "免费办理。"}, title="居住证申领")


@dataclass
class PreparedConsultant:
    """Returns `outcome`, or raises it if it is an exception, and remembers the questions."""

    outcome: Consultation | Exception = ANSWER
    seconds: float = 0.0
    questions: list[Question] = field(default_factory=list)

    async def consult(self, question: Question) -> Consultation:
        self.questions.append(question)
        await asyncio.sleep(self.seconds)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def tracker_call(action="action_consult", **tracker):
    """The body of an action call as Rasa 3.6.21 posts it, cut to what matters."""
    return {
        "next_action": action,
        "sender_id": "c1",
        "version": "3.6.21",
        "domain": {"version": "3.1"},
        "tracker": {
            "sender_id": "c1",
            "slots": {"focus": None, "last_turn": None, "session_started_metadata": None},
            "latest_message": {
                "intent": {"name": "ask_fee", "confidence": 0.93},
                "entities": [],
                "text": "办居住证要钱吗",
                "message_id": "0f",
                "metadata": {"text": "办居住证要钱吗", "district": "绿园区"},
                "intent_ranking": [{"name": "ask_fee", "confidence": 0.93}],
            },
            "paused": False,
            "events": [],
            "latest_input_channel": "rest",
            "active_loop": {},
            "latest_action_name": "action_listen",
            **tracker,
        },
    }
