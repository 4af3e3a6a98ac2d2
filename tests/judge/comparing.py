"""The comparison: what every search says of a system, against the stupid twin.

Each way of searching is one function that yields sentences about what it says otherwise. An
exception of ours, wherever it comes from, is a disagreement, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import Any, TypeAlias

from counterpoint.harness.exploring import FaultRounds, Options, explorer
from counterpoint.model.actions import Settle
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.move import begin
from counterpoint.model.reaction import HandlerFailed, IllegalEffect
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.compiled import Compiled
from counterpoint.model.search.engine.relevance import TooManyCores
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.slots import NoOp, Slots
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.goals import reached
from counterpoint.model.search.exploration.lasso import explore_endings
from counterpoint.model.search.minimise import minimiser_for
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.stateful.legal import legal
from counterpoint.model.search.walks.campaign import Budgets, Campaign, Finding
from counterpoint.model.values import Value
from counterpoint.model.verdict import holds
from counterpoint.model.world import Action, World
from tests.judge import reference
from tests.judge.reference import Found
from tests.judge.systems import Drawn, scenario_of

WALKS: Mapping[str, int] = {"mixed": 40, "uniform": 10, "swarm": 10, "pct": 10}
"""The strategies of walks, and how many runs each makes of a system."""

STATES_MAX = 300
"""Of larger systems the first levels are compared, and the endings not at all."""

Says: TypeAlias = Iterator[str]
"""What a search says otherwise than the twin, a sentence each."""

Search: TypeAlias = "Callable[[Case, int], Says]"
"""A way of searching, given a system and a number from which it takes its chance."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A search that says otherwise than the twin, and what it says."""

    search: str
    what: str

    @property
    def kind(self) -> str:
        """What disagreements of one cause have in common: the search, and the sentence up to ':'."""
        words = self.what.split(":")[0].split()
        return " ".join((f"{self.search}:", *(w for w in words if not w.isdigit())))


class Case:
    """A drawn system with what the twin knows of it, worked out when it is first asked for."""

    def __init__(self, drawn: Drawn, states_max: int = STATES_MAX) -> None:
        self.drawn = drawn
        self.states_max = states_max
        self.scenario = scenario_of(drawn)
        self.end = reference.liveness_of(self.scenario)

    @cached_property
    def fails_to_start(self) -> bool:
        """Tell whether a handler fails before the first step."""
        try:
            begin(self.scenario)
        except BadScenario:
            return True
        return False

    @property
    def about(self) -> tuple[str, ...]:
        """Say what kind of system it is, in words to count."""
        if self.fails_to_start:
            return ("fail to start",)
        is_broken = bool(self.consumed.broken) or self.unanswered not in ("no", None)
        return (
            "broken" if is_broken else "right",
            "whole" if self.consumed.is_whole else "in part",
            *((f"unanswered: {self.unanswered}",) if self.end else ()),
            *(["symmetric"] if self.drawn.group else []),
        )

    @cached_property
    def silent(self) -> Scenario:
        """The scenario in which nothing is ever broken, but all is remembered."""
        muted = tuple(map(_muted, self.scenario.properties))
        return self.scenario.but(properties=muted, invariants=())

    @cached_property
    def kept(self) -> Found:
        """All that can be reached where what is ignored stays on its way."""
        return reference.search(self.scenario, keeps=True, states_max=self.states_max)

    @cached_property
    def consumed(self) -> Found:
        """All that can be reached where what is ignored is gone."""
        return reference.search(self.scenario, keeps=False, states_max=self.states_max)

    def found(self, no_op: NoOp) -> Found:
        """Return what the twin found under the rules of an exploration."""
        return self.consumed if no_op == "consume" else self.kept

    @cached_property
    def unanswered(self) -> str | None:
        """Say whether a call that is owed an answer may never get it; None: unknown."""
        if self.end is None:
            return "no"
        again = self.end.check.keywords["sends_again"]  # type: ignore[attr-defined]
        return reference.never_answered(
            self.scenario, sends_again=again, states_max=4 * self.states_max
        )

    def is_right(self, name: str) -> bool:
        """Tell whether the twin is sure that a property is never broken."""
        if self.end is not None and name == self.end.name:
            return self.unanswered == "no"
        return self.consumed.is_whole and name not in self.consumed.broken


