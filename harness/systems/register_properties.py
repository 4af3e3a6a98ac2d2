"""What must hold in every run of the register, and how its operations look to the checkers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial

from counterpoint.checkers.authorisation import AuthorisationObserver, check_authorisation
from counterpoint.checkers.history import by_key
from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.liveness import check_liveness
from counterpoint.checkers.objects.specifications import Register as RegisterSpecification
from counterpoint.checkers.operations import OperationView, Seen, joined, operations_of
from counterpoint.checkers.register.check import check_registers
from counterpoint.checkers.register.single_writer import (
    NO_INVERSION,
    REGULAR,
    Given,
    given_by,
    no_inversion_by,
    regular_by,
)
from counterpoint.checkers.register.watch import SingleWriterObserver
from counterpoint.impl.register.access import AccessControl
from counterpoint.impl.register.messages import NO_READ, NO_WRITE, Read, Refused, Write
from counterpoint.impl.register.protocol import Querying, ReplicatedRegister, Server, unauthorised
from counterpoint.impl.register.values import written
from counterpoint.model.decider import DecidedOnceAnswered
from counterpoint.model.last_told import LastTold
from counterpoint.model.scenario import Property, Tolerates
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import World

AUTHORISATION = "authorisation"
LINEARIZABILITY = "linearizability"
LIVENESS = "liveness"

REFUSALS = (Refused(NO_WRITE), Refused(NO_READ))
"""The answers to what is not allowed."""


def view(operation: Value, result: Hashable) -> Seen | None:
    """Show a call to the checkers of registers; a refused read says nothing about the register."""
    was_refused = isinstance(result, Refused)
    match operation:
        case Write(token, name, low, mid, high):
            value = written(name, low, mid, high)
            return Seen("write", token, value, result, "fail" if was_refused else "ok")
        case Read(token) if not was_refused:
            return Seen("read", token, None, result)
        case _:
            return None


def say(value: Hashable) -> str:
    """Say what a register holds."""
    return "nothing" if value is None else show(value)


def _is_read(operation: Value, result: Value) -> bool:
    """Tell whether a read was answered with what the register holds."""
    seen = view(operation, result)
    return seen is not None and seen.f == "read"


def _is_used(operation: Value, result: Value) -> bool:
    """Tell whether an answer says something about the register."""
    seen = view(operation, result)
    return seen is not None and seen.status == "ok"


def _value_written(operation: Value) -> Hashable:
    seen = view(operation, None)
    return (seen.key, seen.argument) if seen is not None and seen.f == "write" else None


def _register_written(operation: Value) -> Hashable:
    seen = view(operation, None)
    return seen.key if seen is not None and seen.f == "write" else None


ANSWERED = DecidedOnceAnswered()
"""Access is judged of every answer."""

READ = DecidedOnceAnswered(_is_read, _register_written, by_client=True)
"""What one writer promises is judged of reads, where one client writes."""

DIFFERING = DecidedOnceAnswered(_is_used, _value_written)
"""Linearizability is decided by zones where no value is written twice; nobody writes the initial one."""


def linearizability(trace: Trace) -> Verdict:
    """Each token behaves as if its operations happened one at a time."""
    history = operations_of(trace, view)
    return joined(LINEARIZABILITY, check_registers(history, show=say))


def regular(trace: Trace) -> Verdict:
    """Every read returns the last value written before it, or one that was written meanwhile."""
    return joined(REGULAR, {token: regular_by(g) for token, g in _given(trace).items()})


def no_inversion(trace: Trace) -> Verdict:
    """No read returns an older value than a read that had ended before it."""
    return joined(NO_INVERSION, {token: no_inversion_by(g) for token, g in _given(trace).items()})


def _given(trace: Trace) -> Mapping[Hashable, Given]:
    """Return the operations of each token with their versions."""
    return _LAST.told(trace, view, _given_anew)


_LAST: LastTold[Trace, OperationView, Mapping[Hashable, Given]] = LastTold()


def _given_anew(trace: Trace, looks: OperationView) -> Mapping[Hashable, Given]:
    parts = by_key(operations_of(trace, looks))
    return {token: given_by(operations, None, say) for token, operations in parts.items()}


def properties(access: AccessControl, *, is_single_writer: bool) -> tuple[Property, ...]:
    """Return what must hold in every run, the best explanation first.

    What a single writer promises is judged only where one client alone writes a token.
    """

    def refusal_of(operation: Value) -> Value:
        assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
        why = unauthorised(access, operation)
        return None if why is None else Refused(why)

    def authorisation(trace: Trace) -> Verdict:
        return check_authorisation(trace, refusal_of=refusal_of, refusals=REFUSALS)

    liveness = partial(check_liveness, sends_again=False, waits_for=waits_for)
    of_one_writer = (
        Property(REGULAR, regular, observer=SingleWriterObserver(view, "regular"), decided=READ),
        Property(
            NO_INVERSION,
            no_inversion,
            observer=SingleWriterObserver(view, "inversion"),
            decided=READ,
        ),
    )
    refused = AuthorisationObserver(refusal_of, REFUSALS)
    in_one_order = LinearizabilityObserver(RegisterSpecification(), view)
    return (
        Property(AUTHORISATION, authorisation, observer=refused, decided=ANSWERED),
        *(of_one_writer if is_single_writer else ()),
        Property(LINEARIZABILITY, linearizability, observer=in_one_order, decided=DIFFERING),
        Property(LIVENESS, liveness, reads="end"),
    )


def waits_for(world: World, client: NodeId, operation: Value) -> str:
    """Say what a call still waits for."""
    assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
    system, server = world.scenario.system, world.node_state(operation.at).state
    assert isinstance(system, ReplicatedRegister), f"{system!r} is no register"
    assert isinstance(server, Server), f"{operation.at} is no server"
    phase = next((p for p in server.phases if p.request.client == client), None)
    token = system.access.token(operation.token)
    if phase is None or token is None:
        return f"{operation.at} does not work on it"
    heard = phase.heard if isinstance(phase, Querying) else phase.stored
    more = system.rules.quorum(len(token.readers)) - len(heard)
    missing = ", ".join(_with_state(world, r) for r in token.readers if r not in heard)
    return f"{operation.at} still waits for {more} of {missing}"


def _with_state(world: World, node: NodeId) -> str:
    if node in world.conditions.down:
        return f"{node} (down)"
    return f"{node} (silent)" if node in world.conditions.silent else node


def survives(access: AccessControl, spare: int = 0) -> Tolerates:
    """Return the bound on failures: any writers, and of each token's readers only a minority.

    With `spare` readers more the bound is wrong by that much.
    """

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        del roles
        return set(failed) <= set(access.servers) and all(
            2 * (sum(reader in failed for reader in token.readers) - spare) < len(token.readers)
            for token in access.tokens
        )

    return tolerates


def depends_on(client: NodeId, operation: Value) -> tuple[NodeId, ...]:
    """An answer needs the client and the server that it asked; of the others, any majority."""
    assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
    return (client, operation.at)
