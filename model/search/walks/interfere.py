"""When and how a walk interferes: a few faults at random moments, each run with kinds of its own."""

from __future__ import annotations

from random import Random

from counterpoint.model.conditions import Partition
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.world import Action

FAULTS_PER_WALK_MAX = 6
"""More faults than this hide each other; a run that needs more is found by other means."""

_MESSAGE_KINDS = ("drop", "duplicate", "reorder", "delay", "omit")
_NODE_KINDS = ("crash", "transform")


class Interference:
    """The faults of one run: which kinds, at which steps, and how soon each is undone.

    Half the kinds of the scenario, at least one, take part in a run; a run in five has no fault.
    """

    def __init__(self, scenario: Scenario, random: Random, steps: int) -> None:
        kinds = [kind for kind in scenario.limits if kind != "fire"]
        self._kinds = [kind for kind in kinds if random.random() < 0.5]
        if kinds and not self._kinds:
            self._kinds = [random.choice(kinds)]
        uses = sum(scenario.limits[kind].per_run for kind in self._kinds)
        most = min(uses, FAULTS_PER_WALK_MAX, scenario.faults_max or FAULTS_PER_WALK_MAX)
        count = random.randint(0, most) if most and random.random() < 0.85 else 0
        self._moments = {random.randrange(steps) for _ in range(count)}
        self._patience = random.choice((0.02, 0.1, 0.3))
        self._foreign = {
            action.kind: action for action in scenario.actions if action.kind not in _KNOWN
        }
        self._has_faults = count > 0

    @property
    def is_active(self) -> bool:
        """Tell whether this run has any faults at all."""
        return self._has_faults

    def act(self, run: Simulation, random: Random) -> bool:
        """Interfere, or undo an earlier interference, and tell whether anything was done."""
        step = len(run.choices)
        if step in self._moments:
            self._moments.discard(step)
            return self._fault(run, random)
        if not run.is_disturbed or random.random() >= self._patience:
            return False
        return self.relent(run, random)

    def relent(self, run: Simulation, random: Random) -> bool:
        """Undo one interference that is in force: restart, heal, release or mend."""
        conditions = run.conditions
        undo: list[tuple[str, object]] = [
            *(("restart", node) for node in conditions.down),
            *(("heal", cut) for cut in conditions.cuts),
            *(("mend", node) for node in conditions.silent),
            *(("release", position) for position in range(len(run.held))),
        ]
        if not undo:
            return False
        what, where = random.choice(undo)
        match what, where:
            case "restart", str():
                return run.restart(where)
            case "heal", Partition():
                return run.heal(where)
            case "mend", str():
                return run.mend(where)
            case "release", int():
                return run.release(where)
        return False

    def _fault(self, run: Simulation, random: Random) -> bool:
        kind = random.choice(self._kinds)
        if kind in _MESSAGE_KINDS:
            return _on_some_message(run, kind, random)
        nodes = run.compiled.nodes
        if kind == "cut":
            sides = run.compiled.scenario.partitions
            side = random.choice(sides) if sides else ()
            return run.cut(Partition(side, random.choice(("both", "both", "in", "out"))))
        if kind in _NODE_KINDS:
            act = run.crash if kind == "crash" else run.transform
            return any(act(node) for node in random.sample(nodes, len(nodes)))
        return self._by_class(run, self._foreign[kind], random)

    def _by_class(self, run: Simulation, action: type[Action], random: Random) -> bool:
        """Perform some legal instance of a kind that only its class knows."""
        world = run.world()
        places = (*run.compiled.nodes, None)
        options = [option for place in places for option in action.options(world, place)]
        return bool(options) and run.attempt(random.choice(options))


_KNOWN = frozenset((*_MESSAGE_KINDS, *_NODE_KINDS)) | frozenset(
    ("cut", "deliver", "call", "fire", "release", "mend", "restart", "heal")
)


def _on_some_message(run: Simulation, kind: str, random: Random) -> bool:
    if not run.flights:
        return False
    position = random.randrange(len(run.flights))
    if kind == "omit":
        ends = run.compiled.contents[run.flights[position]][:2]
        return run.omit(position, random.choice(ends))
    return run.disturb(kind, position)
