"""A real event loop on which the names of nodes lead to this machine.

A node listens at a port that the operating system chooses, under the name and port that its program
says; who connects there is led to it.
"""

from __future__ import annotations

import asyncio
import socket
from contextvars import ContextVar
from typing import Any

from counterpoint.harness.aio.loop import LOCAL

HERE = "127.0.0.1"
"""Where all nodes of a real run are."""

present_node: ContextVar[str] = ContextVar("present_node", default="")
"""The node whose program is running."""


class NamedLoop(asyncio.SelectorEventLoop):
    """The loop of all nodes of a real run."""

    def __init__(self, nodes: tuple[str, ...]) -> None:
        super().__init__()
        self._nodes = frozenset(nodes)
        self._ports: dict[tuple[str, int], int] = {}
        self._connections: list[Any] = []

    def _make_socket_transport(self, *args: Any, **options: Any) -> Any:
        made: Any = super()._make_socket_transport(*args, **options)  # type: ignore[misc]
        self._connections.append(made)
        return made

    def abort_all(self) -> None:
        """Break all connections, which no program closes that was cancelled, when the loop runs next."""
        for connection in self._connections:
            connection.abort()

    def listens(self, node: str) -> bool:
        """Tell whether a node has listened anywhere."""
        return any(name == node for name, _ in self._ports)

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Listen, under the name and port that the program says."""
        server = await super().create_server(protocol_factory, HERE, 0, **options)
        real = server.sockets[0].getsockname()[1]
        self._ports[self._node_at(host), port or real] = real
        return server

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Connect to the node of that name."""
        if host is not None:
            host, port = self._place(host, port)
        return await super().create_connection(protocol_factory, host, port, **options)

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Return the name of a node as its address."""
        if host in self._nodes:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port or 0))]
        return await super().getaddrinfo(host, port, **options)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect a socket to the node of that name."""
        await super().sock_connect(sock, self._place(address[0], address[1]))

    def _place(self, host: Any, port: Any) -> tuple[Any, Any]:
        node = self._node_at(host)
        if node not in self._nodes:
            return host, port
        if host in LOCAL:  # or at a real port of this machine
            return HERE, self._ports.get((node, port), port)
        if (node, port) not in self._ports:
            raise ConnectionRefusedError(111, f"Connect call failed {node}:{port}")
        return HERE, self._ports[node, port]

    def _node_at(self, host: Any) -> str:
        return present_node.get() if host is None or host in LOCAL else str(host)