def _muted(prop: Property) -> Property:
    observer = None if prop.observer is None else _Silent(prop.observer)
    return Property(prop.name, _always_holds, prop.reads, observer)


def _always_holds(trace: Any) -> Any:
    return holds("muted", examined=len(trace.events))


@dataclass(frozen=True)
class _Silent:
    observer: Any

    @property
    def initial(self) -> Value:
        value: Value = self.observer.initial
        return value

    def observe(self, memory: Value, seen: Any) -> Value:
        value: Value = self.observer.observe(memory, seen)
        return value

    def is_broken(self, memory: Value) -> bool:
        del memory
        return False


# ---- explorations --------------------------------------------------------------------------------


def verdict_of(case: Case, options: Options, no_op: NoOp) -> Says:
    """The first violation is as near as the nearest, and of a property that breaks there."""
    found = case.found(no_op)
    limits = Limits(depth=None if found.is_whole else max(len(found.levels), 1))
    last = _finished(explorer(case.scenario, _with(options, limits, no_op)))
    steps = found.steps
    if steps is not None and not found.is_whole and steps >= len(found.levels):
        steps = None
    if last.violation is None:
        if steps is not None:
            yield f"holds, stopped by {last.stop}: the twin breaks {found.broken}"
        return
    name, length = last.violation.property, len(last.violation.choices)
    if steps is None:
        yield f"breaks what holds: {name!r} in {length} steps"
    elif length != steps or found.broken.get(name) != steps:
        yield f"not a shortest violation: {name!r} in {length} steps; the twin: {found.broken}"
    yield from replays(case, last.violation.choices, name)


def _finished(exploration: Any) -> Any:
    """Run an exploration to its end, and return what it established."""
    for _ in exploration.explore():
        pass
    return exploration.progress


def _with(options: Options, limits: Limits, no_op: NoOp) -> Options:
    return Options(limits, no_op, engine=options.engine, symmetry=options.symmetry)


def states_of(case: Case, options: Options, no_op: NoOp) -> Says:
    """Level by level the states are those of the twin, and so are the successors and the ends."""
    found = case.found(no_op)
    failing = found.broken.get(reference.HANDLERS)
    is_whole = found.is_whole and failing is None
    depth = len(found.levels) if failing is None else min(failing, len(found.levels))
    limits = Limits(depth=None if is_whole else max(depth, 1))
    exploration = explorer(case.silent, _with(options, limits, no_op))
    last = _finished(exploration)
    told = _Told(exploration)
    for steps in range(depth):
        states = (
            set(map(told, exploration.level(steps))) if steps < exploration.level_count else set()
        )
        if states != found.levels[steps]:
            yield f"other states after {steps} steps: {_difference(states, found.levels[steps])}"
            return
    if is_whole:
        if exploration.level_count > depth:
            yield f"states after {depth} steps: the twin has none there"
        elif last.generated != found.generated:
            yield f"other successors: {last.generated}, not {found.generated}"
        elif last.terminal != found.ends:
            yield f"other ends: {last.terminal}, not {found.ends}"
        yield from _goals(found, exploration)


def _goals(found: Found, exploration: Any) -> Says:
    for goal in reached(exploration):
        if goal.first != found.met.get(goal.goal):
            yield f"goal: {goal.goal!r} first met by {goal.first}, not {found.met.get(goal.goal)}"


def _difference(ours: set[Value], theirs: set[Value]) -> str:
    here, there = list(ours - theirs)[:1], list(theirs - ours)[:1]
    return f"{len(ours)}, not {len(theirs)}; only here {here}, only there {there}"


class _Told:
    """Tells a state of an exploration as the twin does."""

    def __init__(self, exploration: Any) -> None:
        self._slots: Slots = exploration.slots
        self._memories = exploration.memories.memories

    def __call__(self, fields: tuple[int, ...]) -> Value:
        *places, environment, memory = fields
        compiled = self._slots.compiled
        slots = [self._slots.slots[node][slot] for node, slot in enumerate(places)]
        contents = [compiled.contents[m] for slot in slots for m in slot.inbox]
        held = frozenset(Counter(compiled.contents[m] for s in slots for m in s.held).items())
        cores = tuple(compiled.cores[slot.core] for slot in slots)
        conditions = self._slots.environments[environment]
        return ((cores, self._cargo(contents), held, conditions), self._memories[memory])

    def _cargo(self, contents: list[tuple[str, str, Value]]) -> Value:
        if self._slots.scenario.network == "unordered":
            return frozenset(Counter(contents).items())
        links: dict[tuple[str, str], tuple[Value, ...]] = {}
        for src, dst, body in contents:
            links[src, dst] = (*links.get((src, dst), ()), body)
        return frozenset(links.items())


