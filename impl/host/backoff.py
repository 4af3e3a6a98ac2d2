"""How long to wait before the next try: longer each time, up to a bound, and never all at once."""

from __future__ import annotations

FIRST_SECONDS = 0.05
LONGEST_SECONDS = 2.0


def pause_seconds(failures: int, lot: float) -> float:
    """Return the pause after so many failures in a row; `lot`, from 0 to 1, spreads those who wait.

    >>> [pause_seconds(failures, lot=1.0) for failures in (1, 2, 3, 10)]
    [0.05, 0.1, 0.2, 2.0]
    >>> pause_seconds(1, lot=0.0)
    0.025
    """
    assert failures >= 1, f"{failures} failures"
    assert 0 <= lot <= 1, f"lot {lot}"
    longest = min(FIRST_SECONDS * 2.0 ** min(failures - 1, 20), LONGEST_SECONDS)
    return longest * (0.5 + 0.5 * lot)
