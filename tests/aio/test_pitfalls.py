"""What makes runs of asyncio programs differ, or cry wolf: each cured, or refused by name."""

from __future__ import annotations

import asyncio
import datetime
import gc
import os
import random
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from random import random as drawn_by_name
from time import time as time_by_name
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.aio import Node, scenario
from counterpoint.harness.aio.actions import Alarm
from counterpoint.harness.aio.escapes import Escaped
from tests.aio.searching import alone, digests, found, notes, rested, searched
from tests.aio.store import register
from tests.support.nights import by_day

# ---- 1. sets of tasks and futures ----------------------------------------------------------------


async def waits_for_a_set(node: Node) -> None:
    """Note in which order a set of tasks is run through."""

    async def named(name: str) -> str:
        return name

    tasks = {asyncio.create_task(named(f"t{k}")) for k in range(20)}
    done, _ = await asyncio.wait(tasks)
    node.note(*(task.result() for task in done))
    node.note(*(task.result() for task in asyncio.all_tasks() if task.done()))
    futures = {asyncio.get_running_loop().create_future(): k for k in range(9)}
    node.note(*set(futures).intersection(futures) and [futures[f] for f in set(futures)])


@pytest.mark.slow
@pytest.mark.parametrize("times", by_day(12, 50))
def test_a_set_of_tasks_has_one_order(times: int) -> None:
    outcomes = set()
    for k in range(times):
        junk = [object() for _ in range(17 * k)]
        outcomes.add(tuple(notes(alone(waits_for_a_set))))
        del junk
    assert len(outcomes) == 1


async def relies_on_the_order_of_the_queue(_: Node) -> None:
    """Fail where callbacks are not called in the order in which they were scheduled."""
    order: list[int] = []
    loop = asyncio.get_running_loop()
    for k in range(10):
        loop.call_soon(order.append, k)
    await asyncio.sleep(0)
    assert order == sorted(order), order


def test_the_order_of_the_ready_queue_is_asyncios_own() -> None:
    assert not searched(alone(relies_on_the_order_of_the_queue), 100).findings


# ---- 2. the collector ----------------------------------------------------------------------------


async def listens(node: Node) -> None:
    """Serve for ever."""
    server = await asyncio.start_server(lambda _r, _w: None, node.name, 80)
    await server.serve_forever()


async def drops_a_writer(node: Node) -> None:
    """Lose a connection in a cycle, whose finaliser would close it."""
    _, writer = await asyncio.open_connection("s", 80)
    cycle: list[Any] = [writer]
    cycle.append(cycle)
    del cycle, writer
    await asyncio.sleep(1)
    node.note("awake")


def test_a_collection_is_no_choice() -> None:
    given = scenario(nodes={"s": listens, "c": drops_a_writer}, answers=False)
    before = digests(rested(given))
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        assert digests(rested(given)) == before
    finally:
        gc.set_threshold(*thresholds)


# ---- 3. timers -----------------------------------------------------------------------------------


