"""A state machine as a test: run by Hypothesis, minimised by us, handed back to Hypothesis.

The minimised run is written down three times: as a program to paste, as what Hypothesis would have
drawn for it (kept in its example database and offered for `@reproduce_failure`), and in the
exception that the test raises.

Of Hypothesis's private parts the following are relied on; `tests/search/test_bridge.py` fails when
one of them moves. Without them all works but what is said here.

    RuleBasedStateMachine._rules_strategy   replaced; else rules are drawn one by one, and slower
    RuleBasedStateMachine._pretty_print     extended; else printed actions cannot be pasted
    choices of a state machine's run        `tape` knows their order; else no `@reproduce_failure`
    hypothesis.core.encode_failure, hypothesis.database.choices_to_bytes      likewise
    _hypothesis_internal_use_*              decorations of a test case are passed to its machine
"""

from __future__ import annotations

import unittest
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, reproduce_failure, settings
from hypothesis.database import ExampleDatabase
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from counterpoint.model.actions import Settle
from counterpoint.model.scenario import Calls, Scenario
from counterpoint.model.search.failure import PropertyBroken, require_yield
from counterpoint.model.search.replay import NotEnabled
from counterpoint.model.search.shorten import shortened
from counterpoint.model.search.stateful.bench import BLOCK, Machine, TimeIsUp
from counterpoint.model.search.stateful.ranking import RANKING_MAX
from counterpoint.model.search.walks.tally import Progress, Tally
from counterpoint.model.source import source_of
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

_DECORATIONS = (
    "_hypothesis_internal_use_seed",
    "_hypothesis_internal_use_reproduce_failure",
)


# ---- the test ------------------------------------------------------------------------------------


class MachineTestCase(unittest.TestCase):
    """The test case of a machine. `settings` are Hypothesis's, yours to replace."""

    machine: ClassVar[type[Machine]]
    settings: ClassVar[settings]
    counterpoint_scenario: ClassVar[Scenario]

    def runTest(self) -> None:
        """Run the machine under Hypothesis."""
        check(decorated(self.machine, type(self)), type(self).settings)

    runTest.is_hypothesis_test = True  # type: ignore[attr-defined]


class TestCaseOfMachine:
    """The attribute `TestCase` of a machine: a class of its own for every machine."""

    __test__ = False

    def __get__(self, instance: object, owner: type[Machine]) -> type[MachineTestCase]:
        found: type[MachineTestCase] | None = vars(owner).get("_test_case")
        if found is None:
            chosen = default_settings(owner.bench.scenario)
            body = {
                "__doc__": owner.__doc__,
                "machine": owner,
                "settings": chosen,
                "counterpoint_scenario": owner.bench.scenario,
            }
            found = type(f"{owner.__name__}TestCase", (MachineTestCase,), body)
            type.__setattr__(owner, "_test_case", found)
        return found


def default_settings(scenario: Scenario) -> settings:
    """Return the settings of the profile in force, as they suit the runs of a scenario."""
    return settings(
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=[p for p in settings().phases if p not in (Phase.shrink, Phase.explain)],
        stateful_step_count=scenario.walk_steps[1],
    )


def decorated(machine: type[Machine], by: object) -> type[Machine]:
    """Return the machine with what `@seed` or `@reproduce_failure` has left on its test case."""
    for name in _DECORATIONS:
        if hasattr(by, name):
            setattr(machine, name, getattr(by, name))
    return machine


def check(machine: type[Machine], chosen: settings) -> Progress:
    """Run a machine under Hypothesis and return what was done.

    Raises:
        PropertyBroken: a run broke a property; it is minimised, and has the program as a note.
        ExaminedNothing: the runs completed next to no calls, and no want of time has ended them.
    """
    bench = machine.bench
    bench.tally, bench.has_failed, bench.is_cut_short = Tally(), False, False
    bench.prepare()
    keeper = None if chosen.database is None else _Keeper(chosen.database)
    try:
        made: Any = machine  # of Hypothesis's class, besides
        run_state_machine_as_test(made, settings=settings(chosen, database=keeper))
    except (TimeIsUp, HypothesisException):
        if not bench.is_cut_short:
            raise
        return bench.tally.progress()  # Hypothesis wonders why a run drew nothing
    except PropertyBroken as error:
        found = error
    except BaseExceptionGroup as group:
        broken = _first_broken(group)
        if broken is None:
            raise
        found = broken
    else:
        progress = bench.tally.progress()
        require_yield(
            bench.scenario,
            runs=progress.runs,
            completed=progress.completed_calls,
            judgements=bench.tally.judgements(bench.scenario),
        )
        return progress
    tally, bench.tally = bench.tally, Tally()
    try:
        raise _minimised(machine, found, chosen, keeper)
    finally:
        bench.tally = tally


def _first_broken(group: BaseExceptionGroup[BaseException]) -> PropertyBroken | None:
    for error in group.exceptions:
        if isinstance(error, PropertyBroken):
            return error
        inner = _first_broken(error) if isinstance(error, BaseExceptionGroup) else None
        if inner is not None:
            return inner
    return None


def _minimised(
    machine: type[Machine],
    found: PropertyBroken,
    chosen: settings,
    keeper: _Keeper | None,
) -> PropertyBroken:
    """Return the failure minimised, with its program and what Hypothesis needs as notes."""
    found.search = {"strategy": "state machine"}
    error, name = shortened(found), found.verdict.property
    script = follow(machine, error.trace.choices, name, error.trace.scenario.fixed_calls)
    if script is None:
        return error
    error.add_note("\n".join(["These steps do it again:", *script.lines]))
    encoded = None if script.tape is None else _encoded(script.tape)
    if encoded is not None and _reproduces(machine, encoded[0], name, chosen):
        if keeper is not None:
            keeper.keep(encoded[1])
        if chosen.print_blob:
            decorator = f"@reproduce_failure({hypothesis.__version__!r}, {encoded[0]!r})"
            error.add_note(f"So does Hypothesis with {decorator} on the test case.")
    return error


