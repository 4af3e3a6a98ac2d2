"""What reads of whole lists tell: who appended what, in which order, and what cannot have been.

What sessions may expect of their past, where they append to lists and read them whole.

The order of a list is known from its reads, so each expectation is a length: a read must show at
least so many elements. Terry et al., "Session guarantees for weakly consistent replicated data",
PDIS 1994.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation, exact_history, left_open
from counterpoint.checkers.links import pair, shown
from counterpoint.checkers.sessions.judge import Guarantee
from counterpoint.checkers.transactions.history import Micro, are_micro_operations
from counterpoint.checkers.transactions.list_repeats import in_every_way
from counterpoint.checkers.transactions.reads_from import Fault
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds, undecided

Element = tuple[Hashable, Hashable]
"""A key, and what was appended to it: the identity of an append."""

INTERNAL = "internal inconsistency"
"""The anomaly of a read that contradicts what its own transaction did or read before."""


class NotAListHistory(ValueError):
    """A history that is not one of appends and reads."""


@dataclass(frozen=True, slots=True)
class ListRead:
    """A read from outside: how many elements of the key's order it saw before its own appends."""

    number: int
    key: Hashable
    length: int


@dataclass(frozen=True, slots=True)
class Lists:
    """The committed transactions, the order of each list, and who read how much of it.

    `orders[key]` are the elements that were read, as long as the longest read; `unread[key]` the
    committed elements that nobody read. `appender` gives the number of a transaction in
    `transactions`, which is in call order.
    """

    transactions: tuple[Operation, ...]
    orders: dict[Hashable, tuple[Hashable, ...]]
    unread: dict[Hashable, tuple[Hashable, ...]]
    appender: dict[Element, int]
    reads: tuple[ListRead, ...]
    faults: tuple[Fault, ...]
    read_count: int


def lists_of(history: History) -> Lists:
    """Work out the orders of all lists.

    Raises:
        NotAListHistory: an operation that is no transaction of appends and reads.
    """
    history = tuple(map(left_open, exact_history(history)))
    appends = _appends(history)
    seen = {
        (key, element)
        for op in history
        if op.is_answered
        for key, elements in _reads(op)
        for element in elements
    }
    committed = tuple(
        op
        for op in history
        if op.is_answered or (op.status != "fail" and any(e in seen for e in _appended(op)))
    )
    numbers = {op.id: number for number, op in enumerate(committed)}
    work = _Work(appends, numbers)
    for op in committed:
        work.take(op)
    return work.lists(committed)


def _micros(op: Operation) -> tuple[Micro, ...]:
    done = op.argument if op.result is UNKNOWN else op.result
    if op.f != "txn" or not are_micro_operations(done):
        raise NotAListHistory(f"{op.id} is no transaction of appends and reads")
    for kind, key, value in done:
        if kind == "w":
            raise NotAListHistory(f"{op.id} writes {shown(key)}; only appends and reads are known")
        if kind == "r" and not isinstance(value, tuple | None):
            raise NotAListHistory(f"{op.id} read {pair(key, value)}, which is no list")
    return done


def _appended(op: Operation) -> list[Element]:
    return [(key, value) for kind, key, value in _micros(op) if kind == "append"]


def _reads(op: Operation) -> Iterator[tuple[Hashable, tuple[Hashable, ...]]]:
    """Walk what an operation read; nothing if nobody saw its result."""
    if op.result is not UNKNOWN:
        for kind, key, value in _micros(op):
            if kind == "r":
                assert isinstance(value, tuple | None), "checked where it was parsed"
                yield key, value or ()


def _appends(history: History) -> dict[Element, Operation]:
    appends: dict[Element, Operation] = {}
    for op in history:
        for element in _appended(op):
            assert element not in appends, "who asks has told repeated elements apart"
            appends[element] = op
    return appends


