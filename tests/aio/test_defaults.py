"""What every scenario of programs asks by itself, and the place in the source that it names."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.aio import Node, scenario
from counterpoint.harness.aio import loop, watchdog
from counterpoint.harness.aio.actions import Alarm
from counterpoint.harness.explanation.state_parts import flat
from counterpoint.model.actions import Settle
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.properties import verdict_of
from tests.aio.searching import Program, alone, found, searched
from tests.aio.store import reader_of, register, server


async def fails(_: Node) -> None:
    """Raise at once after a while."""
    await asyncio.sleep(1)
    raise KeyError("missing")


async def lets_a_task_fail(_: Node) -> None:
    """Never look at a task that fails."""

    async def inner() -> None:
        raise ValueError("nobody looks")

    await asyncio.sleep(1)
    asyncio.create_task(inner())  # noqa: RUF006
    await asyncio.sleep(1)


async def lets_a_callback_fail(_: Node) -> None:
    """Schedule what fails."""
    asyncio.get_running_loop().call_later(1, lambda: 1 // 0)
    await asyncio.sleep(2)


async def forgets_to_await(_: Node) -> None:
    """Call a coroutine function, and no more."""
    await asyncio.sleep(1)
    asyncio.sleep(2)  # type: ignore[unused-coroutine]


async def locks_twice(_: Node) -> None:
    """Wait for oneself."""
    lock = asyncio.Lock()
    await asyncio.sleep(1)
    async with lock:
        await lock.acquire()


async def never_waits(_: Node) -> None:
    """Go on and on, without waiting for anything from outside."""
    await asyncio.sleep(1)
    while True:
        await asyncio.sleep(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "said"),
    [
        (fails, r"n raised KeyError: 'missing' on .* \(test_defaults.py:\d+, in fails\)"),
        (lets_a_task_fail, r"ValueError: nobody looks .* \(test_defaults.py:\d+, in inner\)"),
        (lets_a_callback_fail, r"ZeroDivisionError: .* \(test_defaults.py:\d+, in <lambda>\)"),
        (
            forgets_to_await,
            r"never awaited sleep, made at test_defaults.py:\d+, in forgets_to_await",
        ),
        (locks_twice, r"in a deadlock, .* alone: locks_twice test_defaults.py:\d+, in locks_twice"),
        (never_waits, r"never waits: .* goes on and on \(test_defaults.py:\d+, in never_waits\)"),
    ],
)
def test_what_no_program_may_do_is_told_with_its_place(
    program: Program, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CALLBACKS_MAX", 500)
    summary = found(alone(program), 3).verdict.summary
    assert re.search(said, summary), summary


@pytest.mark.slow
def test_a_call_that_is_never_answered_says_where_it_waits() -> None:
    programs: dict[str, Any] = {"s0": server, "s1": deaf, "s2": deaf}
    programs["c1"] = reader_of(1, writes_back=True)
    given = scenario(nodes=programs)
    verdict = found(given, 5).verdict
    assert verdict.property == "answers"
    assert "c1's (read) never returned: it waits at store.py:" in verdict.summary


async def deaf(node: Node) -> None:
    """Take connections and say nothing."""
    listening = await asyncio.start_server(lambda _r, _w: None, node.name, 7000)
    await listening.serve_forever()


def answers_of(given: cp.Scenario) -> cp.Property:
    """Return the property of a scenario that asks for answers."""
    return next(prop for prop in given.properties if prop.name == "answers")


async def late(node: Node) -> None:
    """Be answered after the horizon."""
    async with node.call("get") as call:
        await asyncio.sleep(1000)
        call.result = 1


async def in_time(node: Node) -> None:
    """Be answered before the horizon, and go on after it."""
    async with node.call("get") as call:
        call.result = 1
    await asyncio.sleep(1000)


@pytest.mark.slow
def test_a_call_that_is_open_at_the_horizon_is_undecided() -> None:
    campaign = searched(scenario(nodes={"a": late}), 4)
    assert not campaign.findings
    judged = campaign.judgements["answers"]
    assert judged.undecided == {
        "the run was cut at the horizon of 600 s with work left at a": 4,
    }
    given = scenario(nodes={"a": late})
    summary = verdict_of(answers_of(given), cp.run(given, (Settle(()),))).summary
    assert re.fullmatch(
        r"the run was cut .* left at a: late test_defaults.py:\d+, in late; a larger horizon= .*",
        summary,
    )
    assert searched(scenario(nodes={"a": late}, horizon=2000), 4).judgements["answers"].held == 4


@pytest.mark.slow
def test_runs_that_were_cut_are_counted_in_a_warning() -> None:
    at_rest = cp.Property("rests", lambda _: False, reads="end")
    campaign = searched(scenario(nodes={"a": in_time}, properties=[at_rest]), 4)
    assert not campaign.findings
    assert campaign.judgements["answers"].undecided_count == 4
    assert campaign.judgements["rests"].undecided_count == 4
    assert campaign.warnings == (
        "4 of 4 runs were cut at the horizon of 600 s with work left: "
        "what would come after it was not seen",
    )
    whole = searched(scenario(nodes={"a": in_time}, horizon=2000), 4)
    assert whole.warnings == ()


async def beats(_: Node) -> None:
    """Do something every minute, for ever."""
    while True:
        await asyncio.sleep(60)


async def calls_once(node: Node) -> None:
    """Call, and end."""
    async with node.call("get") as call:
        call.result = 1


async def calls_at_last(node: Node) -> None:
    """Call once, and once more after the horizon."""
    await calls_once(node)
    await asyncio.sleep(1000)
    await calls_once(node)


@pytest.mark.parametrize(
    ("client", "answers", "held"),
    [
        (calls_once, True, 0),  # nobody has said that the other node calls nothing
        (calls_once, ("c",), 4),
        (calls_at_last, ("c",), 0),
        (calls_at_last, ("c", "s"), 0),
    ],
)
def test_a_run_that_was_cut_holds_only_if_nobody_is_left_who_calls(
    client: Program, answers: Any, held: int
) -> None:
    """Both ways of judging agree: that of walks, and that of whole runs."""
    given = scenario(nodes={"s": beats, "c": client}, answers=answers)
    campaign = searched(given, 4)
    assert not campaign.findings
    judged = campaign.judgements["answers"]
    assert (judged.held, judged.undecided_count) == (held, 4 - held)
    assert held or "calls may come after it" in judged.reason
    trace = cp.run(given, campaign._passing[0].choices)
    assert verdict_of(answers_of(given), trace).outcome.value == ("holds" if held else "undecided")


def test_a_node_that_calls_although_it_is_not_named_is_refused() -> None:
    given = scenario(nodes={"s": beats, "c": calls_once}, answers=("s",))
    with pytest.raises(cp.BadScenario, match=r"c calls .*, and is none of the nodes that answers="):
        searched(given, 1)


async def takes_two_locks(node: Node) -> None:
    """Serve pairs of locks, in the order that each client asks for; and a client that gives up."""
    locks = {"a": asyncio.Lock(), "b": asyncio.Lock()}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, second = (await reader.readline()).decode().split()
        async with locks[first]:
            writer.write(b"one\n")
            await reader.readline()
            async with locks[second]:
                writer.write(b"both\n")
        writer.close()

    listening = await asyncio.start_server(serve, node.name, 80)
    await listening.serve_forever()


def wants(order: str) -> Program:
    """Return a client that asks for two locks, and does not wait for longer than a second."""

    async def client(_: Node) -> None:
        reader, writer = await asyncio.open_connection("s", 80)
        try:
            async with asyncio.timeout(1):
                writer.write(order.encode() + b"\n")
                await reader.readline()
                writer.write(b"and the other\n")
                await reader.readline()
        except TimeoutError:
            pass
        writer.close()

    return client


def locking(*orders: str) -> cp.Scenario:
    """Return the scenario of clients that ask for locks in these orders."""
    clients = {f"c{k}": wants(order) for k, order in enumerate(orders)}
    return scenario(nodes={"s": takes_two_locks, **clients}, answers=False)


@pytest.mark.slow
def test_handlers_that_wait_for_each_others_locks_are_a_deadlock() -> None:
    """The clients are gone, and the server listens: no call is open, and nothing can go on."""
    example = found(locking("a b", "b a"), 200)
    assert example.verdict.property == "no deadlock"
    place = r"at test_defaults.py:\d+, in serve"
    said = rf"s is in a deadlock: .* nobody will release, by serve {place}, serve 2 {place}"
    assert re.fullmatch(said, example.verdict.summary)


def test_locks_in_one_order_are_no_deadlock() -> None:
    campaign = searched(locking("a b", "a b"), 100)
    assert not campaign.findings
    assert campaign.judgements["no deadlock"].held == 100


@pytest.mark.slow
def test_who_waits_for_a_lock_where_a_run_was_cut_is_undecided() -> None:
    """The node beats for ever; somebody else might still release the lock."""

    async def holds_on(_: Node) -> None:
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = asyncio.create_task(lock.acquire())
        while not waiting.done():
            await asyncio.sleep(100)

    campaign = searched(alone(holds_on), 3)
    assert not campaign.findings
    judged = campaign.judgements["no deadlock"]
    assert judged.undecided == {"a lock is waited for, and the run is not at rest": 3}
    assert searched(alone(beats), 3).judgements["no deadlock"].held == 3


def test_two_calls_of_one_node_at_a_time_are_refused() -> None:
    async def calls_twice(node: Node) -> None:
        async with node.call("one"), node.call("two"):
            await asyncio.sleep(1)

    with pytest.raises(
        cp.BadScenario, match=r"n calls .two. while its call .one. is open; a node is"
    ):
        searched(scenario(nodes={"n": calls_twice}), 1)


def test_a_task_that_was_cancelled_or_looked_at_is_no_failure() -> None:
    async def program(_: Node) -> None:
        async def inner() -> None:
            raise ValueError

        task = asyncio.create_task(inner())
        with pytest.raises(ValueError):  # noqa: PT011
            await task
        sleeper = asyncio.create_task(asyncio.sleep(9))
        await asyncio.sleep(0)
        sleeper.cancel()

    assert not searched(alone(program), 3).findings


@pytest.mark.slow
def test_an_endless_loop_without_await_ends_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    searched(alone(locks_twice), 1)  # the watchdog is awake
    monkeypatch.setattr(watchdog, "STEP_SECONDS", 0.1)

    async def spins(_: Node) -> None:
        await asyncio.sleep(1)
        while True:
            pass

    world = cp.run(alone(spins), ()).final
    with pytest.raises(HandlerFailed, match=r"without waiting \(test_defaults.py:\d+, in spins"):
        Alarm("n").apply(world)


def test_an_interruption_of_a_step_ends_the_search() -> None:
    async def interrupted(_: Node) -> None:
        await asyncio.sleep(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(alone(interrupted), 1)


def test_reports_show_where_each_task_waits() -> None:
    world = cp.run(register(), ()).final
    shown = flat(world.node_state("c1"))
    assert re.fullmatch(r"store.py:\d+, in ask", str(shown["main"]))
    assert re.fullmatch(r"store.py:\d+, in listen", str(shown["listen 2"]))


def test_an_invariant_sees_snapshots() -> None:
    async def counts(node: Node) -> None:
        for node.state in range(4):
            await asyncio.sleep(1)

    def too_much(states: dict[str, Any]) -> str | None:
        return f"n counted to {states['n']}" if states["n"] > 2 else None

    given = alone(
        counts, snapshot=lambda node: node.state or 0, invariants=[cp.Invariant("low", too_much)]
    )
    example = found(given, 1)
    assert example.verdict.summary == "n counted to 3"
    assert len(example.trace.choices) == 3
