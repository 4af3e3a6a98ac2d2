"""Configurations that nobody published: both engines count what an explorer on tuples counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.exploration.rounds import EngineName, ExploreOptions, explorer
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, holds
from tests.oracles import abd, paxos, single_copy, tuple_systems, two_phase_commit
from tests.oracles.table import has_numpy, traces
from tests.oracles.tuples import (
    Choice,
    Counted,
    Machine,
    Rules,
    classes,
    counted,
    first,
    successors,
)
from tests.support.nights import each

ENGINES: tuple[EngineName, ...] = ("plain", "numpy") if has_numpy() else ("plain",)

ORDERED = Rules(is_ordered=True, consumes=True)
LOSSY = Rules(is_lossy=True)
ORDERED_LOSSY = Rules(is_ordered=True, is_lossy=True, consumes=True)

SYSTEMS: Mapping[str, tuple[Callable[..., Scenario], Callable[..., Machine]]] = {
    "abd": (abd.system, tuple_systems.abd),
    "single_copy": (single_copy.system, tuple_systems.single_copy),
    "paxos": (paxos.system, tuple_systems.paxos),
}

# System, (servers, clients, put_count), the network, a limit on depth.
CASES: list[tuple[str, tuple[int, int, int], Rules, int | None]] = [
    ("abd", (1, 2, 1), Rules(), None),
    ("abd", (1, 3, 1), ORDERED, None),
    ("abd", (2, 1, 0), Rules(), None),
    ("abd", (2, 2, 0), Rules(), None),
    ("abd", (2, 2, 0), ORDERED_LOSSY, None),
    ("abd", (2, 1, 2), Rules(), None),
    ("abd", (2, 2, 2), Rules(), None),
    ("abd", (2, 2, 2), ORDERED, None),
    ("abd", (2, 2, 1), ORDERED_LOSSY, None),
    ("abd", (2, 2, 1), Rules(consumes=True), None),
    ("abd", (2, 2, 1), Rules(is_lossy=True, consumes=True), None),
    ("abd", (2, 2, 1), Rules(is_ordered=True), None),
    ("abd", (3, 1, 0), ORDERED, None),
    ("abd", (3, 1, 2), Rules(), 15),
    ("abd", (3, 1, 1), LOSSY, 10),
    ("abd", (3, 1, 1), ORDERED_LOSSY, 10),
    ("abd", (3, 2, 1), Rules(), 9),
    ("abd", (4, 1, 1), ORDERED, None),
    ("single_copy", (1, 2, 2), Rules(), None),
    ("single_copy", (2, 2, 1), Rules(), None),
    ("single_copy", (2, 3, 1), LOSSY, None),
    ("single_copy", (2, 3, 1), ORDERED_LOSSY, None),
    ("single_copy", (3, 3, 0), ORDERED, None),
    ("paxos", (3, 1, 1), ORDERED, None),
    ("paxos", (3, 1, 1), LOSSY, None),
    ("paxos", (3, 1, 2), Rules(consumes=True), None),
    ("paxos", (3, 2, 1), ORDERED, 12),
    ("paxos", (3, 2, 1), ORDERED_LOSSY, 9),
    ("paxos", (2, 2, 1), Rules(), None),
    ("paxos", (1, 2, 1), Rules(), None),
    ("paxos", (4, 1, 1), Rules(), 12),
]


def _named(case: tuple[str, tuple[int, int, int], Rules, int | None]) -> str:
    name, (servers, clients, puts), rules, depth = case
    words = [name, f"{servers} servers", f"{clients} clients", f"{puts} puts"]
    words += ["ordered"] * rules.is_ordered + ["lossy"] * rules.is_lossy
    words += ["consume" if rules.consumes else "keep"]
    return " ".join(words + [f"depth {depth}"] * (depth is not None))


def _remembered(trace: Trace) -> Verdict:
    return holds("remembered", examined=len(trace.events))


_remembered.is_about_precedence = True  # type: ignore[attr-defined]
REMEMBERED = Property("remembered", _remembered)
"""Breaks nothing, and makes histories a part of states."""


def ours(scenario: Scenario, rules: Rules, depth: int | None, engine: EngineName) -> Counted:
    options = ExploreOptions(
        limits=Limits(depth=depth),
        no_op="consume" if rules.consumes else "keep",
        is_lossy=rules.is_lossy,
        history=rules.has_history,
        engine=engine,
    )
    properties = (REMEMBERED,) if rules.has_history else ()
    *_, last = explorer(scenario.replace(properties=properties), options).explore()
    assert last.stop == ("complete" if depth is None else "depth")
    return Counted(last.states, last.generated, last.depth)


@pytest.mark.slow
@pytest.mark.parametrize("case", each(2, CASES), ids=_named)
@pytest.mark.parametrize("has_history", [True, False], ids=["history", "states alone"])
def test_both_engines_count_what_tuples_count(
    case: tuple[str, tuple[int, int, int], Rules, int | None], has_history: bool
) -> None:
    name, numbers, rules, depth = case
    make, tuples = SYSTEMS[name]
    rules = Rules(rules.is_ordered, rules.is_lossy, rules.consumes, has_history)
    machine = tuples(*numbers)
    theirs = counted(first(machine, rules), lambda s: successors(machine, rules, s), depth)
    network = "ordered" if rules.is_ordered else "unordered"
    scenario = make(*map(str, numbers), network=network)
    for engine in ENGINES:
        assert ours(scenario, rules, depth, engine) == theirs, engine


@pytest.mark.parametrize(
    "managers",
    [1, 2, 4, pytest.param(5, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.nightly)],
)
def test_two_phase_commit_counts_what_tuples_count(managers: int) -> None:
    theirs = counted(*tuple_systems.two_phase_commit(managers))
    scenario = two_phase_commit.system(str(managers))
    for engine in ENGINES:
        assert ours(scenario, Rules(consumes=True), None, engine) == theirs, engine


# ---- complete runs up to the order of independent steps ------------------------------------------


def _same_place(one: Choice, other: Choice) -> bool:
    return one[1][1] == other[1][1]


def _total(one: Choice, other: Choice) -> bool:
    marks = {"Put", "PutOk", "GetOk"}
    return _same_place(one, other) or {one[1][2][0], other[1][2][0]} <= marks


def _real_time(one: Choice, other: Choice) -> bool:
    # The answer to a put is a return and a call, that to a get a return.
    names = [one[1][2][0], other[1][2][0]]
    return _same_place(one, other) or ("PutOk" in names and set(names) <= {"PutOk", "GetOk"})


@pytest.mark.parametrize(
    ("servers", "clients", "depend", "history", "real_time"),
    [
        pytest.param(2, 1, _same_place, "partial", False, id="2 servers, 1 client"),
        pytest.param(1, 2, _same_place, "partial", False, id="1 server"),
        pytest.param(1, 2, _real_time, "partial", True, id="1 server, real time"),
        pytest.param(1, 2, _total, "total", False, id="1 server, total order"),
        *(
            pytest.param(2, 2, *how, id=f"2 servers, {how[1]}, {how[2]}", marks=pytest.mark.nightly)
            for how in (
                (_same_place, "partial", False),
                (_real_time, "partial", True),
                (_total, "total", False),
            )
        ),
    ],
)
def test_reduction_counts_the_classes_that_tuples_count(
    servers: int,
    clients: int,
    depend: Callable[[Choice, Choice], bool],
    history: str,
    real_time: bool,
) -> None:
    machine = tuple_systems.abd(servers, clients, keeps=True)
    rules = Rules(consumes=True, has_history=False)
    theirs = classes(first(machine, rules), lambda s: successors(machine, rules, s), depend)
    scenario = abd.system(str(servers), str(clients), busy="keep", history=history)
    assert traces(scenario, real_time=real_time) == {"traces": theirs}


# ---- through the command line --------------------------------------------------------------------


def explored(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(main, ["explore", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "arguments", "machine", "rules"),
    [
        (
            "abd",
            "--set servers=2 --set clients=2 --network ordered --lossy",
            tuple_systems.abd(2, 2),
            ORDERED_LOSSY,
        ),
        (
            "abd",
            "--set servers=2 --set clients=1 --set put_count=2",
            tuple_systems.abd(2, 1, 2),
            Rules(),
        ),
        ("abd", "--no-op consume", tuple_systems.abd(2, 2), Rules(consumes=True)),
        ("single_copy", "--set clients=3 --lossy", tuple_systems.single_copy(1, 3), LOSSY),
        ("paxos", "--set clients=1 --network ordered", tuple_systems.paxos(3, 1), ORDERED),
    ],
)
def test_the_command_counts_the_same(
    system: str, arguments: str, machine: Machine, rules: Rules, tmp_path: Any
) -> None:
    theirs = counted(first(machine, rules), lambda s: successors(machine, rules, s))
    target, more = f"tests.oracles.{system}:system", ("--out", str(tmp_path))
    code, result = explored(target, *arguments.split(), *more)
    assert code == 0
    assert Counted(result["unique"], result["generated"], result["depth"]) == theirs


@pytest.mark.parametrize(
    ("target", "setting", "words"),
    [
        ("abd:system", "servers=0", "servers='0': this must be a whole number, 1 or more"),
        ("abd:system", "busy=sleep", "busy='sleep': this must be one of ignore, keep"),
        ("paxos:system", "clients=two", "clients='two': this must be a whole number, 1 or more"),
        ("single_copy:system", "network=slow", "it must be unordered|ordered"),
        ("two_phase_commit:system", "managers=-1", "this must be a whole number"),
        (
            "single_copy:system",
            "server=2",
            "settings: servers=text, clients=text, put_count=text, network=",
        ),
    ],
)
def test_wrong_settings_are_refused_in_words(target: str, setting: str, words: str) -> None:
    code, result = explored(f"tests.oracles.{target}", "--set", setting)
    assert code == 2
    assert words in result["error"]
