"""How much memory this process uses, on whatever system it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

STATM = Path("/proc/self/statm")
"""Where Linux tells what is in use now: the second number, in pages."""


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


def full_at(most_bytes: int) -> Callable[[], bool]:
    """Return what tells whether this process uses that much.

    Raises:
        OSError: the system does not tell how much it uses.
    """
    if resident_bytes() is None:
        raise OSError("this system does not tell how much memory a process uses")
    return lambda: (resident_bytes() or 0) >= most_bytes
