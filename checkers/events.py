"""The one front end of all checkers: what was recorded, event by event, becomes operations.

Rules, the same for every format:

- "fail" surely had no effect. The operation stays in the history with status "fail", so that a
  checker drops it and still knows its written value: reading that value is an aborted read.
- "info", or no completion at all, may have had an effect at any time after the call: the operation
  is open for ever. The value an "info" carries is ignored; the call's own value counts.
- A read whose completion has no value has the result `UNKNOWN`; a checker may drop it.
- A client makes one call at a time. After an "info" it may call again.

Whatever no set of clients can have produced is a `MalformedHistory` with its line, never a verdict.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from counterpoint.checkers.history import (
    OPEN,
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    Status,
    well_formed,
)
from counterpoint.checkers.transactions.history import micro_operations, shape
from counterpoint.model.inert import plain, quoted

SHOWN_MAX = 40
"""How many characters of one piece of foreign text an error about two events quotes."""

EventType = Literal["invoke", "ok", "fail", "info"]

EVENT_TYPES: dict[str, EventType] = {
    "invoke": "invoke",
    "ok": "ok",
    "fail": "fail",
    "info": "info",
}

OBSERVING = frozenset({"read", "get"})
"""Functions whose call carries no value: whatever it shows is a place to be filled."""

ECHOING = frozenset({"write", "put", "append", "add", "insert", "enqueue", "push", "transfer"})
"""Functions whose completion says only that it is done; its value repeats the call's."""


