"""A server that speaks as much of Redis as Hypothesis's database asks for: sets, in transactions.

It is for tests, on this machine: it forgets everything when it ends, and nothing expires.
"""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from threading import Lock, Thread


class TinyRedis(socketserver.ThreadingTCPServer):
    """Sets by key, for any number of clients."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.sets: dict[bytes, set[bytes]] = {}
        self.lock = Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def reply(self, words: list[bytes]) -> bytes:
        """Do what a command says, and return the answer on the wire."""
        name, key = words[0].upper(), words[1] if len(words) > 1 else b""
        found = self.sets.setdefault(key, set())
        before = len(found)
        match name:
            case b"CLIENT":
                return b"+OK\r\n"
            case b"SADD":
                found.update(words[2:])
                return b":%d\r\n" % (len(found) - before)
            case b"SREM":
                found.difference_update(words[2:])
                return b":%d\r\n" % (before - len(found))
            case b"SMEMBERS":
                return _array([b"$%d\r\n%s\r\n" % (len(one), one) for one in sorted(found)])
            case b"EXPIRE":
                return b":%d\r\n" % bool(found)
            case b"PUBLISH":
                return b":0\r\n"
        return b"-ERR unknown command '%s'\r\n" % name


class _Talk(socketserver.StreamRequestHandler):
    server: TinyRedis

    def handle(self) -> None:
        queued: list[list[bytes]] | None = None
        while words := _command(self.rfile):
            match words[0].upper(), queued:
                case b"MULTI", None:
                    queued = []
                    answer = b"+OK\r\n"
                case b"EXEC", list():
                    with self.server.lock:
                        answer = _array([self.server.reply(one) for one in queued])
                    queued = None
                case _, list():
                    queued.append(words)
                    answer = b"+QUEUED\r\n"
                case _:
                    with self.server.lock:
                        answer = self.server.reply(words)
            self.wfile.write(answer)


def _command(file: BufferedIOBase) -> list[bytes]:
    """Return the words of the next command, none at the end."""
    head = file.readline()
    if not head.startswith(b"*"):
        return []
    return [file.read(int(file.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]


def _array(parts: list[bytes]) -> bytes:
    return b"*%d\r\n%s" % (len(parts), b"".join(parts))


@contextmanager
def tiny_redis() -> Iterator[TinyRedis]:
    """A server until the end of `with`."""
    with TinyRedis() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