async def answers_late(node: Node) -> None:
    """Say one line to everybody."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")

    server = await asyncio.start_server(serve, node.name, 80)
    await server.serve_forever()


async def has_patience(node: Node) -> None:
    """Wait for a line for five minutes."""
    reader, _ = await asyncio.open_connection("s", 80)
    async with asyncio.timeout(300):
        node.note(await reader.readline())


@pytest.mark.parametrize(
    ("more", "is_possible"),
    [({}, False), ({"timers": "last"}, False), ({"timers": "any"}, True), ({"latency": 301}, True)],
)
def test_a_long_time_out_goes_off_only_if_the_network_may_be_as_slow(
    more: dict[str, Any], is_possible: bool
) -> None:
    given = scenario(nodes={"s": answers_late, "c": has_patience}, answers=False, **more)
    world = cp.run(given, ()).final
    assert (Alarm("c") in cp.enabled(world)) == is_possible
    assert bool(searched(given, 100).findings) == is_possible


@pytest.mark.slow
def test_a_timer_goes_off_while_its_message_is_held_back() -> None:
    given = scenario(
        nodes={"s": answers_late, "c": has_patience}, answers=False, limits=cp.budgets(delay=1)
    )
    example = searched(given, 1_000).counterexample()
    assert example is not None
    assert "TimeoutError" in example.verdict.summary
    assert [type(choice).kind for choice in example.trace.choices] == ["delay", "alarm"]


async def sleeps(node: Node, seconds: float) -> None:
    """Note when one wakes up."""
    await asyncio.sleep(seconds)
    node.note(node.name, round(asyncio.get_running_loop().time()), round(time.time()))


def test_time_is_one_for_all_nodes_and_goes_forward() -> None:
    programs = {f"n{k}": lambda node, k=k: sleeps(node, k) for k in (3, 1, 2)}
    begun = 1_700_000_000
    assert notes(scenario(nodes=programs, answers=False)) == [
        f"(n{k}, {k}, {begun + k})" for k in (1, 2, 3)
    ]


# ---- 4. tearing down -----------------------------------------------------------------------------


async def clings(node: Node) -> None:
    """Have much to do at the end."""

    async def forever() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            node.note("finally")
            await asyncio.sleep(1)
            node.note("after all")

    tasks = [asyncio.create_task(forever()) for _ in range(5)]
    await asyncio.gather(*tasks)


def test_tearing_down_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """Warnings are errors here, those of objects that cannot be finalised included."""
    given = alone(clings, limits=cp.budgets(crash=2))
    assert not searched(given, 30).findings
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_a_crash_runs_no_finally_block() -> None:
    given = alone(clings, limits=cp.budgets(crash=1))
    crash = next(o for o in cp.enabled(cp.run(given, ()).final) if o.kind == "crash")
    trace = cp.run(given, (crash,))
    assert [event.kind for event in trace.events_of_step(0)] == ["crash"]


# ---- 5. time and chance --------------------------------------------------------------------------


async def asks_for_everything(node: Node) -> None:
    """Note all clocks and all chance."""
    await asyncio.sleep(1.5)
    clocks = (time.time(), time.monotonic(), time.perf_counter(), time_by_name())
    node.note(*(round(clock * 1000) for clock in clocks))
    node.note(time.time_ns(), time.monotonic_ns())
    node.note(str(datetime.datetime.now()), str(datetime.datetime.now(datetime.UTC)))
    node.note(time.strftime("%H:%M:%S", time.localtime()))
    node.note(random.randrange(10**9), round(drawn_by_name() * 10**9), str(uuid.uuid4()))
    node.note(os.urandom(8), random.SystemRandom().randrange(10**9))


def test_clocks_and_chance_are_those_of_the_run() -> None:
    first, *others = (notes(alone(asks_for_everything)) for _ in range(3))
    assert first[0] == "(1700000001500, 1500, 1500, 1700000001500)"
    assert first[2].startswith("(2023-11-14 22:13:21.500000, ")
    assert others == [first, first]


async def draws_once(node: Node) -> None:
    """Note a random number after a while."""
    random.random()
    await asyncio.sleep(1)
    node.note(random.randrange(8))


def test_runs_of_a_program_that_draws_draw_differently() -> None:
    """A rare number is found, by one choice that stands in the run and is made again with it."""
    rare = cp.Property("no seven", lambda trace: all(e.value != (7,) for e in trace.events))
    example = found(alone(draws_once, properties=[rare]), 300)
    assert [choice.kind for choice in example.trace.choices] == ["luck", "alarm"]


def test_a_program_that_draws_nothing_has_no_luck() -> None:
    assert not any(option.kind == "luck" for option in cp.enabled(cp.run(register(), ()).final))


def test_clocks_and_chance_are_restored_after_each_step() -> None:
    state, real = random.getstate(), (time.time, os.urandom, datetime.datetime, random.random)
    searched(alone(asks_for_everything), 3)
    assert (time.time, os.urandom, datetime.datetime, random.random) == real
    assert random.getstate() == state
    assert time_by_name() > 1_750_000_000


def test_between_the_steps_of_a_run_clocks_are_real() -> None:
    """Invariants are looked at then, while the functions stay exchanged for the next step."""
    seen: list[float] = []

    def looks(_: object) -> None:
        seen.extend((time_by_name(), time.time(), datetime.datetime.now().timestamp()))

    given = alone(lambda node: sleeps(node, 1), invariants=[cp.Invariant("looks", looks)])
    assert not searched(given, 3).findings
    assert len(seen) >= 6
    assert min(seen) > 1_750_000_000


def test_clocks_are_restored_after_a_run_that_is_interrupted() -> None:
    async def interrupted(_: Node) -> None:
        await asyncio.sleep(1)
        raise KeyboardInterrupt

    was_collecting, real = gc.isenabled(), (time.time, random.random)
    with pytest.raises(KeyboardInterrupt):
        searched(alone(interrupted), 1)
    assert (time.time, random.random) == real
    assert gc.isenabled() == was_collecting


def test_a_real_datetime_is_one_in_a_step() -> None:
    began = datetime.datetime.now()

    async def compares(node: Node) -> None:
        node.note(isinstance(began, datetime.datetime), datetime.datetime.now() < began)

    assert notes(alone(compares)) == ["(True, True)"]


# ---- 6. what escapes -----------------------------------------------------------------------------


async def opens_a_socket() -> None:
    with socket.socket() as made:
        made.connect(("127.0.0.1", 9))


async def starts_a_thread() -> None:
    threading.Thread(target=print).start()


async def starts_a_process() -> None:
    subprocess.run(["true"], check=False)


async def reads_a_descriptor() -> None:
    asyncio.get_running_loop().add_reader(0, print)


async def uses_tls() -> None:
    await asyncio.open_connection("n", 443, ssl=True)


async def starts_a_subprocess() -> None:
    await asyncio.create_subprocess_exec("true")


async def exits() -> None:
    os._exit(0)


async def aborts() -> None:
    os.abort()


async def becomes_another() -> None:
    os.execv("/bin/true", ["true"])


async def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def raises_a_signal() -> None:
    signal.raise_signal(signal.SIGKILL)


async def sends_datagrams() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol)


@pytest.mark.parametrize(
    ("reaches", "said"),
    [
        (
            opens_a_socket,
            "socket.connect: a real socket cannot be simulated; use asyncio.open_connection",
        ),
        (starts_a_thread, "a thread: a real thread cannot be simulated; use asyncio.to_thread"),
        (starts_a_process, "subprocess.Popen: a subprocess cannot be simulated"),
        (reads_a_descriptor, "add_reader: a real file descriptor cannot be simulated"),
        (uses_tls, "TLS cannot be simulated; give the program its connections without ssl="),
        (starts_a_subprocess, "a subprocess cannot be simulated"),
        (exits, "os._exit: it would end the search itself; let the program return or raise"),
        (aborts, "os.abort: it would end the search itself"),
        (becomes_another, "os.exec: it would end the search itself"),
        (kills_itself, "os.kill: signals are not simulated"),
        (raises_a_signal, "signal.raise_signal: signals are not simulated"),
        (sends_datagrams, "datagrams are not simulated"),
    ],
)
def test_what_no_scheduler_can_hold_is_refused_by_name(
    reaches: Callable[[], Coroutine[Any, Any, None]], said: str
) -> None:
    async def program(_: Node) -> None:
        try:
            await reaches()
        except Exception:  # the refusal counts all the same
            await asyncio.sleep(1)

    with pytest.raises(Escaped) as caught:
        searched(alone(program), 1)
    assert said in str(caught.value)


# ---- equal runs ----------------------------------------------------------------------------------


def test_a_program_that_keeps_something_elsewhere_is_noticed() -> None:
    """A node made again does otherwise, and that is said, with the place of its program."""
    kept: list[int] = []

    async def remembers(node: Node) -> None:
        kept.append(1)
        node.note(len(kept))
        await asyncio.sleep(1)

    with pytest.raises(cp.NotDeterministic) as caught:
        searched(alone(remembers), 1)
    assert "test_pitfalls.py" in str(caught.value)


@pytest.mark.slow
def test_a_run_has_one_story_however_often_it_is_told() -> None:
    given = register()
    first = digests(rested(given))
    assert all(digests(rested(register())) == first for _ in range(3))