class UnreadableHistory(MalformedHistory):
    """Text that is not a history: where, and what would be right.

    `line` counts from 1; 0 says that the whole source is meant.
    """

    def __init__(self, source: str, line: int, reason: str) -> None:
        super().__init__(source, line, reason)
        self.source = source
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One line of a recording: `client` called `f` with `value`, or learnt how its call ended.

    A completion may leave `f` empty and `key` None, meaning those of its call. `line` is where a
    human finds it, `step` the number that reports show.
    """

    client: str
    type: EventType
    f: str
    key: Hashable
    value: Hashable
    line: int = 0
    step: int = -1


def operations(events: Iterable[RecordedEvent], *, source: str) -> History:
    """Pair calls with their completions; the position of an event is its rank.

    Raises:
        UnreadableHistory: a client calls twice at once, or a completion without its call, or one
            that contradicts its call.

    >>> call = RecordedEvent("p1", "invoke", "write", "x", 5)
    >>> done = RecordedEvent("p1", "ok", "write", "x", 5)
    >>> [(op.argument, op.called, op.returned) for op in operations([call, done], source="doc")]
    [(5, 0, 1)]
    """
    slots: list[Operation | None] = []
    pending: dict[str, tuple[int, int, RecordedEvent]] = {}
    for rank, event in enumerate(events):
        if event.type == "invoke":
            if event.client in pending:
                raise _second_call(event, pending[event.client][2], source)
            pending[event.client] = (len(slots), rank, event)
            slots.append(None)
        else:
            try:
                slot, called, call = pending.pop(event.client)
            except KeyError:
                raise _no_call(event, source) from None
            slots[slot] = _completed(slot, called, call, rank, event, source)
    for slot, called, call in pending.values():
        slots[slot] = _operation(slot, called, call, "info")
    return tuple(op for op in slots if op is not None)


def _completed(
    slot: int, called: int, call: RecordedEvent, rank: int, completion: RecordedEvent, source: str
) -> Operation:
    if completion.f not in ("", call.f) or completion.key not in (None, call.key):
        raise _contradiction(call, completion, source)
    if completion.type == "info":
        return _operation(slot, called, call, "info")
    if completion.type == "fail":
        return _operation(slot, called, call, "fail", rank, completion)
    told = meaning(call.f, call.value, completion.value)
    if told is None:
        raise _contradiction(call, completion, source)
    argument, result = told
    return Operation(
        f"o{slot + 1}",
        call.client,
        call.f,
        call.key,
        argument,
        result,
        called,
        rank,
        "ok",
        call.step,
        completion.step,
    )


def _operation(
    slot: int,
    called: int,
    call: RecordedEvent,
    status: Status,
    returned: float = OPEN,
    completion: RecordedEvent | None = None,
) -> Operation:
    """Build an operation whose answer was not seen."""
    return Operation(
        f"o{slot + 1}",
        call.client,
        call.f,
        call.key,
        None if call.f in OBSERVING else call.value,
        UNKNOWN,
        called,
        returned,
        status,
        call.step,
        completion.step if completion else -1,
    )


def meaning(f: str, asked: Hashable, said: Hashable) -> tuple[Hashable, Hashable] | None:
    """Return what was asked and what was answered, as the values of a call and its "ok" tell it.

    None if the completion contradicts the call.

    >>> meaning("read", None, 5), meaning("write", 5, None), meaning("write", 5, 6)
    ((None, 5), (5, None), None)
    """
    if f in OBSERVING:
        return None, said
    if f == "cas":
        # A completion says whether it swapped, or repeats the pair: then it did.
        if isinstance(said, bool):
            return asked, said
        return _agreed(asked, said, True)
    if f in ECHOING:
        return _agreed(asked, said, None)
    if f == "txn":
        if said is None:
            return asked, UNKNOWN
        if micro_operations(asked) is not None and shape(said) != shape(asked):
            return None
    return asked, said


def _agreed(asked: Hashable, said: Hashable, result: Hashable) -> tuple[Hashable, Hashable] | None:
    """Return the value both events tell, or the one that only one of them knows."""
    if said is None or said is UNKNOWN or said == asked:
        return asked, result
    if asked is None or asked is UNKNOWN:
        return said, result
    if _fills_in(asked, said):
        return asked, said
    return None


def _fills_in(asked: Hashable, said: Hashable) -> bool:
    """Tell whether an answer is the pair of the call with the version that the call left open.

    >>> _fills_in((None, 5), (1, 5)), _fills_in((None, 5), (1, 6)), _fills_in((2, 5), (1, 5))
    (True, False, False)
    >>> _fills_in(("key", (None, 5)), ("key", (1, 5)))
    True
    """
    if not (isinstance(asked, tuple) and isinstance(said, tuple) and len(asked) == len(said) == 2):
        return False
    if asked[0] is None:
        return bool(asked[1] == said[1])
    return bool(asked[0] == said[0]) and _fills_in(asked[1], said[1])


def _second_call(event: RecordedEvent, earlier: RecordedEvent, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        event.line,
        f"{plain(event.client, SHOWN_MAX)} calls {plain(event.f, SHOWN_MAX)} while its "
        f"{plain(earlier.f, SHOWN_MAX)} of line {earlier.line} is open; "
        "one client makes one call at a time: complete the earlier call with ok, fail or info, "
        "or give this one another client",
    )


def _no_call(event: RecordedEvent, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        event.line,
        f"{plain(event.client, SHOWN_MAX)} completes {plain(event.f, SHOWN_MAX)} with {event.type} "
        "but has no open call; "
        'every completion needs an "invoke" of the same client before it',
    )


def _contradiction(
    call: RecordedEvent, completion: RecordedEvent, source: str
) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        completion.line,
        f"{plain(completion.client, SHOWN_MAX)} completes {_shown(completion)} "
        f"but line {call.line} called {_shown(call)}; "
        "a completion repeats its call's function, key and written value",
    )


def _shown(event: RecordedEvent) -> str:
    key = "" if event.key is None else f" of {quoted(event.key, SHOWN_MAX)}"
    return f"{plain(event.f, SHOWN_MAX)}{key} {quoted(event.value, SHOWN_MAX)}"


def at_times(op: Operation, called: float, returned: float) -> Operation:
    """Move an operation in time. Like `dataclasses.replace`, at a third of its cost."""
    return Operation(
        op.id,
        op.client,
        op.f,
        op.key,
        op.argument,
        op.result,
        called,
        returned,
        op.status,
        op.call_step,
        op.return_step,
    )


def ranked(operations: Sequence[Operation], *, source: str) -> History:
    """Turn the times of operations into ranks; equal times get equal ranks, and are concurrent.

    Raises:
        UnreadableHistory: a return before its call, or a client with two calls open at once.
    """
    instants = {op.called for op in operations} | {op.returned for op in operations}
    rank: dict[float, float] = {time: place for place, time in enumerate(sorted(instants))}
    rank[OPEN] = OPEN
    # A client that calls again at the instant of its return is in program order only if the
    # earlier operation comes first, also where it took no time at all.
    in_order = sorted(operations, key=lambda op: (op.called, op.returned))
    try:
        return well_formed(at_times(op, rank[op.called], rank[op.returned]) for op in in_order)
    except MalformedHistory as error:
        raise UnreadableHistory(source, 0, str(error)) from None
