"""Partial-order sampling: a random priority for each thing that can happen, drawn anew where it races.

What the highest priority has happens next. Whatever else could have happened at the same node then gets
another priority, as its order to what happened has been decided; things at other nodes keep theirs. So
each partial order of a run is about as likely as any other, where a uniform walk prefers those that have
many linearisations (Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018).
"""

from __future__ import annotations

from random import Random

from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import LocalChoice


class PartialOrder:
    """Random priorities; a timer is as likely as its weight says, where a message is 1."""

    def __init__(self, timers: float) -> None:
        self._exponent = 1.0 / timers if timers > 0 else float("inf")
        self._priorities: dict[int, float] = {}

    def pick(
        self, run: Simulation, offers: list[LocalChoice], random: Random
    ) -> int | LocalChoice | None:
        """Pick what has the highest priority of all that can happen."""
        known, best = self._priorities, -1.0
        choice: int | LocalChoice | None = None
        for position in run.arriving():
            message = run.flights[position]
            priority = known.get(message)
            if priority is None:
                priority = known[message] = random.random()
            if priority > best:
                best, choice = priority, position
        for offer in offers:
            priority = self._of_offer(offer, random)
            if priority > best:
                best, choice = priority, offer
        self._redraw(run, offers, choice)
        return choice

    def _of_offer(self, offer: LocalChoice, random: Random) -> float:
        """Return the priority of a call or timer, of one kind at one node together.

        The highest of numbers drawn as u ** (1 / weight) is that of a thing with probability as its
        weight (Efraimidis and Spirakis, 2006).
        """
        key = _key(offer)
        priority = self._priorities.get(key)
        if priority is None:
            drawn = random.random()
            priority = drawn if offer.is_call else drawn**self._exponent
            self._priorities[key] = priority
        return priority

    def _redraw(
        self, run: Simulation, offers: list[LocalChoice], choice: int | LocalChoice | None
    ) -> None:
        """Forget the priorities of all that could have happened at the same node."""
        if choice is None:
            return
        destinations = run.compiled.destination
        node = destinations[run.flights[choice]] if isinstance(choice, int) else choice.node
        for message in run.flights:
            if destinations[message] == node:
                self._priorities.pop(message, None)
        for offer in offers:
            if offer.node == node:
                self._priorities.pop(_key(offer), None)


def _key(offer: LocalChoice) -> int:
    return -1 - 2 * offer.node - offer.is_call
