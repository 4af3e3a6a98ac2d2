"""What a run of the token manager has come to, and in which order its calls took effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.states import (
    Installing,
    Kept,
    Paying,
    Sealed,
    Sealing,
    Serving,
    Watching,
)
from counterpoint.impl.token_manager.words import (
    Finish,
    GetTokens,
    Holding,
    Pay,
    Pays,
    Rejected,
    Transform,
)
from counterpoint.model.event import Event
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import World

InvokeEvents: TypeAlias = Mapping[str, Event]
"""Where each operation was called, by the name of the operation."""

WITNESS = "linearizability"
"""The property whose witness is the order of payments and snapshots."""


# ---- ownership -----------------------------------------------------------------------------------


def ownership(deployment: Deployment, world: World) -> Mapping[int, tuple[int, tuple[int, ...]]]:
    """Return the newest version of each token, and its owner: by servers and payments under way.

    A payment that was begun counts as made, since its payer finishes it whatever happens. What only
    a former server knows is lost. In a wrong system a version may have several owners.
    """
    found = {t: (1, {deployment.first_owner(t)}) for t in range(deployment.tokens)}
    for token, version, owner in _known(world):
        if version > found[token][0]:
            found[token] = (version, {owner})
        elif version == found[token][0]:
            found[token][1].add(owner)
    return {token: (version, tuple(sorted(owners))) for token, (version, owners) in found.items()}


def _known(world: World) -> Iterator[Holding]:
    """Return what the present servers hold, what is being transferred, and what is being paid."""
    directory = world.node_state(DIRECTORY).state
    assert isinstance(directory, Watching | Sealing | Installing), directory
    if isinstance(directory, Installing):
        yield from directory.table
        servers = directory.following.servers
    else:
        servers = directory.config.servers
    for node, node_state in zip(world.scenario.system.nodes, world.node_states, strict=True):
        match node_state.state if world.is_up(node) else node_state.durable:
            case Serving(table=table) | Sealed(table=table) if node in servers:
                yield from table
            case Paying(payment=payment) | Kept(payment=Holding() as payment):
                yield payment


# ---- the order of effects ------------------------------------------------------------------------


def effects_of(trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
    """Return payments, snapshots and changes of role in an order that explains the run.

    Answered payments and snapshots come in the order in which the ledger explains them (where it
    cannot, in that of their answers). Each payment that was begun and of which no client was told
    comes as late as the calls after it and the versions of its token allow; each change of role
    comes as early as it can. What had no effect on anyone, such as a call that a server refused, is
    left out.
    """
    calls = {e.operation: e for e in trace.events if e.kind == "invoke" and e.operation}
    ends = _ends(trace, calls)
    payments = _payments(trace)
    # The ledger may count on a payment that has not made a version yet, and so has no effect.
    order = [name for name in _ledger_order(trace, calls) if name in ends or name in payments]
    for name in payments:
        if name not in order:
            order.insert(_place_of(name, order, payments, _calls_after(name, calls, ends)), name)
    # A payment that was half-way before the run is so on the fresh network, too.
    order = [name for name in order if not isinstance(calls[name].value, Finish)]
    sequence = [_call(calls[name]) for name in order]
    place = 0
    for made, (step, node) in enumerate(_grants(trace)):
        before = [k for k, name in enumerate(order) if ends.get(name, step) < step]
        place = max(place, *(k + 1 + made for k in before), 0)
        sequence.insert(place, (node, Transform()))
        place += 1
    return tuple(sequence)


def _calls_after(name: str, calls: InvokeEvents, ends: dict[str, int]) -> set[str]:
    """Return the calls that were made after a call had ended."""
    if name not in ends:
        return set()
    return {other for other, call in calls.items() if call.step > ends[name]}


def _place_of(name: str, order: list[str], payments: dict[str, Holding], later: set[str]) -> int:
    """Return the last place of a payment that comes before all `later` calls and later versions.

    The last, since its payee may have been refused to pay the token on before.
    """
    token, version, _ = payments[name]
    for k, other in enumerate(order):
        payment = payments.get(other)
        is_next = payment is not None and payment.token == token and payment.version > version
        if is_next or other in later:
            return k
    return len(order)


def _ends(trace: Trace, calls: InvokeEvents) -> dict[str, int]:
    """Return the step at which each call ended; for one cut by a crash, that of its late finish."""
    ends: dict[str, int] = {}
    latest: dict[NodeId | None, str] = {}
    for event in trace.events:
        if event.kind == "invoke" and not isinstance(event.value, Finish):
            latest[event.node] = str(event.operation)
        elif event.kind == "return":
            call = calls[str(event.operation)]
            is_late = isinstance(call.value, Finish) and event.node in latest
            name = latest[event.node] if is_late else call.operation
            ends[str(name)] = event.step
    return ends


def _call(event: Event) -> tuple[NodeId, Value]:
    assert event.node is not None, event
    return event.node, event.value


def _ledger_order(trace: Trace, calls: InvokeEvents) -> list[str]:
    """Return the answered payments and snapshots, in the ledger's order if it has one."""
    for prop in trace.scenario.properties:
        if prop.name == WITNESS and (witness := verdict_of(prop, trace).witness):
            return list(witness)
    answers = (e for e in trace.events if e.kind == "return" and e.operation in calls)
    return [
        str(answer.operation)
        for answer in answers
        if isinstance(calls[str(answer.operation)].value, Pay | GetTokens)
        and not isinstance(answer.value, Rejected)
    ]


def _payments(trace: Trace) -> dict[str, Holding]:
    """Return what each payment that was begun has made, by operation, in the order of versions."""
    latest: dict[NodeId, str] = {}
    found: dict[str, Holding] = {}
    for event in trace.events:
        match event.kind, event.value:
            case "invoke", Pay() | Finish():
                latest[str(event.node)] = str(event.operation)
            case "note", Pays(payment):
                found[latest[str(event.node)]] = payment
    return dict(sorted(found.items(), key=lambda item: item[1].version))


def _grants(trace: Trace) -> Iterator[tuple[int, NodeId]]:
    """Return the changes of role, each with the step at which the directory granted it."""
    assert isinstance(trace.scenario.system, TokenManager)
    known = trace.scenario.system.deployment.first_configuration
    for step, (before, after) in enumerate(pairwise(trace.worlds)):
        state = after.node_state(DIRECTORY).state
        if state is before.node_state(DIRECTORY).state or not isinstance(
            state, Sealing | Installing
        ):
            continue
        if state.following.epoch > known.epoch:
            (node,) = {*known.servers} ^ {*state.following.servers}
            yield step, node
            known = state.following
