"""How much memory this process uses, on whatever system it runs, and how much there is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

STATM = Path("/proc/self/statm")
"""Where Linux tells what is in use now: the second number, in pages."""

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux tells what a container may use."""

SHARE = 4
"""A search that is told nothing else uses this part of the machine: a quarter."""


def resident_bytes() -> int | None:
    """Return the memory that this process uses, None where the system does not tell.

    Where it does not tell what is in use now, this is the most that was in use so far.
    """
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    try:
        return int(STATM.read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def machine_bytes() -> int | None:
    """Return the memory of the machine, or of the container; None where the system does not tell."""
    return min(_told_limits(), default=None)


def _told_limits() -> Iterator[int]:
    with suppress(
        AttributeError, ValueError, OSError
    ):  # Windows has no sysconf, others no such names
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in LIMITS:
        with suppress(OSError, ValueError):  # "max" where there is none
            yield int(path.read_text("ascii"))


def full_at(most_bytes: int) -> Callable[[], bool]:
    """Return what tells whether this process uses that much.

    Raises:
        OSError: the system does not tell how much it uses.
    """
    if resident_bytes() is None:
        raise OSError("this system does not tell how much memory a process uses")
    return lambda: (resident_bytes() or 0) >= most_bytes


def full_at_share() -> Callable[[], bool] | None:
    """Return what tells whether this process uses a quarter of the machine; None if nothing does."""
    most_bytes = share_bytes()
    return None if most_bytes is None else full_at(most_bytes)


def share_bytes(processes: int = 1) -> int | None:
    """Return how much each of so many processes may use of a quarter of the machine, if it tells."""
    there_is = machine_bytes()
    if there_is is None or resident_bytes() is None:
        return None
    return there_is // SHARE // processes


def room_within(most_bytes: int) -> Callable[[], bool]:
    """Return what tells whether a search that is yet to begin has used that much.

    Raises:
        OSError: the system does not tell how much it uses.
        ValueError: so much is in use already.
    """
    is_full = full_at(most_bytes)
    used = resident_bytes() or 0
    if is_full():
        raise ValueError(
            f"--memory is {most_bytes / 2**30:.3g} GB, and {used / 2**30:.3g} GB are in use before the "
            "search begins; allow more"
        )
    return is_full
