"""A network between two browsers that a test can cut: all they send goes through a relay of UDP.

Chromium's own emulation of a network leaves connections between browsers alone.
"""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

# The other side's addresses reach a page one by one; those of TCP are left out.
THROUGH_THE_RELAY = """
  const Original = window.RTCPeerConnection
  window.connections = []
  window.RTCPeerConnection = class extends Original {
    constructor(...given) {
      super(...given)
      window.connections.push(this)
    }
    setRemoteDescription({ type, sdp }) {
      return super.setRemoteDescription({ type, sdp: sdp.replace(/a=candidate:.*\\r\\n/g, '') })
    }
    async addIceCandidate(init) {
      const words = init.candidate.split(' ')
      if (words[2]?.toLowerCase() !== 'udp') return
      words[5] = String(await window.passBy(words[4], Number(words[5])))
      await super.addIceCandidate({ ...init, candidate: words.join(' ') })
    }
  }
"""


class CutNetwork:
    """Passes on what browsers send each other, until it is cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.passed = 0
        self._selector = selectors.DefaultSelector()
        self._ways: dict[tuple[socket.socket, tuple[str, int]], socket.socket] = {}
        self._back: dict[socket.socket, tuple[socket.socket, tuple[str, int]]] = {}
        self._targets: dict[socket.socket, tuple[str, int]] = {}
        self._running = True
        self._thread = threading.Thread(target=self._run, name="cut-network", daemon=True)
        self._thread.start()

    def pass_by(self, address: str, port: int) -> int:
        """A port at that address by which the browser there is reached."""
        way_in = self._open(address)
        self._targets[way_in] = (address, port)
        self._selector.register(way_in, selectors.EVENT_READ)
        return int(way_in.getsockname()[1])

    def stand_between(self, page: Page) -> None:
        """What is opened in the page from now on reaches other browsers through here."""
        page.expose_function("passBy", self.pass_by)
        page.add_init_script(THROUGH_THE_RELAY)

    def close(self) -> None:
        self._running = False
        self._thread.join()
        for each in [*self._targets, *self._back]:
            each.close()

    @staticmethod
    def _open(address: str) -> socket.socket:
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((address, 0))
        opened.setblocking(False)
        return opened

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select(0.05):
                each = key.fileobj
                assert isinstance(each, socket.socket)
                try:
                    data, source = each.recvfrom(65536)
                except OSError:
                    continue
                if not self.is_cut:
                    self.passed += 1
                    self._pass_on(each, data, source[:2])

    def _pass_on(self, each: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        if (back := self._back.get(each)) is not None:
            way_in, browser = back
            way_in.sendto(data, browser)
            return
        target = self._targets[each]
        way = self._ways.get((each, source))
        if way is None:
            way = self._ways[each, source] = self._open(target[0])
            self._back[way] = (each, source)
            self._selector.register(way, selectors.EVENT_READ)
        way.sendto(data, target)


@contextmanager
def cut_network() -> Iterator[CutNetwork]:
    network = CutNetwork()
    try:
        yield network
    finally:
        network.close()
