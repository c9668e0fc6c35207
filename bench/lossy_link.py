"""A network of its own for one browser, joined to this machine by a link that loses, delays and cuts.

A network namespace with a TUN device in it, another TUN device outside, and a process that carries
packets between the two. It needs root and /dev/net/tun, and nothing of the kernel's traffic control,
which not every machine has. Both ways are treated alike.
"""

import contextlib
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

NAMESPACE, OUTSIDE, INSIDE = "bangban-far", "bb-near", "bb-far"
SERVICE, TURN = "10.77.0.1", "10.77.0.9"
FIRST_ADDRESS, OTHER_ADDRESS = "10.77.0.2", "10.77.0.3"

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
_TCP = 6
_LONGEST = 2048


@dataclass(frozen=True)
class Weather:
    """What the link is like. `delay_ms` varies evenly by up to `jitter_ms` to both sides, packet by packet.

    `only_tcp_port`: a firewall that lets nothing through but TCP to and from that port.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    cut: bool = False
    only_tcp_port: int = 0


class Link:
    """The link, and a way into the network behind it."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._address = FIRST_ADDRESS

    def be(self, weather: Weather) -> None:
        """From now on the link is like that."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(weather)) + "\n")
        self._process.stdin.flush()

    def change_address(self) -> None:
        """As when a telephone goes from one network to another: the old address is gone at once."""
        old, self._address = self._address, OTHER_ADDRESS
        _ip("-n", NAMESPACE, "address", "del", f"{old}/24", "dev", INSIDE)
        _ip("-n", NAMESPACE, "address", "add", f"{self._address}/24", "dev", INSIDE)

    def inside(self, program: str) -> str:
        """A program like that one, which runs behind the link."""
        script = self._folder / "behind-the-link"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {NAMESPACE} {program} "$@"\n', "utf-8")
        script.chmod(0o755)
        return str(script)


@contextlib.contextmanager
def lossy_link(folder: Path) -> Iterator[Link]:
    """The link, at first without fault. Raises RuntimeError where there can be none."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        raise RuntimeError("a network of its own takes root and /dev/net/tun")
    _ip("netns", "add", NAMESPACE)
    process = None
    try:
        for device in (OUTSIDE, INSIDE):
            _ip("tuntap", "add", "dev", device, "mode", "tun")
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.lossy_link"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()  # it has both devices now; that it keeps when one is moved
        _ip("link", "set", INSIDE, "netns", NAMESPACE)
        for address in (SERVICE, TURN):
            _ip("address", "add", f"{address}/24", "dev", OUTSIDE)
        _ip("link", "set", OUTSIDE, "up")
        _ip("-n", NAMESPACE, "address", "add", f"{FIRST_ADDRESS}/24", "dev", INSIDE)
        for device in ("lo", INSIDE):
            _ip("-n", NAMESPACE, "link", "set", device, "up")
        yield Link(process, folder)
    finally:
        if process is not None:
            process.kill()
            process.wait()
        _ip("netns", "del", NAMESPACE)
        for device in (OUTSIDE, INSIDE):  # gone already where its namespace is
            subprocess.run(["ip", "link", "del", device], check=False, stderr=subprocess.DEVNULL)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def main() -> None:
    devices = [_attach(OUTSIDE), _attach(INSIDE)]
    print("ready", flush=True)
    carry(devices, random.Random(1))


def carry(devices: list[int], dice: random.Random) -> None:
    """Carries packets from each device to the other, until standard input ends."""
    weather = Weather()
    on_the_way: list[tuple[float, int, int, bytes]] = []
    count = 0
    while True:
        now = time.monotonic()
        while on_the_way and on_the_way[0][0] <= now:
            _, _, device, packet = heapq.heappop(on_the_way)
            with contextlib.suppress(OSError):  # the device is down, or changing
                os.write(device, packet)
        patience = on_the_way[0][0] - now if on_the_way else None
        readable, _, _ = select.select([*devices, sys.stdin], [], [], patience)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            weather = replace(Weather(), **json.loads(line))
        for device, other in (devices, reversed(devices)):
            if device not in readable:
                continue
            with contextlib.suppress(OSError):
                packet = os.read(device, _LONGEST)
                if passes(packet, weather, dice):
                    delay = weather.delay_ms + weather.jitter_ms * dice.uniform(-1, 1)
                    count += 1
                    due = time.monotonic() + max(delay, 0.0) / 1000
                    heapq.heappush(on_the_way, (due, count, other, packet))


def passes(packet: bytes, weather: Weather, dice: random.Random) -> bool:
    """Whether the packet gets through."""
    if weather.cut or dice.random() < weather.loss:
        return False
    if not weather.only_tcp_port:
        return True
    if packet[0] >> 4 != 4 or packet[9] != _TCP:
        return False
    header = (packet[0] & 0x0F) * 4
    return weather.only_tcp_port in struct.unpack_from("!HH", packet, header)


def _attach(device: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor


if __name__ == "__main__":
    main()
