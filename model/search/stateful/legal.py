"""Which actions of a kind are legal in a simulation: asked for before every step of a machine.

The answer is that of `options`. Deliveries, calls and timers are read off the simulation itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from counterpoint.model.actions import Call, Deliver, Fire
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.world import Action


def legal(run: Simulation, action: type[Action]) -> tuple[Action, ...]:
    """Return every legal instance of an action, in an order that depends on the run alone."""
    if action is Deliver:
        return _deliveries(run)
    if action is Call or action is Fire:
        return _offers(run, is_call=action is Call)
    return tuple(run.everywhere(action))


def _deliveries(run: Simulation) -> tuple[Action, ...]:
    """Each deliverable content once, oldest first."""
    deliveries = run.compiled.deliveries
    distinct: Iterable[int] = dict.fromkeys(run.flights)
    if not run.is_calm or not run.compiled.is_unordered:
        distinct = [m for m in distinct if run.can_arrive(run.flights.index(m))]
    return tuple([deliveries[message] for message in distinct])


def _offers(run: Simulation, *, is_call: bool) -> tuple[Action, ...]:
    nodes = run.compiled.nodes
    found: list[Action] = []
    for offer in run.offers():
        if offer.is_call and is_call:
            found.append(Call(nodes[offer.node], offer.value))
        elif not offer.is_call and not is_call:
            assert isinstance(offer.value, str)
            found.append(Fire(nodes[offer.node], offer.value))
    return tuple(found)