# ---- the minimised run, written down -------------------------------------------------------------


DrawnTape: TypeAlias = tuple[bool | int | bytes, ...]
"""What Hypothesis draws in one run."""


@dataclass(frozen=True, slots=True)
class Script:
    """A failing run of a machine: as a program to paste, and as the draws that lead to it.

    `tape` is None if no draws do.
    """

    lines: tuple[str, ...]
    tape: DrawnTape | None


def follow(
    machine: type[Machine],
    choices: Sequence[Action],
    name: str,
    calls: Calls = MappingProxyType({}),
) -> Script | None:
    """Make these choices with a machine and write down how; None if it breaks nothing that way.

    Of a machine that draws its calls, `calls` are those of the run.

    A machine comes to rest in its own order after the faults have stopped; choices after that are
    its own to make.
    """
    state = machine()
    before, silent = _until_settled(choices)
    lines = [f"state = {machine.__name__}()"]
    numbers: list[int | None] = []
    try:
        workload = getattr(state, "workload", None)
        if workload is not None:
            lines.append(f"state.workload(calls={source_of(dict(calls))})")
            workload(calls=calls)
        silence = getattr(state, "silence", None)
        if silence is not None:
            lines.append(f"state.silence(nodes={silent!r})")
            silence(nodes=silent)
        for action in before:
            numbers.append(number_for(state, action))
            lines.append(state.written(action))
            state.take(action)
            if state.has_news:
                lines.append("state.operations_hold()")
                state.operations_hold()
        lines.append("state.teardown()")
        state.teardown()
    except NotEnabled:
        return None
    except PropertyBroken as error:
        is_same = error.verdict.property == name
        return Script(tuple(lines), tape(state, silent, numbers)) if is_same else None
    return None


def _until_settled(choices: Sequence[Action]) -> tuple[Sequence[Action], tuple[NodeId, ...]]:
    for position, choice in enumerate(choices):
        if isinstance(choice, Settle):
            return choices[:position], choice.silent
    return choices, ()


def number_for(state: Machine, action: Action) -> int | None:
    """Return a number that an impartial run takes for this action, None if there is none."""
    choose = state.bench.ranking.choose
    return next((n for n in range(RANKING_MAX + 1) if choose(state.options, n) == action), None)


def tape(
    machine: Machine, silent: tuple[NodeId, ...], numbers: Sequence[int | None]
) -> DrawnTape | None:
    """Return what Hypothesis draws for a run: whether to stop, and each number when it is needed."""
    if hasattr(machine, "workload"):
        return None  # what was made simpler has no number
    drawn: list[bool | int | bytes] = []
    if hasattr(machine, "silence"):
        groups = machine.bench.groups
        if silent not in groups:
            return None
        position = groups.index(silent)
        drawn += [False, (2 * position + 1 if position else 0).to_bytes(2, "big")]
    stream = b"\0\0"  # the swarm comes first; this one is impartial
    for number in numbers:
        if number is None:
            return None
        stream += number.to_bytes(2, "big")
    for step in range(len(numbers)):
        drawn += [False, 0] if machine.is_extended else [False]
        position = 2 * (step + 1) if step else 0
        if position % (2 * BLOCK) == 0:
            drawn.append(stream[position : position + 2 * BLOCK].ljust(2 * BLOCK, b"\0"))
    return (*drawn, True)


def _encoded(tape: DrawnTape) -> tuple[bytes, bytes] | None:
    """Return a tape as `@reproduce_failure` takes it and as the database keeps it, if we know how."""
    try:
        from hypothesis.core import encode_failure
        from hypothesis.database import choices_to_bytes
    except ImportError:
        return None
    return encode_failure(tape), choices_to_bytes(tape)


def _reproduces(machine: type[Machine], blob: bytes, name: str, chosen: settings) -> bool:
    """Tell whether Hypothesis, told to draw this, breaks the property of that name."""
    twin = reproduce_failure(hypothesis.__version__, blob)(type(machine.__name__, (machine,), {}))
    try:
        run_state_machine_as_test(twin, settings=settings(chosen, verbosity=Verbosity.quiet))
    except PropertyBroken as error:
        return error.verdict.property == name
    except hypothesis.errors.DidNotReproduce:
        return False
    return False


class _Keeper(ExampleDatabase):
    """The user's example database, overheard: whatever the run saves can be replaced afterwards."""

    def __init__(self, inner: ExampleDatabase) -> None:
        super().__init__()
        self._inner = inner
        self._key: bytes | None = None
        self._saved: set[bytes] = set()

    def save(self, key: bytes, value: bytes) -> None:
        """Save, and remember what the first key, that of failing runs, has got."""
        self._key = self._key or key
        if key == self._key:
            self._saved.add(value)
        self._inner.save(key, value)

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Fetch; the first key asked for is that of failing runs."""
        self._key = self._key or key
        return self._inner.fetch(key)

    def delete(self, key: bytes, value: bytes) -> None:
        """Delete."""
        self._inner.delete(key, value)

    def keep(self, value: bytes) -> None:
        """Keep this failing run in place of those that were saved."""
        if self._key is None:
            return
        for saved in self._saved - {value}:
            self._inner.delete(self._key, saved)
        self._inner.save(self._key, value)
