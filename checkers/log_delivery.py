"""A log of many keys, as Kafka's: what was sent is polled in one order, once, and none is left out.

A send tells a key and a value, and its answer the offset; a poll shows pairs (offset, value) by key.
The anomalies are those of Jepsen's Kafka tests, each found by one pass over all sends and polls.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds

NAME = "log delivery"
UNANSWERED = -1
MOVES = frozenset({"assign", "subscribe", "seek"})
"""Calls after which a client may go on anywhere."""


class SeenValue(NamedTuple):
    """A value at an offset of a key, in an operation: polled, or sent with that answer.

    The offset of a send that was not answered is -1.
    """

    op: Operation
    key: Hashable
    offset: int
    value: Hashable


@dataclass(slots=True)
class Log:
    """All that a history tells of its logs."""

    sends: list[SeenValue] = field(default_factory=list)
    polls: list[list[SeenValue]] = field(default_factory=list)
    moves: list[Operation] = field(default_factory=list)

    def seen(self) -> Iterator[SeenValue]:
        """Walk all values of which an offset is known."""
        yield from (one for one in self.sends if one.offset >= 0 and one.op.is_answered)
        yield from (one for poll in self.polls for one in poll)


def check_log_delivery(history: History) -> Verdict:
    """Tell whether every log is one sequence that its readers read on, and that loses nothing.

    `examined` counts the values that were sent or polled with their offsets.

    Raises:
        ValueError: a send or poll of another form.
    """
    log = log_of(history)
    examined = sum(1 for _ in log.seen())
    for find in (_two_values, _twice, _aborted, _went_back, _skipped, _sent_backwards, _lost):
        found = find(log)
        if found is not None:
            summary, *operations = found
            culprits = tuple(dict.fromkeys(op.id for op in operations if isinstance(op, Operation)))
            return broken(NAME, str(summary), examined=examined, culprits=culprits)
    return holds(NAME, examined=examined)


DeliveryFault = tuple[str | Operation, ...] | None


def _two_values(log: Log) -> DeliveryFault:
    at: dict[tuple[Hashable, int], SeenValue] = {}
    for one in log.seen():
        first = at.setdefault((one.key, one.offset), one)
        if first.value != one.value:
            values = f"{quoted(first.value)} and {quoted(one.value)}"
            return f"{_place(one)} is both {values}", first.op, one.op
    return None


def _twice(log: Log) -> DeliveryFault:
    of: dict[tuple[Hashable, Hashable], SeenValue] = {}
    for one in log.seen():
        first = of.setdefault((one.key, one.value), one)
        if first.offset != one.offset:
            places = f"at offsets {first.offset} and {one.offset} of {quoted(one.key)}"
            return f"{quoted(one.value)} is {places}", first.op, one.op
    return None


def _aborted(log: Log) -> DeliveryFault:
    failed = {(one.key, one.value): one for one in log.sends if one.op.status == "fail"}
    sent = {(one.key, one.value) for one in log.sends if one.op.status != "fail"}
    for one in (one for poll in log.polls for one in poll):
        first = failed.get((one.key, one.value))
        if first is not None and (one.key, one.value) not in sent:
            return (
                f"{one.op.client} polled {quoted(one.value)}, whose send failed",
                first.op,
                one.op,
            )
    return None


def _went_back(log: Log) -> DeliveryFault:
    for earlier, later in _steps(log):
        if later.offset <= earlier.offset:
            words = f"offset {later.offset} of {quoted(later.key)} after {earlier.offset}"
            return f"{later.op.client} polled {words}", earlier.op, later.op
    return None


def _skipped(log: Log) -> DeliveryFault:
    known: dict[Hashable, dict[int, SeenValue]] = {}
    for one in log.seen():
        known.setdefault(one.key, {})[one.offset] = one
    rank = {key: {o: n for n, o in enumerate(sorted(of))} for key, of in known.items()}
    order = {key: sorted(of) for key, of in known.items()}
    for earlier, later in _steps(log):
        ranks = rank[later.key]
        if ranks[later.offset] > ranks[earlier.offset] + 1:
            between = known[later.key][order[later.key][ranks[earlier.offset] + 1]]
            words = f"from offset {earlier.offset} to {later.offset} of {quoted(later.key)}"
            what = f"{later.op.client} polled on {words}, and left out {quoted(between.value)}"
            return what, between.op, earlier.op, later.op
    return None


def _sent_backwards(log: Log) -> DeliveryFault:
    latest: dict[tuple[str, Hashable], SeenValue] = {}
    for one in log.sends:
        if one.offset < 0 or not one.op.is_answered:
            continue
        before = latest.get((one.op.client, one.key))
        if before is not None and before.offset >= one.offset:
            words = f"to offset {one.offset} of {quoted(one.key)} after {before.offset}"
            return f"{one.op.client} sent {words}", before.op, one.op
        latest[one.op.client, one.key] = one
    return None


def _lost(log: Log) -> DeliveryFault:
    polled = {(one.key, one.value) for poll in log.polls for one in poll}
    furthest: dict[Hashable, SeenValue] = {}
    for one in (one for poll in log.polls for one in poll):
        best = furthest.get(one.key)
        if best is None or best.offset < one.offset:
            furthest[one.key] = one
    for one in log.sends:
        beyond = furthest.get(one.key)
        if (
            one.op.is_answered
            and one.offset >= 0
            and (one.key, one.value) not in polled
            and beyond is not None
            and beyond.offset > one.offset
        ):
            where = f"at offset {one.offset} of {quoted(one.key)}"
            reached = f"though {beyond.op.client} polled offset {beyond.offset}"
            return f"{quoted(one.value)} {where} was never polled, {reached}", one.op, beyond.op
    return None


def _steps(log: Log) -> Iterator[tuple[SeenValue, SeenValue]]:
    """Walk pairs of values that a client polled one after the other from a key."""
    moved: dict[str, list[float]] = {}
    for op in log.moves:
        moved.setdefault(op.client, []).append(op.called)
    latest: dict[tuple[str, Hashable], SeenValue] = {}
    for one in (one for poll in log.polls for one in poll):
        before = latest.get((one.op.client, one.key))
        if before is not None and not any(
            before.op.called < at < one.op.called for at in moved.get(one.op.client, ())
        ):
            yield before, one
        latest[one.op.client, one.key] = one


def _place(one: SeenValue) -> str:
    return f"offset {one.offset} of {quoted(one.key)}"


# ---- forms ---------------------------------------------------------------------------------------


def log_of(history: History) -> Log:
    """Collect sends and polls, alone or as micro-operations of a "txn"."""
    log = Log()
    for op in history:
        if op.f in MOVES:
            log.moves.append(op)
        for kind, *parts in _micros(op):
            if kind == "send":
                log.sends.append(_sent(op, parts))
            elif kind == "poll" and parts and op.is_answered and parts[0] is not UNKNOWN:
                log.polls.append(list(_polled(op, parts[0])))
    return log


def _micros(op: Operation) -> Iterator[tuple[Hashable, ...]]:
    done = op.argument if not op.is_answered or op.result in (UNKNOWN, None, True) else op.result
    if isinstance(done, tuple) and all(_kind(item) in ("send", "poll") for item in done):
        yield from ((_kind(item), *item[1:]) for item in done if isinstance(item, tuple))
    elif op.f == "send":
        asked = op.argument if isinstance(op.argument, tuple) else (op.key, op.argument)
        yield (
            ("send", asked[0], (op.result, asked[1]))
            if isinstance(op.result, int) and op.is_answered
            else (
                "send",
                *(op.result if isinstance(op.result, tuple) and op.is_answered else asked),
            )
        )
    elif op.f == "poll":
        yield "poll", op.result
    elif op.f not in MOVES:
        raise ValueError(f"the {op.f} {op.id} is neither a send, a poll nor a transaction of them")


def _kind(item: Hashable) -> str:
    is_named = isinstance(item, tuple) and item and isinstance(item[0], str)
    return str(item[0]).removeprefix(":") if is_named else ""  # type: ignore[index]


def _sent(op: Operation, parts: list[Hashable]) -> SeenValue:
    match parts:
        case [key, (int(offset), value)] if op.is_answered:
            return SeenValue(op, key, offset, value)
        case [key, (None, value)]:
            return SeenValue(op, key, UNANSWERED, value)
        case [key, value]:
            return SeenValue(op, key, UNANSWERED, value)
        case _:
            raise ValueError(f"the send {op.id} must have a key and a value, or [offset value]")


def _polled(op: Operation, shown: Hashable) -> Iterator[SeenValue]:
    pairs = shown if isinstance(shown, tuple) else None
    for entry in pairs if pairs is not None else (shown,):
        match entry:
            case (key, tuple(messages)):
                for message in messages:
                    match message:
                        case (int(offset), value):
                            yield SeenValue(op, key, offset, value)
                        case _:
                            raise ValueError(
                                f"the poll {op.id} shows {quoted(message)}; right would be "
                                "[offset value]"
                            )
            case None:
                return
            case _:
                raise ValueError(
                    f"the poll {op.id} shows {quoted(entry)}; right would be "
                    "{key: [[offset, value], ...]}"
                )
