"""What must hold in every run of the two causally consistent stores, and how checkers see their runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from counterpoint.checkers import convergence as replicas
from counterpoint.checkers import visibility as causal_visibility
from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.convergence import (
    Agreement,
    ReplicaHolding,
    ReplicaState,
    SameOrder,
    UpdateStep,
    check_convergence,
    check_same_order,
)
from counterpoint.checkers.happens_before import clock_checks
from counterpoint.checkers.happens_before.clock_checks import (
    Began,
    ClockWatch,
    Stamped,
    check_lamport_clocks,
)
from counterpoint.checkers.happens_before.clocks import NONE, EventLog
from counterpoint.checkers.history import History
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.checkers.sessions.check import (
    GUARANTEES,
    OfSessions,
    check_sessions,
    property_name,
)
from counterpoint.checkers.visibility import (
    Deed,
    Identity,
    Missed,
    Saw,
    Shown,
    Watch,
    Wrote,
    check_visibility,
    deeds_of,
)
from counterpoint.harness.systems.stores_glance import StoresGlance
from counterpoint.impl.stores.words import (
    Applied,
    Await,
    Copy,
    Found,
    Read,
    Told,
    Version,
    Write,
    Written,
)
from counterpoint.model import observer as model
from counterpoint.model.event import EventKind
from counterpoint.model.scenario import Property
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict

CAUSAL_ORDER = causal_visibility.NAME
SAME_ORDER = replicas.SAME_ORDER
CONVERGENCE = replicas.CONVERGENCE
LAMPORT = clock_checks.LAMPORT
CAUSAL = "causal consistency"
CONVERGENT = "causal convergence"
SESSIONS = property_name(frozenset(GUARANTEES), convergent=True)
LIVENESS = "liveness"


# ---- how checkers see a run ----------------------------------------------------------------------


def identity(copy: Copy) -> Identity:
    """Return how checkers call a write: by its key and its value, which no other write has."""
    return (copy.version.key, copy.value)


def reading(kind: EventKind, node: NodeId, value: Value) -> Deed | None:
    """Show a run to the checker of visibility."""
    match kind, value:
        case "invoke", Write(key, text):
            return Wrote(node, (key, text))
        case "return", Found(key, None):
            return Missed(node, key)
        case "return", Found(_, Copy() as copy):
            return Saw(node, identity(copy))
        case "note", Told(copy):
            return Saw(node, identity(copy), is_read=False)
        case "note", Applied(copy):
            return Shown(node, identity(copy))
        case _:
            return None


def applied(node: NodeId, value: Value) -> Hashable | None:
    """Return which update a note says was applied, as reports name it."""
    del node
    return str(value.copy) if isinstance(value, Applied) else None


def view(operation: Value, result: Hashable) -> Seen | None:
    """Show a call to the checkers of histories; a move is part of a session and no operation."""
    match operation:
        case Write(key, value):
            return Seen("write", key, value, None)
        case Read(key) | Await(key):
            copy = result.copy if isinstance(result, Found) else None
            return Seen("read", key, None, None if copy is None else copy.value)
        case _:
            return None


# ---- what must hold ------------------------------------------------------------------------------


def causal_order(trace: Trace) -> Verdict:
    """No server makes a write visible before the writes that happened before it."""
    return check_visibility(trace, reading)


def same_order(trace: Trace) -> Verdict:
    """All servers apply the same updates in the same order."""
    notes = (event for event in trace.events if event.kind == "note" and event.node is not None)
    steps = ((event.node or "", applied("", event.value), event.step) for event in notes)
    return check_same_order(
        UpdateStep(n, update, at) for n, update, at in steps if update is not None
    )


def convergence(trace: Trace) -> Verdict:
    """Servers that applied the same writes hold the same."""
    return check_convergence(tuple(_states(trace)))


def _states(trace: Trace) -> Iterator[ReplicaState]:
    """What each server had applied, and what it held, after each update."""
    done: dict[NodeId, frozenset[Hashable]] = {}
    held: dict[NodeId, dict[Hashable, str]] = {}
    for event in trace.events:
        if isinstance(event.value, Applied) and event.kind == "note" and event.node is not None:
            node, copy = event.node, event.value.held
            done[node] = done.get(node, frozenset()) | {event.value.copy.version}
            held.setdefault(node, {})[copy.version.key] = str(copy)
            state = tuple(sorted(held[node].items(), key=str))
            yield ReplicaState(node, done[node], state, event.step)


def holding(node: NodeId, value: Value) -> ReplicaHolding | None:
    """Return what a note says that a server applied, and holds."""
    del node
    if not isinstance(value, Applied):
        return None
    return ReplicaHolding(value.copy.version, value.held.version.key, value.held)


def lamport(trace: Trace) -> Verdict:
    """A write has a higher clock than every write that happened before it."""
    log, clocks = history_log(trace)
    return check_lamport_clocks(log, clocks)


def history_log(trace: Trace) -> tuple[EventLog, tuple[int | None, ...]]:
    """Return who wrote and who saw what as a log of messages, with the clocks of the writes.

    A write is the sending of a message, as its client begins it; to see it is to receive that.
    """
    deeds = deeds_of(trace, reading)
    told = [(event, deed) for event, deed in deeds if isinstance(deed, Wrote | Saw)]
    sessions = sorted({deed.session for _, deed in told})
    numbers = {deed.write: i for i, (_, deed) in enumerate(told) if isinstance(deed, Wrote)}
    is_sent = [isinstance(deed, Wrote) for _, deed in told]
    found = [numbers[deed.write] for _, deed in told]
    clocks = clocks_of(trace)
    log = EventLog(
        process=tuple(sessions.index(deed.session) for _, deed in told),
        sent=tuple(n if sent else NONE for n, sent in zip(found, is_sent, strict=True)),
        received=tuple(NONE if sent else n for n, sent in zip(found, is_sent, strict=True)),
        process_count=len(sessions),
        names=tuple(
            f"{'write' if isinstance(deed, Wrote) else 'read'} of {deed.write[0]}={deed.write[1]}"
            for _, deed in told
        ),
        steps=tuple(event.step for event, _ in told),
        places=tuple(sessions),
    )
    stamps = tuple(clocks.get(deed.write) if isinstance(deed, Wrote) else None for _, deed in told)
    return log, stamps


def clocks_of(trace: Trace) -> Mapping[Identity, int]:
    """Return the clock of every write that anybody has named, by key and value."""
    clocks: dict[Identity, int] = {}
    asked: dict[str | None, Write] = {}
    for event in trace.events:
        match event.value:
            case Write() as write if event.kind == "invoke":
                asked[event.operation] = write
            case Written(Version(stamp)) if event.operation in asked:
                write = asked[event.operation]
                clocks[write.key, write.value] = stamp.clock
            case Found(_, Copy() as copy) | Applied(copy) | Told(copy):
                clocks[identity(copy)] = copy.version.stamp.clock
            case _:
                pass
    return clocks


def clock_said(seen: model.Observation) -> Began | Stamped | None:
    """Show an observation to the automaton of Lamport clocks."""
    match seen.kind, seen.value:
        case "invoke", Write(key, value):
            return Began(seen.node, (key, value))
        case ("return", Found(_, Copy() as copy)) | ("note", Told(copy)):
            return Stamped(identity(copy), copy.version.stamp.clock, seen.node)
        case "note", Applied(copy):
            return Stamped(identity(copy), copy.version.stamp.clock)
        case _:
            return None


def sessions_kept(trace: Trace) -> Verdict:
    """The four session guarantees, by one order of all writes for all clients."""
    return in_sessions(operations_of(trace, view))


def in_sessions(history: History) -> Verdict:
    """Judge a history by the four session guarantees together."""
    return check_sessions(history, convergent=True)


def causal(trace: Trace) -> Verdict:
    """A read never misses a write that happened before one that its client has seen."""
    return check_causal(operations_of(trace, view))


def convergent(trace: Trace) -> Verdict:
    """All reads can be explained by one order of all writes."""
    return in_one_order(operations_of(trace, view))


def in_one_order(history: History) -> Verdict:
    """Judge a history by causal convergence."""
    return check_causal(history, level="ccv")


GLANCE = StoresGlance((SESSIONS, CAUSAL, CONVERGENT))

ORDER = Property(CAUSAL_ORDER, causal_order, observer=Watch(reading, "order"), glance=GLANCE)
"""Comes first: it names the first moment at which something is wrong, and the shortest reason."""

SAME = Property(SAME_ORDER, same_order, observer=SameOrder(applied), glance=GLANCE)

STATES = Property(CONVERGENCE, convergence, observer=Agreement(holding), glance=GLANCE)

CLOCKS = Property(LAMPORT, lamport, observer=ClockWatch(clock_said), glance=GLANCE)

HISTORIES = (
    Property(SESSIONS, sessions_kept, observer=OfSessions(in_sessions, view), glance=GLANCE),
    Property(CAUSAL, causal, observer=Watch(reading, "reads"), glance=GLANCE),
    Property(CONVERGENT, convergent, observer=OfSessions(in_one_order, view), glance=GLANCE),
)
"""What the clients can see, best explanation first."""
