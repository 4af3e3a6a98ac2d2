"""One process of a program: lines go in, and what it writes until it waits again comes out.

Programs of Python and Node.js find their clock and their chance replaced (by `python_clock` and by
`node_clock.js`): time stands still for them but when a step lets it pass, up to the next moment for
which the program waits.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from counterpoint.harness.maelstrom.quiet import (
    SILENCE_SECONDS,
    ThreadsSeen,
    can_look,
    descendants,
    sleeping,
    unread,
)

STEP_SECONDS = 10.0
"""A program that has not come to wait after so long never will."""

OUTPUT_BYTES_MAX = 16 * 2**20
"""A program that writes more at once than that does not stop."""

HERE = Path(__file__).parent
LOOK_SECONDS = 0.000_2
"""A program that does not wait yet is looked at again so soon, or as soon as it writes."""


class ExternalFailure(Exception):
    """A program ended, or would not come to rest. Says which, when, and what it wrote to stderr."""


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """What a program wrote on an input, and whether it then waits for time to pass."""

    lines: tuple[str, ...]
    waits: bool = False


def command_of(bin: Path) -> list[str]:
    """Return how a program is run: by the interpreter that its first line names, or by itself.

    Raises:
        ValueError: there is no such file, or it cannot be run.
    """
    if not bin.is_file():
        raise ValueError(f"{bin}: there is no such program")
    with bin.open("rb") as file:
        start = file.readline(200)
    first = start.decode(errors="replace").strip()
    words = first[2:].split() if first.startswith("#!") else []
    if len(words) == 2 and words[0].endswith("/env"):
        found = shutil.which(words[1])
        if found is None:
            raise ValueError(f"{bin}: its first line asks for {words[1]}, which is not installed")
        return [found, str(bin.resolve())]
    if not words and b"\0" not in start:
        raise ValueError(
            f"{bin}: its first line must say by what it is run, as in: #!/usr/bin/env python3"
        )
    if not os.access(bin, os.X_OK):
        raise ValueError(f"{bin} cannot be run; make it executable: chmod +x {bin}")
    return [str(bin.resolve())]


class ProgramProcess:
    """A process that has begun; it ends with `stop`, and in any case with ours."""

    def __init__(self, command: list[str], seed: str) -> None:
        self._clock, theirs = socket.socketpair()
        self._clock.setblocking(False)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is open as long as the process
        self._folder = tempfile.TemporaryDirectory(prefix="counterpoint-node-")
        self._process = subprocess.Popen(
            [*_tied(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._folder.name,
            env=_environment(theirs.fileno(), seed),
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            bufsize=0,
        )
        theirs.close()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._out, False)
        self._rest = b""
        self._waits = self._has_written = False
        self._family: tuple[int, ...] = ()

    def give(self, line: str) -> ProgramOutput:
        """Give it a line, or let time pass for it if the line is empty; return what it then writes.

        Raises:
            ExternalFailure: it has ended, or does not come to wait.
        """
        try:
            if line:
                self._write(line.encode() + b"\n")
            else:
                self._clock.send(b"t")
        except OSError:
            raise ExternalFailure(f"has ended{self._last_words()}") from None
        return self._until_quiet()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._in, view) :]

    def _until_quiet(self) -> ProgramOutput:
        """Read until the program waits."""
        deadline = time.monotonic() + STEP_SECONDS
        written = bytearray()
        while not self._is_at_rest(written):
            if time.monotonic() > deadline:
                raise ExternalFailure(
                    f"does not come to rest within {STEP_SECONDS:g} s{self._last_words()}"
                )
            if len(written) > OUTPUT_BYTES_MAX:
                raise ExternalFailure(f"wrote more than {OUTPUT_BYTES_MAX:,} bytes at once")
            select.select([self._out], (), (), LOOK_SECONDS)
        if self._process.poll() is not None:
            raise ExternalFailure(f"ended with {self._process.returncode}{self._last_words()}")
        *lines, self._rest = (self._rest + bytes(written)).split(b"\n")
        return ProgramOutput(
            tuple(line.decode(errors="replace") for line in lines if line.strip()), self._heard()
        )

    def _is_at_rest(self, written: bytearray) -> bool:
        """Read what there is, and tell whether no more will come."""
        if not can_look():
            ready, _, _ = select.select([self._out], (), (), SILENCE_SECONDS)
            if ready:
                self._has_written = self._read_into(written) > 0
            # Before it has written anything, it may not even have begun to read.
            return not ready and self._has_written
        self._read_into(written)
        before = self._looked()
        return before is not None and not self._read_into(written) and self._looked() == before

    def _read(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self._out, 2**20)
        return b""

    def _read_into(self, written: bytearray) -> int:
        data = self._read()
        written += data
        return len(data)

    def _looked(self) -> ThreadsSeen | None:
        """Return what its threads have done so far, if all of them wait."""
        if self._process.poll() is not None:
            return ("ended",)
        if unread(self._in):
            return None
        seen = sleeping(self._family or (self._process.pid,))
        if seen is not None and not self._family:
            self._family = descendants(self._process.pid)
            return None
        return seen

    def _heard(self) -> bool:
        """Tell whether the program waits for time to pass, as its clock has told last."""
        with contextlib.suppress(BlockingIOError, OSError):
            told = self._clock.recv(2**16)
            self._waits = told[-1:] == b"1" if told else False
        return self._waits

    def _last_words(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return f"; its last words: {text.splitlines()[-1][-300:]}" if text else ""

    def stop(self) -> None:
        """End it, and all that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors, self._clock):
            assert pipe is not None
            pipe.close()
        self._folder.cleanup()


@functools.cache
def _tied() -> tuple[str, ...]:
    """Return what makes the kernel end a program with us, also one that never reads."""
    found = shutil.which("setpriv") if sys.platform == "linux" else None
    return (found, "--pdeathsig", "KILL") if found else ()


@functools.cache
def _customised() -> tempfile.TemporaryDirectory[str]:
    """Return a folder with a `sitecustomize`, the module that every Python loads first."""
    folder = tempfile.TemporaryDirectory(prefix="counterpoint-clock-")
    shutil.copy(HERE / "python_clock.py", Path(folder.name) / "sitecustomize.py")
    return folder


def _environment(clock: int, seed: str) -> dict[str, str]:
    own = dict(os.environ)
    paths = [_customised().name, *filter(None, [own.get("PYTHONPATH")])]
    require = f"--require {HERE / 'node_clock.js'}"
    return {
        **own,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NODE_OPTIONS": " ".join(filter(None, [own.get("NODE_OPTIONS"), require])),
        "COUNTERPOINT_CLOCK": str(clock),
        "COUNTERPOINT_SEED": seed,
    }
