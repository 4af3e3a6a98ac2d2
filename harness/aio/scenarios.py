"""From programs to a scenario, which is like any other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, wraps
from typing import Any, get_args

from counterpoint.checkers.liveness import check_liveness
from counterpoint.harness.aio.actions import (
    Alarm,
    Boot,
    BreakConnection,
    HoldUp,
    Luck,
    Merge,
    PowerCut,
    Refuse,
    Split,
    TimerMode,
    Timing,
)
from counterpoint.harness.aio.loop import SECOND
from counterpoint.harness.aio.process import EXPECTED, Program
from counterpoint.harness.aio.system import Programs, Snapshot
from counterpoint.harness.aio.waiting import places_of_node
from counterpoint.harness.aio.wellformed import NoProgram, require_settings
from counterpoint.model.arguments import takes_second
from counterpoint.model.claims import Goal, Invariant, Property
from counterpoint.model.fault_state import Budget
from counterpoint.model.faults import Cut, Heal, Release
from counterpoint.model.mistakes import AUTHORS_ERRORS, BadScenario, brief, without_arguments
from counterpoint.model.normal import Deliver
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict, broken, holds, undecided
from counterpoint.model.world import World

KINDS = (
    Deliver, Alarm, Luck,
    HoldUp, Release, PowerCut, Boot, BreakConnection, Refuse, Split, Merge, Cut, Heal,
)  # fmt: skip
"""Everything that can happen to programs."""


def scenario(
    *,
    nodes: Mapping[NodeId, Program],
    properties: Sequence[Property] = (),
    invariants: Sequence[Invariant] = (),
    goals: Sequence[Goal] = (),
    limits: Mapping[str, Budget] | None = None,
    faults_max: int | None = None,
    may_crash: Sequence[NodeId] | None = None,
    partitions: Sequence[Sequence[NodeId]] | None = None,
    timers: TimerMode = "bounded",
    latency: float = 0.05,
    horizon: float = 600.0,
    snapshot: Snapshot | None = None,
    expected: tuple[type[BaseException], ...] = EXPECTED,
    answers: bool | Sequence[NodeId] = True,
    walk_steps: tuple[int, int] | None = None,
    name: str = "",
) -> Scenario:
    """Return the scenario of some asyncio programs, one a node, under what may go wrong.

    `nodes` gives each node its program: a coroutine function of one `Node`. `limits` are budgets for
    "crash", "reset", "refuse", "delay", "cut", "split" and "merge". `may_crash` names the nodes that a
    crash may hit, all if none are named; `partitions` lists the groups that may be cut off, each node
    alone if none is listed. `timers` says when they may go off and `latency`, in seconds, how long a
    message is at most on its way: see `TimerMode`. After `horizon` seconds of its time a run is over:
    programs that say "still here" every few seconds never come to rest. Of a run that was cut there with
    work left, what is claimed of ends is undecided, and so is whether an open call gets its answer.

    `snapshot(node)` gives invariants and goals what they see of a node. A task that ends with an
    exception that nobody asked for breaks the run, but for those that are `expected`, and the program
    itself with any. `answers`: what a node calls with `node.call` is owed an answer, once the faults
    have stopped; False for programs that call nothing. A run that was cut says nothing of calls that
    may come, so where some nodes go on for ever it takes the names of those that call. A walk interferes
    for a number of steps drawn from `walk_steps`; up to the length of a run in which nothing does, if
    they are not given.

    Raises:
        BadScenario: says what is wrong with what was given.
    """
    _require_programs(nodes)
    require_settings(
        nodes,
        {
            "properties": properties, "invariants": invariants, "goals": goals, "limits": limits,
            "faults_max": faults_max, "may_crash": may_crash, "latency": latency,
            "horizon": horizon, "expected": expected, "walk_steps": walk_steps, "answers": answers,
            "snapshot": snapshot,
        },
    )  # fmt: skip
    limits = dict(limits or {})
    if timers not in get_args(TimerMode):
        known = ", ".join(map(repr, get_args(TimerMode)))
        raise BadScenario(f"timers = {timers!r}; there are: {known}")
    system = Programs(
        nodes,
        timing=Timing(timers, round(latency * SECOND), round(horizon * SECOND)),
        may_crash=frozenset(nodes if may_crash is None else may_crash),
        snapshot=snapshot,
        is_always_asked="refuse" in limits,
        expected=expected,
        callers=None if isinstance(answers, bool) else answers,
    )
    alone = tuple((node,) for node in nodes) if "cut" in limits else ()
    owed = (answers_owed(system),) if answers else ()
    made = Scenario(
        name or _name_of(nodes),
        system,
        calls={},
        properties=(
            *(_undecided_where_cut(prop, system) for prop in (*properties, *owed)),
            no_deadlock(system),
        ),
        invariants=tuple(map(_of_snapshots, invariants)),
        goals=tuple(map(_goal_of_snapshots, goals)),
        network="lanes",
        limits=limits,
        faults_max=faults_max,
        partitions=alone if partitions is None else tuple(map(tuple, partitions)),
        actions=KINDS,
        walk_steps=walk_steps or (10, 120),
        min_calls_per_run=0.5 if answers else 0.0,
    )
    probed = system.again()
    length = _usual_length(made.replace(system=probed, properties=(), invariants=(), goals=()))
    system.draws = probed.has_drawn()
    if walk_steps is not None:
        return made
    return made.replace(walk_steps=(max(1, length // 4), max(4, length)))


LENGTH_MAX = 400
"""A run that is longer than that in its first part is long enough."""


def _usual_length(probe: Scenario) -> int:
    """Return how many steps a run has in which everything happens in turn; some, if it fails."""
    try:
        run = Simulation(Compiled(probe))
        for step in range(LENGTH_MAX):
            ready = run.heads()
            if ready:
                run.deliver(ready[0])
            elif not any(map(run.attempt, run.everywhere(Alarm))):
                return step
    except NoProgram:
        raise
    except AUTHORS_ERRORS:  # of what fails here, a search says more
        return 60
    return LENGTH_MAX


def answers_owed(system: Programs) -> Property:
    """Claim that every call gets its answer once the faults have stopped."""

    def waits_for(world: World, client: NodeId, operation: Value) -> str:
        del operation
        places = places_of_node(system.program_at(client, world.node_state(client).state))  # type: ignore[arg-type]
        return f"it waits at {places}" if places else "it waits nowhere"

    check = partial(check_liveness, waits_for=waits_for, name="answers")
    return Property("answers", check, reads="end")


def no_deadlock(system: Programs) -> Property:
    """Claim that no task waits for a lock when nothing can happen any more, anywhere.

    A deadlock stays: where no task waits for a lock at the end of a run, be it cut, there was none.
    """

    def check(trace: Trace) -> Verdict:
        world = trace.final
        pasts: dict[NodeId, Any] = {n: world.node_state(n).state for n in system.nodes}
        stuck, down = system.locked_out(pasts), world.conditions.down
        if stuck is None:
            return holds(DEADLOCK, examined=len(pasts))
        if world.flights or world.held or down or system.cut_short(pasts, down) is not None:
            return undecided(DEADLOCK, f"a lock is waited for, and the run is not at rest: {stuck}")
        return broken(DEADLOCK, stuck, examined=len(pasts))

    return Property(DEADLOCK, check, reads="end")


DEADLOCK = "no deadlock"


def _undecided_where_cut(prop: Property, system: Programs) -> Property:
    """Return a property that says nothing of the end of a run that was cut, with work left.

    One about answers still tells that every call was answered, where nobody is left who may call; a
    call that is open may be answered after the horizon.
    """
    if not prop.is_of_ends:
        return prop
    check, is_about_answers = prop.check, prop.is_about_answers

    @wraps(without_arguments(check))
    def judged(trace: Trace) -> Verdict | bool | None:
        world = trace.final
        pasts = {node: world.node_state(node).state for node in system.nodes}
        why = system.work_left(pasts, world.conditions.down)  # type: ignore[arg-type]
        if why is None:
            return check(trace)
        to_come = system.calls_to_come(pasts, world.conditions.down)  # type: ignore[arg-type]
        found = check(trace) if is_about_answers and to_come is None else False
        is_broken = found is False or (isinstance(found, Verdict) and found.is_broken)
        return undecided(prop.name, why) if is_broken else found

    return replace(prop, check=judged)


def _require_programs(nodes: Mapping[NodeId, Program]) -> None:
    if not isinstance(nodes, Mapping) or not nodes:
        raise BadScenario(f"nodes = {brief(nodes)}; they are a mapping of names to programs")
    for name, program in nodes.items():
        if not isinstance(name, str) or not name or set(name) & set("<>#: "):
            raise BadScenario(f"a node is named {name!r}; its name is a host name, without <>#: ")
        if not callable(program):
            raise BadScenario(
                f"the program of {name} is {brief(program)}; it is a coroutine function of a Node"
            )


def _name_of(nodes: Mapping[NodeId, Program]) -> str:
    """Return a name for a scenario that was given none: that of the module of the last program."""
    module = inspect.getmodule(without_arguments(tuple(nodes.values())[-1]))
    name = module.__name__.rpartition(".")[2] if module else "programs"
    return "programs" if name == "__main__" else name


def _of_snapshots(invariant: Invariant) -> Invariant:
    return Invariant(invariant.name, _seeing_snapshots(invariant.violation, "down"))


def _goal_of_snapshots(goal: Goal) -> Goal:
    return Goal(goal.name, _seeing_snapshots(goal.is_met, "messages"))


def _seeing_snapshots(function: Callable[..., Any], second: str) -> Callable[..., Any]:
    """Return a function of states that sees the snapshots in them, with the same second argument."""

    def shown(states: Mapping[NodeId, Any]) -> dict[NodeId, Any]:
        return {node: past.snapshot for node, past in states.items()}

    if takes_second(function, second):
        return lambda states, other: function(shown(states), other)
    return lambda states: function(shown(states))
