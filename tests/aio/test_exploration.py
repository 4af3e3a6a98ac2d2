"""All runs of small programs, one of each class: nothing is lost, and nothing is made twice."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import counterpoint as cp
from counterpoint.aio import Node, scenario
from counterpoint.harness.cli import main
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.remembered_steps import RememberedSteps
from counterpoint.model.tracefile import read_trace
from counterpoint.model.world import World
from tests.aio.searching import Program


async def serve_numbers(node: Node, answer: Callable[[str], int]) -> None:
    """Answer each line with a number."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(b"%d\n" % answer(line.decode().strip()))
        writer.close()

    server = await asyncio.start_server(serve, node.name, 80)
    await server.serve_forever()


class Connection:
    """A connection to the store."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, question: str) -> int:
        """Return the answer to a line."""
        self.writer.write(question.encode() + b"\n")
        return int(await self.reader.readline())


async def store(node: Node) -> None:
    """Keep a number: "get" it, "add" one to it, or put another there."""
    kept = 0

    def answer(question: str) -> int:
        nonlocal kept
        match question:
            case "get":
                pass
            case "add":
                kept += 1
            case number:
                kept = int(number)
        return kept

    await serve_numbers(node, answer)


async def reads_then_writes(node: Node) -> None:
    """Add one, in two steps: what another adds between them is lost."""
    connection = Connection(*await asyncio.open_connection("store", 80))
    async with node.call("add") as call:
        call.result = await connection.ask("get") + 1
        await connection.ask(str(call.result))
    connection.writer.close()


async def adds(node: Node) -> None:
    """Add one, in one step."""
    connection = Connection(*await asyncio.open_connection("store", 80))
    async with node.call("add") as call:
        call.result = await connection.ask("add")
    connection.writer.close()


async def is_impatient(node: Node) -> None:
    """Ask, and go away after a second."""
    connection = Connection(*await asyncio.open_connection("store", 80))
    try:
        async with asyncio.timeout(1):
            node.note(await connection.ask("add"))
    except (TimeoutError, ConnectionError, ValueError):
        node.note("nothing")
    connection.writer.close()


def no_update_is_lost(trace: cp.Trace) -> None:
    """Nobody is told a number that another was told."""
    told = Counter(event.value for event in trace.events if event.kind == "return")
    assert not told or max(told.values()) == 1, "an update was lost"


def updates(*clients: Program, **more: Any) -> cp.Scenario:
    """Return the scenario of some clients of one store."""
    return scenario(
        name="updates",
        nodes={"store": store, **{f"c{k}": client for k, client in enumerate(clients, start=1)}},
        properties=[cp.Property("no update is lost", no_update_is_lost)],
        **more,
    )


def ends_of_all_runs(given: cp.Scenario) -> Counter[object]:
    """Return how many runs there are to each end: the stupid way, every order of all actions."""
    remembered: Any = RememberedSteps(given.system)
    ends: Counter[object] = Counter()
    stack = [cp.run(given.replace(system=remembered), ()).final]
    while stack:
        world = stack.pop()
        options = cp.enabled(world)
        stack += [option.apply(world).world for option in options]
        if not options:
            ends[end_of(world)] += 1
    return ends


def end_of(world: World) -> object:
    """Return what all runs of a class have in common: what has happened to each node."""
    return tuple(state.state for state in world.node_states)


def patient(**limits: int) -> cp.Scenario:
    """Return the scenario of one client that goes away after a second, with some faults."""
    return updates(is_impatient, limits=cp.budgets(**limits), may_crash=("store",), answers=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "runs", "ends", "made"),
    [
        pytest.param(updates(adds, adds), 252, 20, 32, id="two clients"),
        pytest.param(patient(), 1, 1, 1, id="nothing to choose"),
        pytest.param(patient(delay=1), 20, 4, 10, id="a delay and a timer"),
        pytest.param(patient(crash=1), 24, 5, 22, id="a crash and a timer"),
        pytest.param(patient(reset=1), 13, 4, 7, id="a broken connection"),
        pytest.param(patient(split=1), 8, 5, 8, id="a chunk in two parts"),
        pytest.param(
            updates(reads_then_writes, reads_then_writes), 3432, 70, 70,
            marks=pytest.mark.nightly, id="a lost update",
        ),
    ],
)  # fmt: skip
def test_reduced_runs_come_to_all_ends(given: cp.Scenario, runs: int, ends: int, made: int) -> None:
    """Steps at two nodes change places, so that one run stands for many; faults and timers do not."""
    every = ends_of_all_runs(given)
    ours = [end_of(trace.final) for trace in Reducer(given).runs()]
    assert set(ours) == set(every)
    assert (every.total(), len(every), len(ours)) == (runs, ends, made)


def test_a_lost_update_is_found_by_exploring_all_runs() -> None:
    *_, found = Reducer(updates(reads_then_writes, reads_then_writes)).explore()
    assert found.violation is not None
    assert found.violation.property == "no update is lost"


def test_where_no_update_is_lost_every_run_says_so() -> None:
    reducer = Reducer(updates(adds, adds))
    *_, found = reducer.explore()
    assert (found.stop, found.cut, found.violation) == ("complete", 0, None)
    assert {name: judged.held for name, judged in reducer.judgements.items()} == {
        "no update is lost": found.traces,
        "answers": found.traces,
        "no deadlock": found.traces,
    }


async def waits_for_nobody(node: Node) -> None:
    """Wait for an answer, without a question."""
    connection = Connection(*await asyncio.open_connection("store", 80))
    async with node.call("wait"):
        await connection.reader.readline()


def test_a_call_without_an_answer_is_found_at_the_end_of_a_run() -> None:
    given = updates(waits_for_nobody)
    *_, found = Reducer(given).explore()
    assert found.violation is not None
    assert found.violation.property == "answers"
    assert [choice.kind for choice in found.violation.choices] == ["deliver", "settle"]


# ---- what is not explored ------------------------------------------------------------------------


def explored(name: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Explore a scenario of this module from the command line."""
    arguments = ["explore", f"{__name__}:{name}", "--reduction", "dpor", "--json", *more]
    ended = CliRunner().invoke(main, arguments)
    return ended.exit_code, json.loads(ended.stdout)


