"""Glances beside the checks, on runs of systems and on histories that were spoilt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any, TypeAlias

from counterpoint.model.glance import Glance
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Ruling, ruling_of
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.walks.walk import walk

Exchange: TypeAlias = Callable[[Observation, Observation], Observation]
"""Makes of two observations one that is wrong where the first was."""


def histories(scenario: Scenario, runs: int) -> Iterator[list[Observation]]:
    """Return what was seen of some walks."""
    compiled = Compiled(scenario)
    for seed in range(runs):
        seen = walk(compiled, Random(seed), "mixed").run.seen
        yield [compiled.observations[number] for number in seen]


def spoilt(
    runs: Iterable[Sequence[Observation]], exchange: Exchange, random: Random, times: int
) -> Iterator[list[Observation]]:
    """Return histories that no system would make: a thing less, two exchanged, another one seen."""
    for seen in runs:
        found = list(seen)
        for _ in range(times):
            here, there = random.randrange(len(found)), random.randrange(len(found))
            match random.randrange(4):
                case 0:
                    del found[here]
                case 1:
                    found[here], found[there] = found[there], found[here]
                case 2:
                    found.insert(here, found[there])
                case 3:
                    found[here] = exchange(found[here], found[there])
        yield found


def followed(look: Any, length: int, random: Random) -> frozenset[str]:
    """Return what is not broken of a history of so many numbers that was looked at as it grew."""
    follow = look.follow()
    for end in sorted(random.randrange(length + 1) for _ in range(3)):
        follow(range(end))
    found: frozenset[str] = follow(range(length))
    return found


def glanced_as_checked(scenario: Scenario, runs: Iterable[Sequence[Observation]]) -> Counter[str]:
    """See that what holds at a glance holds, and count how often each property was told of.

    Of one beginning of each run, too, followed till there in parts, nothing is broken that is not.
    """
    random = Random(0)
    told: Counter[str] = Counter()
    props = [prop for prop in scenario.properties if prop.glance is not None]
    glances: list[Glance] = [prop.glance for prop in props if prop.glance is not None]
    for seen in runs:
        look = glances[0].look(seen)
        holding = look(range(len(seen)))
        part = seen[: random.randrange(len(seen) + 1)]
        unbroken = followed(look, len(part), random)
        assert look(range(len(part))) <= unbroken, "what holds is not broken"
        begun = history_trace(scenario, part)
        trace = history_trace(scenario, seen)
        for prop in props:
            if prop.name in unbroken:
                assert not answer_of(prop, begun).is_broken, part
            if prop.name in holding:
                told[prop.name] += 1
                assert ruling_of(answer_of(prop, trace)) == Ruling(prop.name, "holds"), seen
    return told
