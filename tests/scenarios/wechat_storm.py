"""A storm of WeChat messages against a service that is killed in between, and what is wrong afterwards.

The platform pushes as WeChat does: twice now and then, out of order, again when an answer was lost or came
too late; it expires tokens and spoils calls of its API. `tests/server/test_wechat_storm.py` plays it in
small, `bench/wechat_storm.py` in full.
"""

import asyncio
import random
import re
import statistics
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.clock import utc_now
from core.outbox_ports import ItemState
from core.ports import ConversationEvent
from core.settings import Settings
from server.stores_part import Stores, open_stores
from tests.ports import kept_port
from tests.scenarios.conftest import ScriptedService
from tests.wechat_platform import AccountSettings, ApiFault, PlatformUser, Rules, WeChatPlatform
from tests.wechat_platform.faults import ANSWER_LOST, DROPPED, REFUSED, Faults
from tests.wechat_platform.pushing import Delivery

ACCOUNT = "hall"
ANSWERS = re.compile(r"答〔([^〕]+)〕")
READ_ALL = "看完整对话"
OVER_QUOTA = (45015, 45047)
CUT_AFTER_SECONDS = 5.0
_ROUNDS = 8


@dataclass(frozen=True)
class StormPlan:
    """How much of what. Times in seconds; a third of the messages takes `slow` (least, most)."""

    messages: int
    users: int
    seconds: float
    slow: tuple[float, float]
    kills: int
    seed: int = 7
    answer_within: float = 4.2
    pause_after_broken: float = 4.0
    quota: int = 5
    bursts: float = 0.1  # so often a user goes on at once, without waiting for the answer


@dataclass
class Report:
    """What was measured, and in `wrong` every promise that wasn't kept, a sentence each."""

    pushes: int = 0
    attempts: int = 0
    carried: int = 0
    sent: int = 0
    never_arrived: int = 0
    unclear: int = 0
    token_fetches: int = 0
    longest_attempt: float = 0.0
    delays: list[float] = field(default_factory=list)  # from saying to seeing, of those that arrived
    wrong: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        return statistics.quantiles(self.delays, n=1000)[round(share * 1000) - 1]


@dataclass(frozen=True)
class Said:
    """A message of a user, when they said it (loop's clock), and what became of its push."""

    text: str
    at: float
    pushed: "asyncio.Task[Delivery]"


