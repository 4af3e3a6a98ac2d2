"""Whether a program waits: nothing of its input is unread, and all its threads sleep.

The kernel wakes a reader in the very moment in which something is written to it, and a thread in that
in which another one wakes it. So if all threads sleep, and have not run between two looks, none of
them will run again before somebody else does something, or a clock does. Where `/proc` is not as on
Linux, a program counts as waiting once it has written nothing for a while.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

try:
    import fcntl
    import termios
except ImportError:  # a platform without them
    fcntl = termios = None  # type: ignore[assignment]

SILENCE_SECONDS = 0.05
"""Where threads cannot be looked at, a program that has been silent for so long waits."""

ThreadsSeen = tuple[str, ...]
"""How often each thread has run so far."""


def can_look() -> bool:
    """Tell whether the threads of another process can be looked at here."""
    return sys.platform == "linux" and fcntl is not None and os.path.exists("/proc/self/task")


def unread(pipe: int) -> int:
    """Return how many bytes of a pipe nobody has read yet."""
    count = bytearray(4)
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


def sleeping(pids: Iterable[int]) -> ThreadsSeen | None:
    """Return how often each thread of some processes has run; None if any of them runs now.

    >>> sleeping([os.getpid()]) is None
    True
    """
    seen: list[str] = []
    for pid in pids:
        for text in _threads_of(pid):
            at = text.find("\nState:\t")
            if text[at + 8 : at + 9] not in "SIZX":
                return None
            seen.append(text[text.rfind("\nvoluntary_ctxt") :])
    return tuple(seen)


def _threads_of(pid: int) -> Iterator[str]:
    """Return what there is to say of each thread of a process; nothing of one that has ended."""
    folder = f"/proc/{pid}/task"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            with open(f"{folder}/{name}/status", "rb") as file:
                yield file.read().decode(errors="replace")
        except OSError:
            continue


def descendants(pid: int) -> tuple[int, ...]:
    """Return a process and all that were started by it, and by those."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return tuple(found)
