"""What can happen next in a run on the compiled form, and what of a run are choices."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from counterpoint.model.actions import Call, Deliver, Fire, Settle
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.world import Action


def options_of(run: Simulation, kinds: Collection[type[Action]]) -> Iterator[Action]:
    """Yield messages that may arrive, calls, timers, and what else there is of these kinds."""
    compiled = run.compiled
    arriving = dict.fromkeys(run.flights[position] for position in run.arriving())
    yield from map(compiled.deliveries.__getitem__, arriving)
    for offer in run.offers():
        node = compiled.nodes[offer.node]
        yield Call(node, offer.value) if offer.is_call else Fire(node, str(offer.value))
    others = (kind for kind in kinds if kind not in (Deliver, Call, Fire, Settle))
    for kind in sorted(others, key=lambda kind: kind.__name__):
        yield from run.everywhere(kind)


def parts(choices: Sequence[Action]) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """Return what is done before the faults stop, and what after that.

    >>> parts([Fire("a", "t"), Settle(()), Fire("b", "t")])
    ((Fire(node='a', timer='t'),), (Fire(node='b', timer='t'),))
    """
    end = next((k for k, c in enumerate(choices) if isinstance(c, Settle)), len(choices))
    return tuple(choices[:end]), tuple(choices[end + 1 :])
