"""The objects that `counterpoint check` knows: how to tell them apart, and what each promises."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.objects.services import FUNCTIONS as ETCD_FUNCTIONS
from counterpoint.checkers.readers import Case
from counterpoint.checkers.transactions.history import TransactionHistory, are_micro_operations
from counterpoint.harness.checking.forms import CannotCheck, with_transfers
from counterpoint.harness.checking.preparing import (
    Prepare,
    as_it_is,
    with_additions,
    with_elements,
    with_owners,
)
from counterpoint.model.inert import plain, quoted

if TYPE_CHECKING:
    from counterpoint.checkers.objects.sequential import Specification


@dataclass(frozen=True, slots=True)
class Model:
    """An object: its functions, and the property it is checked for unless told.

    Where no times are recorded, `property_without_times` is what it is checked for. `prepare` gives
    the history the form that the specification takes. A model without functions takes any. `specify`
    makes the specification of a model of one's own; see `specifications` for those of ours.
    """

    name: str
    summary: str
    functions: tuple[str, ...]
    property: str
    property_without_times: str = "causal-consistency"
    prepare: Prepare = as_it_is
    specify: Callable[[History, Hashable], Specification] | None = None


_MODELS = (
    Model("register", "values by key: read, write", ("read", "write"), "linearizability"),
    Model(
        "cas-register",
        "a register with cas (compare and set)",
        ("read", "write", "cas"),
        "linearizability",
    ),
    Model(
        "multi-register",
        "registers read and written by one txn",
        ("txn", "read", "write"),
        "linearizability",
    ),
    Model("text", "strings by key: put, append, get", ("get", "put", "append"), "linearizability"),
    Model("list", "lists by key: put, append, read", ("read", "put", "append"), "linearizability"),
    Model("mutex", "a lock: acquire, release", ("acquire", "release"), "linearizability"),
    Model(
        "owned-mutex",
        "a lock that only its owner releases",
        ("acquire", "release"),
        "linearizability",
        prepare=with_owners,
    ),
    Model(
        "reentrant-mutex",
        "... that its owner can acquire again",
        ("acquire", "release"),
        "linearizability",
        prepare=with_owners,
    ),
    Model(
        "fenced-mutex",
        "... whose acquire answers a growing fence",
        ("acquire", "release"),
        "linearizability",
        prepare=with_owners,
    ),
    Model(
        "reentrant-fenced-mutex",
        "... and both",
        ("acquire", "release"),
        "linearizability",
        prepare=with_owners,
    ),
    Model(
        "semaphore",
        "permits, as many as --initial says",
        ("acquire", "release"),
        "linearizability",
        prepare=with_owners,
    ),
    Model(
        "versioned-register",
        "a register that counts its writes",
        ("read", "write", "cas"),
        "linearizability",
    ),
    Model("queue", "first in, first out", ("enqueue", "dequeue"), "linearizability"),
    Model(
        "unordered-queue",
        "enqueue, dequeue and drain in any order",
        ("enqueue", "dequeue", "drain"),
        "linearizability",
        prepare=with_elements,
    ),
    Model("stack", "last in, first out", ("push", "pop"), "linearizability"),
    Model("counter", "a number: add, read", ("add", "read"), "counter-bounds"),
    Model("g-counter", "a growing one that may lag", ("add", "read"), "eventual-count"),
    Model("pn-counter", "any one that may lag", ("add", "read"), "eventual-count"),
    Model(
        "broadcast",
        "elements: broadcast, read",
        ("broadcast", "read"),
        "no-lost-element",
        prepare=with_additions,
    ),
    Model(
        "etcd",
        "a key-value store with revisions, as etcd's robustness tests record it",
        ETCD_FUNCTIONS,
        "linearizability",
    ),
    Model("unique-ids", "generate", ("generate",), "unique-ids"),
    Model(
        "log",
        "send, poll, as of Kafka",
        ("send", "poll", "txn", "assign", "subscribe", "seek", "crash", "debug-topic-partitions"),
        "log-delivery",
    ),
    Model("set", "elements: add, read", ("add", "read"), "no-lost-element"),
    Model("set-full", "the same as set", ("add", "read"), "no-lost-element"),
    Model("bank", "accounts: transfer, read", ("transfer", "read"), "conserved-total"),
    Model(
        "long-fork", "keys written once, read in groups", ("read", "write", "txn"), "no-long-fork"
    ),
    Model(
        "list-append",
        "txn of appends and reads of lists",
        ("txn",),
        "strict-serializability",
        property_without_times="serializability",
    ),
    Model("rw-register", "txn of reads and writes", ("txn",), "strict-serializability"),
    Model("transactions", "sessions of transactions, without times", (), "causal-consistency"),
)
MODELS: Mapping[str, Model] = MappingProxyType({model.name: model for model in _MODELS})


def model_of(case: Case, name: str | None) -> Model:
    """Return the model of that name, or the one that the functions of the history show.

    Raises:
        CannotCheck: no such model, or a history that fits none, or more than one.
    """
    if name is not None and name not in MODELS:
        raise CannotCheck(f"{quoted(name)} is no model; name one of {', '.join(MODELS)}")
    if isinstance(case.history, TransactionHistory):
        if name not in (None, "transactions", "rw-register"):
            raise CannotCheck(f"sessions of transactions cannot be checked as {name}")
        return MODELS["transactions"]
    return MODELS[name or _guess(case.history)]


def _guess(history: History) -> str:
    functions = {op.f for op in history}
    if functions == {"read"}:
        return _read_alone(history)
    if functions <= {"read", "write"}:
        several = [op.result for op in history if isinstance(op.result, tuple)]
        if not any(map(are_micro_operations, several)):
            return "register"
        return "long-fork" if _are_written_once(history) else "rw-register"
    if functions <= {"add", "read"}:
        return _number_or_elements(history)
    if functions == {"txn"} and _are_requests(history):
        return "etcd"
    if functions == {"txn"} and not _are_messages(history):
        kinds = {micro[0] for op in history for micro in _micros(op)}
        return "list-append" if "append" in kinds else "rw-register"
    if functions <= {"txn", "send", "poll"} and _are_messages(history):
        return "log"
    for model in _MODELS:
        if functions <= set(model.functions):
            return model.name
    raise CannotCheck(
        f"no model has the functions {plain(', '.join(sorted(functions)), 120)}; "
        f"known are {'; '.join(f'{m.name}: {m.summary}' for m in _MODELS)}"
    )


def _are_written_once(history: History) -> bool:
    """Tell whether each key is written once, and alone, as the test for long forks does it."""
    writes = [_micros(op) for op in history if op.f == "write"]
    keys = [key for micros in writes for _, key, _ in micros]
    return all(len(micros) == 1 for micros in writes) and len(set(keys)) == len(keys)


def _are_requests(history: History) -> bool:
    """Tell whether transactions have conditions and operations for either outcome, as etcd's have."""
    return any(
        isinstance(op.argument, tuple)
        and len(op.argument) == 3
        and all(isinstance(part, tuple) for part in op.argument)
        and not are_micro_operations(op.argument)
        and any(
            one and one[0] in ("put", "range", "delete") for part in op.argument[1:] for one in part
        )
        for op in history
    )