class Storm:
    """One storm, over a database that the service's process and this one share."""

    def __init__(
        self, plan: StormPlan, data: Path, *, database_url: str = "", api_faults: bool = True
    ) -> None:
        self._plan = plan
        self._data = data
        self._database_url = database_url
        self._api_faults = api_faults
        self._chance = random.Random(plan.seed)
        self._said: dict[str, list[Said]] = {}
        self._seen_at: dict[str, float] = {}

    async def blow(self) -> Report:
        """Plays it, waits until everything is said, and judges."""
        plan = self._plan
        faults = Faults(
            seed=plan.seed, push_delay=(0.0, 0.4), api_delay=(0.0, 0.1), pushed_twice=0.1, reply_lost=0.03
        )
        if self._api_faults:
            faults.share_of_calls("message/custom/send", 0.01, ApiFault(ANSWER_LOST))
            faults.share_of_calls("message/custom/send", 0.02, ApiFault(REFUSED, errcode=-1))
            faults.share_of_calls("message/custom/send", 0.02, ApiFault(DROPPED))
        rules = Rules(pause_after_broken=plan.pause_after_broken, message_count=plan.quota)
        port = kept_port()
        account = AccountSettings(callback=f"http://127.0.0.1:{port}/wechat/{ACCOUNT}")
        async with WeChatPlatform(account, rules=rules, faults=faults) as platform:
            table = {"answer_within_s": plan.answer_within, "messages_after_message": plan.quota}
            own = account_settings(account, platform.url, port, **table)
            if self._database_url:
                own["database_url"] = self._database_url
            self._data.mkdir(parents=True, exist_ok=True)
            service = ScriptedService(self._data, "--slow-words", **own)
            service.port = port
            await asyncio.to_thread(service.start)
            try:
                users = [platform.account.user() for _ in range(plan.users)]
                for user in users:
                    self._watch(user)
                await asyncio.gather(self._talk(users), self._trouble(service, platform))
                await platform.account.settled()
                await self._say_goodbye(users, platform)
            finally:
                await asyncio.to_thread(service.stop)
            async with open_stores(Settings.load(self._own())) as stores:
                return await self._judge(stores, platform, users)

    # --- playing ---------------------------------------------------------------------------------

    def _own(self) -> dict[str, object]:
        own: dict[str, object] = {"data": self._data}
        return own | ({"database_url": self._database_url} if self._database_url else {})

    def _watch(self, user: PlatformUser) -> None:
        loop = asyncio.get_running_loop()

        def sees(seen: object) -> None:
            for text in ANSWERS.findall(getattr(seen, "text", "")):
                self._seen_at.setdefault(text, loop.time())

        user.sees = sees

    async def _talk(self, users: list[PlatformUser]) -> None:
        plan, loop = self._plan, asyncio.get_running_loop()
        moments = sorted(self._chance.uniform(0, plan.seconds) for _ in range(plan.messages))
        began = loop.time()
        user = users[0]
        for number, moment in enumerate(moments):
            await asyncio.sleep(max(0.0, began + moment - loop.time()))
            if self._chance.random() >= plan.bursts:
                user = self._chance.choice(users)
            text = f"第{number}件"
            if number % 3 == 0:
                text = f"慢{self._chance.uniform(*plan.slow):.1f}秒 {text}"
            self._say(user, text)

    def _say(self, user: PlatformUser, text: str) -> None:
        said = Said(text, asyncio.get_running_loop().time(), user.says(text))
        self._said.setdefault(user.openid, []).append(said)

    async def _trouble(self, service: ScriptedService, platform: WeChatPlatform) -> None:
        """Kills the service and expires the tokens, evenly over the time."""
        for number in range(self._plan.kills):
            pause = self._plan.seconds / (self._plan.kills + 1)
            await asyncio.sleep(pause / 2)
            platform.account.tokens.expire(42001 if number % 2 else 40001)
            await asyncio.sleep(pause / 2)
            await asyncio.to_thread(service.kill)
            await asyncio.to_thread(service.start)

    async def _say_goodbye(self, users: list[PlatformUser], platform: WeChatPlatform) -> None:
        """Everybody comes back until nothing of theirs waits for them any more."""
        async with open_stores(Settings.load(self._own())) as stores:
            for number in range(_ROUNDS):
                await self._rest(stores)
                left = [
                    user
                    for user in users
                    if user.openid in self._said
                    and (number == 0 or await self._has_more_to_hear(stores, user))
                ]
                if not left:
                    return
                for user in left:
                    text = f"再见{number}次 {user.openid[:6]}"
                    self._say(user, text)
                await platform.account.settled()
            await self._rest(stores)

    async def _has_more_to_hear(self, stores: Stores, user: PlatformUser) -> bool:
        known = await stores.outbox.user(ACCOUNT, user.openid)
        waits = await stores.outbox.items(ACCOUNT, user.openid)
        return bool(waits) or (known is not None and known.lost_track)

    async def _rest(self, stores: Stores) -> None:
        """Returns when nothing is being answered or sent: what waits then waits for its user."""
        quiet = 0
        while quiet < 5:
            undone = await stores.outbox.undone(ACCOUNT, utc_now() + timedelta(days=1))
            left = await stores.conversations.unanswered()
            waiting = await stores.outbox.waiting(ACCOUNT, utc_now(), 1000)
            quiet = 0 if undone or left or waiting else quiet + 1
            await asyncio.sleep(0.5)

    # --- judging ---------------------------------------------------------------------------------

    async def _judge(self, stores: Stores, platform: WeChatPlatform, users: list[PlatformUser]) -> Report:
        report = Report(pushes=len(platform.account.deliveries))
        for delivery in platform.account.deliveries:
            report.attempts += len(delivery.attempts)
            report.carried += delivery.reply is not None
            for attempt in delivery.attempts:
                report.longest_attempt = max(report.longest_attempt, attempt.seconds)
        report.sent = sum(call.errcode == 0 for call in platform.calls_of("message/custom/send"))
        report.token_fetches = len(platform.calls_of("stable_token"))
        refused = Counter(call.errcode for call in platform.calls if call.errcode in OVER_QUOTA)
        report.wrong += [f"{count} messages over the quota ({code})" for code, count in refused.items()]
        report.wrong += [f"WeChat can't read: {complaint}" for complaint in platform.account.complaints]
        for user in users:
            await self._judge_user(stores, user, report)
        return report

    async def _judge_user(self, stores: Stores, user: PlatformUser, report: Report) -> None:
        said = self._said.get(user.openid, [])
        known = await stores.outbox.user(ACCOUNT, user.openid)
        if not said or known is None:
            report.never_arrived += len(said)
            return
        log = [e async for e in _events(stores, known.conversation_id) if e.kind == "citizen_message"]
        in_log = [event.body["text"] for event in log]
        seen = [text for message in user.texts for text in ANSWERS.findall(message)]
        items = await stores.outbox.items(ACCOUNT, user.openid, all_states=True)
        unclear = [item for item in items if item.state is ItemState.UNCLEAR]
        excused = {text for item in unclear for text in ANSWERS.findall(item.body.get("text", ""))}
        counts = Counter(seen)
        for text, at, delivery in ((each.text, each.at, each.pushed.result()) for each in said):
            if text not in in_log:
                report.never_arrived += 1
                if delivery.answered:
                    report.wrong.append(f"taken and lost: {text}")
            elif counts[text] > 1:
                report.wrong.append(f"answered {counts[text]} times: {text}")
            elif not counts[text] and text not in excused:
                report.wrong.append(f"never answered: {text}")
            elif counts[text] and text in self._seen_at:
                report.delays.append(self._seen_at[text] - at)
        twice = [text for text, count in Counter(in_log).items() if count > 1]
        report.wrong += [f"taken in twice: {text}" for text in twice]
        if seen != [text for text in in_log if text in counts]:
            report.wrong.append(f"out of order: {seen} for {in_log}")
        report.unclear += len(unclear)
        if excused - counts.keys() and not any(READ_ALL in text for text in user.texts):
            report.wrong.append(f"lost without a word: {excused - counts.keys()}")


def account_settings(account: AccountSettings, api_url: str, port: int, **more: Any) -> dict[str, Any]:
    """The settings of a service that has this account and answers on this port."""
    table = {
        "app_id": account.app_id,
        "app_secret": account.app_secret,
        "token": account.token,
        "aes_key": account.aes_key,
        "mode": account.mode,
        "api_url": api_url,
        **more,
    }
    return {
        **{f"wechat__{ACCOUNT}__{name}": value for name, value in table.items()},
        "public_url": f"http://127.0.0.1:{port}",
        "call_media": "direct",
        "log_level": "warning",
        "rate_messages_per_minute": 1000,
    }


async def _events(stores: Stores, conversation_id: str) -> AsyncIterator[ConversationEvent]:
    after = 0
    while page := await stores.conversations.events(conversation_id, after=after):
        for event in page:
            yield event
        after = page[-1].sequence
