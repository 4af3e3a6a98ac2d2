"""The same programs for real: a real loop, real sockets, real time; the history recorded and judged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

from counterpoint.harness.aio.given_node import Node
from counterpoint.harness.aio.one_call import OneCall
from counterpoint.harness.aio.process import EXPECTED
from counterpoint.harness.aio.real_loop import NamedLoop, present_node
from counterpoint.harness.aio.system import Programs
from counterpoint.harness.aio.waiting import place_of_task
from counterpoint.harness.aio.wellformed import coroutine_of
from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.properties import answer_of
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict

BETWEEN_BOOTS_SECONDS = 0.01
"""Nodes boot one after the other, so that a server listens before its first client comes."""


@dataclass(frozen=True, slots=True)
class RealRun:
    """What came of a real run: what clients called and were answered, and the verdicts on it.

    `waiting` has the nodes whose programs had not ended when the time was over, with the places at
    which they waited; servers, which never end, are not among them.
    """

    history: Trace
    verdicts: tuple[Verdict, ...]
    waiting: Mapping[NodeId, str]

    @property
    def answered(self) -> int:
        """How many calls were answered."""
        return sum(event.kind == "return" for event in self.history.events)


class _Reporter:
    """Writes down what the program of one node calls, and what it is answered."""

    def __init__(self, node: NodeId, seen: list[Observation]) -> None:
        self._node, self._seen = node, seen
        self._calls = OneCall(node)

    def began(self, operation: Value) -> None:
        refused = self._calls.refusal(operation)
        if refused is not None:
            raise refused
        self._seen.append(Observation("invoke", self._node, operation))

    def returned(self, result: Value) -> None:
        self._calls.end()
        self._seen.append(Observation("return", self._node, result))

    def left_open(self) -> None:
        self.returned(GaveUp())

    def noted(self, what: Value) -> None:
        self._seen.append(Observation("note", self._node, what))


def run(scenario: Scenario, *, seconds: float = 10.0) -> RealRun:
    """Run the programs of a scenario for real, and judge what its clients saw.

    Every node is a task on one real loop; the names of nodes lead to this machine. It ends when all
    programs have ended but those that listen, and after so many seconds at the latest. Properties of
    histories are judged; no faults happen.

    Raises:
        PropertyBroken: a property of histories does not hold.
        BadScenario: the scenario is not one of programs.
        KeyboardInterrupt: Ctrl-C was pressed.
        Exception: what a program raised.
    """
    if not isinstance(scenario.system, Programs):
        raise BadScenario(
            f"aio.run was given {brief(scenario)}; it takes a scenario that aio.scenario made"
        )
    seen: list[Observation] = []
    loop = NamedLoop(scenario.system.nodes)
    # It has Ctrl-C cancel what waits for the programs, one of which may catch a KeyboardInterrupt.
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            waiting = runner.run(_all_of(scenario.system, loop, seen, seconds))
        finally:
            loop.abort_all()
    return _judged(scenario, seen, waiting)


async def _all_of(
    system: Programs, loop: NamedLoop, seen: list[Observation], seconds: float
) -> dict[NodeId, str]:
    failures: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: _note_failure(failures, context))
    tasks: dict[NodeId, asyncio.Task[Any]] = {}
    for name in system.nodes:
        tasks[name] = _booted(system, name, _Reporter(name, seen))
        await asyncio.sleep(BETWEEN_BOOTS_SECONDS)
    ending = {task for name, task in tasks.items() if task.done() or not loop.listens(name)}
    if ending:
        await asyncio.wait(ending, timeout=seconds)
    waiting = {
        name: place_of_task(task) or "nobody knows where"
        for name, task in tasks.items()
        if task in ending and not task.done()
    }
    await _ended(tasks, failures)
    return waiting


def _booted(system: Programs, name: NodeId, reporter: _Reporter) -> asyncio.Task[Any]:
    context = copy_context()
    context.run(present_node.set, name)
    node = Node(name, system.nodes, {}, reporter)
    program = coroutine_of(name, system.handler_of(name), node)
    return asyncio.get_running_loop().create_task(program, name=name, context=context)


def _note_failure(failures: list[BaseException], context: dict[str, Any]) -> None:
    error = context.get("exception")
    if error is not None and not isinstance(error, EXPECTED):
        failures.append(error)


async def _ended(tasks: Mapping[NodeId, asyncio.Task[Any]], failures: list[BaseException]) -> None:
    """Cancel everything, and raise what a program raised before that."""
    raised = [*failures, *(t.exception() for t in tasks.values() if _has_failed(t))]
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    if raised and raised[0] is not None:
        raise raised[0]


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def _judged(scenario: Scenario, seen: list[Observation], waiting: dict[NodeId, str]) -> RealRun:
    history = history_trace(scenario, seen)
    properties = [p for p in scenario.properties if p.reads == "operations"]
    verdicts = tuple(map(partial(_verdict, history), properties))
    for verdict in verdicts:
        if verdict.is_broken:
            raise PropertyBroken(history, verdict, verdicts)
    return RealRun(history, verdicts, waiting)


def _verdict(history: Trace, prop: Any) -> Verdict:
    return answer_of(prop, history)
