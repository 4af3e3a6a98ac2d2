"""Small random histories of reads and writes in sessions, and a short way to write one down."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from random import Random

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation


@dataclass(frozen=True)
class Shape:
    """What a random history looks like; the rates are chances for each operation."""

    operation_count: int = 6
    client_count: int = 3
    key_count: int = 2
    initial: Hashable = None
    write_rate: float = 0.5
    initial_rate: float = 0.15
    duplicate_rate: float = 0.0
    late_rate: float = 0.0
    fail_rate: float = 0.0
    strange_rate: float = 0.02
    future_rate: float = 0.1


Written = dict[Hashable, list[tuple[Hashable, float]]]
"""For each key the values written and when."""


def random_history(random: Random, shape: Shape) -> History:
    """Draw a history; most reads return a value that somebody wrote before, by the clock."""
    drafts = [_draft(random, shape, index) for index in range(shape.operation_count)]
    written: Written = {}
    for op in drafts:
        if op.f == "write":
            written.setdefault(op.key, []).append((op.argument, op.called))
    return tuple(_answered(random, shape, op, written) for op in drafts)


def _draft(random: Random, shape: Shape, index: int) -> Operation:
    is_write = random.random() < shape.write_rate
    value = random.randrange(1, 3) if random.random() < shape.duplicate_rate else index + 10
    return Operation(
        id=f"o{index}",
        client=f"c{random.randrange(shape.client_count)}",
        f="write" if is_write else "read",
        key=f"k{random.randrange(shape.key_count)}",
        argument=value if is_write else None,
        result=None,
        called=2 * index,
        returned=2 * index + 1,
    )


def _answered(random: Random, shape: Shape, op: Operation, written: Written) -> Operation:
    if random.random() < shape.late_rate:
        return replace(op, returned=OPEN, status="info", result=UNKNOWN)
    if random.random() < shape.fail_rate:
        return replace(op, status="fail")
    if op.f == "write":
        return op
    if random.random() < shape.strange_rate:
        return replace(op, result=99)
    choices = [value for value, called in written.get(op.key, []) if called < op.called]
    if random.random() < shape.future_rate:
        choices = [value for value, _ in written.get(op.key, [])]
    if not choices or random.random() < shape.initial_rate:
        return replace(op, result=shape.initial)
    return replace(op, result=random.choice(choices))


def edited(random: Random, history: History) -> History:
    """Change a history a little: leave one operation out, and let one read return another value."""
    left = list(history)
    if random.random() < 0.3:
        left.remove(random.choice(left))
    place = random.randrange(len(left))
    op = left[place]
    values = [o.argument for o in left if (o.f, o.key) == ("write", op.key)]
    if op.f == "read":
        left[place] = replace(op, result=random.choice([None, *values]))
    elif random.random() < 0.3:
        left[place] = replace(op, client=random.choice(left).client)
    return tuple(left)


def sessions(**clients: str) -> History:
    """Write a history down: `sessions(alice="x=1 y=2", bob="x?1 y?None")`.

    `x=1` writes 1 to x, `x?1` reads 1 from x. Operations are o1, o2 ... in the order given here.
    """
    operations: list[Operation] = []
    for client, words in clients.items():
        for word in words.split():
            place = len(operations)
            is_write = "=" in word
            key, text = word.split("=" if is_write else "?")
            value = None if text == "None" else int(text)
            operations.append(
                Operation(
                    f"o{place + 1}",
                    client,
                    "write" if is_write else "read",
                    key,
                    value if is_write else None,
                    None if is_write else value,
                    2 * place,
                    2 * place + 1,
                )
            )
    return tuple(operations)