def alone(program: Program, **more: Any) -> cp.Scenario:
    """Return the scenario of one program, in which nothing is noted that is bad."""

    def nothing_bad(trace: cp.Trace) -> None:
        assert not any(event.value == ("bad",) for event in trace.events)

    claims = [cp.Property("nothing bad", nothing_bad)]
    return scenario(nodes={"a": program}, properties=claims, answers=False, **more)


async def is_bad_late(node: Node) -> None:
    """Do something bad after eight minutes, with a rest at four."""
    await asyncio.sleep(240)
    await asyncio.sleep(240)
    node.note("bad")


async def goes_on_after_a_delay(_: Node) -> None:
    """Ask; without an answer in a second, wait for an hour."""
    reader, writer = await asyncio.open_connection("store", 80)
    writer.write(b"get\n")
    try:
        async with asyncio.timeout(1):
            await reader.readline()
    except TimeoutError:
        await asyncio.sleep(3600)
    writer.close()


async def draws(node: Node) -> None:
    """Do something bad once in a million."""
    if random.randrange(10**6) == 0:
        node.note("bad")


async def draws_after_a_reset(_: Node) -> None:
    """Draw a random number if the connection breaks."""
    reader, writer = await asyncio.open_connection("store", 80)
    writer.write(b"get\n")
    try:
        if not await reader.readline():
            random.random()
    except ConnectionError:
        random.random()
    writer.close()


BAD_AFTER_THE_HORIZON = alone(is_bad_late, horizon=300)
BAD_BEFORE_THE_HORIZON = alone(is_bad_late, horizon=500)
SOMETIMES_CUT = updates(goes_on_after_a_delay, limits=cp.budgets(delay=1), answers=False)
DRAWS = alone(draws)
DRAWS_AFTER_A_RESET = updates(
    draws_after_a_reset, limits=cp.budgets(reset=1), may_crash=(), answers=False
)


