"""Walks whose chance comes from Hypothesis: it draws a tape of bytes, and the walk reads the tape.

This is the fast way to search with Hypothesis: one draw a run. What a walk does with its random
numbers is the same as ever; what fails is minimised by us, so that nothing is lost with the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.strategy import DEFAULT
from counterpoint.model.search.walks.walk import Walk, walk

BATCH = 100
"""So many runs are one test to Hypothesis."""

_BYTES_A_STEP, _BYTES_MAX = 12, 4096


class Tape(Random):
    """A source of randomness that reads its numbers off a tape; past its end all are 0."""

    def __new__(cls, tape: bytes) -> Tape:
        """Make it; the tape is no seed."""
        del tape
        return super().__new__(cls)

    def __init__(self, tape: bytes) -> None:
        self._tape = tape
        self._position = 0

    def random(self) -> float:
        """Return the next number from 0 up to 1, of two bytes.

        >>> Tape(bytes((128, 0))).random()
        0.5
        """
        return self._read(2) / 65_536

    def getrandbits(self, k: int, /) -> int:
        """Return the next k bits.

        >>> tape = Tape(bytes((255,)))
        >>> tape.getrandbits(3), tape.getrandbits(3)
        (7, 0)
        """
        size = (k + 7) // 8
        return self._read(size) >> (8 * size - k)

    def _read(self, size: int) -> int:
        start = self._position
        self._position = start + size
        return int.from_bytes(self._tape[start : start + size].ljust(size, b"\0"), "big")


def walks_by_hypothesis(
    compiled_of: Callable[[int], Compiled], *, number: int, shard: tuple[int, int] = (0, 1)
) -> Iterator[tuple[int, Walk]]:
    """Return walks without end, each with its number; `number` is the seed of the campaign.

    `compiled_of` gives the compiled form for the run of a number.
    Shard i of n makes the batches i, i + n, i + 2n ... of the same walks.
    """
    first, stride = shard
    for batch in count(first, stride):
        start = batch * BATCH
        forms = [compiled_of(run) for run in range(start, start + BATCH)]
        yield from enumerate(_batch(forms, number * 0x9E3779B9 + batch), start=start)


def _batch(forms: Sequence[Compiled], number: int) -> list[Walk]:
    walks: list[Walk] = []
    size = min(_BYTES_A_STEP * forms[0].scenario.walk_steps[1] + 64, _BYTES_MAX)

    @seed(number)
    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=size, max_size=size))
    def make_walks(tape: bytes) -> None:
        walks.append(walk(forms[len(walks)], Tape(tape), DEFAULT))

    make_walks()
    return walks
