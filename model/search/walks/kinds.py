"""Counting completed calls by kind: what a search examined, besides how many runs it made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.observer import Observation
from counterpoint.model.search.engine.transition_tables import Compiled


class CallCounter:
    """Counts the completed calls of runs by the kind that the scenario says they are of."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._kinds: dict[tuple[int, int], str] = {}
        self._whose: list[str | None] = []

    def add(self, seen: Sequence[int], counts: Counter[str]) -> None:
        """Count the calls of one more run in `counts`, given what was observed of it."""
        observations, is_return = self._compiled.observations, self._compiled.is_return
        self._whose.extend(map(_whose, observations[len(self._whose) :]))
        whose, kinds = self._whose, self._kinds
        under_way: dict[str, int] = {}
        for number in seen:
            client = whose[number]
            if client is None:
                continue
            if not is_return[number]:
                under_way[client] = number
                continue
            pair = (under_way.pop(client), number)
            kind = kinds.get(pair)
            if kind is None:
                kind = kinds[pair] = self._kind(*pair)
            counts[kind] += 1

    def _kind(self, call: int, answer: int) -> str:
        observations = self._compiled.observations
        operation, result = observations[call].value, observations[answer].value
        kind: object = self._compiled.scenario.kind_of(operation, result)
        if not isinstance(kind, str):
            raise BadScenario(
                f"kind_of returned {brief(kind)} for the call {brief(operation)}; it returns a text"
            )
        return kind


def _whose(observation: Observation) -> str | None:
    """Return whose call is made or answered; None where anything else is seen."""
    return observation.node if observation.kind in ("invoke", "return") else None
