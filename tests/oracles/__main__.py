"""`make oracles`: published counts with ours beside them; exit 1 unless all are equal.

python -m tests.oracles [small|all] [--engine auto|plain|numpy]
"""

from __future__ import annotations

import argparse
import os
import sys
from time import process_time

from tests.oracles.table import Row, has_numpy, rows

HUGE_BYTES = 2 * 2**30
"""What a huge row may need."""


def free_bytes() -> int:
    """Return the memory that is free, 0 where the system does not tell."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def reason_to_skip(row: Row, *, engine: str) -> str | None:
    """Say why a row cannot be measured here, None if it can."""
    if (row.needs_numpy or row.size == "huge") and not has_numpy():
        return "needs numpy: pip install counterpoint[fast]"
    if row.size == "huge" and engine == "plain":
        return "needs the numpy engine"
    if row.size == "huge" and free_bytes() < HUGE_BYTES:
        return "needs 2 GB of free memory"
    return None


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["small", "all"], default="all")
    parser.add_argument("--engine", choices=["auto", "plain", "numpy"], default="auto")
    asked = parser.parse_args()
    wrong = skipped = shown = 0
    print(f"{'model':46} {'what':18} {'published':>12} {'ours':>12} {'CPU s':>7}")
    for row in rows(asked.engine):
        if asked.what == "small" and row.size != "small":
            continue
        reason = reason_to_skip(row, engine=asked.engine)
        if reason is not None:
            skipped += 1
            print(f"{row.name:46} skipped: {reason}")
            continue
        before = process_time()
        ours = row.measure()
        seconds = process_time() - before
        for what, published in row.expected.items():
            shown += 1
            wrong += ours[what] != published
            shown_as = f"{published:,}" if row.is_published else "-"
            sign = "" if ours[what] == published else f"   <- differs from {published:,}"
            print(f"{row.name:46} {what:18} {shown_as:>12} {ours[what]:12,} {seconds:7.2f}{sign}")
        sys.stdout.flush()
    print(f"{shown} numbers, {wrong} differ, {skipped} rows skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
