"""How much of an exploration is left, by the shape of its levels so far: an estimate, labelled so."""

from __future__ import annotations

from collections.abc import Sequence


def states_left(levels: Sequence[int]) -> tuple[int, int] | None:
    """Estimate how many states are still to come: (at least, likely). None: too early to say.

    `levels` counts the new states of each level so far. The levels of such searches grow by a factor
    that falls steadily, past 1 at the widest level, towards 0; the trend of the last factors is drawn
    on. While the factor hardly falls nothing can be said.

    >>> states_left([1, 2, 4, 8])
    >>> at_least, likely = states_left([100, 200, 300, 330, 280, 180])
    >>> at_least <= likely < 400
    True
    """
    if len(levels) < 6 or not all(levels[-6:]):
        return None
    factors = [after / before for before, after in zip(levels[-6:], levels[-5:], strict=False)]
    fall = (factors[0] - factors[-1]) / (len(factors) - 1)
    if fall <= 0.005 * factors[-1]:
        return None
    total, level, factor = 0.0, float(levels[-1]), factors[-1]
    for _ in range(10_000):
        factor -= fall
        level *= max(factor, 0.0)
        if level < 1:
            break
        total += level
    return levels[-1], max(int(total), levels[-1])