def _are_messages(history: History) -> bool:
    """Tell whether transactions send and poll, rather than read and write."""
    return any(
        isinstance(op.argument, tuple) and not are_micro_operations(op.argument) for op in history
    )


def _read_alone(history: History) -> str:
    """Tell by what was read; a bank's balances are pairs (account, number)."""
    shown = [op.result for op in history if op.status == "ok" and op.result is not UNKNOWN]
    if any(map(are_micro_operations, shown)):
        return "long-fork"
    if not shown or not all(isinstance(result, tuple | frozenset) for result in shown):
        return "register"
    return "bank" if all(_is_balances(result) for result in shown) else "set"


def _is_balances(result: Hashable) -> bool:
    return isinstance(result, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], int | None)
        for pair in result
    )


def _micros(op: Operation) -> Sequence[tuple[Hashable, ...]]:
    return op.argument if are_micro_operations(op.argument) else ()


def _number_or_elements(history: History) -> str:
    for op in history:
        if op.f == "read" and op.status == "ok" and op.result is not UNKNOWN:
            return "counter" if isinstance(op.result, int) else "set"
    raise CannotCheck("nothing is read that tells a counter from a set; name the model")


def as_the_model_has_it(
    history: History, model: Model, initial: Hashable, *, nil_is_value: bool = False
) -> History:
    """Return the history with values as the model's specification takes them.

    Inside transactions a read of None is one that nobody saw, where None is not the initial value,
    unless `nil_is_value`.
    """
    history = model.prepare(history)
    if model.name == "bank":
        return with_transfers(history)
    if model.functions == ("txn",):
        history = tuple(map(_as_transaction, history))
    is_of_registers = model.name in ("multi-register", "rw-register")
    if not is_of_registers or initial is None or nil_is_value:
        return history
    return tuple(replace(op, result=_without_none(op.result)) for op in history)


def _as_transaction(op: Operation) -> Operation:
    """Call a read or a write of micro-operations what it is."""
    if op.f == "read" and (op.result is UNKNOWN or are_micro_operations(op.result)):
        # What a read without an answer asked for is not kept, and does not matter.
        return replace(op, f="txn", argument=() if op.result is UNKNOWN else op.result)
    if op.f == "write" and are_micro_operations(op.argument):
        return replace(op, f="txn", result=op.argument if op.status == "ok" else UNKNOWN)
    return op


def _without_none(result: Hashable) -> Hashable:
    if not are_micro_operations(result):
        return result
    return tuple(
        (kind, key, UNKNOWN if kind == "r" and value is None else value)
        for kind, key, value in result
    )
