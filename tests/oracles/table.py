"""Every published number as a row: what to explore, and what must come out."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from counterpoint.harness.exploring import EngineName, Options, explorer
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.dpor import Reducer
from counterpoint.model.search.explore import Explored
from counterpoint.model.search.slots import NoOp
from tests.oracles import abd, cells
from tests.oracles.linearizable import nothing_is_read

Size = Literal["small", "large", "huge"]
"""Under a second, some seconds, or a minute and more than a gigabyte."""


@dataclass(frozen=True)
class Row:
    """`expected` and `measure()` map what is counted to its number; `needs_numpy` says what it takes."""

    name: str
    expected: Mapping[str, int]
    measure: Callable[[], Mapping[str, int]]
    size: Size = "small"
    needs_numpy: bool = False


@dataclass(frozen=True)
class Model:
    """A model to explore state by state, the whole history in the identity of a state."""

    module: str
    settings: Mapping[str, str] = field(default_factory=dict)
    engine: EngineName = "auto"
    no_op: NoOp | None = None
    is_lossy: bool = False
    symmetry: bool = False
    history: bool = True

    def explore(self) -> Explored:
        """Explore it completely."""
        scenario = importlib.import_module(f"tests.oracles.{self.module}").system(**self.settings)
        options = Options(
            no_op=self.no_op,
            is_lossy=self.is_lossy,
            history=self.history,
            engine=self.engine,
            symmetry=self.symmetry,
        )
        *_, last = explorer(scenario, options).explore()
        assert last.stop == "complete", f"{scenario.name} stopped: {last.stop}"
        return last


def counts(model: Model, wanted: Mapping[str, int]) -> Mapping[str, int]:
    """Explore a model and return the counts that are wanted."""
    explored = model.explore()
    known = {
        "unique": explored.states,
        "generated": explored.generated,
        "depth": explored.depth,
        "transitions": explored.generated - 1,
    }
    return {name: known[name] for name in wanted}


def _states(
    name: str,
    model: Model,
    *numbers: int,
    size: Size = "small",
    names: tuple[str, ...] = ("unique", "generated", "depth"),
) -> Row:
    expected = dict(zip(names, numbers, strict=False))
    return Row(name, expected, lambda: counts(model, expected), size, model.engine == "numpy")


def rows(engine: EngineName = "auto") -> Iterator[Row]:
    """Return every row, for one engine where that matters."""
    yield from _registers(engine)
    yield from _others(engine)
    yield from _first_values(engine)
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
    observed = Model("single_copy", {"clients": "4"}, engine, history=False)
    yield _states("single copy, 4 clients, observer", observed, 106_137, size="large")
    for clients, unique in ((1, 265), (2, 16_668), (3, 1_194_428)):
        model = Model("paxos", {"clients": str(clients)}, engine)
        size = "large" if clients == 3 else "small"
        yield _states(f"Paxos 3 servers, {clients} clients", model, unique, size=size)
    for managers, unique in ((3, 288), (5, 8_832), (7, 296_448)):
        model = Model("two_phase_commit", {"managers": str(managers)}, engine)
        size = "large" if managers == 7 else "small"
        yield _states(f"two-phase commit, {managers} managers", model, unique, size=size)
    if engine != "numpy":
        for managers, unique in ((3, 80), (5, 314)):
            settings = {"managers": str(managers)}
            model = Model("two_phase_commit", settings, symmetry=True)
            yield _states(f"two-phase commit, {managers}, orbits", model, unique)


def _first_values(engine: EngineName) -> Iterator[Row]:
    # Published for 3 servers 1 client is 15, and for 2 servers 2 clients 23: paths of a search in
    # depth first, not shortest ones, so they are no numbers of the model.
    name = "a value is chosen, 2 servers 1 client"
    yield Row(name, {"deliveries": 11}, lambda: deliveries(2, 1, engine))


def deliveries(servers: int, clients: int, engine: EngineName) -> Mapping[str, int]:
    """Return how many deliveries it takes until the first read value is on its way to its reader."""
    scenario = abd.system(str(servers), str(clients)).but(properties=(nothing_is_read(),))
    *_, last = explorer(scenario, Options(engine=engine)).explore()
    assert last.violation is not None, "no value was ever read"
    return {"deliveries": len(last.violation.choices) - 1}


def _traces() -> Iterator[Row]:
    for size, count in enumerate((2, 5, 12, 28, 64, 144, 320), start=1):
        yield _reduced(f"lastzero({size})", cells.lastzero(str(size)), count)
    for number, factorial in ((1, 1), (2, 2), (3, 6), (4, 24), (5, 120)):
        text, following = str(number), factorial * (number + 1)
        yield _reduced(f"readers({number}), reads commute", cells.readers(text), 2**number)
        yield _reduced(f"readers({number})", cells.readers(text, "no"), following)
        yield _reduced(f"{number} senders to one", cells.senders(text), factorial)
    patient = abd.system("2", "2", busy="keep")
    yield _reduced("ABD 2 servers 2 clients, busy servers keep", patient, 5_687, size="large")
    yield _reduced("ABD 3 servers 1 client", abd.system("3", "1"), 19_814, size="large")


def _reduced(name: str, scenario: Scenario, expected: int, *, size: Size = "small") -> Row:
    return Row(f"{name}: traces", {"traces": expected}, lambda: traces(scenario), size)


def traces(scenario: Scenario, *, real_time: bool = False) -> Mapping[str, int]:
    """Return how many complete runs a reduced exploration makes."""
    reducer = Reducer(scenario, real_time=real_time)
    return {"traces": sum(1 for _ in reducer.runs())}


def has_numpy() -> bool:
    """Tell whether the numpy engine is at hand."""
    return importlib.util.find_spec("numpy") is not None
