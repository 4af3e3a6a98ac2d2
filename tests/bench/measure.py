"""How a figure is taken: processor time of this process, the best of some rounds.

Machines are shared and noisy, so wall time says little and the best round says most. Where two
things are compared, both are measured in one run and the ratio is the figure.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number: what was measured, how much, of what unit, and what was aimed at.

    `peer` is an earlier figure of another tool in the same unit, 0.0 where there is none; it may
    come from another machine, so that `ratio`, ours to the peer's, is a hint and no measurement.
    """

    name: str
    value: float
    unit: str
    aim: str = ""
    note: str = ""
    peer: float = 0.0

    @property
    def ratio(self) -> float:
        """Ours to the peer's earlier figure, 0.0 where there is none."""
        return self.value / self.peer if self.peer else 0.0


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least processor time that a piece of work took, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best
