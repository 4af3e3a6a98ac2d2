"""`counterpoint` as a command that starts at once: by a server that has imported all of it, and forks.

    with forked_commands(os.environ) as variables:
        subprocess.run("counterpoint list | head -n 1", shell=True, env=variables)

A stand-in, first in the path, hands its arguments, folder, variables and streams to the server, whose
fork is the command; so pipes, redirections and exit codes are those of any process. What starts
processes itself is a process of its own, as ever, and so is what a signal ends. So is what must prove
that a process starts as it should: a fork has more imported than it asks for, and the hash seed of its
server.

The server is this file, run as a script.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from select import select

STREAMS = 3
"""Standard input, output and error."""

STARTS_PROCESSES = ("audit", "campaign", "live", "maelstrom", "serve", "up")
"""Commands that start processes, or run until a signal ends them, which would end their stand-in alone;
`--workers` makes any command one of them."""

LISTENING = b"listening\n"

STAND_IN = """\
#!{python} -SE
import _socket, array, os, sys
if {{*sys.argv[1:2]}} & {{{alone}}} or "--workers" in sys.argv:
    os.environ["PATH"] = {path!r}
    os.execvp("counterpoint", ["counterpoint", *sys.argv[1:]])
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect({address!r})
said = [os.getcwdb(), str(len(sys.argv)).encode(), *map(os.fsencode, sys.argv)]
said += [name + b"=" + value for name, value in os.environb.items()]
streams = array.array("i", [0, 1, 2])
server.sendmsg([b"\\0".join(said)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
server.shutdown(_socket.SHUT_WR)
code = int(server.recv(16) or 255)
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@contextmanager
def forked_commands(variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start a server, and return the variables with which commands are forks of it.

    With `variables` alone a command is found in the path, and is a process of its own.
    """
    with tempfile.TemporaryDirectory(prefix="counterpoint") as folder:  # addresses must be short
        address, first = os.path.join(folder, "address"), os.path.join(folder, "bin")
        _write_stand_in(Path(first) / "counterpoint", address, variables["PATH"])
        command = [sys.executable, __file__, address]
        pipe = subprocess.PIPE  # its input ends with us, however that comes, and so does the server
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=variables) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            with server.stdin:
                assert server.stdout.readline() == LISTENING, "the server has not started"
                yield {**variables, "PATH": os.pathsep.join((first, variables["PATH"]))}


def _write_stand_in(stand_in: Path, address: str, path: str) -> None:
    alone = ", ".join(map(repr, STARTS_PROCESSES))
    stand_in.parent.mkdir()
    stand_in.write_text(
        STAND_IN.format(python=sys.executable, alone=alone, path=path, address=address)
    )
    stand_in.chmod(0o755)


# ---- the server ----------------------------------------------------------------------------------


def serve(address: str) -> bool:
    """Import everything, then be each command that is asked for, in a fork.

    Return, as such a fork, True; False when standard input has ended.
    """
    del sys.path[0]  # the folder of this file, which a command would not have
    _import_everything()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, LISTENING)
        number = listener.fileno()
        while select([number, 0], [], [])[0] == [number]:
            asked, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _answer(asked)
                return True
            asked.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
    return False


def _answer(asked: socket.socket) -> None:
    """Be the parent of a command, and tell how it ended; or return, as the command."""
    said, streams, _, _ = socket.recv_fds(asked, 1 << 20, STREAMS)
    while more := asked.recv(1 << 20):
        said += more
    command = os.fork()
    if command == 0:
        asked.close()
        _become(said.split(b"\0"), streams)
        return
    _, status = os.waitpid(command, 0)
    with suppress(OSError):  # who asked has gone
        asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(said: list[bytes], streams: list[int]) -> None:
    """Let this process have the folder, the arguments, the variables and the streams of a command."""
    folder, count, *rest = said
    os.chdir(folder)
    sys.argv = [os.fsdecode(argument) for argument in rest[: int(count)]]
    os.environ.clear()
    for variable in rest[int(count) :]:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process is there
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as above
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115 - as above
    random.seed()  # another one in each command


def _import_everything() -> None:
    package = import_module("counterpoint")
    for module in walk_packages(package.__path__, "counterpoint.", onerror=lambda _: None):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # of an extra that is not installed
                import_module(module.name)


if __name__ == "__main__" and serve(sys.argv[1]):
    from counterpoint.harness.start import main

    main()
