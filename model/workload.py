"""Workloads: what clients ask for, drawn anew for each run where it is not written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.values import NodeId, Value

WorkloadSource: TypeAlias = "Callable[[Any], Iterable[Value]] | Any"
"""A Hypothesis strategy of operations, or a function that takes a `random.Random` and yields the
operations of one client in their order."""


@dataclass(frozen=True)
class Workload:
    """What each client may ask for, and how often it asks: the least and the most."""

    sources: Mapping[NodeId, WorkloadSource]
    calls: tuple[int, int]


def workload(
    operations: WorkloadSource | Mapping[NodeId, WorkloadSource],
    *,
    clients: int | Sequence[NodeId] | None = None,
    calls: int | tuple[int, int] = (2, 6),
) -> Workload:
    """Say that the calls of a scenario are drawn, each run anew.

        calls=cp.workload(st.sampled_from(["read", ("write", 1)]), clients=3, calls=(2, 6))

    `operations` is a Hypothesis strategy of single operations, or a function that is given a
    `random.Random` and yields the operations of one client, in their order. A mapping has one for
    each client. `clients` are names of nodes; a number means c1, c2 and so on. Each client asks
    `calls` times: a number, or the least and the most.

    A failing run is shrunk with its calls: fewer calls, fewer clients, simpler operations, of those
    that were seen to be drawn. What needs fixed calls, an exploration say, takes those of one seed:
    `counterpoint.drawn(scenario, seed=1)`.

    Raises:
        BadScenario: what is given is none of these.
    """
    sources: dict[NodeId, WorkloadSource]
    if isinstance(operations, Mapping):
        if clients is not None:
            raise BadScenario("workload: a mapping names its clients; leave `clients` out")
        sources = dict(operations)
    else:
        sources = dict.fromkeys(_names(clients), operations)
    for client, source in sources.items():
        if not callable(source) and not is_strategy(source):
            raise BadScenario(
                f"workload: {client} asks for {brief(source)}; give it a Hypothesis strategy of "
                "operations, or a function of a random.Random that yields them"
            )
    return Workload(MappingProxyType(sources), _range(calls))


def is_strategy(source: object) -> bool:
    """Tell whether operations come from a Hypothesis strategy, without importing Hypothesis."""
    return any(base.__name__ == "SearchStrategy" for base in type(source).__mro__)


def _names(clients: int | Sequence[NodeId] | None) -> tuple[NodeId, ...]:
    if isinstance(clients, int):
        names = tuple(f"c{number}" for number in range(1, clients + 1))
    else:
        names = () if clients is None or isinstance(clients, str) else tuple(clients)
    if not names:
        raise BadScenario(
            f"workload: clients is {clients!r}; give names of nodes, or a number: 3 means c1, c2, c3"
        )
    return names


def _range(calls: object) -> tuple[int, int]:
    match calls:
        case int() if calls > 0:
            return calls, calls
        case (int() as least, int() as most) if 0 <= least <= most and most > 0:
            return least, most
    raise BadScenario(
        f"workload: calls is {calls!r}; they are a number, or the least and the most: (2, 6)"
    )
