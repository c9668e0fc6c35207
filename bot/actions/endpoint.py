"""The web application that Rasa calls to run its custom actions.

The contract is Rasa's action server API, answered without rasa-sdk and its 34 packages: a POST
with the tracker, a reply with events and responses. Three of Rasa's habits decide how errors are
treated. Status 400 makes it predict again and loop; any other error loses the turn in silence; a
slow answer is cut off while the action runs on. So whatever goes wrong, the reply is a 200 with a
polite outcome of status `error`, and it comes within the deadline.

Serve it on loopback: the secret in the path keeps other local programs out.
"""

import asyncio
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web

from bot.actions.consult import consult
from bot.actions.contract import Action, Outcome, Services, outcome
from bot.actions.handover import hand_over
from bot.actions.safety import protect_others
from bot.actions.small_talk import affirm, deny, introduce
from bot.actions.tracker import TrackerView
from core.errors import Unavailable
from core.statuses import TurnStatus

# A tracker is a few kilobytes with our bounded store; with another store it grows with every turn.
MAX_BODY_BYTES = 16 * 1024 * 1024

ACTIONS: Mapping[str, Action] = {
    "action_affirm": affirm,
    "action_consult": consult,
    "action_deny": deny,
    "action_handover": hand_over,
    "action_introduce": introduce,
    "action_protect_others": protect_others,
}

log = structlog.get_logger(__name__)


def create_actions_app(
    services: Services, *, secret: str, deadline_s: float, actions: Mapping[str, Action] = ACTIONS
) -> web.Application:
    """An application that answers `POST /{secret}/webhook` and `GET /health`."""
    runner = _Runner(services, secret, deadline_s, actions)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_get("/health", _health)
    app.router.add_post("/{secret}/webhook", runner.webhook)
    return app


class _Runner:
    def __init__(
        self, services: Services, secret: str, deadline_s: float, actions: Mapping[str, Action]
    ) -> None:
        self._services = services
        self._secret = secret.encode()
        self._deadline_s = deadline_s
        self._actions = actions

    async def webhook(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.match_info["secret"].encode(), self._secret):
            raise web.HTTPNotFound
        return web.json_response(await self._reply(request), dumps=_dumps)

    async def _reply(self, request: web.Request) -> dict[str, Any]:
        name = ""
        started = time.perf_counter()
        try:
            call = await request.json()
            name = call["next_action"]
            tracker = TrackerView.from_json(call["tracker"])
            async with asyncio.timeout(self._deadline_s):
                reply = (await self._actions[name](tracker, self._services)).as_json()
            _dumps(reply)  # so that a value which is no JSON is an error of this action
        except TimeoutError:
            log.warning("action_over_its_deadline", action=name, deadline_s=self._deadline_s)
            reply = self._excuse("busy").as_json()
        except Unavailable as error:
            log.warning("action_has_nothing_to_work_with", action=name, error=error.code)
            reply = self._excuse("busy").as_json()
        except Exception as error:  # the edge: nothing may reach Rasa as an error
            # The message may quote what the citizen said, so only the kind of error is logged.
            log.exception("action_failed", action=name, error=type(error).__name__)
            reply = self._excuse("error").as_json()
        timings = reply["responses"][0]["custom"].setdefault("timings_ms", {})
        timings["action"] = round((time.perf_counter() - started) * 1000, 2)
        return reply

    def _excuse(self, name: str) -> Outcome:
        return outcome(name, TurnStatus.ERROR, variables={"hotline": self._services.hotline})


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