def test_an_exploration_whose_runs_the_horizon_cut_is_incomplete_and_undecided() -> None:
    code, result = explored("BAD_AFTER_THE_HORIZON")
    assert (code, result["outcome"], result["stopped"]) == (3, "undecided", "incomplete")
    assert (result["traces"], result["cut"]) == (1, 1)
    assert result["warnings"] == [
        "1 of 1 runs were cut at the horizon of 300 s with work left: "
        "what would come after it was not seen"
    ]


def test_a_larger_horizon_finds_what_the_cut_hid(tmp_path: Path) -> None:
    code, result = explored("BAD_BEFORE_THE_HORIZON", "--out", str(tmp_path))
    assert (code, result["property"], result["cut"]) == (1, "nothing bad", 0)


def test_as_many_runs_count_as_cut_as_end_with_a_timer_after_the_horizon() -> None:
    """Looked up in the last world of each run, some of which end by themselves."""
    reducer = Reducer(SOMETIMES_CUT)
    ends = [trace.final for trace in reducer.runs()]
    cut = sum(any(state.state.due is not None for state in end.node_states) for end in ends)  # type: ignore[attr-defined]
    assert 0 < cut < len(ends)
    assert (reducer.progress.cut, reducer.progress.cut_at) == (cut, {"the horizon of 600 s": cut})
    code, result = explored("SOMETIMES_CUT", "--faults", "1")
    assert (code, result["cut"]) == (3, cut)


def test_an_exploration_over_chance_says_that_it_did_not_try_all() -> None:
    code, result = explored("DRAWS")
    assert (code, result["outcome"], result["stopped"]) == (3, "undecided", "incomplete")
    assert result["not_explored"] == ["all but 16 of the sequences of random numbers"]
    command = ["explore", f"{__name__}:DRAWS", "--reduction", "dpor"]
    said = CliRunner().invoke(main, command).output.splitlines()
    assert "not explored: all but 16 of the sequences of random numbers" in said


def test_chance_that_only_a_fault_brings_is_told_of_too() -> None:
    """Nothing is drawn in the run that is looked at first, so no run draws others."""
    assert explored("DRAWS_AFTER_A_RESET")[0] == 0
    code, result = explored("DRAWS_AFTER_A_RESET", "--faults", "1")
    assert (code, result["stopped"]) == (3, "incomplete")
    assert result["not_explored"] == ["all but 1 of the sequences of random numbers"]


async def is_bad_early(node: Node) -> None:
    """Do something bad, and much that has nothing to do with it."""
    await asyncio.sleep(1)
    node.note("bad")
    for _ in range(5):
        await asyncio.sleep(1)


BAD_EARLY = alone(is_bad_early)


def test_the_counterexample_of_a_reduced_exploration_is_minimised(tmp_path: Path) -> None:
    code, result = explored("BAD_EARLY", "--out", str(tmp_path))
    assert (code, result["outcome"], result["property"]) == (1, "broken", "nothing bad")
    assert (result["steps_found"], result["steps"]) == (6, 1)
    assert len(read_trace(Path(result["trace"])).steps) == 1


async def calls_once(node: Node) -> None:
    """Call, wait and answer."""
    async with node.call("x") as call:
        await asyncio.sleep(0.1)
        call.result = 1


CRASHING = scenario(name="crashing", nodes={"c": calls_once}, limits=cp.budgets(crash=1))


def test_a_crash_that_a_program_allows_is_not_called_impossible(tmp_path: Path) -> None:
    arguments = [
        "explore",
        f"{__name__}:CRASHING",
        "--reduction",
        "dpor",
        "--faults",
        "1",
        "--json",
    ]
    result = json.loads(CliRunner().invoke(main, [*arguments, "--out", str(tmp_path)]).output)
    assert result["outcome"] == "holds"
    assert result["faults"] == 1
    assert result["warnings"] == []
