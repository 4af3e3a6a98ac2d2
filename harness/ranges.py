"""Numbers on the command line that are numbers: nan and infinities pass every comparison, or none."""

from __future__ import annotations

import math
from typing import Any

import click

WORKERS_MAX = 256
"""So many processes a command starts at most: each of them takes memory, and files of its parent."""


class PositiveNumber(click.FloatRange):
    """A finite number above 0, such as a limit in seconds."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number.

        >>> PositiveNumber().convert("2.5", None, None)
        2.5
        """
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number above 0", param, ctx)
        return float(number)


def shard_in(text: str) -> tuple[int, int]:
    """Return the part, counted from 0, and the number of parts that `--shard` names.

    Raises:
        ValueError: it names none.

    >>> shard_in("2/4")
    (1, 4)
    """
    part, slash, count = text.partition("/")
    if slash and part.isdecimal() and count.isdecimal() and 1 <= int(part) <= int(count):
        return int(part) - 1, int(count)
    raise ValueError(f"--shard is {text!r}; it must be I/N with I from 1 to N, such as 2/4")
