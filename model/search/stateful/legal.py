"""Which actions of a kind are legal in a simulation: asked for before every step of a machine.

The answer is that of `Action.options`. Deliveries, calls and timers are read off the simulation
itself; of the other kinds most are plainly impossible at most moments, which is told without
building the world that `options` needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from counterpoint.model.actions import Call, Deliver, Fire, Transform
from counterpoint.model.faults import (
    Crash,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Heal,
    Mend,
    Omit,
    Overtake,
    Release,
    Restart,
)
from counterpoint.model.rules import may_spend
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.world import Action

NEEDS: Mapping[type[Action], tuple[str, ...]] = MappingProxyType(
    {
        Drop: ("drop", "crash", "cut"),
        Duplicate: ("duplicate",),
        Overtake: ("reorder",),
        Delay: ("delay",),
        Release: ("delay",),
        Omit: ("omit",),
        Mend: ("omit",),
        Crash: ("crash",),
        Restart: ("crash",),
        Cut: ("cut",),
        Heal: ("cut",),
        Transform: ("transform",),
    }
)
"""The kinds of which one must have a budget for an action ever to be legal; other actions may be."""


def possible(scenario: Scenario) -> tuple[type[Action], ...]:
    """Return the actions of a scenario, without those that its budgets rule out for good."""
    return tuple(
        action
        for action in scenario.actions
        if action not in NEEDS or any(kind in scenario.limits for kind in NEEDS[action])
    )


def legal(run: Simulation, action: type[Action]) -> tuple[Action, ...]:
    """Return every legal instance of an action, in an order that depends on the run alone."""
    if action is Deliver:
        return _deliveries(run)
    if action is Call or action is Fire:
        return _offers(run, is_call=action is Call)
    guard = _GUARDS.get(action)
    if guard is not None and not guard(run):
        return ()
    world = run.world()
    places = (*run.compiled.nodes, None)
    return tuple(option for place in places for option in action.options(world, place))


def _deliveries(run: Simulation) -> tuple[Action, ...]:
    """Each deliverable content once, oldest first."""
    deliveries = run.compiled.deliveries
    distinct: Iterable[int] = dict.fromkeys(run.flights)
    if not run.is_calm or run.compiled.scenario.network == "ordered":
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


def _affords(kind: str) -> Callable[[Simulation], bool]:
    """Return the guard of a kind that spends its budget."""
    return lambda run: may_spend(run.compiled.scenario, run.conditions, kind)


_GUARDS: Mapping[type[Action], Callable[[Simulation], bool]] = MappingProxyType(
    {
        Duplicate: _affords("duplicate"),
        Overtake: _affords("reorder"),
        Delay: _affords("delay"),
        Omit: _affords("omit"),
        Crash: _affords("crash"),
        Cut: _affords("cut"),
        Transform: _affords("transform"),
        Release: lambda run: bool(run.held),
        Mend: lambda run: bool(run.conditions.silent),
        Restart: lambda run: bool(run.conditions.down),
        Heal: lambda run: bool(run.conditions.cuts),
        Drop: lambda run: (
            bool(run.conditions.down or run.conditions.cuts)
            or may_spend(run.compiled.scenario, run.conditions, "drop")
        ),
    }
)
"""What must be true for an action to be legal at all; `options` has the last word."""
