"""What a run of the token manager has come to, and in which order its calls took effect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from counterpoint.impl.token_manager import TokenManager
from counterpoint.impl.token_manager_deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager_words import (
    Finish,
    GetTokens,
    Holding,
    Installing,
    Kept,
    Pay,
    Paying,
    Pays,
    Rejected,
    Sealed,
    Sealing,
    Serving,
    Table,
    Transform,
    newest_of,
)
from counterpoint.model.trace import Event, Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Core, World

WITNESS = "linearizability"
"""The property whose witness is the order of payments and snapshots."""


# ---- ownership -----------------------------------------------------------------------------------


def ownership(deployment: Deployment, world: World) -> Table:
    """Return the newest holding of every token: by any server, or by a payment under way.

    A payment that was begun counts as made, since its payer finishes it whatever happens.
    """
    newest: Table = ()
    for node, core in zip(world.scenario.system.nodes, world.cores, strict=True):
        newest = newest_of(newest, _known(core, is_up=world.is_up(node)))
    return deployment.whole(newest)


def _known(core: Core, *, is_up: bool) -> Table:
    """Return what a node holds, or is paying; of a node that is down, what it persisted."""
    match core.state if is_up else core.durable:
        case Serving(table=table) | Sealed(table=table):
            return table
        case Paying(payment=payment):
            return (payment,)
        case Kept(payment=Holding() as payment):
            return (payment,)
    return ()


# ---- the order of effects ------------------------------------------------------------------------


def effects_of(trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
    """Return payments, snapshots and changes of role in an order that explains the run.

    Answered payments and snapshots come in the order in which the ledger explains them (where it
    cannot, in that of their answers). Each payment that was begun and of which no client was told
    comes as early as the calls before it and the versions of its token allow, and so does each
    change of role. What had no effect on anyone, such as a call that a server refused, is left out.
    """
    calls = {e.operation: e for e in trace.events if e.kind == "invoke" and e.operation}
    ends = _ends(trace, calls)
    order = [name for name in _ledger_order(trace, calls) if name in calls]
    for name in _begun(trace):
        if name not in order:
            order.insert(_place_of(calls[name], order, calls, ends), name)
    sequence = [_call(calls[name]) for name in order]
    place = 0
    for made, (step, node) in enumerate(_grants(trace)):
        before = [k for k, name in enumerate(order) if ends.get(name, step) < step]
        place = max(place, *(k + 1 + made for k in before), 0)
        sequence.insert(place, (node, Transform()))
        place += 1
    return tuple(sequence)


def _place_of(
    payment: Event, order: list[str], calls: dict[str, Event], ends: dict[str, int]
) -> int:
    """Return the first place after all that ended before a payment was called, or paid its token."""
    before = (
        k
        for k, name in enumerate(order)
        if ends.get(name, payment.step) < payment.step or _pays_alike(calls[name], payment)
    )
    return max(before, default=-1) + 1


def _pays_alike(one: Event, other: Event) -> bool:
    return (
        isinstance(one.value, Pay)
        and isinstance(other.value, Pay)
        and one.value.token == other.value.token
    )


def _ends(trace: Trace, calls: dict[str, Event]) -> dict[str, int]:
    """Return the step at which each call ended; for one cut by a crash, that of its late finish."""
    ends: dict[str, int] = {}
    latest: dict[NodeId | None, str] = {}
    for event in trace.events:
        if event.kind == "invoke" and not isinstance(event.value, Finish):
            latest[event.node] = str(event.operation)
        elif event.kind == "return":
            call = calls[str(event.operation)]
            name = latest[event.node] if isinstance(call.value, Finish) else call.operation
            ends[str(name)] = event.step
    return ends


def _call(event: Event) -> tuple[NodeId, Value]:
    assert event.node is not None, event
    return event.node, event.value


def _ledger_order(trace: Trace, calls: dict[str, Event]) -> list[str]:
    """Return the answered payments and snapshots, in the ledger's order if it has one."""
    for prop in trace.scenario.properties:
        if prop.name == WITNESS and (witness := prop.check(trace).witness):
            return list(witness)
    answers = (e for e in trace.events if e.kind == "return" and e.operation in calls)
    return [
        str(answer.operation)
        for answer in answers
        if isinstance(calls[str(answer.operation)].value, Pay | GetTokens)
        and not isinstance(answer.value, Rejected)
    ]


def _begun(trace: Trace) -> Iterator[str]:
    """Return the payments that made a version, in the order of versions."""
    latest: dict[NodeId, str] = {}
    found: list[tuple[int, int, str]] = []
    for event in trace.events:
        match event.kind, event.value:
            case "invoke", Pay():
                latest[str(event.node)] = str(event.operation)
            case "note", Pays(payment):
                found.append((payment.version, event.id, latest[str(event.node)]))
    return (name for _, _, name in sorted(found))


def _grants(trace: Trace) -> Iterator[tuple[int, NodeId]]:
    """Return the changes of role, each with the step at which the directory granted it."""
    assert isinstance(trace.scenario.system, TokenManager)
    known = trace.scenario.system.deployment.first_configuration
    for step, (before, after) in enumerate(pairwise(trace.worlds)):
        state = after.core(DIRECTORY).state
        if state is before.core(DIRECTORY).state or not isinstance(state, Sealing | Installing):
            continue
        if state.following.epoch > known.epoch:
            (node,) = {*known.servers} ^ {*state.following.servers}
            yield step, node
            known = state.following
