"""What steps are made of, each with a number: conditions, batches of messages, what is seen, effects.

Numbers are given in the order in which things are met, and mean the same in every exploration that
asks the same questions in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from counterpoint.model.exact import ExactNumbers
from counterpoint.model.fault_state import FaultState, OpenCalls
from counterpoint.model.owed import LinkEnds, after_step, failing
from counterpoint.model.search.engine.effects import ActionEffect, EnvironmentId
from counterpoint.model.search.engine.semantics import Semantics
from counterpoint.model.search.engine.transition_tables import Compiled, Message


class Interned:
    """The numbers of one exploration. `effects` are by place, those of the network come last."""

    def __init__(self, compiled: Compiled, semantics: Semantics) -> None:
        self.compiled, self.semantics = compiled, semantics
        self.is_ordered = compiled.scenario.network == "ordered"
        self.effects: list[list[ActionEffect]] = [[] for _ in (*compiled.nodes, "network")]
        self._environments = ExactNumbers[FaultState]()
        self.environments = self._environments.values
        self.batches: list[tuple[Message, ...]] = [()]
        self.sightings: list[tuple[int, ...]] = [()]
        self._batch_ids: dict[tuple[Message, ...], int] = {(): 0}
        self._sighting_ids: dict[tuple[int, ...], int] = {(): 0}

    def environment_id(self, conditions: FaultState) -> EnvironmentId:
        """Intern the conditions of a state."""
        return self._environments.number(conditions)

    def sighting_id(self, seen: tuple[int, ...]) -> int:
        """Intern the observations of one step."""
        known = self._sighting_ids.setdefault(seen, len(self.sightings))
        if known == len(self.sightings):
            self.sightings.append(seen)
        return known

    def batch_id(self, messages: tuple[Message, ...]) -> int:
        """Intern messages that one node is sent at once."""
        known = self._batch_ids.setdefault(messages, len(self.batches))
        if known == len(self.batches):
            self.batches.append(messages)
        return known

    def effect_id(self, place: int, effect: ActionEffect) -> int:
        """Return a number for an effect. Equal ones have several: 1 and True are equal in actions."""
        self.effects[place].append(effect)
        return len(self.effects[place]) - 1

    def filed(self, inbox: Iterable[Message]) -> tuple[Message, ...]:
        """Return an inbox in its canonical order; a stable sort by source keeps each link's order."""
        if self.is_ordered:
            return tuple(sorted(inbox, key=self.compiled.source.__getitem__))
        return tuple(sorted(inbox))

    def addressed(
        self, node: int, messages: Iterable[Message]
    ) -> tuple[tuple[Message, ...], tuple[tuple[int, int], ...]]:
        """Return which messages a node sends itself, and the batch that each other node is sent."""
        own: list[Message] = []
        away: dict[int, list[Message]] = {}
        for message in messages:
            destination = self.compiled.destination[message]
            (own if destination == node else away.setdefault(destination, [])).append(message)
        batches = ((other, self.batch_id(self.filed(away[other]))) for other in sorted(away))
        return tuple(own), tuple(batches)

    def remembering(
        self,
        conditions: FaultState,
        before: OpenCalls,
        seen: Sequence[int],
        lost: Iterable[LinkEnds],
    ) -> FaultState:
        """Return the conditions after a step, with what is remembered of open calls, if anything is."""
        if not self.semantics.has_open_calls:
            return conditions
        observations = [self.compiled.observations[o] for o in seen]
        open_calls = after_step(before, observations, failing(conditions), lost)
        return replace(conditions, open_calls=open_calls)
