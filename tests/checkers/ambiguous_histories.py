"""Random histories in which values repeat, are the initial one, or are of types that look alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from random import Random

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, exact

FEW: tuple[Hashable, ...] = (0, 1, 2)
MIXED: tuple[Hashable, ...] = (True, 1, 1.0, "1", 0, False, None)
"""Values that Python calls equal, and others."""


@dataclass(frozen=True)
class Ambiguous:
    """What a history looks like; the rates are chances for each operation."""

    operation_count: int = 6
    client_count: int = 3
    keys: tuple[Hashable, ...] = ("x", "y")
    values: tuple[Hashable, ...] = FEW
    initial: Hashable = 0
    open_rate: float = 0.0
    fail_rate: float = 0.0
    wrong_rate: float = 0.3
    overlap: int = 3


SHAPES = (
    Ambiguous(),
    Ambiguous(7, 2, ("x",)),
    Ambiguous(6, 3, ("x",), open_rate=0.2, fail_rate=0.1),
    Ambiguous(6, 2, ("x", "y"), MIXED, None),
    Ambiguous(6, 2, ("x",), MIXED, True, open_rate=0.1),
    Ambiguous(6, 2, (1, True, 1.0), FEW, 0),
)


def random_ambiguous(random: Random, shape: Ambiguous) -> History:
    """Draw a run of registers, then change some answers: most reads return what was there."""
    drafts = _drafts(random, shape)
    state: list[tuple[Hashable, Hashable]] = []
    history = []
    for op in sorted(drafts, key=lambda op: random.uniform(op.called, op.returned)):
        if random.random() < shape.fail_rate:
            history.append(replace(op, status="fail", result=UNKNOWN))
            continue
        is_open = random.random() < shape.open_rate
        happened = not is_open or random.random() < 0.5
        if op.f == "write" and happened:
            state.append((op.key, op.argument))
        if is_open:
            history.append(replace(op, returned=OPEN, status="info", result=UNKNOWN))
        elif op.f == "read":
            history.append(replace(op, result=_shown(random, shape, op, state)))
        else:
            history.append(op)
    return tuple(sorted(history, key=lambda op: op.called))


def _drafts(random: Random, shape: Ambiguous) -> list[Operation]:
    free = [0] * shape.client_count
    drafts = []
    for number in range(shape.operation_count):
        client = random.randrange(shape.client_count)
        called = max(free[client], 2 * number) + random.random() / 2
        returned = called + random.uniform(0.1, shape.overlap)
        free[client] = int(returned) + 1
        f = random.choice(("read", "write"))
        value = random.choice(shape.values) if f == "write" else None
        key = random.choice(shape.keys)
        drafts.append(Operation(f"o{number}", f"c{client}", f, key, value, None, called, returned))
    return drafts


def _shown(
    random: Random, shape: Ambiguous, op: Operation, state: Sequence[tuple[Hashable, Hashable]]
) -> Hashable:
    if random.random() < shape.wrong_rate:
        return random.choice((*shape.values, shape.initial))
    now = shape.initial
    for key, value in state:
        if type(key) is type(op.key) and key == op.key:
            now = value
    return now


def random_transactions(random: Random, shape: Ambiguous) -> History:
    """Draw a run of transactions of one to three steps each, then change some answers."""
    state: dict[Hashable, Hashable] = {}
    history = []
    for op in _drafts(random, replace(shape, operation_count=max(2, shape.operation_count - 2))):
        own = dict(state)
        asked, done = [], []
        for _ in range(random.randint(1, 3)):
            key = random.choice(shape.keys)
            if random.random() < 0.5:
                value = random.choice(shape.values)
                own[exact(key)] = value
                asked.append(("w", key, value))
                done.append(("w", key, value))
            else:
                is_wrong = random.random() < shape.wrong_rate / 2
                held = own.get(exact(key), shape.initial)
                seen = random.choice((*shape.values, shape.initial)) if is_wrong else held
                asked.append(("r", key, None))
                done.append(("r", key, seen))
        op = replace(op, f="txn", key=None, argument=tuple(asked), result=tuple(done))
        if random.random() < shape.fail_rate:
            history.append(replace(op, status="fail", result=UNKNOWN))
            continue
        is_open = random.random() < shape.open_rate
        if not is_open or random.random() < 0.5:
            state = own
        unseen = replace(op, returned=OPEN, status="info", result=UNKNOWN)
        history.append(unseen if is_open else op)
    return tuple(history)
