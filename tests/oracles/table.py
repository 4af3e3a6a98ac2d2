"""Every published number as a row: what to explore, and what must come out.

A few rows are ours, beside a published number that they explain; they are marked as such.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from counterpoint.harness.exploration.rounds import EngineName, ExploreOptions, explorer
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explored
from counterpoint.model.search.exploration.goals import GoalReached, reached
from tests.oracles import abd, cells

Size = Literal["small", "large", "huge"]
"""Under a second, some seconds, or a minute and more than a gigabyte."""


@dataclass(frozen=True)
class Row:
    """`expected` and `measure()` map what is counted to its number; `needs_numpy` says what it takes.

    Where not `is_published`, what is expected is what we once counted ourselves.
    """

    name: str
    expected: Mapping[str, int]
    measure: Callable[[], Mapping[str, int]]
    size: Size = "small"
    needs_numpy: bool = False
    is_published: bool = True


@dataclass(frozen=True)
class Model:
    """A model to explore state by state."""

    module: str
    settings: Mapping[str, str | bool] = field(default_factory=dict)
    engine: EngineName = "auto"
    no_op: NoOp | None = None
    is_lossy: bool = False
    symmetry: bool = False

    def explore(self) -> tuple[Explored, tuple[GoalReached, ...]]:
        """Explore it completely; return what was counted, and where its goals were met."""
        scenario = importlib.import_module(f"tests.oracles.{self.module}").system(**self.settings)
        options = ExploreOptions(
            no_op=self.no_op,
            is_lossy=self.is_lossy,
            engine=self.engine,
            symmetry=self.symmetry,
        )
        exploration = explorer(scenario, options)
        *_, last = exploration.explore()
        assert last.stop == "complete", f"{scenario.name} stopped: {last.stop}"
        return last, reached(exploration)


def counts(model: Model, wanted: Mapping[str, int]) -> Mapping[str, int]:
    """Explore a model and return the counts that are wanted."""
    explored, goals = model.explore()
    known = {
        "unique": explored.states,
        "generated": explored.generated,
        "depth": explored.depth,
        "transitions": explored.generated - 1,
    }
    for goal in goals:
        assert goal.first is not None, f"{goal.goal}: met by no state"
        assert goal.last is not None, f"{goal.goal}: met by no state"
        known |= {f"{goal.goal} first": goal.first, f"{goal.goal} last": goal.last}
    return {name: known[name] for name in wanted}


def _states(
    name: str,
    model: Model,
    *numbers: int,
    size: Size = "small",
    names: tuple[str, ...] = ("unique", "generated", "depth"),
    is_published: bool = True,
) -> Row:
    expected = dict(zip(names, numbers, strict=False))
    needs_numpy = model.engine == "numpy"
    return Row(name, expected, lambda: counts(model, expected), size, needs_numpy, is_published)


def rows(engine: EngineName = "auto") -> Iterator[Row]:
    """Return every row, for one engine where that matters."""
    yield from _registers(engine)
    yield from _others(engine)
    yield from _values_chosen(engine)
    if engine != "numpy":
        yield from _traces()


def _registers(engine: EngineName) -> Iterator[Row]:
    def of(servers: int, clients: int, network: str = "unordered", **other: bool) -> Model:
        settings = {"servers": str(servers), "clients": str(clients), "network": network}
        return Model("abd", settings, engine, **other)  # type: ignore[arg-type]

    yield _states("ABD 2 servers 1 client", of(2, 1), 13, 13, 13)
    yield _states("ABD 2 servers 2 clients", of(2, 2), 544, 875, 25)
    yield _states("ABD 2 servers 2 clients, ordered", of(2, 2, "ordered"), 620, 883, 25)
    yield _states("ABD 3 servers 1 client", of(3, 1), 1_449, 3_728, 17)
    yield _states("ABD 3 servers 1 client, ordered", of(3, 1, "ordered"), 559, 1_486, 21)
    yield _states("ABD 4 servers 1 client", of(4, 1), 12_915, 40_298, 25)
    yield _states("ABD 2 servers 2 clients, lossy", of(2, 2, is_lossy=True), 1_183, 2_630, 25)
    yield _states(
        "ABD 3 servers 2 clients, ordered",
        of(3, 2, "ordered"),
        1_212_979,
        4_730_934,
        41,
        size="large",
    )
    if engine != "plain":
        yield _states(
            "ABD 3 servers 2 clients",
            of(3, 2),
            41_138_199,
            194_646_243,
            33,
            size="huge",
        )
    consuming = Model("abd", {"servers": "3", "clients": "1"}, engine, no_op="consume")
    names = ("unique", "transitions")
    yield _states("ABD 3 servers 1 client, all consumed", consuming, 3_007, 11_671, names=names)


def _others(engine: EngineName) -> Iterator[Row]:
    for clients, unique in ((2, 93), (3, 4_243), (4, 400_233)):
        model = Model("single_copy", {"clients": str(clients)}, engine)
        size: Size = "large" if clients == 4 else "small"
        yield _states(f"single copy, {clients} clients", model, unique, size=size)
    observed = Model("single_copy", {"clients": "4", "observer": True}, engine)
    yield _states(
        "single copy, 4 clients, observer", observed, 106_137, size="large", is_published=False
    )
    for clients, unique in ((1, 265), (2, 16_668), (3, 1_194_428)):
        model = Model("paxos", {"clients": str(clients)}, engine)
        size = "large" if clients == 3 else "small"
        yield _states(f"Paxos 3 servers, {clients} clients", model, unique, size=size)
    for managers, unique in ((3, 288), (5, 8_832), (7, 296_448)):
        model = Model("two_phase_commit", {"managers": str(managers)}, engine)
        size = "large" if managers == 7 else "small"
        yield _states(f"two-phase commit, {managers} managers", model, unique, size=size)
    for managers, unique in ((3, 80), (5, 314)):
        model = Model("two_phase_commit", {"managers": str(managers)}, engine, symmetry=True)
        yield _states(f"two-phase commit, {managers}, orbits", model, unique)
    if engine != "plain":  # which takes some minutes, and counts the same
        model = Model("two_phase_commit", {"managers": "7"}, engine, symmetry=True)
        yield _states("two-phase commit, 7, orbits", model, 920, is_published=False)


def _values_chosen(engine: EngineName) -> Iterator[Row]:
    # The published depths are said to be where a read value is first on its way. Breadth first that
    # is the case after 11 deliveries in all three models. What comes out as published is the last
    # level on which one is still on its way, the whole history being part of a state.
    for servers, clients, last in ((2, 1, 11), (3, 1, 15), (2, 2, 23)):
        model = Model("abd", {"servers": str(servers), "clients": str(clients)}, engine)
        name = f"ABD {servers} servers {clients} client{'s' * (clients > 1)}"
        first, names = f"{name}, first level", ("value chosen first",)
        yield _states(first, model, 11, names=names, is_published=False)
        yield _states(f"{name}, last level", model, last, names=("value chosen last",))


def _traces() -> Iterator[Row]:
    for size, count in enumerate((2, 5, 12, 28, 64, 144, 320), start=1):
        yield _reduced(f"lastzero({size})", cells.lastzero(str(size)), count)
    for number, factorial in ((1, 1), (2, 2), (3, 6), (4, 24), (5, 120)):
        text, following = str(number), factorial * (number + 1)
        yield _reduced(f"readers({number}), reads commute", cells.readers(text), 2**number)
        yield _reduced(f"readers({number})", cells.readers(text, "no"), following)
        yield _reduced(f"{number} senders to one", cells.senders(text), factorial)
    yield _reduced("ABD 3 servers 1 client", abd.system("3", "1"), 19_814, size="large")
    yield from _patient()


def _patient() -> Iterator[Row]:
    """Two clients: their counts need servers that keep what they are asked while they are busy.

    Which runs are equivalent decides the count. A verdict on linearizability needs no more than the
    order of every return and every call: 8,484. The published 23,450 come out when all that begins
    or ends an operation is ordered: the arrival of a first write, and every answer.
    """
    name = "ABD 2 servers 2 clients, busy keep"
    partial, total = (abd.system("2", "2", busy="keep", history=h) for h in ("partial", "total"))
    yield _reduced(name, partial, 5_687, size="large")
    yield _reduced(f"{name}, total order", total, 23_450, size="large")
    yield _reduced(
        f"{name}, real time", partial, 8_484, size="large", real_time=True, is_published=False
    )


def _reduced(
    name: str,
    scenario: Scenario,
    expected: int,
    *,
    size: Size = "small",
    real_time: bool = False,
    is_published: bool = True,
) -> Row:
    return Row(
        name,
        {"traces": expected},
        lambda: traces(scenario, real_time=real_time),
        size,
        is_published=is_published,
    )


def traces(scenario: Scenario, *, real_time: bool = False) -> Mapping[str, int]:
    """Return how many complete runs a reduced exploration makes."""
    reducer = Reducer(scenario, real_time=real_time)
    return {"traces": sum(1 for _ in reducer.runs())}


def has_numpy() -> bool:
    """Tell whether the numpy engine is at hand."""
    return importlib.util.find_spec("numpy") is not None
