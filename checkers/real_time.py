"""Program order and real-time order as links, few enough to be kept for large histories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from counterpoint.checkers.history import Operation
from counterpoint.checkers.words import Link
from counterpoint.model.verdict import said


def process_order(history: Sequence[Operation]) -> Iterator[Link]:
    """Link each operation with the next one of its client; `history` is in call order.

    An operation whose end nobody knows may happen after later ones, so nothing follows it.
    """
    last: dict[str, int] = {}
    for number, op in enumerate(history):
        earlier = last.get(op.client)
        if earlier is not None and not history[earlier].is_open:
            before = history[earlier].id
            yield Link(earlier, number, "process", said(f"{op.client} ran {before} before {op.id}"))
        last[op.client] = number


def real_time_order(history: Sequence[Operation]) -> Iterator[Link]:
    """Link operations so that one reaches another exactly if it returned before that was called.

    Only the latest are linked, those after which nothing else both began and ended before the call:
    at most as many per operation as there are clients.
    """
    ends: list[tuple[float, bool, int]] = []
    for number, op in enumerate(history):
        ends.append((op.called, False, number))
        if not op.is_open:
            ends.append((op.returned, True, number))
    # At equal times calls come first: operations that touch are concurrent.
    frontier: dict[int, None] = {}
    follows: dict[int, list[int]] = {}
    for _, is_return, number in sorted(ends):
        if not is_return:
            follows[number] = list(frontier)
            for earlier in frontier:
                yield _link(history, earlier, number)
        else:
            for earlier in follows[number]:
                frontier.pop(earlier, None)
            frontier[number] = None


def _link(history: Sequence[Operation], before: int, after: int) -> Link:
    because = f"{history[before].id} returned before {history[after].id} was called"
    return Link(before, after, "real time", said(because))
