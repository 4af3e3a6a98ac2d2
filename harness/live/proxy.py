"""The network between the nodes of a cluster, as one process: it cuts, delays, throttles and resets.

Every link has a port of its own, at which whoever dials it is passed on to the other end. A cut holds
bytes back, in one direction or in both, as a network does that loses packets: TCP makes up for the
loss once the cut is healed. Commands come in on standard input, a JSON object a line:

    {"links": ["s1>s2"], "do": "cut"}        "cut-out" and "cut-in" cut one direction
    {"links": ["s1>s2"], "do": "heal"}       no cut, no delay, no limit any more
    {"links": ["s1>s2"], "do": "slow", "seconds": 0.2}
    {"links": ["s1>s2"], "do": "throttle", "bytes": 2000}
    {"links": ["s1>s2"], "do": "reset"}      the connections there are end, now
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

from counterpoint.harness.live.ports import HOST
from counterpoint.harness.live.processes import tie_to_kernel

CHUNK_BYTES = 64 * 2**10
_LINGER = struct.pack("ii", 1, 0)


@dataclass
class ProxyLink:
    """One link: whoever dials `port` is passed on to `to`. `out` is the direction of who dialled."""

    name: str
    port: int
    to: int
    seconds: float = 0.0
    bytes_a_second: float = 0.0
    is_free: dict[str, asyncio.Event] = field(default_factory=dict)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def heal(self) -> None:
        """Be a good link."""
        self.seconds = self.bytes_a_second = 0.0
        for event in self.is_free.values():
            event.set()

    def obey(self, command: dict[str, Any]) -> None:
        """Do what a command says."""
        match command["do"]:
            case "cut":
                self._cut("out", "in")
            case "cut-out":
                self._cut("out")
            case "cut-in":
                self._cut("in")
            case "heal":
                self.heal()
            case "slow":
                self.seconds = float(command["seconds"])
            case "throttle":
                self.bytes_a_second = float(command["bytes"])
            case "reset":
                self._reset()
            case other:
                raise ValueError(f"{other!r} is no command to a link")

    def _cut(self, *directions: str) -> None:
        for direction in directions:
            self.is_free[direction].clear()

    def _reset(self) -> None:
        for writer in tuple(self.writers):
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            writer.transport.abort()

    async def serve(self) -> asyncio.Server:
        """Listen."""
        self.is_free = {"out": asyncio.Event(), "in": asyncio.Event()}
        self.heal()
        return await asyncio.start_server(self._pass_on, HOST, self.port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(HOST, self.to)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, back}
        pipes = [
            asyncio.create_task(self._pipe(reader, back, "out")),
            asyncio.create_task(self._pipe(there, writer, "in")),
        ]
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)
        for each in (writer, back):
            self.writers.discard(each)
            each.close()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self.is_free[direction].wait()
                if self.seconds:
                    await asyncio.sleep(self.seconds)
                if self.bytes_a_second:
                    await asyncio.sleep(len(data) / self.bytes_a_second)
                writer.write(data)
                await writer.drain()


async def run(links: dict[str, ProxyLink]) -> None:
    """Pass on until standard input ends."""
    servers = [await link.serve() for link in links.values()]
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        for name in command["links"]:
            links[name].obey(command)
    for server in servers:
        server.close()


def main() -> None:
    """Run the links that the first argument lists: [[name, port, to], ...]."""
    tie_to_kernel()
    links = {name: ProxyLink(name, port, to) for name, port, to in json.loads(sys.argv[1])}
    asyncio.run(run(links))


if __name__ == "__main__":
    main()