def forget(case: Case, options: Options) -> Says:
    """Forgetting changes no verdict, nor how near it is; it may refuse."""
    if case.scenario.network == "ordered":
        return
    try:
        yield from verdict_of(case, options, "forget")
    except (TooManyCores, NotImplementedError):
        return
    except ValueError as error:
        if "forget" not in str(error):
            raise


def symmetry(case: Case) -> Says:
    """One state for each orbit, and the same verdict."""
    if not case.scenario.symmetric:
        return
    yield from verdict_of(case, Options(engine="plain", symmetry=True), "consume")
    found = case.consumed
    if not found.is_whole or reference.HANDLERS in found.broken or case.scenario.properties:
        return
    orbits = {frozenset(reference.images(world)) for world in found.worlds.values()}
    last = _finished(explorer(case.silent, Options(engine="plain", symmetry=True, no_op="consume")))
    if last.states != len(orbits):
        yield f"other orbits: {last.states}, not {len(orbits)}"


def rounds(case: Case) -> Says:
    """`explore --faults K`, as the command line makes it."""
    found = case.kept if case.scenario.network == "unordered" else case.consumed
    if not found.is_whole:
        return
    most = case.scenario.faults_max
    if most is None:
        most = sum(b.per_run for kind, b in case.scenario.limits.items() if kind != "fire")
    all_rounds = FaultRounds(case.scenario, Options(engine="plain"), faults_max=most)
    for _ in all_rounds.explore():
        pass
    last = all_rounds.last.explored
    if (last.violation is None) != (found.steps is None):
        yield f"rounds of faults: {last.violation}, the twin breaks {found.broken}"
    if last.violation is not None:
        yield from replays(case, last.violation.choices, last.violation.property)
    elif {g.goal for g in all_rounds.reached if g.is_met} != set(found.met):
        yield f"goals: other ones are met than {sorted(found.met)}"


def dpor(case: Case) -> Says:
    """One run of every class breaks what all runs break; invariants may be missed, as documented."""
    found = case.consumed
    reducer = Reducer(case.scenario, limits=Limits(states=400))
    last = _finished(reducer)
    if last.violation is not None:
        if found.is_whole and last.violation.property not in found.broken:
            yield f"breaks what holds: {last.violation}"
        yield from replays(case, last.violation.choices, last.violation.property)
    elif last.stop == "complete" and not last.cut:
        invariants = {i.name for i in case.scenario.invariants}
        missed = sorted(set(found.broken) - invariants)
        if missed:
            yield f"holds: the twin breaks {missed}"


def endings(case: Case) -> Says:
    """A call that is owed an answer and may never get it is found, and no other."""
    if case.end is None or case.unanswered is None:
        return
    if reference.HANDLERS in case.consumed.broken:
        return
    found = explore_endings(case.scenario, Limits(states=20 * case.states_max))
    if found.violation is not None:
        if case.unanswered == "no":
            yield f"breaks what holds: {found.violation}"
        yield from replays(case, found.violation.choices, found.violation.property)
    elif case.unanswered != "no" and found.stop == "complete":
        yield f"holds: a call is never answered, at an {case.unanswered}"


# ---- runs ----------------------------------------------------------------------------------------


def replays(case: Case, choices: tuple[Action, ...], name: str) -> Says:
    """A counterexample is made of legal choices, and breaks what it is said to break."""
    kinds = (*case.scenario.actions, Settle)
    strangers = [choice for choice in choices if type(choice) not in kinds]
    if strangers:
        yield f"an action that the scenario excludes: {strangers[0]!r}"
    trace = run(case.scenario, choices)
    if name not in {verdict.property for verdict in judge(trace) if verdict.is_broken}:
        yield f"a counterexample that breaks nothing: {name!r} by {choices!r}"


def walks(case: Case, seed: int, strategy: str) -> Says:
    """What walks find is broken, replays, and is still broken and legal when it is minimised."""
    campaign = Campaign(case.scenario, strategy=strategy, seed=seed)  # type: ignore[arg-type]
    for _ in campaign.search(Budgets(runs=WALKS[strategy])):
        pass
    findings = campaign.findings
    for finding in findings[:3]:
        if case.is_right(finding.property):
            yield f"breaks what holds: {finding.property!r}"
        yield from replays(case, finding.choices, finding.property)
    if findings:
        yield from _minimised(case, findings[0])


