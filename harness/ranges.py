"""Numbers on the command line that are numbers: nan and infinities pass every comparison, or none."""

from __future__ import annotations

import math
from typing import Any

import click


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
