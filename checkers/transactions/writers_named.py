"""Who wrote what the transactions of a violation read, and which other write ended before."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence

from counterpoint.checkers.exact import exact_history
from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.micro import Micro, are_micro_operations
from counterpoint.checkers.words import pair

LINES_MAX = 6


def writers_of(history: Sequence[Operation], names: Collection[str]) -> tuple[str, ...]:
    """Name for each value that these transactions read the only one that wrote it, and real time."""
    operations = exact_history(history)
    writers: dict[tuple[Hashable, Hashable], list[Operation]] = {}
    for op in operations:
        if op.status != "fail":
            for _, key, value in _steps(op, "w"):
                writers.setdefault((key, value), []).append(op)
    lines: dict[str, None] = {}
    for op in operations:
        if op.id in names and op.result is not UNKNOWN:
            lines.update(dict.fromkeys(_lines(op, writers)))
    return tuple(lines)[:LINES_MAX]


def _lines(
    reader: Operation, writers: dict[tuple[Hashable, Hashable], list[Operation]]
) -> Iterator[str]:
    seen: list[tuple[Hashable, Operation]] = []
    for _, key, value in _steps(reader, "r"):
        found = writers.get((key, value), [])
        if len(found) == 1 and found[0] is not reader:
            seen.append((key, found[0]))
            wrote = " ".join(pair(k, v) for _, k, v in _steps(found[0], "w"))
            yield f"{reader.id} read {pair(key, value)} of {found[0].id}, which wrote {wrote}"
    for key, old in seen:
        for _, new in seen:
            keys = {k for _, k, _ in _steps(new, "w")}
            if key in keys and new is not old and old.precedes(new):
                yield (
                    f"but {old.id} returned before {new.id} was called, so {new.id} had replaced "
                    f"{pair(key, _left(old, key))} by {pair(key, _left(new, key))}"
                )


def _left(op: Operation, key: Hashable) -> Hashable:
    return [value for _, k, value in _steps(op, "w") if k == key][-1]


def _steps(op: Operation, kind: str) -> tuple[Micro, ...]:
    done = op.argument if op.result is UNKNOWN or op.result is None else op.result
    if not are_micro_operations(done):
        return ()
    return tuple(step for step in done if step[0] == kind)