def _minimised(case: Case, finding: Finding) -> Says:
    short = minimiser_for(case.scenario).minimise(finding.choices, finding.property, 0.5)
    for said in replays(case, short.choices, finding.property):
        yield f"minimised: {said}"
    if len(short.choices) > len(finding.choices):
        yield f"minimised: {len(short.choices)} choices of {len(finding.choices)}"


def steps(case: Case, seed: int) -> Says:
    """Step by step a run has the same legal actions in every form, and the same outcome."""
    random = Random(seed)
    simulation = Simulation(Compiled(case.scenario))
    world = begin(case.scenario).world
    for _ in range(25):
        options = [*reference.enabled(world)]
        ours = {a for kind in case.scenario.actions for a in legal(simulation, kind)}
        if ours != set(options):
            yield f"other actions are legal: {_difference(set(ours), set(options))}"
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
        if simulation.world().identity != world.identity:
            yield f"another world: after {action!r}"
            return


def illegal(case: Case, seed: int) -> Says:
    """What is not legal in a world is refused by the fast form, too."""
    random = Random(seed)
    worlds = [*case.consumed.worlds.values()][:60]
    if len(worlds) < 2:
        return
    for _ in range(10):
        there, here = random.choice(worlds), random.choice(worlds)
        for action in reference.enabled(there):
            is_legal = action in set(reference.enabled(here))
            if _is_done(case.scenario, here, action) not in (is_legal, None):
                yield f"legal in one form alone: {action!r} in {here.identity!r}"
                return


def _is_done(scenario: Scenario, world: World, action: Action) -> bool | None:
    compiled = Compiled(scenario)
    simulation = Simulation(compiled)
    simulation.cores = [compiled.core_id(node, core) for node, core in enumerate(world.cores)]
    simulation.flights = [compiled.message_id(flight.content) for flight in world.flights]
    simulation.held = [compiled.message_id(flight.content) for flight in world.held]
    simulation.conditions = world.conditions
    try:
        return simulation.attempt(action)
    except (HandlerFailed, IllegalEffect):
        return None


# ---- all of them ---------------------------------------------------------------------------------


PLAIN, NUMPY = Options(engine="plain"), Options(engine="numpy")

SEARCHES: Mapping[str, Search] = {
    "plain keep": lambda case, _: verdict_of(case, PLAIN, "keep"),
    "plain keep states": lambda case, _: states_of(case, PLAIN, "keep"),
    "plain consume": lambda case, _: verdict_of(case, PLAIN, "consume"),
    "plain consume states": lambda case, _: states_of(case, PLAIN, "consume"),
    "plain forget": lambda case, _: forget(case, PLAIN),
    "numpy keep": lambda case, _: verdict_of(case, NUMPY, "keep"),
    "numpy keep states": lambda case, _: states_of(case, NUMPY, "keep"),
    "numpy consume": lambda case, _: verdict_of(case, NUMPY, "consume"),
    "numpy forget": lambda case, _: forget(case, NUMPY),
    "rounds": lambda case, _: rounds(case),
    "symmetry": lambda case, _: symmetry(case),
    "dpor": lambda case, _: dpor(case),
    "liveness": lambda case, _: endings(case),
    "steps": lambda case, seed: steps(case, seed),
    "illegal": lambda case, seed: illegal(case, seed),
    **{name: partial(walks, strategy=name) for name in WALKS},
}
"""Every way of searching, by name."""


def searches_of(*names: str) -> Mapping[str, Search]:
    """Return some of the searches."""
    return {name: SEARCHES[name] for name in names}


def disagreements(
    case: Case, seed: int = 0, searches: Mapping[str, Search] = SEARCHES
) -> list[Disagreement]:
    """Return what the searches say of a system otherwise than the twin."""
    found = list[Disagreement]()
    if case.fails_to_start:
        return []
    for name, says in searches.items():
        try:
            found += [Disagreement(name, what) for what in says(case, seed)]
        except Exception as error:  # whatever it is, it is ours: a handler's failure is a verdict
            found.append(Disagreement(name, f"{type(error).__name__}: {error}"))
    return found
