"""Counting completed calls by kind: what a search examined, besides how many runs it made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from counterpoint.model.search.engine.transition_tables import Compiled


class CallCounter:
    """Counts the completed calls of runs by the kind that the scenario says they are of."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._kinds: dict[tuple[int, int], str] = {}

    def add(self, seen: Sequence[int], counts: Counter[str]) -> None:
        """Count the calls of one more run in `counts`, given what was observed of it."""
        observations, kinds = self._compiled.observations, self._kinds
        under_way: dict[str, int] = {}
        for number in seen:
            observation = observations[number]
            if observation.kind == "invoke":
                under_way[observation.node] = number
            elif observation.kind == "return":
                pair = (under_way.pop(observation.node), number)
                kind = kinds.get(pair)
                if kind is None:
                    kind = kinds[pair] = self._kind(*pair)
                counts[kind] += 1

    def _kind(self, call: int, answer: int) -> str:
        observations = self._compiled.observations
        return self._compiled.scenario.kind_of(observations[call].value, observations[answer].value)
