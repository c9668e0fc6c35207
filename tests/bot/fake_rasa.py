"""A stand-in for a Rasa process: the parts of its HTTP API that Bangban uses.

In a test it is an aiohttp application. Run as a program with the launcher's arguments it takes the
place of the Python 3.10 interpreter in `RasaPlan`, so that supervision is tried without Rasa.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

KNOWN = {"转人工": "request_human"}


def turn(text="好的。", status="small_talk", **custom):
    return [{"text": text}, {"custom": {"type": "turn", "status": status, **custom}}]


class FakeRasa:
    """Answers like Rasa. `answers` is what the webhook returns; `token` guards the management API."""

    def __init__(self, *, token: str = "", model_id: str = "m1") -> None:
        self.token = token
        self.model_id = model_id
        self.answers: Any = turn()
        self.status = 200
        self.seconds = 0.0
        self.break_off = 0  # so many connections are closed without an answer
        self.understands = True
        self.received: list[dict[str, Any]] = []
        self.app = web.Application()
        self.app.router.add_post("/webhooks/rest/webhook", self._webhook)
        self.app.router.add_post("/model/parse", self._parse)
        self.app.router.add_get("/status", self._status)

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        self.received.append(await request.json())
        if self.break_off:
            self.break_off -= 1
            assert request.transport is not None
            request.transport.abort()
        await asyncio.sleep(self.seconds)
        return web.json_response(self.answers, status=self.status)

    async def _parse(self, request: web.Request) -> web.Response:
        self._check_token(request)
        text = (await request.json())["text"]
        name = KNOWN.get(text) if self.understands else None
        return web.json_response({"intent": {"name": name, "confidence": 1.0}})

    async def _status(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return web.json_response({"model_id": self.model_id, "model_file": "bangban.tar.gz"})

    def _check_token(self, request: web.Request) -> None:
        if self.token and request.query.get("token") != self.token:
            raise web.HTTPUnauthorized


def main() -> None:
    """Serves as the launcher would; writes what it was started with into the tracker's folder.

    A file `stubborn` beside the tracker makes it ignore SIGTERM, `mute` makes it understand nothing.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("-m")
    parser.add_argument("command")
    for option in ("--model", "--port", "--tracker", "--keep-days", "--instance", "--parent"):
        parser.add_argument(option)
    arguments = parser.parse_args()
    folder = Path(arguments.tracker).parent
    with (folder / "starts").open("a") as starts:
        print(" ".join(sys.argv[1:]), "|", os.environ["BANGBAN_ACTIONS_URL"], file=starts)
    rasa = FakeRasa(token=os.environ["BANGBAN_RASA_TOKEN"], model_id=(folder / "model_id").read_text())
    rasa.understands = not (folder / "mute").exists()
    asyncio.run(serve(rasa, int(arguments.port), stubborn=(folder / "stubborn").exists()))


async def serve(rasa: FakeRasa, port: int, *, stubborn: bool) -> None:
    runner = web.AppRunner(rasa.app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
