"""Linearizability of a read/write register whose writes all carry different values.

    verdict = check_register(history, initial=0)

O(n) in the number of operations besides one sort, which is nearly linear on a history in call
order. A register with repeated values belongs to `counterpoint.checkers.linearizability.check`.

What is assumed of an operation whose answer was not seen: a write with status "info", or without a
return, may take effect at any time after its call, or never; such a read says nothing and is left
out. A write with status "fail" surely had no effect, so reading its value breaks the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.history import OPEN, UNKNOWN, Operation, by_key, exact, exact_history
from counterpoint.checkers.objects.p_compositionality import with_names
from counterpoint.checkers.objects.specifications import Register, UnknownOperation
from counterpoint.checkers.objects.verify import core_fault, witness_fault
from counterpoint.checkers.register.core import RegisterCore, smallest_core
from counterpoint.checkers.register.explaining import RegisterWords
from counterpoint.checkers.register.zones import (
    Clusters,
    Columns,
    RepeatedValue,
    clusters_of,
    order_of_zones,
)
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Verdict, holds, undecided


def check_register(
    history: Sequence[Operation],
    *,
    initial: Hashable = None,
    name: str = "linearizability",
    show: Callable[[Hashable], str] = repr,
) -> Verdict:
    """Judge the history of one register, whatever the operations' keys.

    Operations are `write` (argument: the value) and `read` (result: the value), in any order;
    `show` prints a value. HOLDS carries an order of the operations that explains every answer;
    BROKEN a smallest set of operations, at most six, that cannot be ordered whatever the others
    did. Either is re-checked before it is returned. UNDECIDED when a value was written twice or
    equals `initial`, and when nothing was there to judge.

    Raises:
        UnknownOperation: for an operation that is neither a read nor a write.
        MalformedHistory: two operations of one name, where that led to a wrong certificate.
    """
    # Columns take only values that are exact as they are, so that need not be found out twice.
    return _on_columns(history, initial, name) or _judge(
        exact_history(history), exact(initial), name, show
    )


def judge_exact_register(
    history: Sequence[Operation],
    *,
    initial: Hashable,
    name: str,
    show: Callable[[Hashable], str],
) -> Verdict:
    """Judge as `check_register` does a history whose values are in exact form already."""
    return _on_columns(history, initial, name) or _judge(history, initial, name, show)


def _on_columns(history: Sequence[Operation], initial: Hashable, name: str) -> Verdict | None:
    """Return the verdict on a long history that holds and is of the plain kind."""
    if not is_worth_it(len(history)):
        return None
    from counterpoint.checkers.columns.check import holds_as_register

    return holds_as_register(history, initial, name)


def _judge(
    history: Sequence[Operation], initial: Hashable, name: str, show: Callable[[Hashable], str]
) -> Verdict:
    uses = uses_of(history)
    examined = len(uses.writes) + len(uses.reads)
    try:
        clusters = clusters_of(uses.columns, initial)
    except RepeatedValue as repeated:
        return undecided(name, _ambiguity(repeated.value, show), examined=examined)
    if clusters.unwritten_read is None and clusters.early_read is None:
        order, conflict = order_of_zones(clusters.first_return, clusters.last_call)
        if conflict is None:
            witness = _witness(uses, clusters, order)
            fault = witness_fault([*uses.writes, *uses.reads], witness, Register(initial))
            _require_right(fault, history, "order")
            return holds(name, examined=examined, witness=witness, summary=_vacuity(uses))
    core = smallest_core(uses.writes, uses.reads, clusters, initial=initial)
    if core is None:
        raise OwnDefect("two clusters conflict, but no two of their operations do")
    fault = core_fault(core.operations, Register(initial), without=without_its_reads)
    _require_right(fault, history, "core")
    return _broken(core, RegisterWords(show, initial, uses.failed), name=name, examined=examined)


def _require_right(fault: str, history: Sequence[Operation], what: str) -> None:
    if fault:
        with_names(history)
        raise OwnDefect(f"the {what} from the zones is wrong: {fault}")


def check_registers(
    history: Sequence[Operation],
    *,
    initial: Hashable = None,
    name: str = "linearizability",
    show: Callable[[Hashable], str] = repr,
) -> dict[Hashable, Verdict]:
    """Judge each key of a history as a register of its own; linearizability is local."""
    return {
        key: check_register(part, initial=initial, name=name, show=show)
        for key, part in by_key(history).items()
    }


@dataclass(frozen=True, slots=True)
class Uses:
    """The writes that may have happened, the reads that were answered, and the writes that failed.

    Writes and reads are in call order; a write that may still take effect has an open return.
    `columns` holds the same facts once more, as the zones need them.
    """

    writes: list[Operation]
    reads: list[Operation]
    failed: list[Operation]
    columns: Columns


def uses_of(history: Iterable[Operation]) -> Uses:
    """Sort out which operations of a register say something.

    Raises:
        UnknownOperation: for an operation that is neither a read nor a write.
    """
    uses = Uses([], [], [], Columns([], [], [], [], [], []))
    writes, reads, columns = uses.writes, uses.reads, uses.columns
    # One pass that touches each operation once: on long histories memory is what takes time.
    for op in sorted(history, key=attrgetter("called")):
        if op.f == "read":
            if op.status == "ok" and op.returned != OPEN and op.result is not UNKNOWN:
                reads.append(op)
                columns.read_values.append(op.result)
                columns.read_calls.append(op.called)
                columns.read_returns.append(op.returned)
        elif op.f != "write":
            raise UnknownOperation(op.f, ("read", "write"))
        elif op.status == "fail":
            uses.failed.append(op)
        else:
            is_settled = op.status == "ok" or op.returned == OPEN
            writes.append(op if is_settled else replace(op, returned=OPEN))
            columns.write_values.append(op.argument)
            columns.write_calls.append(op.called)
            columns.write_returns.append(writes[-1].returned)
    return uses


def without_its_reads(core: Sequence[Operation], out: Operation) -> list[Operation]:
    """A register's operations without `out` and, if that is a write, the reads of its value."""
    return [
        op
        for op in core
        if op != out and not (out.f == "write" and op.f == "read" and op.result == out.argument)
    ]


def _witness(uses: Uses, clusters: Clusters, order: list[int]) -> tuple[str, ...]:
    """Write by write in the order of the clusters, each followed by its reads by call."""
    place_of = [0] * len(order)
    for place, cluster in enumerate(order):
        place_of[cluster] = place
    names = [op.id for op in uses.writes]
    names += [op.id for op in uses.reads]
    places = place_of[:-1]
    places += [place_of[cluster] for cluster in clusters.cluster_of_read if cluster is not None]
    # The sort is stable: a write stays before its reads, and they stay in call order.
    return tuple([names[at] for at in sorted(range(len(names)), key=places.__getitem__)])


def _vacuity(uses: Uses) -> str:
    return "" if uses.reads else "no read was answered, so any order of the writes would do"


def _ambiguity(value: Hashable, show: Callable[[Hashable], str]) -> str:
    return (
        f"{show(value)} was written more than once or is the initial value, "
        "so a read of it does not tell which write it saw"
    )


def _broken(core: RegisterCore, teller: RegisterWords, *, name: str, examined: int) -> Verdict:
    return teller.explain(core).verdict(name, examined=examined)
