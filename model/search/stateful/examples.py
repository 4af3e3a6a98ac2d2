"""Values of a Hypothesis strategy, by number: the same number gives the same values."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisException

from counterpoint.model.mistakes import BadScenario, told
from counterpoint.model.values import Value


def examples_of(strategy: Any, number: int, count: int) -> tuple[Value, ...]:
    """Return up to so many values that a strategy gives, each once, the simplest first.

    Of a strategy with fewer values it is all of them.

    Raises:
        BadScenario: it gives none.
    """
    found: dict[str, Value] = {}

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: Value) -> None:
        found.setdefault(repr(value), value)

    try:
        draw()
    except HypothesisException as error:
        raise BadScenario(f"no operation can be drawn from {strategy!r}: {told(error)}") from error
    return tuple(found.values())
