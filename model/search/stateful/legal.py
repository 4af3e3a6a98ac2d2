"""Which actions of a kind are legal in a simulation: asked for before every step of a machine.

The answer is that of `options`. Deliveries, calls and timers are read off the simulation itself.
"""

from __future__ import annotations

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
    deliveries, flights = run.compiled.deliveries, run.flights
    arriving = flights if run.is_free else [flights[position] for position in run.arriving()]
    return tuple([deliveries[message] for message in dict.fromkeys(arriving)])


def _offers(run: Simulation, *, is_call: bool) -> tuple[Action, ...]:
    action_of = run.compiled.action_of
    return tuple([action_of(offer) for offer in run.offers() if offer.is_call == is_call])
