"""Runs against the twin: walks, the Hypothesis machine, the minimiser, and runs made step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from counterpoint.model.actions import Settle
from counterpoint.model.event import Event
from counterpoint.model.observer import Observation
from counterpoint.model.reaction import HandlerFailed, IllegalEffect
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.minimise import minimiser_for
from counterpoint.model.search.replay import run_leniently
from counterpoint.model.search.stateful.legal import legal
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Finding
from counterpoint.model.world import Action, World, begin
from tests.judge import reference
from tests.judge.knowledge import Case, Says
from tests.judge.replaying import replays

WALKS: Mapping[str, int] = {"mixed": 12, "uniform": 8, "swarm": 8, "pct": 8, "hypothesis": 4}
"""The strategies of walks, and how many runs each makes of a system."""


def one_in(
    systems: int, part: int, search: Callable[[Case, int], Says]
) -> Callable[[Case, int], Says]:
    """Return a search that is made of one system in so many, as it takes long."""
    return lambda case, seed: search(case, seed) if seed % systems == part else iter(())


def walks(case: Case, seed: int, strategy: str) -> Says:
    """What walks find is broken, replays, and is still broken and legal when it is minimised."""
    campaign = Campaign(case.scenario, strategy=strategy, seed=seed)  # type: ignore[arg-type]
    for _ in campaign.search(Budgets(runs=WALKS[strategy])):
        pass
    findings = campaign.findings
    for finding in findings[:2]:
        if case.is_right(finding.property, finding.choices):
            yield f"breaks what holds: {finding.property!r}"
        yield from replays(case, finding.choices, finding.property)
    if findings:
        yield from _minimised(case, findings[0])


def machine(case: Case, seed: int) -> Says:
    """What the Hypothesis machine finds is broken, and its run is one."""
    chosen = settings(
        max_examples=10,
        stateful_step_count=20,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    machine = state_machine_for(case.scenario, name=f"Judged{seed}")
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except PropertyBroken as error:
        name = error.verdict.property
        if case.is_right(name, error.trace.choices):
            yield f"breaks what holds: {name!r} by {error.trace.choices!r}"
        yield from replays(case, error.trace.choices, name)


def _minimised(case: Case, finding: Finding) -> Says:
    short = minimiser_for(case.scenario).minimise(finding.choices, finding.property, 0.5)
    for said in replays(case, short.choices, finding.property):
        yield f"minimised: {said}"
    if len(short.choices) > len(finding.choices):
        yield f"minimised: {len(short.choices)} choices of {len(finding.choices)}"


def steps(case: Case, seed: int) -> Says:
    """Step by step a run has the same legal actions in every form, and the same outcome."""
    random = Random(seed)
    simulation, start = Simulation(Compiled(case.scenario)), begin(case.scenario)
    world, events = start.world, list(start.events)
    for _ in range(25):
        options = [*reference.enabled(world)]
        ours = {a for kind in case.scenario.actions for a in legal(simulation, kind)}
        if ours != set(options):
            yield f"other actions are legal: {ours ^ set(options)}"
            return
        if world.conditions.settled is None and random.random() < 0.1:
            options = list(Settle.options(world, None))
        if not options:
            return
        action = random.choice(options)
        moved = reference.attempt(action, world)
        try:
            was_done = simulation.attempt(action)
        except (HandlerFailed, IllegalEffect):
            if moved is not None:
                yield f"a handler fails in one form alone: at {action!r}"
            return
        if moved is None or not was_done:
            yield f"an action in one form alone: {action!r}"
            return
        world = moved.world
        events += moved.events
        if simulation.world().identity != world.identity:
            yield f"another world: after {action!r}"
            return
        if seen(simulation) != told(events):
            yield f"something else was seen: after {action!r}: {seen(simulation)}"
            return


def seen(run: Simulation) -> list[Observation]:
    """Return what was seen of a run of the fast form."""
    return [run.compiled.observations[number] for number in run.seen]


def told(events: list[Event]) -> list[Observation]:
    """Return what histories see of events."""
    return [
        Observation(event.kind, event.node, event.value)
        for event in events
        if event.kind in reference.SEEN and event.node is not None
    ]


def leniently(case: Case, seed: int) -> Says:
    """A run of which choices are left out or changed goes on in the same way in both forms."""
    random = Random(seed)
    choices = _some_run(case, random)
    for _ in range(5):
        kept = [choice for choice in choices if random.random() < 0.7]
        random.shuffle(kept) if random.random() < 0.3 else None
        expected = run_leniently(case.scenario, kept)
        run = Simulation(Compiled(case.scenario))
        try:
            for choice in kept:
                run.attempt(choice, leniently=True)
        except (HandlerFailed, IllegalEffect):
            if expected.failure is None:
                yield f"a handler fails in one form alone: by {kept!r}"
            return
        if tuple(run.choices) != expected.choices:
            yield f"another lenient run: {run.choices!r}, not {expected.choices!r}"


def _some_run(case: Case, random: Random) -> list[Action]:
    world, choices = begin(case.scenario).world, list[Action]()
    while len(choices) < 15 and (options := [*reference.enabled(world)]):
        action = random.choice(options)
        moved = reference.attempt(action, world)
        if moved is None:
            break
        choices.append(action)
        world = moved.world
    return choices


def illegal(case: Case, seed: int) -> Says:
    """What is not legal in a world is refused by the fast form, too."""
    random = Random(seed)
    worlds = [*case.consumed.worlds.values()][:60]
    if len(worlds) < 2:
        return
    compiled = Compiled(case.scenario)
    for _ in range(10):
        there, here = random.choice(worlds), random.choice(worlds)
        legal_here = set(reference.enabled(here))
        for action in reference.enabled(there):
            if _is_done(compiled, here, action) not in (action in legal_here, None):
                yield f"legal in one form alone: {action!r} in {here.identity!r}"
                return


def _is_done(compiled: Compiled, world: World, action: Action) -> bool | None:
    simulation = Simulation(compiled)
    simulation.node_states = [
        compiled.node_state_id(node, core) for node, core in enumerate(world.node_states)
    ]
    simulation.flights = [compiled.message_id(flight.content) for flight in world.flights]
    simulation.held = [compiled.message_id(flight.content) for flight in world.held]
    simulation.conditions = world.conditions
    try:
        return simulation.attempt(action)
    except (HandlerFailed, IllegalEffect):
        return None
