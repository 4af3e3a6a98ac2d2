"""How long something takes, as a command line or an ini file says it: 90s, 10m, 8h, 1h30m."""

from __future__ import annotations

import re

from counterpoint.model.inert import quoted

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

SECONDS_MAX = 3650 * UNITS["d"]
"""Ten years. What waits so long waits in vain, and clocks of the operating system end somewhere."""


def seconds_in(text: str) -> float:
    """Return how long a time is that was written with its unit, or in seconds.

    Raises:
        ValueError: it is none, or too long.

    >>> seconds_in("90"), seconds_in("1.5m"), seconds_in("1h30m")
    (90.0, 90.0, 5400.0)
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _sane(float(text), text)
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"a time is {quoted(text)}; it must be like 90s, 10m, 2h or 1h30m")
    return _sane(sum(float(number) * UNITS[unit] for number, unit in parts), text)


def _sane(seconds: float, text: str) -> float:
    if seconds > SECONDS_MAX:
        raise ValueError(f"a time is {quoted(text)}; it must be at most 3650d, ten years")
    return seconds
