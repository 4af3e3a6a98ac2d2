"""Simulated replicated stores, for histories of hundreds of operations.

Every client has its own replica. Writes reach the other replicas later; what a replica does with
them then, and whether it waits for what they depend on, is the store's policy.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from counterpoint.checkers.history import History, Operation

Policy = Literal["last writer wins", "last arrival wins", "nothing waits"]


@dataclass(frozen=True)
class Update:
    """A write on its way: its stamp orders it, `depends` counts what its writer had applied."""

    key: Hashable
    value: int
    stamp: tuple[int, int]
    depends: tuple[int, ...]


@dataclass
class Replica:
    """What one replica holds, and the updates that have not been applied yet."""

    place: int
    applied: list[int]
    clock: int = 0
    held: dict[Hashable, tuple[tuple[int, int], int]] = field(default_factory=dict)
    waiting: list[Update] = field(default_factory=list)

    def is_ready(self, update: Update) -> bool:
        """Tell whether all that the update depends on is applied here."""
        source = update.stamp[1]
        return self.applied[source] == update.depends[source] and all(
            mine >= theirs
            for place, (mine, theirs) in enumerate(zip(self.applied, update.depends, strict=True))
            if place != source
        )

    def apply(self, update: Update, policy: Policy) -> None:
        """Take an update in."""
        self.applied[update.stamp[1]] += 1
        self.clock = max(self.clock, update.stamp[0])
        old = self.held.get(update.key)
        if policy == "last arrival wins" or old is None or old[0] < update.stamp:
            self.held[update.key] = (update.stamp, update.value)


def store_history(
    random: Random,
    policy: Policy,
    *,
    operation_count: int = 200,
    client_count: int = 4,
    key_count: int = 3,
    arrival_rate: float = 0.05,
) -> History:
    """Run clients against the store and return what they saw; None is the initial value."""
    replicas = [Replica(place, [0] * client_count) for place in range(client_count)]
    return tuple(
        _step(random, policy, replicas, number, f"k{random.randrange(key_count)}", arrival_rate)
        for number in range(operation_count)
    )


def _step(
    random: Random,
    policy: Policy,
    replicas: list[Replica],
    number: int,
    key: str,
    arrival_rate: float,
) -> Operation:
    here = random.choice(replicas)
    _receive(random, policy, here, arrival_rate)
    times = (2 * number, 2 * number + 1)
    if random.random() < 0.5:
        found = here.held.get(key)
        value = found[1] if found else None
        return Operation(f"o{number}", f"c{here.place}", "read", key, None, value, *times)
    update = Update(key, number, (here.clock + 1, here.place), tuple(here.applied))
    here.apply(update, policy)
    for other in replicas:
        if other is not here:
            other.waiting.append(update)
    return Operation(f"o{number}", f"c{here.place}", "write", key, number, None, *times)


def _receive(random: Random, policy: Policy, here: Replica, arrival_rate: float) -> None:
    """Apply some of the waiting updates, in an order that respects dependencies if any are asked."""
    for update in random.sample(here.waiting, len(here.waiting)):
        ready = policy == "nothing waits" or here.is_ready(update)
        if ready and random.random() < arrival_rate:
            here.waiting.remove(update)
            here.apply(update, policy)
