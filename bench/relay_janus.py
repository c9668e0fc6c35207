"""Janus as a server of `bench.relay`: its VideoCall plugin, which passes on what it gets as our relay does.

Debian's package is `janus`. It offers no loopback address, so the bench runs on another of the machine.
"""

import asyncio
import itertools
import shutil
from pathlib import Path

import aiohttp

TRANSACTIONS = (f"t{number}" for number in itertools.count())
DISABLED = "libjanus_{}.so".format
PLUGINS = ("audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming")
PLUGINS += ("textroom", "videoroom", "voicemail")
TRANSPORTS = ("mqtt", "nanomsg", "pfunix", "rabbitmq", "websockets")


def libraries():
    """Where Janus has its plugins; None if it isn't there."""
    found = sorted(Path("/usr/lib").glob("*/janus"))
    return found[0] if found and shutil.which("janus") else None


def write_configuration(folder, port, address):
    """All that it needs to run alone, with one plugin and HTTP on loopback."""
    there = libraries()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "janus.jcfg").write_text(f"""
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{there}/plugins"
    transports_folder = "{there}/transports"
    events_folder = "{there}/events"
    loggers_folder = "{there}/loggers"
    debug_level = 2
    interface = "127.0.0.1"
}}
media: {{ rtp_port_range = "20000-20999" }}
nat: {{ ice_enforce_list = "{address}", nice_debug = false, ice_lite = true }}
plugins: {{ disable = "{",".join(DISABLED(name) for name in PLUGINS)}" }}
transports: {{ disable = "{",".join(DISABLED(name) for name in TRANSPORTS)}" }}
events: {{ broadcast = false }}
""")
    (folder / "janus.plugin.videocall.jcfg").write_text("general: { }\n")
    (folder / "janus.transport.http.jcfg").write_text(f"""
general: {{ base_path = "/janus", http = true, https = false, ip = "127.0.0.1", port = {port} }}
admin: {{ admin_http = false, admin_https = false }}
""")


class Session:
    """One user of the VideoCall plugin."""

    def __init__(self, http, url):
        self._http, self._url = http, url
        self._answers = {}
        self.offered = asyncio.get_running_loop().create_future()
        self.accepted = asyncio.get_running_loop().create_future()

    async def start(self):
        session = (await self._post("", janus="create"))["data"]["id"]
        self._url += f"/{session}"
        self._polling = asyncio.create_task(self._poll())
        handle = (await self._post("", janus="attach", plugin="janus.plugin.videocall"))["data"]["id"]
        self._handle = f"/{handle}"

    async def tell(self, jsep=None, **body):
        """Sends a request to the plugin, and returns when it was answered."""
        transaction = next(TRANSACTIONS)
        answered = self._answers[transaction] = asyncio.get_running_loop().create_future()
        more = {"jsep": jsep} if jsep else {}
        await self._post(self._handle, janus="message", transaction=transaction, body=body, **more)
        data = (await asyncio.wait_for(answered, 10))["plugindata"]["data"]
        assert "error" not in data, data

    async def end(self):
        await self._post("", janus="destroy")
        self._polling.cancel()

    async def _post(self, path, **body):
        body.setdefault("transaction", next(TRANSACTIONS))
        async with self._http.post(self._url + path, json=body) as answer:
            return await answer.json()

    async def _poll(self):
        while True:
            async with self._http.get(self._url, params={"maxev": 5}) as answer:
                events = await answer.json()
            for event in events if isinstance(events, list) else [events]:
                answered = self._answers.pop(event.get("transaction"), None)
                if answered is not None and not answered.done():
                    answered.set_result(event)
                jsep = event.get("jsep", {})
                waiting = {"offer": self.offered, "answer": self.accepted}.get(jsep.get("type"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(jsep["sdp"])


class JanusClient:
    """Connects the parties of calls."""

    def __init__(self, port, folder):
        self._url = f"http://127.0.0.1:{port}/janus"
        self._folder = folder
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._sessions = []

    async def ready(self):
        try:
            async with self._http.get(f"{self._url}/info") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def connect(self, name, citizen, agent, *, record):
        here, there = Session(self._http, self._url), Session(self._http, self._url)
        self._sessions += [here, there]
        for session, user in ((here, f"{name}-citizen"), (there, f"{name}-agent")):
            await session.start()
            await session.tell(request="register", username=user)
        offer = {"type": "offer", "sdp": await citizen.offer()}
        await here.tell(offer, request="call", username=f"{name}-agent")
        answer = await agent.answer(await asyncio.wait_for(there.offered, 10))
        await there.tell({"type": "answer", "sdp": answer}, request="accept")
        await citizen.answered(await asyncio.wait_for(here.accepted, 10))
        if record:
            for session, user in ((here, "citizen"), (there, "agent")):
                await session.tell(request="set", record=True, filename=f"{self._folder}/{name}-{user}")

    async def close(self):
        for session in self._sessions:
            await session.end()
        await self._http.close()
