"""A signal ends a search of programs, whatever the programs do with exceptions."""

from __future__ import annotations

import _thread
import asyncio
import signal
from collections.abc import Callable, Iterator
from typing import ClassVar, cast

import pytest

import counterpoint as cp
from counterpoint.harness.aio.real_loop import NamedLoop
from counterpoint.harness.interruption import HeardSignal, Stopped, stopping
from counterpoint.harness.plugin.effort import SearchEffort
from counterpoint.harness.plugin.verification import Verification
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.walks.campaign import Budgets, Campaign


class _Signals:
    """Sends one signal, the time after so many that it is asked, until its test is over."""

    are_sent: ClassVar[bool] = False

    def __init__(self, number: int, after: int = 3) -> None:
        self.number, self.left = number, after

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0 and _Signals.are_sent:  # programs may be closed when the test is over
            _thread.interrupt_main(signal.Signals(self.number))
        for _ in range(3):  # it is heard here
            pass


@pytest.fixture(autouse=True)
def _signals_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Signals, "are_sent", True)


def _is_closed_in_finally(send: Callable[[], None]) -> cp.Scenario:
    """A server that nobody ends: its `finally` runs when the harness closes what is left of a run."""

    async def server(node: cp.aio.Node) -> None:
        try:
            await asyncio.start_server(lambda *_: None, node.name, 1)
            await asyncio.get_running_loop().create_future()
        finally:
            send()

    return _with_caller(server)


def _catches_all(send: Callable[[], None]) -> cp.Scenario:
    """A server that catches whatever is raised in it."""

    async def server(node: cp.aio.Node) -> None:
        try:
            send()
        except BaseException:
            node.note("caught")
        await asyncio.start_server(lambda *_: None, node.name, 1)

    return _with_caller(server)


def _with_caller(server: Callable[[cp.aio.Node], object]) -> cp.Scenario:
    async def caller(node: cp.aio.Node) -> None:
        for _ in range(3):
            async with node.call("ask") as call:
                await asyncio.sleep(1)
                call.result = "done"

    return cp.aio.scenario(
        name="caught", nodes={"s": server, "c": caller, "d": caller}, answers=["c", "d"]
    )


def _fuzz(scenario: cp.Scenario) -> Iterator[object]:
    return Campaign(scenario).search(Budgets(runs=30))


def _reduce(scenario: cp.Scenario) -> Iterator[object]:
    return Reducer(scenario).explore()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("search", [_fuzz, _reduce])
@pytest.mark.parametrize("program", [_is_closed_in_finally, _catches_all])
def test_no_program_swallows_a_signal(
    program: Callable[[Callable[[], None]], cp.Scenario],
    search: Callable[[cp.Scenario], Iterator[object]],
    number: int,
) -> None:
    scenario = program(_Signals(number, after=8))
    with pytest.raises(Stopped) as stop, stopping():
        for _ in search(scenario):
            pass
    assert stop.value.number == number


@pytest.mark.parametrize("program", [_is_closed_in_finally, _catches_all])
def test_ctrl_c_ends_a_test_of_programs(
    program: Callable[[Callable[[], None]], cp.Scenario],
) -> None:
    scenario = program(_Signals(signal.SIGINT, after=8))
    with pytest.raises(KeyboardInterrupt):
        Verification(scenario, SearchEffort(runs=30, seconds=60)).check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_a_real_run_of_a_program_that_catches_all() -> None:
    send = _Signals(signal.SIGINT, after=1)

    async def stubborn(_: cp.aio.Node) -> None:
        while isinstance(asyncio.get_running_loop(), NamedLoop):  # where nothing is tried out
            try:
                send()
                await asyncio.sleep(0)
            except BaseException:
                if cast("asyncio.Task[None]", asyncio.current_task()).cancelling():
                    raise

    scenario = cp.aio.scenario(name="stubborn", nodes={"n": stubborn}, answers=False)
    with pytest.raises(KeyboardInterrupt):
        cp.aio.run(scenario, seconds=60)


class _Interrupted:
    def __del__(self) -> None:
        _Signals(signal.SIGINT, after=1)()


def test_a_signal_in_a_finaliser_is_sent_again() -> None:
    with pytest.raises(Stopped), HeardSignal():  # noqa: PT012 - it is raised while one waits
        _Interrupted()
        for _ in range(100_000_000):
            pass


@pytest.mark.slow  # the watchdog looks a second time before it ends a step
def test_a_signal_ends_a_step_that_would_not_end() -> None:
    async def endless(node: cp.aio.Node) -> None:
        await asyncio.sleep(1)
        _Signals(signal.SIGINT, after=1)()
        while node:
            pass

    with pytest.raises(Stopped), stopping():  # where a scenario is made, its programs are tried
        cp.aio.scenario(name="endless", nodes={"n": endless})