@dataclass(slots=True)
class _Work:
    """What was worked out so far: one pass over the committed transactions."""

    appends: dict[Element, Operation]
    numbers: dict[str, int]
    longest: dict[Hashable, tuple[tuple[Hashable, ...], Operation]] = field(default_factory=dict)
    seen: list[tuple[Operation, Hashable, tuple[Hashable, ...], int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    read_count: int = 0

    def take(self, op: Operation) -> None:
        """Note every read of a transaction, and what is wrong with it alone."""
        if op.result is UNKNOWN:
            return
        known: dict[Hashable, tuple[Hashable, ...]] = {}
        own: dict[Hashable, tuple[Hashable, ...]] = {}
        done: set[Element] = set()
        for kind, key, value in _micros(op):
            if kind == "append":
                own[key] = (*own.get(key, ()), value)
                done.add((key, value))
                continue
            assert isinstance(value, tuple | None), "checked where it was parsed"
            elements = value or ()
            self.read_count += 1
            self.faults += _inside(op, key, elements, known.get(key), own.get(key, ()))
            self.faults += self._elementwise(op, key, elements, done)
            known[key] = elements
            own.pop(key, None)
            self.seen.append((op, key, elements, len(elements)))
            if len(elements) > len(self.longest.get(key, ((), op))[0]):
                self.longest[key] = (elements, op)

    def _elementwise(
        self, op: Operation, key: Hashable, elements: tuple[Hashable, ...], done: set[Element]
    ) -> Iterator[Fault]:
        """See who appended each element; `done` are those of the transaction itself, so far."""
        if len(set(elements)) < len(elements):
            summary = f"{op.id} read {pair(key, elements)}, in which an element stands twice"
            yield Fault("duplicate element", summary, (op.id,))
        for element in elements:
            writer = self.appends.get((key, element))
            what = f"{op.id} read {element!r} in {shown(key)}"
            if writer is None:
                yield Fault("unwritten read", f"{what}, which nobody appended", (op.id,))
            elif writer is op and (key, element) not in done:
                yield Fault("future read", f"{what} before it appended that itself", (op.id,))
            elif writer.status == "fail":
                summary = f"{what}, which {writer.id} failed to append"
                yield Fault("G1a, aborted read", summary, (writer.id, op.id))

    def lists(self, committed: tuple[Operation, ...]) -> Lists:
        """Compare all reads with the longest of their key."""
        reads = []
        for op, key, elements, length in self.seen:
            longest, by = self.longest.get(key, ((), op))
            if elements != longest[:length]:
                self.faults.append(_incompatible(op, key, elements, longest, by))
            while length and self.appends.get((key, elements[length - 1])) is op:
                length -= 1
            self.faults.extend(self._intermediate(op, key, elements[:length]))
            reads.append(ListRead(self.numbers[op.id], key, length))
        for key, (elements, by) in self.longest.items():
            self.faults.extend(self._out_of_order(by, key, elements))
        orders = {key: elements for key, (elements, _) in self.longest.items()}
        appender = {
            e: self.numbers[op.id] for e, op in self.appends.items() if op.id in self.numbers
        }
        unread: dict[Hashable, list[Hashable]] = {}
        read = {(key, element) for key, order in orders.items() for element in order}
        for key, element in appender:
            if (key, element) not in read:
                unread.setdefault(key, []).append(element)
        return Lists(
            committed,
            orders,
            {key: tuple(elements) for key, elements in unread.items()},
            appender,
            tuple(dict.fromkeys(reads)),
            tuple(self.faults),
            self.read_count,
        )

    def _out_of_order(
        self, op: Operation, key: Hashable, elements: Sequence[Hashable]
    ) -> Iterator[Fault]:
        """See whether what one transaction appended stands as it did so, without a gap before it."""
        told: dict[str, Iterator[Hashable]] = {}
        for element in elements:
            writer = self.appends.get((key, element))
            if writer is None:
                continue
            if writer.id not in told:
                told[writer.id] = (value for k, value in _appended(writer) if k == key)
            before = next(told[writer.id], element)
            if before != element:
                summary = (
                    f"{op.id} read {element!r} in {shown(key)} without {before!r} before it, which "
                    f"{writer.id} had appended first"
                )
                yield Fault("out of order append", summary, (writer.id, op.id))
                return

    def _intermediate(
        self, op: Operation, key: Hashable, elements: Sequence[Hashable]
    ) -> Iterator[Fault]:
        """See whether the last element from outside was not the last of its transaction."""
        writer = self.appends.get((key, elements[-1])) if elements else None
        if writer is None or writer.id not in self.numbers:
            return
        last = [value for k, value in _appended(writer) if k == key][-1]
        if last != elements[-1]:
            summary = (
                f"{op.id} read {shown(key)} up to {elements[-1]!r}, before {writer.id} appended "
                f"{last!r} to it as well"
            )
            yield Fault("G1b, intermediate read", summary, (writer.id, op.id))


def _inside(
    op: Operation,
    key: Hashable,
    elements: tuple[Hashable, ...],
    known: tuple[Hashable, ...] | None,
    own: tuple[Hashable, ...],
) -> Iterator[Fault]:
    """Compare a read with what its transaction read and appended before: `known`, then `own`."""
    if known is not None and elements != known + own:
        yield _internal(op, key, elements, known + own)
    elif own and elements[len(elements) - len(own) :] != own:
        yield _internal(op, key, elements, (..., *own))


def _internal(
    op: Operation, key: Hashable, elements: tuple[Hashable, ...], expected: tuple[object, ...]
) -> Fault:
    wanted = ", ".join("..." if e is ... else repr(e) for e in expected)
    return Fault(
        INTERNAL,
        f"{op.id} read {pair(key, elements)}, but what it did before leaves ({wanted})",
        (op.id,),
    )


def _incompatible(
    op: Operation,
    key: Hashable,
    elements: tuple[Hashable, ...],
    longest: tuple[Hashable, ...],
    by: Operation,
) -> Fault:
    return Fault(
        "incompatible order",
        f"{op.id} read {pair(key, elements)} and {by.id} read {pair(key, longest)}; "
        "neither list begins with the other",
        (by.id, op.id),
    )


SESSIONS_NAME = "session guarantees of lists"
CAUSAL: frozenset[Guarantee] = frozenset({"MW", "WFR"})
WORDS: dict[Guarantee, str] = {
    "RYW": "its client had appended more",
    "MR": "its client had read more",
    "MW": "more was appended before what its client had seen of the same session",
    "WFR": "more was read by whoever then appended what its client had seen",
}


class Floor(NamedTuple):
    """How long a list must be that is read, by which guarantee, and since which operation."""

    length: int
    guarantee: Guarantee
    witness: str


Floors = dict[Hashable, Floor]
"""By key."""


def check_list_sessions(history: History, *, guarantees: Collection[Guarantee]) -> Verdict:
    """Tell whether no read misses an element that a guarantee promises it.

    `examined` counts the reads. Where the lists contradict each other the verdict is UNDECIDED:
    then no order of theirs is known. Elements that were appended more than once are told apart in
    every way, see `in_every_way`.
    """
    return in_every_way(
        SESSIONS_NAME, history, lambda way: _check_sessions(way, guarantees=guarantees)
    )


def _check_sessions(history: History, *, guarantees: Collection[Guarantee]) -> Verdict:
    try:
        lists = lists_of(history)
    except NotAListHistory as error:
        return undecided(SESSIONS_NAME, str(error))
    if any(fault.anomaly == "incompatible order" for fault in lists.faults):
        return undecided(SESSIONS_NAME, "the lists that were read do not agree on one order")
    taken = [op for op in history if op.is_answered]
    causes = _causes(taken, lists, guarantees)
    floors: dict[str, Floors] = {op.client: {} for op in taken}
    for op in taken:
        own = floors[op.client]
        for kind, key, value in _answered_micros(op):
            if kind == "append" and "RYW" in guarantees:
                _raise(own, key, Floor(_place(lists, key, value), "RYW", op.id))
            if kind != "r":
                continue
            seen = value if isinstance(value, tuple) else ()
            floor = own.get(key)
            if floor is not None and len(seen) < floor.length:
                return _missed(op, key, floor, lists)
            if seen and "MR" in guarantees:
                _raise(own, key, Floor(len(seen), "MR", op.id))
            for element in seen:
                for cause, length, guarantee in causes.get((key, element), ()):
                    _raise(own, cause, Floor(length, guarantee, op.id))
    return holds(SESSIONS_NAME, examined=lists.read_count)


def _causes(
    taken: Sequence[Operation], lists: Lists, guarantees: Collection[Guarantee]
) -> dict[Element, list[tuple[Hashable, int, Guarantee]]]:
    """Return, for each element, how long other lists must be for whoever has seen it."""
    causes: dict[Element, list[tuple[Hashable, int, Guarantee]]] = {}
    pasts: dict[tuple[str, Guarantee], dict[Hashable, int]] = {}
    for op in taken:
        for kind, key, value in _answered_micros(op):
            for guarantee in CAUSAL & set(guarantees):
                past = pasts.setdefault((op.client, guarantee), {})
                length = len(value) if isinstance(value, tuple) else 0
                if kind == "append":
                    known = causes.setdefault((key, value), [])
                    known += [(other, long, guarantee) for other, long in past.items()]
                    length = _place(lists, key, value)
                if (kind == "append") == (guarantee == "MW") and length:
                    past[key] = max(past.get(key, 0), length)
    return causes


def _answered_micros(op: Operation) -> tuple[Micro, ...]:
    return op.result if are_micro_operations(op.result) else ()


def _place(lists: Lists, key: Hashable, element: Hashable) -> int:
    """Return how long a list is that ends with an element; one that nobody read follows all others."""
    order = lists.orders.get(key, ())
    return order.index(element) + 1 if element in order else len(order) + 1


def _raise(floors: Floors, key: Hashable, floor: Floor) -> None:
    if key not in floors or floors[key].length < floor.length:
        floors[key] = floor


def _missed(op: Operation, key: Hashable, floor: Floor, lists: Lists) -> Verdict:
    return broken(
        SESSIONS_NAME,
        f"{op.id} of {op.client} read too short a list of {quoted(key)}: {WORDS[floor.guarantee]} "
        f"({floor.guarantee}, since {floor.witness})",
        examined=lists.read_count,
        culprits=tuple(dict.fromkeys((floor.witness, op.id))),
    )
