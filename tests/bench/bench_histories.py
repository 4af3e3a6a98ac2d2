"""How fast histories of a register with unique values are judged."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from random import Random

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.register.check import check_register, uses_of
from counterpoint.checkers.register.zones import clusters_of, order_of_zones
from tests.bench.bench_causal import without_columns
from tests.bench.measure import Figure, seconds

CLIENTS = 10


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for count, aim in ((10_000, "<= 3"), (100_000, "<= 80"), (1_000_000, "")):
        history = register_history(count)
        rounds = 3 if count < 1_000_000 else 1
        decided = seconds(lambda h=history: decide(h), rounds)  # type: ignore[misc]
        yield Figure(f"register, {count:,} operations decided", decided * 1e3, "ms", aim)
        yield from _on_columns(history, rounds)
        proved = seconds(lambda h=history: check_register(h), rounds)  # type: ignore[misc]
        note = "with a witness order, verified"
        aim = "<= 600" if count == 1_000_000 else ""
        yield Figure(f"register, {count:,} operations proved", proved * 1e3, "ms", aim, note)
        with without_columns():
            plainly = seconds(lambda h=history: check_register(h), 1)  # type: ignore[misc]
        yield Figure(f"  {count:,} proved without columns / with them", plainly / proved, "times")


def _on_columns(history: History, rounds: int) -> Iterator[Figure]:
    """What of a decision is making columns of objects, and what is deciding."""
    if not find_spec("numpy"):
        return
    from counterpoint.checkers.columns.check import order_of_clusters, register_columns

    columns = register_columns(history, None)
    assert columns is not None
    made = seconds(lambda: register_columns(history, None), rounds)
    yield Figure("  columns made of the operations", made * 1e3, "ms")
    decided = seconds(lambda: order_of_clusters(columns), rounds)
    aim = "<= 150" if len(history) == 1_000_000 else ""
    yield Figure("  decided on columns", decided * 1e3, "ms", aim)


def decide(history: History) -> None:
    """Decide linearizability by zones, and no more: no order to show, nothing verified."""
    clusters = clusters_of(uses_of(history).columns, None)
    order, conflict = order_of_zones(clusters.first_return, clusters.last_call)
    assert conflict is None
    assert len(order) > 0


def register_history(count: int) -> History:
    """Return a linearizable history of `count` operations by busy clients, a fifth of them writes."""
    random = Random(1)
    clock, value, operations = 0, None, list[Operation]()
    waiting: dict[int, tuple[int, int, object]] = {}
    number = 0
    while number < count or waiting:
        client = random.randrange(CLIENTS)
        clock += 1
        if client not in waiting and number < count:
            number += 1
            is_write = random.random() < 0.2
            if is_write:
                value = number
            waiting[client] = (number, clock, ("w" if is_write else "r", value))
        elif client in waiting:
            identity, called, what = waiting.pop(client)
            assert isinstance(what, tuple)
            kind, seen = what
            argument, result = (seen, "ok") if kind == "w" else (None, seen)
            f = "write" if kind == "w" else "read"
            operations.append(
                Operation(f"o{identity}", f"c{client}", f, "x", argument, result, called, clock)
            )
    return tuple(sorted(operations, key=lambda op: op.called))
